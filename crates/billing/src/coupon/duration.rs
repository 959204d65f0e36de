//! How many invoices a coupon discounts.

use chrono::{DateTime, Months, Utc};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    Once,
    /// So many invoices.
    Periods(u32),
    /// Each invoice that is issued within so many months, in full.
    Months(u32),
    Forever,
}

impl Duration {
    /// Whether an invoice issued at an instant is discounted, where so many were since the coupon was redeemed.
    pub fn covers(self, used: u32, redeemed_at: DateTime<Utc>, at: DateTime<Utc>) -> bool {
        match self {
            Self::Once => used == 0,
            Self::Periods(periods) => used < periods,
            // At the end of time it goes on for ever.
            Self::Months(months) => redeemed_at
                .checked_add_months(Months::new(months))
                .is_none_or(|end| at < end),
            Self::Forever => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn ends_by_number_or_by_time() {
        let start = utc("2026-01-31T00:00:00Z");
        let covers = |duration: Duration, used, at| duration.covers(used, start, utc(at));
        assert!(covers(Duration::Once, 0, "2030-01-01T00:00:00Z"));
        assert!(!covers(Duration::Once, 1, "2026-01-31T00:00:00Z"));
        assert!(covers(Duration::Periods(3), 2, "2026-05-01T00:00:00Z"));
        assert!(!covers(Duration::Periods(3), 3, "2026-05-01T00:00:00Z"));
        assert!(covers(Duration::Months(1), 9, "2026-02-27T23:59:59Z"));
        assert!(!covers(Duration::Months(1), 0, "2026-02-28T00:00:00Z"));
        assert!(covers(Duration::Months(u32::MAX), 0, "9999-01-01T00:00:00Z"));
        assert!(covers(Duration::Forever, u32::MAX, "9999-01-01T00:00:00Z"));
    }
}
