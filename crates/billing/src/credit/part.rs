//! A part of a billed line that a credit note gives back, what of an invoice may be given back at all, and as what.

use crate::money::{Money, MoneyError};
use crate::rating::Fraction;
use crate::tax::TaxRate;

/// What a credit note gives back of a line: net and tax are rounded apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartOfLine {
    /// The part of the line's discount that the part given back never cost.
    pub discount: Money,
    pub net: Money,
    pub tax: Money,
}

/// `credited` of a line's amount before its discount. The tax is on the exact net.
pub fn part_of_line(
    (amount, discount): (Money, Money),
    credited: Money,
    rate: TaxRate,
) -> Result<PartOfLine, MoneyError> {
    let currency = amount.currency();
    let part = Fraction::of_money(discount)
        .times(Fraction::of_money(credited))?
        .over(Fraction::of_money(amount))?;
    let discount = part.round(currency)?;
    let exact = Fraction::of_money(credited).minus(part)?;
    Ok(PartOfLine {
        discount,
        net: credited.minus(discount)?,
        tax: exact.times(Fraction::of(rate.fraction()))?.round(currency)?,
    })
}

/// What is left of an invoice to give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// By credit notes of any kind.
    pub creditable: Money,
    /// As money: what came in and has not gone back.
    pub refundable: Money,
}

impl Limits {
    pub fn of(total: Money, paid: Money, (credited, refunded): (Money, Money)) -> Result<Self, MoneyError> {
        let nothing = Money::zero(total.currency());
        let creditable = total.minus(credited)?.max(nothing)?;
        let refundable = paid.minus(refunded)?.max(nothing)?.min(creditable)?;
        Ok(Self {
            creditable,
            refundable,
        })
    }
}

/// What a note does for its customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteParts {
    /// Less is owed of the invoice itself.
    pub offset: Money,
    /// Goes to the credit balance.
    pub credit: Money,
}

/// A note lowers what is owed of its invoice first; what was paid already becomes credit.
pub fn divide(note: Money, due: Money) -> Result<NoteParts, MoneyError> {
    let offset = super::applicable(note, due)?;
    Ok(NoteParts {
        offset,
        credit: note.minus(offset)?,
    })
}

/// The tax of a note about a net amount of an invoice of which so much net and tax is left. The note that gives back
/// the rest takes all the tax there is: together the notes are the invoice.
pub fn tax_of_note(
    net: Money,
    rate: TaxRate,
    (net_left, tax_left): (Money, Money),
) -> Result<Money, MoneyError> {
    if net == net_left {
        return Ok(tax_left);
    }
    rate.on(net)?.min(tax_left)
}
