//! Units for a call: held, and given back.

use billing::entitlement::{Answer, Count, Reason, Standing};
use billing::id::CustomerId;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use store::usage::Reservation;

use super::hold::{Ask, Done, Reserve};
use crate::{Actor, Billing, Error, Result};

/// Units to hold under an id of the caller's, which is for ever the name of this one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveUsage {
    pub customer: CustomerId,
    pub id: String,
    pub meter: String,
    pub quantity: Decimal,
}

/// Why something cannot be done with a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReservationError {
    #[error("the id was used for another reservation")]
    OtherContent,
    #[error("the reservation was committed before")]
    Committed,
    #[error("the reservation was released before")]
    Released,
    #[error("it is more than was reserved")]
    TooMuch,
    /// Only where the test clock was moved meanwhile.
    #[error("it was reserved more than 35 days ago")]
    TooOld,
    #[error("what a meter of this kind shows does not add up: it can be checked, not reserved")]
    NotReservable,
    #[error("all that the meter counted would be more than 10^15")]
    TotalTooLarge,
}

impl ReservationError {
    pub const fn code(self) -> &'static str {
        match self {
            Self::OtherContent => "reservation_conflict",
            Self::Committed => "reservation_committed",
            Self::Released => "reservation_released",
            Self::TooMuch => "more_than_reserved",
            Self::TooOld => "too_old",
            Self::NotReservable => "not_reservable",
            Self::TotalTooLarge => "total_too_large",
        }
    }

    /// Whether it is about what was there before, not about the request itself.
    pub const fn is_conflict(self) -> bool {
        matches!(self, Self::OtherContent | Self::Committed | Self::Released)
    }
}

/// Units that nobody else gets until they are committed or released, or the time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub customer: CustomerId,
    pub id: String,
    pub meter: String,
    pub quantity: Decimal,
    /// By real time; none where nothing is counted.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Held {
    pub(super) fn of(reservation: &Reservation, meter: &str) -> Self {
        Self {
            customer: reservation.customer,
            id: reservation.id.clone(),
            meter: meter.to_owned(),
            quantity: reservation.quantity,
            expires_at: Some(reservation.expires_at),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReserveOutcome {
    /// The counts hold the units already.
    Held { held: Held, answer: Answer },
    /// Nothing was kept: the same may be asked again.
    Refused(Answer),
}

/// As long as the id of the event that a commit makes of it may be.
const MAX_ID_BYTES: usize = 255;

pub(super) fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

impl Billing {
    /// Holds the units for a minute, or says why not. The same again gets the same answer, unless nothing is held any more.
    pub async fn reserve_usage(&self, actor: &Actor, command: ReserveUsage) -> Result<ReserveOutcome> {
        actor.sends_events()?;
        if !is_id(&command.id) {
            return Err(Error::Invalid { field: "id" });
        }
        if command.quantity <= Decimal::ZERO {
            return Err(Error::Invalid { field: "quantity" });
        }
        if !self.config().usage_tracking {
            return self.without_tracking(command).await;
        }
        let ask = Ask::Reserve(Reserve {
            key: (command.customer, command.id),
            meter: command.meter,
            quantity: command.quantity,
            at: self.now(),
        });
        match self.parts.limits.holds.ask(ask).await? {
            Done::Reserved(outcome) => Ok(outcome),
            Done::Released(_) => Err(Error::Internal("a release for a reservation")),
        }
    }

    /// Gives the units back; again changes nothing.
    pub async fn release_usage(&self, actor: &Actor, customer: CustomerId, id: String) -> Result<Held> {
        actor.sends_events()?;
        if !is_id(&id) {
            return Err(Error::NotFound("reservation"));
        }
        if !self.config().usage_tracking {
            return Ok(Held {
                customer,
                id,
                meter: String::new(),
                quantity: Decimal::ZERO,
                expires_at: None,
            });
        }
        match self.parts.limits.holds.ask(Ask::Release((customer, id))).await? {
            Done::Released(held) => Ok(held),
            Done::Reserved(_) => Err(Error::Internal("a reservation for a release")),
        }
    }

    /// Nothing is counted, so no limit is reached.
    async fn without_tracking(&self, command: ReserveUsage) -> Result<ReserveOutcome> {
        let (standing, _) = self.standing(command.customer, &command.meter).await?;
        let refused = standing
            .allows(&Count::default(), command.quantity, self.now())
            .err();
        let refused = refused.filter(|reason| *reason != Reason::LimitReached);
        let answer = self.plain_answer(standing, refused);
        let held = Held {
            customer: command.customer,
            id: command.id,
            meter: command.meter,
            quantity: command.quantity,
            expires_at: None,
        };
        Ok(match refused {
            None => ReserveOutcome::Held { held, answer },
            Some(_) => ReserveOutcome::Refused(answer),
        })
    }

    pub(super) fn plain_answer(&self, standing: Standing, refused: Option<Reason>) -> Answer {
        let allowed = refused.map_or(Ok(()), Err);
        standing.answer(
            &Count::default(),
            allowed,
            None,
            &self.parts.limits.known.thresholds,
        )
    }
}
