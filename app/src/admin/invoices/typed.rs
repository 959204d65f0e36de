//! From what was typed to what the use cases take; nothing is rounded and nothing guessed.

use billing::credit::{CreditReason, NoteParts, PaidTo, StandingLine, Wanted, WantedLine};
use billing::id::InvoiceLineId;
use billing::invoice::InvoiceNumber;
use billing::money::{Currency, Money};
use service::{CreditInvoice, CreditableInvoice, IssueCreditNote, ShownNote};

use super::forms::NoteForm;
use crate::admin::coupons::typed::{money, parsed};
use crate::error::AppError;

const REST: &str = "rest";

/// As on paper, however it is written.
pub fn number(text: &str) -> Result<InvoiceNumber, AppError> {
    text.trim().to_uppercase().parse().map_err(|_| AppError::NotFound)
}

pub fn paid_to(text: &str) -> Result<PaidTo, AppError> {
    match text {
        "card" => Ok(PaidTo::Card),
        "credit" => Ok(PaidTo::Credit),
        _ => Err(AppError::Invalid),
    }
}

/// The amounts that were typed beside lines; empty ones are left as they are.
pub fn amounts<'q>(
    invoice: &CreditableInvoice,
    typed: impl Fn(&str) -> Option<&'q str>,
) -> Result<Wanted, AppError> {
    let mut lines = Vec::new();
    for line in &invoice.standing.lines {
        let text = typed(&field(line.line)).unwrap_or_default();
        if let Some(amount) = amount(text, line)? {
            lines.push(WantedLine {
                line: line.line,
                amount: Some(amount),
            });
        }
    }
    Ok(Wanted::Lines(lines))
}

/// What was typed beside a line: nothing, or no more than is left of it.
pub fn amount(text: &str, line: &StandingLine) -> Result<Option<Money>, AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let amount = money(text, line.amount.currency())?;
    let left = line.amount_left().map_err(|_| AppError::AmountOutOfRange)?;
    let over = amount.minus(left).is_ok_and(Money::is_positive);
    (!over).then_some(Some(amount)).ok_or(AppError::BeyondWhatIsLeft)
}

/// The name of the field for a line's amount.
pub fn field(line: InvoiceLineId) -> String {
    format!("amount-{line}")
}

/// `rest`, or each line with its amount in minor units.
pub fn written(wanted: &Wanted) -> String {
    let line = |wanted: &WantedLine| match wanted.amount {
        Some(amount) => format!("{}:{}", wanted.line, amount.minor()),
        None => wanted.line.to_string(),
    };
    match wanted {
        Wanted::Rest => REST.to_owned(),
        Wanted::Lines(lines) => lines.iter().map(line).collect::<Vec<_>>().join(" "),
    }
}

fn read(text: &str, currency: Currency) -> Result<Wanted, AppError> {
    if text == REST {
        return Ok(Wanted::Rest);
    }
    let line = |text: &str| {
        let (line, amount) = match text.split_once(':') {
            Some((line, minor)) => (line, Some(Money::new(parsed(minor)?, currency))),
            None => (text, None),
        };
        let line = line.parse().map_err(|_| AppError::Invalid)?;
        Ok(WantedLine { line, amount })
    };
    let lines = text.split_whitespace().map(line);
    Ok(Wanted::Lines(lines.collect::<Result<_, AppError>>()?))
}

/// Offset, refund and credit as the review showed them, and what was given back before.
pub fn shown(note: ShownNote) -> String {
    let parts = note.parts;
    let amounts = [parts.offset, parts.refund, parts.credit, note.credited];
    amounts.map(|amount| amount.minor().to_string()).join(" ")
}

fn read_shown(text: &str, currency: Currency) -> Result<ShownNote, AppError> {
    let minors = text.split_whitespace().map(parsed::<i64>);
    let minors = minors.collect::<Result<Vec<_>, _>>()?;
    let [offset, refund, credit, credited] = minors[..] else {
        return Err(AppError::Invalid);
    };
    let money = |minor| Money::new(minor, currency);
    Ok(ShownNote {
        parts: NoteParts {
            offset: money(offset),
            refund: money(refund),
            credit: money(credit),
        },
        credited: money(credited),
    })
}

pub fn note(form: NoteForm, invoice: &CreditableInvoice) -> Result<IssueCreditNote, AppError> {
    let summary = &invoice.detail.summary;
    let currency = summary.total.currency();
    Ok(IssueCreditNote {
        credit: CreditInvoice {
            customer: invoice.customer,
            invoice: summary.id,
            wanted: read(&form.wanted, currency)?,
            paid_to: paid_to(&form.to)?,
        },
        reason: CreditReason::parse_by_hand(&form.reason).ok_or(AppError::Invalid)?,
        shown: Some(read_shown(&form.shown, currency)?),
        memo: form.memo,
        key: form.key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_review_writes_down_is_read_back() {
        let line = |n: u128| format!("il_{n:032x}").parse().unwrap();
        let some = Wanted::Lines(vec![
            WantedLine {
                line: line(1),
                amount: Some(Money::new(1_234, Currency::USD)),
            },
            WantedLine {
                line: line(2),
                amount: None,
            },
        ]);
        for wanted in [Wanted::Rest, some] {
            assert_eq!(read(&written(&wanted), Currency::USD), Ok(wanted));
        }
        for wrong in ["all", "il_1:5", "il_00000000000000000000000000000001:a"] {
            assert_eq!(read(wrong, Currency::USD), Err(AppError::Invalid), "{wrong}");
        }
        let all = ShownNote {
            parts: NoteParts::all_credit(Money::new(5, Currency::USD)),
            credited: Money::new(7, Currency::USD),
        };
        assert_eq!(read_shown(&shown(all), Currency::USD), Ok(all));
        for wrong in ["", "1 2 3", "1 2 3 4 5", "a b c d"] {
            assert_eq!(
                read_shown(wrong, Currency::USD),
                Err(AppError::Invalid),
                "{wrong}"
            );
        }
        assert_eq!(number(" inv-000042 ").unwrap().to_string(), "INV-000042");
        assert_eq!(number("42"), Err(AppError::NotFound));
        assert_eq!(paid_to("bank"), Err(AppError::Invalid));
    }
}
