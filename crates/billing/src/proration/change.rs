//! What a change in the middle of a period gives back and takes.

use super::Share;
use crate::money::{Currency, Money, MoneyError};

/// A recurring price and how many of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    pub price: Money,
    pub quantity: u32,
}

impl Component {
    /// Its amount for a share of its period, rounded once.
    pub fn amount(self, share: Share) -> Result<Money, MoneyError> {
        let numerator = i128::from(share.seconds) * i128::from(self.quantity);
        self.price.fraction(numerator, i128::from(share.of_seconds))
    }
}

/// From some components to others.
#[derive(Debug, Clone, Copy)]
pub struct PriceChange<'a> {
    pub currency: Currency,
    pub old: &'a [Component],
    pub new: &'a [Component],
}

impl PriceChange<'_> {
    /// Credits the unused share of the old components and charges a share of the new ones: the same
    /// share within a period, the whole where a new period begins with the change.
    pub fn prorate(self, unused: Share, charged: Share) -> Result<Proration, MoneyError> {
        let credit = |component: &Component| component.amount(unused)?.negate();
        let charge = |component: &Component| component.amount(charged);
        let credits = self.old.iter().map(credit).collect::<Result<Vec<_>, _>>()?;
        let charges = self.new.iter().map(charge).collect::<Result<Vec<_>, _>>()?;
        let net = Money::sum(self.currency, credits.iter().chain(&charges).copied())?;
        Ok(Proration {
            credits,
            charges,
            net,
        })
    }
}

/// An amount for each component, rounded on its own; credits are negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proration {
    pub credits: Vec<Money>,
    pub charges: Vec<Money>,
    pub net: Money,
}

impl Proration {
    /// What the next renewal comes to when it carries the net.
    pub fn carried_to(&self, renewal: Money) -> Result<Money, MoneyError> {
        renewal.plus(self.net)
    }

    /// What goes to the credit balance when the change is settled at once: a negative net, as an amount.
    pub fn to_credit_balance(&self) -> Result<Money, MoneyError> {
        self.net.negate()?.max(Money::zero(self.net.currency()))
    }
}
