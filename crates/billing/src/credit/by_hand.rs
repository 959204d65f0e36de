//! A credit note that staff issues: what is given back of an invoice, and how.

use super::{
    CreditLine, CreditNoteDraft, Limits, NoteParts, PaidTo, PartRefused, StandingLine, burn, divide,
};
use crate::id::{InvoiceLineId, PaymentAttemptId};
use crate::invoice::{InvoiceStatus, LineKind};
use crate::money::{Money, MoneyError};

/// An invoice as it stands: what is due of it, what came in for it, and what was given back of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingInvoice {
    pub status: InvoiceStatus,
    pub total: Money,
    pub due: Money,
    /// Of its lines, by notes of any kind.
    pub credited: Money,
    /// In the order in which money goes back.
    pub kept: Vec<Kept>,
    pub lines: Vec<StandingLine>,
}

/// What a payment brought and was not refunded of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub attempt: PaymentAttemptId,
    pub amount: Money,
}

/// What staff gives back of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All that is left of it.
    Rest,
    Lines(Vec<WantedLine>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedLine {
    pub line: InvoiceLineId,
    /// Of the line's amount as the invoice shows it; none is all that is left.
    pub amount: Option<Money>,
}

/// What a note is: shown by a preview, issued by who confirms it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandNote {
    pub draft: CreditNoteDraft,
    pub parts: NoteParts,
    /// Which payments go back, each with so much.
    pub refunds: Vec<Kept>,
    /// What is due of the invoice afterwards.
    pub due: Money,
    /// What was given back of the invoice before.
    pub credited: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreditRefused {
    #[error("nothing is given back of an invoice that is {}", .0.as_str())]
    Status(InvoiceStatus),
    #[error("credit that was bought is not given back")]
    TopUp,
    #[error("the invoice has no such line")]
    UnknownLine,
    #[error("a line that gives something back is not given back")]
    CreditLine,
    #[error("a line is named twice")]
    Twice,
    #[error("no line is named")]
    NoLine,
    #[error("the amount is not in the invoice's currency")]
    Currency,
    #[error("no more than {0} is left of the invoice")]
    BeyondInvoice(Money),
    #[error("nothing is left of the invoice")]
    NothingLeft,
    #[error(transparent)]
    Part(#[from] PartRefused),
}

impl From<MoneyError> for CreditRefused {
    fn from(error: MoneyError) -> Self {
        Self::Part(PartRefused::Money(error))
    }
}

/// What a note by hand comes to. Preview and issue are decided by this.
pub fn credit_by_hand(
    invoice: &StandingInvoice,
    wanted: &Wanted,
    paid_to: PaidTo,
) -> Result<HandNote, CreditRefused> {
    match invoice.status {
        InvoiceStatus::Open | InvoiceStatus::Paid | InvoiceStatus::Uncollectible => {}
        InvoiceStatus::Draft | InvoiceStatus::Void => return Err(CreditRefused::Status(invoice.status)),
    }
    let (currency, nothing) = (invoice.total.currency(), Money::zero(invoice.total.currency()));
    let kept = Money::sum(currency, invoice.kept.iter().map(|kept| kept.amount))?;
    let limits = Limits::of(invoice.total, invoice.credited, kept)?;
    let lines = match wanted {
        Wanted::Rest => rests(invoice, limits.creditable)?,
        Wanted::Lines(wanted) => named(invoice, wanted)?,
    };
    let draft = CreditNoteDraft::assemble(currency, lines)?.ok_or(CreditRefused::NothingLeft)?;
    let total = draft.total();
    if total.minus(limits.creditable)?.is_positive() {
        return Err(match limits.creditable.is_zero() {
            true => CreditRefused::NothingLeft,
            false => CreditRefused::BeyondInvoice(limits.creditable),
        });
    }
    let parts = divide(total, invoice.due, (paid_to, limits.refundable))?;
    let balances: Vec<_> = invoice.kept.iter().map(|kept| kept.amount).collect();
    let refunds = invoice.kept.iter().zip(burn(&balances, parts.refund)?);
    let refunds = refunds.map(|(kept, amount)| Kept { amount, ..*kept });
    Ok(HandNote {
        draft,
        parts,
        refunds: refunds.filter(|refund| refund.amount != nothing).collect(),
        due: invoice.due.minus(parts.offset)?,
        credited: invoice.credited,
    })
}

fn named(invoice: &StandingInvoice, wanted: &[WantedLine]) -> Result<Vec<CreditLine>, CreditRefused> {
    if wanted.is_empty() {
        return Err(CreditRefused::NoLine);
    }
    let mut lines: Vec<CreditLine> = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let line = invoice.lines.iter().find(|line| line.line == wanted.line);
        let line = line.ok_or(CreditRefused::UnknownLine)?;
        if lines.iter().any(|other| other.credits == wanted.line) {
            return Err(CreditRefused::Twice);
        }
        match line.kind {
            LineKind::TopUp => return Err(CreditRefused::TopUp),
            LineKind::ProrationCredit => return Err(CreditRefused::CreditLine),
            _ => {}
        }
        lines.push(match wanted.amount {
            Some(amount) if amount.currency() != line.amount.currency() => {
                return Err(CreditRefused::Currency);
            }
            Some(amount) => line.part(amount)?,
            None => line.rest()?,
        });
    }
    Ok(lines)
}

/// All that is left of each line, in order. Where an earlier line was given back on the invoice, its lines are more
/// than it asked for: then as much of them as is left of the invoice.
fn rests(invoice: &StandingInvoice, creditable: Money) -> Result<Vec<CreditLine>, CreditRefused> {
    if invoice.lines.iter().any(|line| line.kind == LineKind::TopUp) {
        return Err(CreditRefused::TopUp);
    }
    let (mut left, mut lines) = (creditable, Vec::new());
    for line in &invoice.lines {
        if line.kind == LineKind::ProrationCredit || !line.total_left()?.is_positive() || !left.is_positive()
        {
            continue;
        }
        let given = line.worth(left)?;
        left = left.minus(given.net)?.minus(given.tax()?)?;
        lines.push(given);
    }
    if lines.is_empty() {
        return Err(CreditRefused::NothingLeft);
    }
    Ok(lines)
}
