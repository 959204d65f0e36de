//! When an invoice is to be paid: at once from the card, or within days of being sent.

#[cfg(feature = "zones")]
use chrono::NaiveTime;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

#[cfg(feature = "zones")]
use crate::period::Zone;

/// Half a year: longer is a loan.
const MAX_NET_DAYS: u16 = 180;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTerms {
    #[error("net_days must be from 1 to {MAX_NET_DAYS}, not {0}")]
    NetDays(i64),
}

impl InvalidTerms {
    /// The field that is wrong.
    pub const fn field(self) -> &'static str {
        match self {
            Self::NetDays(_) => "net_days",
        }
    }
}

/// How a customer pays. On net terms invoices are sent, not charged, and paid within so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaymentTerms {
    /// The card is charged, and an invoice is due as soon as it is issued.
    #[default]
    Immediate,
    Net(NetDays),
}

/// From 1 to 180, each of 24 hours, whatever the clocks do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NetDays(u16);

impl NetDays {
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl PaymentTerms {
    pub fn net(days: i64) -> Result<Self, InvalidTerms> {
        let days = u16::try_from(days)
            .ok()
            .filter(|days| (1..=MAX_NET_DAYS).contains(days))
            .ok_or(InvalidTerms::NetDays(days))?;
        Ok(Self::Net(NetDays(days)))
    }

    pub const fn net_days(self) -> Option<u16> {
        match self {
            Self::Immediate => None,
            Self::Net(days) => Some(days.get()),
        }
    }

    /// Whether invoices are sent, and no card is charged for them.
    pub const fn is_net(self) -> bool {
        matches!(self, Self::Net(_))
    }

    pub fn due_at(self, issued_at: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Immediate => issued_at,
            Self::Net(days) => issued_at + TimeDelta::days(i64::from(days.get())),
        }
    }
}

/// When an invoice was issued, when it is to be paid, and from when on it is overdue: that says under which terms,
/// whatever they are by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDate {
    pub issued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// What is sent may be paid on its whole last day, by the customer's calendar.
    pub overdue_at: DateTime<Utc>,
}

impl DueDate {
    #[cfg(feature = "zones")]
    pub fn new(terms: PaymentTerms, issued_at: DateTime<Utc>, zone: Zone) -> Self {
        let due_at = terms.due_at(issued_at);
        let first = overdue_from(zone.local(due_at).date()).and_time(NaiveTime::MIN);
        Self {
            issued_at,
            due_at,
            overdue_at: match terms {
                PaymentTerms::Immediate => issued_at,
                PaymentTerms::Net(_) => zone.instant(first).unwrap_or(due_at),
            },
        }
    }

    /// Issued on net terms: its customer pays it by themselves, no card is tried.
    pub fn is_sent(self) -> bool {
        self.due_at > self.issued_at
    }

    /// What is not sent is to be paid once it is issued, also for a clock that is a moment behind.
    pub fn is_overdue(self, now: DateTime<Utc>) -> bool {
        !self.is_sent() || self.overdue_at <= now
    }
}

/// The first day on which an invoice that is due on a day is overdue: that day is still in time.
pub fn overdue_from(due: NaiveDate) -> NaiveDate {
    due.succ_opt().unwrap_or(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn net_terms_are_from_one_day_to_half_a_year() {
        for days in [1, 30, 180] {
            let terms = PaymentTerms::net(days).unwrap();
            assert_eq!(terms.net_days().map(i64::from), Some(days));
        }
        for days in [-1, 0, 181, 65_566, i64::MAX] {
            let refused = PaymentTerms::net(days).unwrap_err();
            assert_eq!(
                (refused, refused.field()),
                (InvalidTerms::NetDays(days), "net_days")
            );
        }
    }

    #[test]
    fn days_are_counted_from_the_issue() {
        let issued_at = at("2024-01-31T12:30:00Z");
        let net = |days| PaymentTerms::net(days).unwrap().due_at(issued_at);
        assert_eq!(net(1), at("2024-02-01T12:30:00Z"));
        assert_eq!(net(30), at("2024-03-01T12:30:00Z"));
        assert_eq!(net(180), at("2024-07-29T12:30:00Z"));
        assert_eq!(PaymentTerms::Immediate.due_at(issued_at), issued_at);
    }

    #[test]
    #[cfg(feature = "zones")]
    fn the_day_on_which_an_invoice_is_due_is_in_time_where_its_customer_is() {
        let issued_at = at("2026-04-01T02:30:00Z");
        let sent =
            |zone: &str| DueDate::new(PaymentTerms::net(30).unwrap(), issued_at, zone.parse().unwrap());
        for (zone, overdue_at) in [
            ("UTC", "2026-05-02T00:00:00Z"),
            // There it is due on 30 April, in the evening.
            ("America/New_York", "2026-05-01T04:00:00Z"),
            ("Pacific/Kiritimati", "2026-05-01T10:00:00Z"),
            ("Pacific/Pago_Pago", "2026-05-01T11:00:00Z"),
        ] {
            let due = sent(zone);
            assert!(due.is_sent(), "{zone}");
            assert_eq!(due.due_at, at("2026-05-01T02:30:00Z"), "{zone}");
            assert_eq!(due.overdue_at, at(overdue_at), "{zone}");
            assert!(
                !due.is_overdue(due.overdue_at - TimeDelta::microseconds(1)),
                "{zone}"
            );
            assert!(due.is_overdue(due.overdue_at), "{zone}");
        }
    }

    #[test]
    #[cfg(feature = "zones")]
    fn a_day_may_begin_after_midnight() {
        // In Santiago the clocks go from 24:00 on 5 September to 01:00.
        let issued_at = at("2026-08-26T15:00:00Z");
        let due = DueDate::new(
            PaymentTerms::net(10).unwrap(),
            issued_at,
            "America/Santiago".parse().unwrap(),
        );
        assert_eq!(due.overdue_at, at("2026-09-06T04:00:00Z"));
    }

    #[test]
    #[cfg(feature = "zones")]
    fn what_is_charged_is_to_be_paid_at_once() {
        let issued_at = at("2026-04-01T00:00:00Z");
        let charged = DueDate::new(PaymentTerms::Immediate, issued_at, Zone::UTC);
        assert!(!charged.is_sent() && charged.is_overdue(issued_at));
        assert!(charged.is_overdue(issued_at - TimeDelta::milliseconds(1)));
    }
}
