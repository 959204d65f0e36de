//! Credit notes: immutable documents that reduce finalized invoices, taxed as those were.

use serde::{Deserialize, Serialize};

use super::CreditableLine;
use crate::id::{InvoiceLineId, SubscriptionItemId};
use crate::invoice::{Charge, CreditedLine, DraftLine, Explain, LineKind};
use crate::money::{Currency, Money, MoneyError};
use crate::period::Period;
use crate::tax::LineTax;

/// Why a credit note exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditReason {
    Pause,
    Cancel,
    Change,
    DuplicatedCharge,
    ProductUnsatisfactory,
    OrderChange,
    OrderCancellation,
    FraudulentCharge,
    Other,
}

impl CreditReason {
    /// What happens by itself gives time back that was billed and is not served.
    pub const BY_ITSELF: [Self; 3] = [Self::Pause, Self::Cancel, Self::Change];
    /// Why staff gives something back.
    pub const BY_HAND: [Self; 6] = [
        Self::DuplicatedCharge,
        Self::ProductUnsatisfactory,
        Self::OrderChange,
        Self::OrderCancellation,
        Self::FraudulentCharge,
        Self::Other,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Cancel => "cancel",
            Self::Change => "change",
            Self::DuplicatedCharge => "duplicated_charge",
            Self::ProductUnsatisfactory => "product_unsatisfactory",
            Self::OrderChange => "order_change",
            Self::OrderCancellation => "order_cancellation",
            Self::FraudulentCharge => "fraudulent_charge",
            Self::Other => "other",
        }
    }

    pub fn all() -> impl Iterator<Item = Self> {
        Self::BY_ITSELF.into_iter().chain(Self::BY_HAND)
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|reason| reason.as_str() == text)
    }

    /// One that staff may give.
    pub fn parse_by_hand(text: &str) -> Option<Self> {
        Self::BY_HAND.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What is given back of one invoice line. Amounts are positive; its explanation is that of a credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditLine {
    pub credits: InvoiceLineId,
    /// None of what is billed once.
    pub item: Option<SubscriptionItemId>,
    pub description: String,
    /// The time given back; by hand all of the line's.
    pub period: Period,
    /// Given back by hand: so much of the line's amount as its invoice shows it.
    pub amount: Option<Money>,
    pub net: Money,
    /// As billed, and never more than is left of each.
    pub taxes: Vec<LineTax>,
    pub explain: Explain,
}

impl CreditLine {
    pub fn tax(&self) -> Result<Money, MoneyError> {
        let taxes = self.taxes.iter().map(|line| line.amount);
        Money::sum(self.net.currency(), taxes)
    }

    /// The same as a line of the invoice that charges for what comes instead: taxed by itself as every line is,
    /// but for what is left of the taxes that were billed, which many small credits rounded up could exceed.
    pub fn on_invoice(self, billed: &CreditableLine) -> Result<DraftLine, MoneyError> {
        let negated = |line: LineTax| {
            Ok(LineTax {
                amount: line.amount.negate()?,
                ..line
            })
        };
        let taxes = billed.taxes_on(self.net)?.into_iter().map(negated);
        Ok(DraftLine {
            item: self.item,
            kind: LineKind::ProrationCredit,
            charge: Charge::Base,
            amount: self.net.negate()?,
            description: self.description,
            period: self.period,
            quantity: rust_decimal::Decimal::ONE,
            explain: self.explain,
            credits: Some(CreditedLine {
                line: self.credits,
                taxes: taxes.collect::<Result<_, MoneyError>>()?,
            }),
        })
    }
}

/// Lines with sums that tie by construction; what issuing numbers and freezes. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteDraft {
    lines: Vec<CreditLine>,
    net: Money,
    tax: Money,
    total: Money,
}

impl CreditNoteDraft {
    /// None where nothing is given back.
    pub fn assemble(currency: Currency, lines: Vec<CreditLine>) -> Result<Option<Self>, MoneyError> {
        let net = Money::sum(currency, lines.iter().map(|line| line.net))?;
        let taxes = lines.iter().map(CreditLine::tax).collect::<Result<Vec<_>, _>>()?;
        let tax = Money::sum(currency, taxes)?;
        let total = net.plus(tax)?;
        Ok(total.is_positive().then_some(Self {
            lines,
            net,
            tax,
            total,
        }))
    }

    pub fn lines(&self) -> &[CreditLine] {
        &self.lines
    }

    pub const fn net(&self) -> Money {
        self.net
    }

    pub const fn tax(&self) -> Money {
        self.tax
    }

    pub const fn total(&self) -> Money {
        self.total
    }
}
