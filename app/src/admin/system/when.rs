//! Where the clock is to go, as forms say it.

use chrono::{DateTime, Days, Months, NaiveDateTime, Utc};

/// What a date-time field sends; browsers leave out seconds that are zero.
const FORMATS: [&str; 2] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];

/// The instant in a date-time field, read as UTC.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    FORMATS
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|at| at.and_utc())
}

/// An instant as a date-time field takes it.
pub fn field_value(at: DateTime<Utc>) -> String {
    at.format(FORMATS[0]).to_string()
}

/// A named step from where the clock stands.
pub fn step(name: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match name {
        "day" => now.checked_add_days(Days::new(1)),
        "month" => now.checked_add_months(Months::new(1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn reads_what_date_time_fields_send() {
        assert_eq!(instant("2026-12-01T10:30"), Some(utc("2026-12-01T10:30:00Z")));
        assert_eq!(instant("2026-12-01T10:30:05"), Some(utc("2026-12-01T10:30:05Z")));
        for bad in [
            "",
            "2026-12-01",
            "2026-13-01T10:30",
            "tomorrow",
            "2026-12-01T10:30Z",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
        assert_eq!(field_value(utc("2026-12-01T10:30:59Z")), "2026-12-01T10:30");
    }

    #[test]
    fn steps_are_calendar_days_and_months() {
        let now = utc("2027-01-31T12:00:00Z");
        assert_eq!(step("day", now), Some(utc("2027-02-01T12:00:00Z")));
        assert_eq!(step("month", now), Some(utc("2027-02-28T12:00:00Z")));
        assert_eq!(step("year", now), None);
    }
}
