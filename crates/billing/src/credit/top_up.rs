//! Credit that a customer buys.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::invoice::{Assembly, Charge, DraftLine, Explain, InvoiceDraft, LineKind};
use crate::money::{Currency, Money, MoneyError};
use crate::payment::minimum_charge;
use crate::period::{Period, PeriodError};

/// In what the provider charges at least: a payment's own cost stays a small part of it, $5.00 and up.
const MIN_CHARGES: i128 = 10;
/// $10,000.00: more than this is agreed with staff.
const MAX_CHARGES: i128 = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TopUpError {
    /// Not an amount of the currency, or out of bounds.
    #[error("amount is not one that can be bought")]
    Amount,
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Period(#[from] PeriodError),
}

/// How much credit can be bought at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUpBounds {
    pub min: Money,
    pub max: Money,
}

impl TopUpBounds {
    pub fn of(currency: Currency) -> Result<Self, MoneyError> {
        let least = minimum_charge(currency);
        Ok(Self {
            min: least.fraction(MIN_CHARGES, 1)?,
            max: least.fraction(MAX_CHARGES, 1)?,
        })
    }
}

/// An amount within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopUp(Money);

impl TopUp {
    /// An amount with more decimals than the currency has is a slip, and never rounded.
    pub fn new(major: Decimal, currency: Currency) -> Result<Self, TopUpError> {
        let amount = Money::exact_major(major, currency).ok_or(TopUpError::Amount)?;
        let TopUpBounds { min, max } = TopUpBounds::of(currency)?;
        if amount.minus(min)?.is_negative() || max.minus(amount)?.is_negative() {
            return Err(TopUpError::Amount);
        }
        Ok(Self(amount))
    }

    pub const fn amount(self) -> Money {
        self.0
    }

    /// The invoice that sells it. It is not taxed: what it will pay for is not known yet, and is taxed when it is
    /// billed. Nothing is taken off it, and no credit pays for credit.
    pub fn bill(self, at: DateTime<Utc>) -> Result<InvoiceDraft, TopUpError> {
        let explain = Explain::Flat {
            price: self.0,
            quantity: 1,
        };
        let line = DraftLine {
            item: None,
            kind: LineKind::TopUp,
            charge: Charge::OneOff,
            description: "Credit top-up".to_owned(),
            period: Period::new(at, at + TimeDelta::seconds(1))?,
            quantity: Decimal::ONE,
            amount: explain.amount()?,
            explain,
            credits: None,
        };
        let untaxed = Assembly::default();
        Ok(InvoiceDraft::assemble(self.0.currency(), vec![line], &untaxed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(major: &str, code: &str) -> Result<i64, TopUpError> {
        let top_up = TopUp::new(major.parse().unwrap(), code.parse().unwrap());
        top_up.map(|top_up| top_up.amount().minor())
    }

    #[test]
    fn an_amount_has_the_decimals_of_its_currency_and_bounds() {
        assert_eq!(minor("5", "USD"), Ok(500));
        assert_eq!(minor("12.340", "USD"), Ok(1_234));
        assert_eq!(minor("10000.00", "USD"), Ok(1_000_000));
        for wrong in [
            "4.99",
            "10000.01",
            "0",
            "-5",
            "12.345",
            "79228162514264337593543950335",
        ] {
            assert_eq!(minor(wrong, "USD"), Err(TopUpError::Amount), "{wrong}");
        }
        assert_eq!(
            [minor("500", "JPY"), minor("500.5", "JPY")],
            [Ok(500), Err(TopUpError::Amount)]
        );
        assert_eq!(minor("5.125", "KWD"), Ok(5_125));
        assert_eq!(minor("5.1255", "KWD"), Err(TopUpError::Amount));
    }

    #[test]
    fn its_invoice_is_the_amount_and_nothing_else() {
        let top_up = TopUp::new("50".parse().unwrap(), Currency::USD).unwrap();
        let draft = top_up.bill("2026-04-01T00:00:00Z".parse().unwrap()).unwrap();
        let fifty = Money::new(5_000, Currency::USD);
        assert_eq!(
            (draft.net(), draft.total(), draft.amount_due()),
            (fifty, fifty, Ok(fifty))
        );
        assert!(draft.tax().is_zero() && draft.discount().is_zero());
    }
}
