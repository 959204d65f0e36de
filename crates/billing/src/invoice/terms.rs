//! When an invoice is to be paid: at once from the card, or within days of being sent.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

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

/// When an invoice was issued and when it is to be paid: that says under which terms, whatever they are by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDate {
    pub issued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
}

impl DueDate {
    /// Issued on net terms: its customer pays it by themselves, no card is tried.
    pub fn is_sent(self) -> bool {
        self.due_at > self.issued_at
    }

    /// What is not sent is due once it is issued, also for a clock that is a moment behind.
    pub fn is_due(self, now: DateTime<Utc>) -> bool {
        !self.is_sent() || self.due_at <= now
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
    fn an_invoice_is_due_from_its_instant_on() {
        let issued_at = at("2026-04-01T00:00:00Z");
        let of = |terms: PaymentTerms| DueDate {
            issued_at,
            due_at: terms.due_at(issued_at),
        };
        let sent = of(PaymentTerms::net(30).unwrap());
        assert!(sent.is_sent());
        assert!(!sent.is_due(at("2026-04-30T23:59:59.999999Z")));
        assert!(sent.is_due(at("2026-05-01T00:00:00Z")));
        let charged = of(PaymentTerms::Immediate);
        assert!(!charged.is_sent() && charged.is_due(issued_at));
        assert!(charged.is_due(issued_at - TimeDelta::milliseconds(1)));
    }
}
