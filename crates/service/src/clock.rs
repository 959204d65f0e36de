//! Business time. The one place where the ambient clock is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::{Error, Result};

/// The database keeps microseconds. What is decided with an instant is compared with the instant read back, so business
/// time has no finer parts.
const TIME_DIGITS: u16 = 6;

/// Tells business time. Billing decisions get it as an argument; nothing else asks the machine.
#[derive(Debug)]
pub enum Clock {
    /// The database's shift, read at start and whenever it moves.
    Shifted(ShiftedClock),
    /// Somebody else's hand: the seed's, a test's.
    Manual(Arc<ManualClock>),
}

impl Clock {
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::Shifted(clock) => (real_now() + clock.shift()).trunc_subsecs(TIME_DIGITS),
            Self::Manual(clock) => clock.now(),
        }
    }
}

/// Sessions, quotes' signatures, limits and deliveries live by real time.
#[expect(clippy::disallowed_methods, reason = "this is the Clock")]
pub fn real_now() -> DateTime<Utc> {
    Utc::now()
}

/// Nobody plans further ahead, or looks further back.
const REACH: TimeDelta = TimeDelta::days(10 * 366);

/// An instant that comes from outside, by the microsecond, if it is one that somebody can mean. Years of six digits
/// exist, and neither the database nor a calendar computes with them.
pub(crate) fn within_reach(
    at: DateTime<Utc>,
    now: DateTime<Utc>,
    field: &'static str,
) -> Result<DateTime<Utc>> {
    let far = at.signed_duration_since(now).abs();
    if far > REACH {
        return Err(Error::Invalid { field });
    }
    Ok(at.trunc_subsecs(TIME_DIGITS))
}

/// Real time plus the shift stored in the database: 0 in production, moved forward in the sandbox.
#[derive(Debug, Default)]
pub struct ShiftedClock {
    shift_us: AtomicI64,
}

impl ShiftedClock {
    /// Forward only: what was read from the database before a move may arrive after it.
    pub fn advance_shift(&self, shift: TimeDelta) {
        self.shift_us
            .fetch_max(shift.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }

    pub fn shift(&self) -> TimeDelta {
        TimeDelta::microseconds(self.shift_us.load(Ordering::SeqCst))
    }
}

/// Stands still until it is set: the seed's clock and the tests'.
#[derive(Debug)]
pub struct ManualClock {
    now_us: AtomicI64,
}

impl ManualClock {
    pub fn at(now: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self {
            now_us: AtomicI64::new(now.timestamp_micros()),
        })
    }

    /// Forward only: an earlier instant is ignored.
    pub fn advance_to(&self, to: DateTime<Utc>) {
        self.now_us.fetch_max(to.timestamp_micros(), Ordering::SeqCst);
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.now_us.load(Ordering::SeqCst)).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_time_reads_back_from_the_database_as_it_was() {
        let clock = Clock::Shifted(ShiftedClock::default());
        for _ in 0..1_000 {
            assert_eq!(clock.now().timestamp_subsec_nanos() % 1_000, 0);
        }
    }
}
