//! Assembly: lines, what is taken off them and their tax add up to the total.

use chrono::{DateTime, Utc};

use super::discount::{InvoiceDiscount, LineDiscount, take_off};
use super::{DraftLine, Line};
use crate::credit::{CreditUse, Wallet, total_of};
use crate::money::{Currency, Money, MoneyError};
use crate::payment::minimum_charge;
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

/// What an invoice bills for one subscription.
#[derive(Debug, Clone, Default)]
pub struct Part {
    pub lines: Vec<DraftLine>,
    /// Taken off these lines alone, in this order.
    pub discounts: Vec<InvoiceDiscount>,
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
    credits: Vec<CreditUse>,
    credit_applied: Money,
    carried: Money,
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
        Self::of(currency, (lines, discounts), &assembly.taxation)
    }

    /// One invoice of several parts, in their order: of each what is taken off it, of all of them one tax and one sum.
    pub fn consolidate(
        currency: Currency,
        parts: Vec<Part>,
        taxation: &Taxation,
    ) -> Result<Self, MoneyError> {
        let (mut lines, mut discounts) = (Vec::new(), Vec::new());
        for part in parts {
            discounts.extend(take_off(currency, &part.lines, &part.discounts)?);
            lines.extend(part.lines);
        }
        Self::of(currency, (lines, discounts), taxation)
    }

    fn of(
        currency: Currency,
        (lines, discounts): (Vec<DraftLine>, Vec<Vec<LineDiscount>>),
        taxation: &Taxation,
    ) -> Result<Self, MoneyError> {
        let taxed = tax_each(currency, &lines, &discounts, taxation)?;
        let basis = taxation.basis;
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
            credits: Vec::new(),
            credit_applied: Money::zero(currency),
            carried: Money::zero(currency),
        })
    }

    /// Takes what it can from the customer's credit at an instant, after tax; adds what was too little to be charged
    /// before, and passes on what is too little now.
    pub fn settle(self, wallet: &mut Wallet, at: DateTime<Utc>) -> Result<Self, MoneyError> {
        let settled = wallet.settle(self.total, minimum_charge(self.currency()), at)?;
        Ok(Self {
            credit_applied: total_of(self.currency(), &settled.credits)?,
            credits: settled.credits,
            carried: settled.carried,
            ..self
        })
    }

    /// Positive: brought from earlier invoices. Negative: passed on to the next one.
    pub const fn carried(&self) -> Money {
        self.carried
    }

    /// What it takes of which grants.
    pub fn credits(&self) -> &[CreditUse] {
        &self.credits
    }

    pub const fn credit_applied(&self) -> Money {
        self.credit_applied
    }

    /// `total + carried - credit applied`: what is collected.
    pub fn amount_due(&self) -> Result<Money, MoneyError> {
        self.total.plus(self.carried)?.minus(self.credit_applied)
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
