//! Dates, in somebody's zone.

use chrono::{DateTime, Utc};

use crate::period::Zone;

/// `Nov 22, 2026`, in the customer's zone.
pub fn date(at: DateTime<Utc>, zone: Zone) -> String {
    zone.local(at).format("%b %-d, %Y").to_string()
}

/// `Nov 22`, where the year goes without saying.
pub fn date_short(at: DateTime<Utc>, zone: Zone) -> String {
    zone.local(at).format("%b %-d").to_string()
}

/// `Nov 22, 2026, 14:05 CET`.
pub fn date_time(at: DateTime<Utc>, zone: Zone) -> String {
    format!(
        "{} {}",
        zone.local(at).format("%b %-d, %Y, %H:%M"),
        zone.abbreviation(at)
    )
}

/// To the second, for hovering over a date and for explanations.
pub fn date_time_exact(at: DateTime<Utc>, zone: Zone) -> String {
    format!(
        "{} {}",
        zone.local(at).format("%b %-d, %Y, %H:%M:%S"),
        zone.abbreviation(at)
    )
}
