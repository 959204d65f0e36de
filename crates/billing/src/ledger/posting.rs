//! Postings: the only way entries come into being.

use super::Account;
use crate::credit::CreditLine;
use crate::invoice::Line;
use crate::money::{Currency, Money, MoneyError};
use crate::period::Period;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostingError {
    #[error("the entries of a posting must sum to zero")]
    Unbalanced,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostingKind {
    InvoiceFinalized,
    InvoiceVoided,
    PaymentReceived,
    CreditNoteIssued,
    CreditApplied,
    InvoiceWrittenOff,
    /// A written-off invoice is paid or voided after all.
    WriteOffReversed,
    /// A voided invoice gives back what it took from the credit balance.
    CreditReturned,
}

impl PostingKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvoiceFinalized => "invoice_finalized",
            Self::InvoiceVoided => "invoice_voided",
            Self::PaymentReceived => "payment_received",
            Self::CreditNoteIssued => "credit_note_issued",
            Self::CreditApplied => "credit_applied",
            Self::InvoiceWrittenOff => "invoice_written_off",
            Self::WriteOffReversed => "write_off_reversed",
            Self::CreditReturned => "credit_returned",
        }
    }
}

/// One side of a posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    /// Debit positive, credit negative.
    pub amount: Money,
    /// The time over which deferred revenue is earned.
    pub service: Option<Period>,
}

/// Entries that sum to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    kind: PostingKind,
    entries: Vec<Entry>,
}

impl Posting {
    fn new(kind: PostingKind, currency: Currency, entries: Vec<Entry>) -> Result<Self, PostingError> {
        let entries: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| !entry.amount.is_zero())
            .collect();
        let sum = Money::sum(currency, entries.iter().map(|entry| entry.amount))?;
        if !sum.is_zero() {
            return Err(PostingError::Unbalanced);
        }
        Ok(Self { kind, entries })
    }

    pub const fn kind(&self) -> PostingKind {
        self.kind
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The same entries the other way round: a void undoes what finalizing posted.
    pub fn reversed(&self, kind: PostingKind) -> Result<Self, PostingError> {
        let entries = self
            .entries
            .iter()
            .map(|entry| entry.amount.negate().map(|amount| Entry { amount, ..*entry }))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { kind, entries })
    }
}

const fn entry(account: Account, amount: Money) -> Entry {
    Entry {
        account,
        amount,
        service: None,
    }
}

/// The customer owes the total; each line is deferred over its period, its tax is owed to the state.
pub fn invoice_finalized(currency: Currency, lines: &[Line]) -> Result<Posting, PostingError> {
    let mut entries = Vec::with_capacity(2 + lines.len());
    let mut tax = Money::zero(currency);
    let mut total = Money::zero(currency);
    for line in lines {
        let net = line.net;
        entries.push(Entry {
            account: Account::DeferredRevenue,
            amount: net.negate()?,
            service: Some(line.draft.period),
        });
        tax = tax.plus(line.tax)?;
        total = total.plus(net)?.plus(line.tax)?;
    }
    entries.push(entry(Account::TaxPayable, tax.negate()?));
    entries.insert(0, entry(Account::Receivable, total));
    Posting::new(PostingKind::InvoiceFinalized, currency, entries)
}

/// Money came in for an invoice.
pub fn payment_received(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::Cash, amount),
        entry(Account::Receivable, amount.negate()?),
    ];
    Posting::new(PostingKind::PaymentReceived, amount.currency(), entries)
}

/// What was billed and not served turns into the customer's credit, and its tax is owed to nobody any more.
pub fn credit_note_issued(currency: Currency, lines: &[CreditLine]) -> Result<Posting, PostingError> {
    let mut entries = Vec::with_capacity(2 + lines.len());
    let mut tax = Money::zero(currency);
    let mut total = Money::zero(currency);
    for line in lines {
        entries.push(Entry {
            account: Account::DeferredRevenue,
            amount: line.net,
            service: Some(line.period),
        });
        tax = tax.plus(line.tax()?)?;
        total = total.plus(line.net)?.plus(line.tax()?)?;
    }
    entries.push(entry(Account::TaxPayable, tax));
    entries.push(entry(Account::CustomerCredit, total.negate()?));
    Posting::new(PostingKind::CreditNoteIssued, currency, entries)
}

/// An invoice is paid from the customer's credit.
pub fn credit_applied(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::CustomerCredit, amount),
        entry(Account::Receivable, amount.negate()?),
    ];
    Posting::new(PostingKind::CreditApplied, amount.currency(), entries)
}

/// Nobody expects the money any more.
pub fn invoice_written_off(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::BadDebt, amount),
        entry(Account::Receivable, amount.negate()?),
    ];
    Posting::new(PostingKind::InvoiceWrittenOff, amount.currency(), entries)
}
