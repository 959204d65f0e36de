//! IANA time zones, and how a wall-clock time becomes an instant.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known IANA time zone")]
pub struct UnknownZone;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(chrono_tz::Tz);

/// The longest gap a zone ever had: Samoa skipped a whole day.
const LONGEST_GAP_MINUTES: i64 = 2 * 24 * 60;

impl Zone {
    pub const UTC: Self = Self(chrono_tz::UTC);

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    pub fn all() -> impl Iterator<Item = Self> {
        chrono_tz::TZ_VARIANTS.iter().copied().map(Self)
    }

    /// The wall-clock time of an instant here.
    pub fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        let utc = at.naive_utc();
        let offset = self.0.offset_from_utc_datetime(&utc).fix();
        // The last day there is has no local time everywhere.
        utc.checked_add_offset(offset).unwrap_or(utc)
    }

    /// The zone's abbreviation at an instant, such as CET.
    pub fn abbreviation(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.0).format("%Z").to_string()
    }

    /// The instant of a wall-clock time: the earlier of two, or the first valid one after a gap.
    pub fn instant(self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let resolve = |local: &NaiveDateTime| self.0.from_local_datetime(local).earliest();
        if let Some(at) = resolve(&local) {
            return Some(at.to_utc());
        }
        // To the minute first; gaps of the time before standard time end between two minutes.
        let second = local.with_nanosecond(0)?;
        let minute = (1..=LONGEST_GAP_MINUTES)
            .filter_map(|minutes| second.checked_add_signed(TimeDelta::minutes(minutes)))
            .find(|local| resolve(local).is_some())?;
        (0..60)
            .filter_map(|seconds| minute.checked_sub_signed(TimeDelta::seconds(59 - seconds)))
            .find_map(|local| resolve(&local))
            .map(|at| at.to_utc())
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        text.parse().map(Self).map_err(|_| UnknownZone)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(text: String) -> Result<Self, UnknownZone> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.name().to_owned()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
