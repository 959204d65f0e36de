//! A share of the value moved, with a fee, a free allowance and bounds for each event.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Field, RatingError, SchemeError, not_negative};
use super::{Fraction, Part, PartOf, Rated, consume};
use crate::catalog::UnitPrice;
use crate::exact;
use crate::money::MoneyError;

/// The free allowance ends at whichever of its two limits comes first; without either there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PercentageTerms {
    pub percent: Decimal,
    pub fixed_per_event: Decimal,
    pub free_events: Option<u32>,
    pub free_units: Option<Decimal>,
    pub min_per_event: Option<Decimal>,
    pub max_per_event: Option<Decimal>,
}

/// What went through in a period, without every single event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throughput<'a> {
    /// The units after each of the first events, as far as the free allowance may reach.
    pub running_totals: &'a [Decimal],
    pub units: Decimal,
    pub events: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PercentageTerms", into = "PercentageTerms")]
pub struct Percentage(PercentageTerms);

/// The first events and units, which cost nothing.
struct Free {
    events: usize,
    units: Decimal,
}

impl Percentage {
    pub fn new(terms: PercentageTerms) -> Result<Self, SchemeError> {
        let optional =
            |name, value: Option<Decimal>| not_negative(Field::named(name), value.unwrap_or_default());
        not_negative(Field::named("percent"), terms.percent)?;
        not_negative(Field::named("fixed_per_event"), terms.fixed_per_event)?;
        optional("free_units", terms.free_units)?;
        optional("min_per_event", terms.min_per_event)?;
        optional("max_per_event", terms.max_per_event)?;
        match (terms.min_per_event, terms.max_per_event) {
            (Some(min), Some(max)) if max < min => Err(SchemeError::MaximumBelowMinimum),
            _ => Ok(Self(terms)),
        }
    }

    pub const fn terms(self) -> PercentageTerms {
        self.0
    }

    /// The share of so many units, where nothing depends on single events.
    pub(super) fn rate_units(self, units: Decimal) -> Result<Rated, RatingError> {
        if !self.0.fixed_per_event.is_zero() || self.0.free_events.is_some() || self.has_bounds() {
            return Err(RatingError::NeedsEvents);
        }
        let free = self.0.free_units.unwrap_or_default();
        let billable = consume(free, Decimal::ZERO, units)?.billable;
        Ok(Rated::new([self.share(billable)]))
    }

    /// All events together; bounds need the events one by one.
    pub fn rate(self, through: Throughput<'_>) -> Result<Rated, RatingError> {
        let negative = |units: &Decimal| *units < Decimal::ZERO;
        if negative(&through.units) || through.running_totals.iter().any(negative) {
            return Err(RatingError::NegativeQuantity);
        }
        if self.has_bounds() {
            return Err(RatingError::NeedsEvents);
        }
        let free = self.free(through)?;
        let units = exact::sub(through.units, free.units).map_err(MoneyError::from)?;
        let events = through.events.saturating_sub(free.events);
        Ok(Rated::new([self.share(units), self.fees(events)]))
    }

    /// Event by event: of each the fixed fee first, then the minimum and the maximum.
    pub fn rate_events(self, events: &[Decimal]) -> Result<Rated, RatingError> {
        let mut running_totals = Vec::with_capacity(events.len());
        let mut units = Decimal::ZERO;
        for event in events {
            if *event < Decimal::ZERO {
                return Err(RatingError::NegativeQuantity);
            }
            units = exact::add(units, *event).map_err(MoneyError::from)?;
            running_totals.push(units);
        }
        let free = self.free(Throughput {
            running_totals: &running_totals,
            units,
            events: events.len(),
        })?;
        let charged = events.iter().zip(&running_totals).skip(free.events);
        let charged = charged.map(|(event, total)| {
            // Of the event at which the allowance ends only the excess.
            exact::sub(*total, free.units).map(|excess| excess.min(*event))
        });
        let charged = charged.collect::<Result<Vec<_>, _>>().map_err(MoneyError::from)?;
        Ok(self.bounded(&charged)?)
    }

    /// Events are told apart by whether a bound was applied, so that the explanation stays short.
    fn bounded(self, charged: &[Decimal]) -> Result<Rated, MoneyError> {
        let (min, max) = (self.0.min_per_event, self.0.max_per_event);
        let (mut units, mut within, mut raised, mut lowered) = (Decimal::ZERO, 0, 0, 0);
        for event in charged {
            let fee = self.share(*event).amount()?.plus(self.fees(1).amount()?)?;
            if min.is_some_and(|min| fee < Fraction::of(min)) {
                raised += 1;
            } else if max.is_some_and(|max| fee > Fraction::of(max)) {
                lowered += 1;
            } else {
                within += 1;
                units = exact::add(units, *event)?;
            }
        }
        let bound = |of, events: usize, fee: Option<Decimal>| {
            Part::each(of, Decimal::from(events), fee.unwrap_or_default())
        };
        Ok(Rated::new([
            self.share(units),
            self.fees(within),
            bound(PartOf::EventMinimum, raised, min),
            bound(PartOf::EventMaximum, lowered, max),
        ]))
    }

    const fn has_bounds(self) -> bool {
        self.0.min_per_event.is_some() || self.0.max_per_event.is_some()
    }

    const fn share(self, units: Decimal) -> Part {
        let price = UnitPrice {
            amount: self.0.percent,
            per: Decimal::ONE_HUNDRED,
        };
        let of = PartOf::Rate;
        Part { of, units, price }
    }

    fn fees(self, events: usize) -> Part {
        // Where there is no fee, events explain nothing.
        let events = if self.0.fixed_per_event.is_zero() {
            0
        } else {
            events
        };
        Part::each(PartOf::Events, Decimal::from(events), self.0.fixed_per_event)
    }

    /// Where the allowance ends.
    fn free(self, through: Throughput<'_>) -> Result<Free, RatingError> {
        let (free_events, free_units) = (self.0.free_events, self.0.free_units);
        if free_events.is_none() && free_units.is_none() {
            let (events, units) = (0, Decimal::ZERO);
            return Ok(Free { events, units });
        }
        let limit = free_events.and_then(|events| usize::try_from(events).ok());
        let most = limit.unwrap_or(through.events).min(through.events);
        let fits = |total: Decimal| free_units.is_none_or(|units| total <= units);
        if most == through.events && fits(through.units) {
            let (events, units) = (through.events, through.units);
            return Ok(Free { events, units });
        }
        let totals = through.running_totals.iter().copied().take(most);
        let free = totals.take_while(|total| fits(*total));
        let (events, units) = free.fold((0, Decimal::ZERO), |(events, _), total| (events + 1, total));
        if events == most {
            return Ok(Free { events, units });
        }
        // The next event goes beyond the free units and uses up the rest of them.
        let units = free_units.ok_or(RatingError::NeedsEvents)?.min(through.units);
        Ok(Free { events, units })
    }
}

impl TryFrom<PercentageTerms> for Percentage {
    type Error = SchemeError;

    fn try_from(terms: PercentageTerms) -> Result<Self, SchemeError> {
        Self::new(terms)
    }
}

impl From<Percentage> for PercentageTerms {
    fn from(percentage: Percentage) -> Self {
        percentage.0
    }
}
