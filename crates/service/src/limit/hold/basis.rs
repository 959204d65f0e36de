//! What a reservation is decided by, and what may be reserved at all.

use billing::catalog::{Aggregation, Meter};
use billing::entitlement::{Count, Standing};
use billing::usage::{Event, Window};
use rust_decimal::Decimal;
use store::usage::{CounterKey, Hours};

use super::Reserve;
use crate::limit::entitled::Entitled;
use crate::limit::known::Listed;
use crate::limit::reserve::ReservationError;
use crate::usage::strictest;
use crate::{Error, Result};

/// What one reservation is decided by, but for the count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Basis {
    pub standing: Standing,
    pub window: Window,
    pub counter: CounterKey,
    /// Whether it may be held where nothing was used yet.
    pub possible: bool,
}

impl Basis {
    pub fn of(entitled: &Entitled, meter: &Meter, asked: &Reserve) -> Result<Self> {
        let window = entitled.window(meter, asked.at)?;
        let standing = entitled.standing(&meter.key)?;
        let allowed = standing.allows(&Count::default(), asked.quantity, asked.at);
        Ok(Self {
            standing,
            window,
            counter: (entitled.stamp.customer, meter.id, window.counter_start()),
            possible: allowed.is_ok(),
        })
    }

    pub const fn hours(&self) -> Option<Hours> {
        let (customer, meter, _) = self.counter;
        match self.window {
            Window::Hours { since } => Some(Hours {
                customer,
                meter,
                since,
            }),
            Window::Within(_) | Window::SinceEver => None,
        }
    }
}

/// Only what adds up can be held, and only what an event can say: a counted event is one, whatever its value.
pub(super) fn check_quantity(asked: &Reserve, meter: &Meter, catalog: &Listed) -> Result<()> {
    if !meter.selection.filter.is_empty() {
        // What the call will turn out to be is known only afterwards: held units might never be counted.
        return Err(ReservationError::NotReservable.into());
    }
    match meter.aggregation {
        Aggregation::Sum | Aggregation::TimeWeighted => {}
        Aggregation::Count if asked.quantity == Decimal::ONE => {}
        Aggregation::Count => return Err(Error::Invalid { field: "quantity" }),
        Aggregation::Min | Aggregation::Max | Aggregation::Latest | Aggregation::Unique => {
            return Err(ReservationError::NotReservable.into());
        }
    }
    let strictest = strictest(catalog.of_type(meter.event_type()));
    let event = Event::new(asked.at, asked.quantity, strictest);
    event.map(drop).map_err(|_| Error::Invalid { field: "quantity" })
}
