//! Assembly: lines and their tax add up to the total.

use super::{DraftLine, Line};
use crate::credit;
use crate::money::{Currency, Money, MoneyError};
use crate::tax::TaxRate;

/// Lines with tax and sums that tie by construction; what `finalize` numbers and freezes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDraft {
    lines: Vec<Line>,
    net: Money,
    tax: Money,
    total: Money,
    credit_applied: Money,
}

impl InvoiceDraft {
    /// Taxes each line and adds everything up. An empty list of lines is an invoice of zero.
    pub fn assemble(currency: Currency, lines: Vec<DraftLine>, rate: TaxRate) -> Result<Self, MoneyError> {
        let lines = lines
            .into_iter()
            .map(|line| Line::new(line, rate))
            .collect::<Result<Vec<_>, _>>()?;
        let net = Money::sum(currency, lines.iter().map(|line| line.draft.net))?;
        let tax = Money::sum(currency, lines.iter().map(|line| line.tax))?;
        Ok(Self {
            total: net.plus(tax)?,
            lines,
            net,
            tax,
            credit_applied: Money::zero(currency),
        })
    }

    /// Takes what it can from the customer's credit balance, after tax.
    pub fn apply_credit(self, balance: Money) -> Result<Self, MoneyError> {
        let credit_applied = credit::applicable(balance, self.total)?;
        Ok(Self {
            credit_applied,
            ..self
        })
    }

    pub const fn credit_applied(&self) -> Money {
        self.credit_applied
    }

    /// `total - credit applied`: what is collected.
    pub fn amount_due(&self) -> Result<Money, MoneyError> {
        self.total.minus(self.credit_applied)
    }

    pub fn lines(&self) -> &[Line] {
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

    pub const fn currency(&self) -> Currency {
        self.total.currency()
    }
}
