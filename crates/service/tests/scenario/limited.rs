//! What the host platform asks about limits in a story.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use service::billing::entitlement::{Allowance, Answer, Reason};
use service::billing::id::ApiKeyId;
use service::{
    Actor, Billing, CheckUsage, CommitUsage, Committed, Error, Held, ReservationError, ReserveOutcome,
    ReserveUsage, Result, Scope,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::play::Play;

/// The key of the host platform.
pub fn host() -> Actor {
    Actor::ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(7)),
        customer: None,
        scopes: vec![Scope::Read, Scope::EventsWrite],
    }
}

impl Play {
    /// As somebody who asks for the first time in a while.
    pub async fn check(&self, meter: &str, quantity: i64) -> Answer {
        self.billing.forget_checked();
        let command = CheckUsage {
            customer: self.customer(),
            meter: meter.to_owned(),
            quantity: quantity.into(),
        };
        self.billing.check_usage(&host(), &command).await.unwrap()
    }

    pub async fn try_reserve(&self, id: &str, meter: &str, quantity: i64) -> Result<ReserveOutcome> {
        self.reserve_at(&self.billing, id, meter, quantity).await
    }

    /// The same of another process.
    pub async fn reserve_at(
        &self,
        billing: &Billing,
        id: &str,
        meter: &str,
        quantity: i64,
    ) -> Result<ReserveOutcome> {
        let command = ReserveUsage {
            customer: self.customer(),
            id: id.to_owned(),
            meter: meter.to_owned(),
            quantity: quantity.into(),
        };
        billing.reserve_usage(&host(), command).await
    }

    /// The counts with the units among the reserved ones.
    pub async fn reserve(&self, id: &str, meter: &str, quantity: i64) -> Answer {
        match self.try_reserve(id, meter, quantity).await.unwrap() {
            ReserveOutcome::Held { held, answer } => {
                assert_eq!((held.id.as_str(), held.meter.as_str()), (id, meter));
                assert_eq!(held.quantity, Decimal::from(quantity));
                answer
            }
            ReserveOutcome::Refused(answer) => panic!("refused: {answer:?}"),
        }
    }

    pub async fn refused(&self, id: &str, meter: &str, quantity: i64) -> Answer {
        match self.try_reserve(id, meter, quantity).await.unwrap() {
            ReserveOutcome::Held { answer, .. } => panic!("held: {answer:?}"),
            ReserveOutcome::Refused(answer) => answer,
        }
    }

    pub async fn try_commit(&self, id: &str, quantity: Option<i64>) -> Result<Committed> {
        let command = CommitUsage {
            customer: self.customer(),
            id: id.to_owned(),
            quantity: quantity.map(Decimal::from),
            data: serde_json::json!({ "endpoint": "/api/chains" }),
        };
        self.billing.commit_usage(&host(), command).await
    }

    /// What was counted, and whether its units had been free again.
    pub async fn commit(&self, id: &str, quantity: Option<i64>) -> (Decimal, bool) {
        let committed = self.try_commit(id, quantity).await.unwrap();
        assert_eq!(committed.id, id);
        (committed.quantity, committed.late)
    }

    pub async fn release(&self, id: &str) -> Result<Held> {
        let (customer, id) = (self.customer(), id.to_owned());
        self.billing.release_usage(&host(), customer, id).await
    }

    /// Real time passes for reservations, and for nothing else.
    pub async fn minutes_pass(&self, minutes: i32) {
        sqlx::query("UPDATE usage_reservation SET expires_at = expires_at - make_interval(mins => $1)")
            .bind(minutes)
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Event ids of a meter with their values, in order.
    pub async fn counted(&self, meter: &str) -> Vec<(String, Decimal)> {
        counted(&self.pool, meter).await
    }
}

async fn counted(pool: &PgPool, meter: &str) -> Vec<(String, Decimal)> {
    let query = "SELECT e.event_id, e.value FROM usage_event e JOIN meter m ON m.id = e.meter_id
        WHERE m.key = $1 ORDER BY e.event_id";
    sqlx::query_as(query).bind(meter).fetch_all(pool).await.unwrap()
}

/// Of a limit of whole units: what is used and reserved of it.
pub fn counts(used: i64, reserved: i64, limit: i64) -> Answer {
    Answer {
        reason: None,
        warning: None,
        used: used.into(),
        reserved: reserved.into(),
        limit: Allowance::Units(limit.into()),
        reset_at: None,
    }
}

/// That it was refused for this.
pub fn is(error: Result<impl std::fmt::Debug>, expected: ReservationError) {
    assert!(
        matches!(&error, Err(Error::Reservation(found)) if *found == expected),
        "{error:?} instead of {expected:?}"
    );
}

/// The rest of an answer.
pub trait Rest {
    fn because(self, reason: Reason) -> Self;
    fn near(self, severity: service::billing::entitlement::Severity) -> Self;
    fn until(self, reset_at: DateTime<Utc>) -> Self;
}

impl Rest for Answer {
    fn because(self, reason: Reason) -> Self {
        let reason = Some(reason);
        Self { reason, ..self }
    }

    fn near(self, severity: service::billing::entitlement::Severity) -> Self {
        let warning = Some(severity);
        Self { warning, ..self }
    }

    fn until(self, reset_at: DateTime<Utc>) -> Self {
        let reset_at = Some(reset_at);
        Self { reset_at, ..self }
    }
}
