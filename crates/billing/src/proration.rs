//! The part of an amount that belongs to a part of its period, by the second or by the day.
//!
//! One rounding a line, half away from zero: multiplied first, divided once.

#[cfg(feature = "zones")]
use chrono::{DateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};
use crate::period::Period;
#[cfg(feature = "zones")]
use crate::period::Zone;
use crate::rating::Fraction;
use crate::tax::{self, Tax};

#[cfg(feature = "zones")]
const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// What parts of a period are measured in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProrationMode {
    #[default]
    Second,
    /// Days of the customer's calendar. The day of a change belongs to what comes after it, the day on which service
    /// stops to what was before: else whoever stops late and goes on early, each day, would be served for nothing.
    Day,
}

impl ProrationMode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Day => "day",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Second, Self::Day]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }

    /// Up to when what stops at an instant counts as served.
    #[cfg(feature = "zones")]
    pub fn served_until(self, at: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
        let midnight = match self {
            Self::Second => None,
            Self::Day => zone.local(at).date().succ_opt(),
        };
        let midnight = midnight.and_then(|next| zone.instant(next.and_time(NaiveTime::MIN)));
        midnight.map_or(at, |midnight| midnight.max(at))
    }

    /// The share of `whole` that `part` covers, never more than all of it; no part, no share. A whole that
    /// lies within one day has no days to count and is measured in seconds all the same.
    #[cfg(feature = "zones")]
    pub fn share(self, part: Option<Period>, whole: Period, zone: Zone) -> Share {
        let of_days = whole.days(zone);
        let share = match (self, part) {
            // Each day counts as 86,400 seconds, also one that has an hour more or less.
            (Self::Day, part) if of_days > 0 => Share {
                seconds: part.map_or(0, |part| part.days(zone)) * SECONDS_A_DAY,
                of_seconds: of_days * SECONDS_A_DAY,
            },
            (_, Some(part)) => Share::of(part, whole),
            (_, None) => Share::of(whole, whole).rest(),
        };
        // Where a clock goes back over midnight a date comes twice.
        Share {
            seconds: share.seconds.clamp(0, share.of_seconds),
            ..share
        }
    }
}

/// `seconds` out of `of_seconds`: both kept, so that the division happens once, at the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub seconds: i64,
    pub of_seconds: i64,
}

impl Share {
    pub const NOTHING: Self = Self {
        seconds: 0,
        of_seconds: 1,
    };

    pub const WHOLE: Self = Self {
        seconds: 1,
        of_seconds: 1,
    };

    /// The share of `whole` that `part` covers. Seconds begin on the clock's, so that the parts of a
    /// period add up wherever between two of them it is cut.
    pub fn of(part: Period, whole: Period) -> Self {
        let seconds = |period: Period| period.end().timestamp() - period.start().timestamp();
        Self {
            seconds: seconds(part),
            of_seconds: seconds(whole),
        }
    }

    /// What is left of the whole.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self {
            seconds: self.of_seconds.saturating_sub(self.seconds),
            of_seconds: self.of_seconds,
        }
    }

    /// The taxes on the part, each rounded on its own and not on the rounded part.
    pub fn taxes<'a>(
        self,
        amount: Money,
        taxes: impl IntoIterator<Item = &'a Tax>,
    ) -> Result<Vec<Money>, MoneyError> {
        let exact = tax::on(Fraction::of_money(amount).share(self)?, taxes)?;
        exact.iter().map(|tax| tax.round(amount.currency())).collect()
    }

    pub fn apply(self, amount: Money) -> Result<Money, MoneyError> {
        amount.fraction(i128::from(self.seconds), i128::from(self.of_seconds))
    }
}
