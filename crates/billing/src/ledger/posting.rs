//! Postings: the only way entries come into being.

use super::Account;
use crate::credit::{CreditLine, GrantKind, NoteParts};
use crate::invoice::{Line, LineKind};
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
    /// Credit comes from staff, or from a top-up that was paid.
    CreditGranted,
    CreditExpired,
    /// Too little to be charged waits for the next invoice, or is charged with it.
    DebtCarried,
    /// A voided invoice charges nothing of what was brought to it: that waits again.
    CarryReversed,
    /// Money went back to a card.
    RefundPaid,
    /// Money did not go back: it is the customer's credit.
    RefundFailed,
    /// Money that went back came to us again: it is the customer's credit.
    RefundReturned,
}

impl PostingKind {
    pub const ALL: [Self; 15] = [
        Self::InvoiceFinalized,
        Self::InvoiceVoided,
        Self::PaymentReceived,
        Self::CreditNoteIssued,
        Self::CreditApplied,
        Self::InvoiceWrittenOff,
        Self::WriteOffReversed,
        Self::CreditReturned,
        Self::CreditGranted,
        Self::CreditExpired,
        Self::DebtCarried,
        Self::CarryReversed,
        Self::RefundPaid,
        Self::RefundFailed,
        Self::RefundReturned,
    ];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

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
            Self::CreditGranted => "credit_granted",
            Self::CreditExpired => "credit_expired",
            Self::DebtCarried => "debt_carried",
            Self::CarryReversed => "carry_reversed",
            Self::RefundPaid => "refund_paid",
            Self::RefundFailed => "refund_failed",
            Self::RefundReturned => "refund_returned",
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

/// The customer owes the total; each line is deferred over its period, its tax is owed to the state. Nothing is earned
/// by a top-up: once it is paid it is the customer's credit.
pub fn invoice_finalized(currency: Currency, lines: &[Line]) -> Result<Posting, PostingError> {
    let mut entries = Vec::with_capacity(2 + lines.len());
    let mut tax = Money::zero(currency);
    let mut total = Money::zero(currency);
    for line in lines {
        let net = line.net;
        entries.push(match line.draft.kind {
            LineKind::TopUp => entry(Account::TopUp, net.negate()?),
            _ => Entry {
                account: Account::DeferredRevenue,
                amount: net.negate()?,
                service: Some(line.draft.period),
            },
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

/// What was billed is given back, and its tax is owed to nobody any more. Less is owed of the invoice, where it stands
/// in `owed`; the rest is to be refunded, or is the customer's credit.
pub fn credit_note_issued(
    currency: Currency,
    lines: &[CreditLine],
    (parts, owed): (NoteParts, Account),
) -> Result<Posting, PostingError> {
    let mut entries = Vec::with_capacity(4 + lines.len());
    let mut tax = Money::zero(currency);
    for line in lines {
        entries.push(Entry {
            account: Account::DeferredRevenue,
            amount: line.net,
            service: Some(line.period),
        });
        tax = tax.plus(line.tax()?)?;
    }
    entries.push(entry(Account::TaxPayable, tax));
    entries.push(entry(owed, parts.offset.negate()?));
    entries.push(entry(Account::Refunds, parts.refund.negate()?));
    entries.push(entry(Account::CustomerCredit, parts.credit.negate()?));
    Posting::new(PostingKind::CreditNoteIssued, currency, entries)
}

/// What was to be refunded went back.
pub fn refund_paid(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::Refunds, amount),
        entry(Account::Cash, amount.negate()?),
    ];
    Posting::new(PostingKind::RefundPaid, amount.currency(), entries)
}

/// What was to be refunded could not be: the customer has it as credit.
pub fn refund_failed(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::Refunds, amount),
        entry(Account::CustomerCredit, amount.negate()?),
    ];
    Posting::new(PostingKind::RefundFailed, amount.currency(), entries)
}

/// What went back was refused there and came to us again: the customer has it as credit.
pub fn refund_returned(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::Cash, amount),
        entry(Account::CustomerCredit, amount.negate()?),
    ];
    Posting::new(PostingKind::RefundReturned, amount.currency(), entries)
}

/// An invoice is paid from the customer's credit.
pub fn credit_applied(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::CustomerCredit, amount),
        entry(Account::Receivable, amount.negate()?),
    ];
    Posting::new(PostingKind::CreditApplied, amount.currency(), entries)
}

/// Staff grants credit: a promotion costs us, paid credit is money that came another way, by bank transfer say.
pub fn credit_granted(kind: GrantKind, amount: Money) -> Result<Posting, PostingError> {
    let from = match kind {
        GrantKind::Promotional => Account::PromotionalCredit,
        GrantKind::Paid => Account::Cash,
    };
    let entries = vec![
        entry(from, amount),
        entry(Account::CustomerCredit, amount.negate()?),
    ];
    Posting::new(PostingKind::CreditGranted, amount.currency(), entries)
}

/// A top-up that was paid is the customer's credit.
pub fn top_up_granted(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::TopUp, amount),
        entry(Account::CustomerCredit, amount.negate()?),
    ];
    Posting::new(PostingKind::CreditGranted, amount.currency(), entries)
}

/// What is carried to an invoice is owed on it from now on; what is carried on, negative, is owed on none for now.
pub fn debt_carried(carried: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::Receivable, carried),
        entry(Account::Carried, carried.negate()?),
    ];
    Posting::new(PostingKind::DebtCarried, carried.currency(), entries)
}

/// What was left of a grant: a promotion costs us no more of it, and what was paid for and never used is earned in
/// that moment.
pub fn credit_expired(kind: GrantKind, left: Money, moment: Period) -> Result<Posting, PostingError> {
    let to = match kind {
        GrantKind::Promotional => entry(Account::PromotionalCredit, left.negate()?),
        GrantKind::Paid => Entry {
            account: Account::DeferredRevenue,
            amount: left.negate()?,
            service: Some(moment),
        },
    };
    let entries = vec![entry(Account::CustomerCredit, left), to];
    Posting::new(PostingKind::CreditExpired, left.currency(), entries)
}

/// Nobody expects the money any more.
pub fn invoice_written_off(amount: Money) -> Result<Posting, PostingError> {
    let entries = vec![
        entry(Account::BadDebt, amount),
        entry(Account::Receivable, amount.negate()?),
    ];
    Posting::new(PostingKind::InvoiceWrittenOff, amount.currency(), entries)
}
