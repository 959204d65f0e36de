//! One rounded amount with its period, quantity and the computation behind it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Explain, LineDiscount};
use crate::id::{InvoiceLineId, SubscriptionItemId};
use crate::money::{Money, MoneyError};
use crate::period::Period;
use crate::tax::{LineTax, TaxBehavior, Taxed};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The price of a whole billing period, in advance.
    Base,
    /// Overage of an ended usage period, in arrears.
    Usage,
    /// What the usage of a period lacked of the minimum agreed for it.
    TrueUp,
    /// Usage that became known after its period was billed.
    LateUsage,
    /// Billed once, beside any plan.
    OneOff,
    ProrationCredit,
    ProrationCharge,
}

impl LineKind {
    pub const ALL: [Self; 7] = [
        Self::Base,
        Self::Usage,
        Self::TrueUp,
        Self::LateUsage,
        Self::OneOff,
        Self::ProrationCredit,
        Self::ProrationCharge,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Usage => "usage",
            Self::TrueUp => "true_up",
            Self::LateUsage => "late_usage",
            Self::OneOff => "one_off",
            Self::ProrationCredit => "proration_credit",
            Self::ProrationCharge => "proration_charge",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Recurring lines exist once for an item, a kind, a charge and a service start.
    pub const fn is_recurring(self) -> bool {
        matches!(self, Self::Base | Self::Usage | Self::TrueUp)
    }
}

/// What a line bills: the base, a meter or something once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    Base,
    Meter(String),
    OneOff,
}

impl Charge {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Base => "base",
            Self::Meter(key) => key,
            Self::OneOff => "one_off",
        }
    }

    pub fn parse(text: &str) -> Self {
        match text {
            "base" => Self::Base,
            "one_off" => Self::OneOff,
            key => Self::Meter(key.to_owned()),
        }
    }
}

/// The finalized line that a credit gives back from. It is taxed as that was, whatever is charged today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditedLine {
    pub line: InvoiceLineId,
    /// Negative, and never more than is left of each tax that was billed.
    pub taxes: Vec<LineTax>,
}

/// A line before discounts and tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLine {
    /// None of what is billed once.
    pub item: Option<SubscriptionItemId>,
    pub kind: LineKind,
    pub charge: Charge,
    pub description: String,
    /// The time served: what deferred revenue is earned over.
    pub period: Period,
    pub quantity: Decimal,
    /// Before discounts, with tax where the customer's prices hold it.
    pub amount: Money,
    pub explain: Explain,
    /// Only of a proration credit.
    pub credits: Option<CreditedLine>,
}

/// A line with what is taken off it and its tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub draft: DraftLine,
    /// In the order they are taken off.
    pub discounts: Vec<LineDiscount>,
    /// As the invoice shows it before discounts: with tax where its prices hold it.
    pub amount: Money,
    /// What is earned and given back from: after discounts, without tax.
    pub net: Money,
    /// In the order they are charged.
    pub taxes: Vec<LineTax>,
    /// All of them.
    pub tax: Money,
}

impl Line {
    /// `amount - discounts = net`, or `= net + tax` where prices hold their tax. A credit gives back a net amount
    /// and its tax, and shows them as the lines beside it.
    pub fn new(
        draft: DraftLine,
        discounts: Vec<LineDiscount>,
        taxed: Taxed,
        behavior: TaxBehavior,
    ) -> Result<Self, MoneyError> {
        let Taxed { net, taxes } = taxed;
        let currency = net.currency();
        let tax = Money::sum(currency, taxes.iter().map(|line| line.amount))?;
        let off = Money::sum(currency, discounts.iter().map(|discount| discount.amount))?;
        let amount = match behavior {
            TaxBehavior::Exclusive => net.plus(off)?,
            TaxBehavior::Inclusive => net.plus(off)?.plus(tax)?,
        };
        Ok(Self {
            draft,
            discounts,
            amount,
            net,
            taxes,
            tax,
        })
    }

    pub fn discount(&self) -> Result<Money, MoneyError> {
        let off = self.discounts.iter().map(|discount| discount.amount);
        Money::sum(self.net.currency(), off)
    }
}
