//! Assembly: lines, what is taken off them and their tax add up to the total.

use super::discount::{InvoiceDiscount, LineDiscount, take_off};
use super::{DraftLine, Line};
use crate::credit;
use crate::money::{Currency, Money, MoneyError};
use crate::tax::{LineTax, TaxBasis, TaxBehavior, Taxation, Taxed, sum_by_tax};

/// What is made of an invoice's charges.
#[derive(Debug, Clone, Default)]
pub struct Assembly<'a> {
    /// In the order they are taken off.
    pub discounts: &'a [InvoiceDiscount],
    pub taxation: Taxation,
}

impl Assembly<'static> {
    /// Nothing is taken off.
    pub const fn taxed(taxation: Taxation) -> Self {
        Self {
            discounts: &[],
            taxation,
        }
    }
}

/// Lines with discounts, tax and sums that tie by construction; what `finalize` numbers and freezes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDraft {
    lines: Vec<Line>,
    basis: TaxBasis,
    amount: Money,
    discount: Money,
    net: Money,
    tax: Money,
    total: Money,
    credit_applied: Money,
}

impl InvoiceDraft {
    /// Discounts first, then the tax of each line; then everything is added up. An empty list of lines is an
    /// invoice of zero.
    pub fn assemble(
        currency: Currency,
        lines: Vec<DraftLine>,
        assembly: &Assembly<'_>,
    ) -> Result<Self, MoneyError> {
        let discounts = take_off(currency, &lines, assembly.discounts)?;
        let taxed = tax_each(currency, &lines, &discounts, &assembly.taxation)?;
        let basis = assembly.taxation.basis;
        let with = |((line, discounts), taxed)| Line::new(line, discounts, taxed, basis.behavior);
        let lines = lines.into_iter().zip(discounts).zip(taxed).map(with);
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let sum = |part: fn(&Line) -> Money| Money::sum(currency, lines.iter().map(part));
        let (amount, net, tax) = (
            sum(|line| line.amount)?,
            sum(|line| line.net)?,
            sum(|line| line.tax)?,
        );
        let total = net.plus(tax)?;
        let after_discount = match basis.behavior {
            TaxBehavior::Exclusive => net,
            TaxBehavior::Inclusive => total,
        };
        Ok(Self {
            basis,
            amount,
            discount: amount.minus(after_discount)?,
            total,
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

    /// The lines before discounts, with tax where prices hold it.
    pub const fn amount(&self) -> Money {
        self.amount
    }

    pub const fn discount(&self) -> Money {
        self.discount
    }

    /// What is earned: after discounts, without tax.
    pub const fn net(&self) -> Money {
        self.net
    }

    pub const fn tax(&self) -> Money {
        self.tax
    }

    pub const fn basis(&self) -> TaxBasis {
        self.basis
    }

    /// What all lines bear of each tax.
    pub fn taxes(&self) -> Result<Vec<LineTax>, MoneyError> {
        sum_by_tax(self.lines.iter().map(|line| &line.taxes[..]))
    }

    /// `net + tax`.
    pub const fn total(&self) -> Money {
        self.total
    }

    pub const fn currency(&self) -> Currency {
        self.total.currency()
    }
}

/// What each line is made of. A credit is taxed as what it gives back from was.
fn tax_each(
    currency: Currency,
    lines: &[DraftLine],
    discounts: &[Vec<LineDiscount>],
    taxation: &Taxation,
) -> Result<Vec<Taxed>, MoneyError> {
    let mut charged = Vec::with_capacity(lines.len());
    for (line, discounts) in lines.iter().zip(discounts) {
        if line.credits.is_none() {
            let off = Money::sum(currency, discounts.iter().map(|discount| discount.amount))?;
            charged.push(line.amount.minus(off)?);
        }
    }
    let mut charged = taxation.tax(currency, &charged)?.into_iter();
    let taxed = lines.iter().map(|line| match &line.credits {
        Some(credited) => Some(Taxed {
            net: line.amount,
            taxes: credited.taxes.clone(),
        }),
        None => charged.next(),
    });
    taxed.collect::<Option<_>>().ok_or(MoneyError::Overflow)
}
