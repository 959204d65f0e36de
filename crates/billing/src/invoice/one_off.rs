//! One-off items: what is billed once, beside any plan.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Charge, DraftLine, Explain, LineKind};
use crate::money::{Currency, Money, MoneyError};
use crate::period::{Period, PeriodError};

const MAX_DESCRIPTION: usize = 200;
/// More than this is a slip of the finger.
const MAX_QUANTITY: u32 = 100_000;
/// In minor units: many of them and their tax still fit into a total.
const MAX_AMOUNT: i64 = 1_000_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OneOffError {
    #[error("description must be 1 to 200 characters that show")]
    Description,
    #[error("quantity must be 1 to 100000")]
    Quantity,
    #[error("price must be greater than zero, and with the quantity at most 10^12 minor units")]
    Price,
    #[error("price must be in the customer's currency")]
    Currency,
}

impl OneOffError {
    pub const fn field(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Quantity => "quantity",
            Self::Price => "price",
            Self::Currency => "currency",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OneOffLineError {
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Period(#[from] PeriodError),
}

/// So many of something at a price each. Never less than nothing: what is given back is a credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOff {
    description: String,
    quantity: u32,
    price: Money,
}

impl OneOff {
    pub fn new(
        description: &str,
        quantity: u32,
        price: Money,
        currency: Currency,
    ) -> Result<Self, OneOffError> {
        let description = description.trim();
        let length = description.chars().count();
        if !(1..=MAX_DESCRIPTION).contains(&length) || description.chars().any(is_unseen) {
            return Err(OneOffError::Description);
        }
        if !(1..=MAX_QUANTITY).contains(&quantity) {
            return Err(OneOffError::Quantity);
        }
        if price.currency() != currency {
            return Err(OneOffError::Currency);
        }
        let amount = price.fraction(i128::from(quantity), 1);
        if !price.is_positive() || !amount.is_ok_and(|amount| amount.minor() <= MAX_AMOUNT) {
            return Err(OneOffError::Price);
        }
        Ok(Self {
            description: description.to_owned(),
            quantity,
            price,
        })
    }

    pub fn description(&self) -> &str {
        &self.description
    }

    pub const fn quantity(&self) -> u32 {
        self.quantity
    }

    pub const fn price(&self) -> Money {
        self.price
    }

    /// Served, and so earned, in the moment it is billed.
    pub fn line(&self, at: DateTime<Utc>) -> Result<DraftLine, OneOffLineError> {
        let explain = Explain::Flat {
            price: self.price,
            quantity: self.quantity,
        };
        Ok(DraftLine {
            item: None,
            kind: LineKind::OneOff,
            charge: Charge::OneOff,
            description: self.description.clone(),
            period: Period::new(at, at + TimeDelta::seconds(1))?,
            quantity: Decimal::from(self.quantity),
            amount: explain.amount()?,
            explain,
            credits: None,
        })
    }
}

/// Control characters, and those that show nothing or turn the direction of what follows.
fn is_unseen(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_item_and_names_the_field() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let item = |description: &str, quantity, price| {
            OneOff::new(description, quantity, price, Currency::USD).map(|item| item.description)
        };
        assert_eq!(item("  Migration ", 2, usd(5_000)), Ok("Migration".to_owned()));
        assert_eq!(item(" ", 1, usd(1)), Err(OneOffError::Description));
        for unseen in ["a\u{0}b", "\u{200b}", "\u{202e}a"] {
            assert_eq!(item(unseen, 1, usd(1)), Err(OneOffError::Description));
        }
        assert_eq!(item(&"a".repeat(201), 1, usd(1)), Err(OneOffError::Description));
        assert_eq!(item("a", 0, usd(1)), Err(OneOffError::Quantity));
        assert_eq!(item("a", 100_001, usd(1)), Err(OneOffError::Quantity));
        assert_eq!(item("a", 1, usd(0)), Err(OneOffError::Price));
        assert_eq!(item("a", 1, usd(-1)), Err(OneOffError::Price));
        assert_eq!(item("a", 2, usd(i64::MAX)), Err(OneOffError::Price));
        assert_eq!(item("a", 1, usd(1_000_000_000_000)), Ok("a".to_owned()));
        assert_eq!(item("a", 2, usd(500_000_000_001)), Err(OneOffError::Price));
        let euro = Money::new(1, "EUR".parse().unwrap());
        assert_eq!(item("a", 1, euro), Err(OneOffError::Currency));
    }

    #[test]
    fn a_line_is_quantity_times_price() {
        let item = OneOff::new("Migration", 3, Money::new(5_001, Currency::USD), Currency::USD).unwrap();
        let line = item.line("2026-03-01T10:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(line.amount, Money::new(15_003, Currency::USD));
        assert_eq!(line.explain.amount(), Ok(line.amount));
        assert_eq!(line.period.length(), TimeDelta::seconds(1));
    }
}
