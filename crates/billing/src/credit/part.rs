//! A line of a finalized invoice given back by hand: what a part of it comes to, and what is left of it.

use super::balance::burn;
use super::billed::{at_most_left, left_of};
use super::{BilledTax, CreditLine, applicable};
use crate::id::{InvoiceLineId, SubscriptionItemId};
use crate::invoice::{Explain, LineKind};
use crate::money::{Currency, Money, MoneyError};
use crate::period::Period;
use crate::rating::Fraction;
use crate::tax::{Included, IncludedRounding, LineTax, Tax, TaxBehavior, included, on};

/// A line of a finalized invoice, with what was given back of it in any way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingLine {
    pub line: InvoiceLineId,
    pub item: Option<SubscriptionItemId>,
    pub kind: LineKind,
    pub description: String,
    pub period: Period,
    /// Its time that was not given back as unused; all of it where none is left.
    pub served: Period,
    /// As the invoice shows it: before its discount, with tax where its prices hold it.
    pub amount: Money,
    pub discount: Money,
    pub net: Money,
    pub taxes: Vec<BilledTax>,
    pub behavior: TaxBehavior,
    pub given_back: GivenBack,
}

/// What was given back of a line. Positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenBack {
    /// Of its amount, by hand.
    pub amount: Money,
    /// What that was net.
    pub net: Money,
    /// Net, as time that was not served.
    pub time: Money,
}

/// Why a part of a line cannot be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartRefused {
    #[error("the amount must be greater than zero")]
    Amount,
    #[error("no more than {0} is left of the line")]
    TooMuch(Money),
    #[error("nothing is left of the line")]
    NothingLeft,
    #[error("the amount is too small: nothing would be given back")]
    TooSmall,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl GivenBack {
    pub const fn nothing(currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self {
            amount: nothing,
            net: nothing,
            time: nothing,
        }
    }
}

impl StandingLine {
    pub fn net_left(&self) -> Result<Money, MoneyError> {
        let given_back = self.given_back.net.plus(self.given_back.time)?;
        self.net.minus(given_back)?.max(Money::zero(self.net.currency()))
    }

    /// With tax.
    pub fn total_left(&self) -> Result<Money, MoneyError> {
        let taxes = left_of(&self.taxes)?;
        self.net_left()?
            .plus(Money::sum(self.net.currency(), taxes.iter().copied())?)
    }

    /// Of the amount that its invoice shows. Time not served counts as the part of the amount that it was of the net.
    pub fn amount_left(&self) -> Result<Money, MoneyError> {
        let nothing = Money::zero(self.amount.currency());
        if !self.total_left()?.is_positive() {
            return Ok(nothing);
        }
        let time = match self.given_back.time.is_zero() {
            true => nothing,
            false => share(self.amount, self.given_back.time, self.net)?.round(nothing.currency())?,
        };
        let left = self.amount.minus(self.given_back.amount)?.minus(time)?;
        // Rounded apart, an amount may be used up before what it is made of.
        left.max(Money::new(1, nothing.currency()))
    }

    /// All that is left.
    pub fn rest(&self) -> Result<CreditLine, PartRefused> {
        let amount = self.amount_left()?;
        if !amount.is_positive() {
            return Err(PartRefused::NothingLeft);
        }
        let apart = Included {
            net: self.net_left()?,
            taxes: left_of(&self.taxes)?,
        };
        Ok(self.credit(amount, apart, None)?)
    }

    /// So much of the line's amount, with the parts of its discount and its taxes. The part that leaves nothing is all
    /// that is left: together the parts are the line.
    pub fn part(&self, given: Money) -> Result<CreditLine, PartRefused> {
        let left = self.amount_left()?;
        if !given.is_positive() {
            return Err(PartRefused::Amount);
        }
        if !left.is_positive() {
            return Err(PartRefused::NothingLeft);
        }
        if given.minus(left)?.is_positive() {
            return Err(PartRefused::TooMuch(left));
        }
        if given == left {
            return self.rest();
        }
        let explain = Explain::Part {
            of: self.amount,
            discount: self.discount,
            given,
        };
        let part = GivenPart {
            of: self.amount,
            discount: self.discount,
            given,
        };
        let apart = self.cut(part_of(part, self.behavior, &self.kinds())?)?;
        let line = self.credit(given, apart, Some(explain))?;
        if !line.net.plus(line.tax()?)?.is_positive() {
            return Err(PartRefused::TooSmall);
        }
        Ok(line)
    }

    /// A part that comes to exactly this total, with tax, where that is left of the line.
    pub fn worth(&self, total: Money) -> Result<CreditLine, PartRefused> {
        let left = self.total_left()?;
        if !total.minus(left)?.is_negative() {
            return self.rest();
        }
        let apart = self.within(total)?;
        let shown = shown(&apart, self.behavior)?;
        let after_discount = self.amount.minus(self.discount)?;
        let amount = match after_discount.is_zero() {
            true => self.amount_left()?,
            false => share(self.amount, shown, after_discount)?.round(total.currency())?,
        };
        // Of a line of which something stays, something of its amount does.
        let most = self.amount_left()?.minus(Money::new(1, total.currency()))?;
        Ok(self.credit(amount.min(most)?, apart, None)?)
    }

    /// So much was given back of it: of its amount by hand, or of its time where no amount is named.
    pub fn give_back(
        &mut self,
        amount: Option<Money>,
        net: Money,
        taxes: &[LineTax],
    ) -> Result<(), MoneyError> {
        match amount {
            Some(amount) => {
                self.given_back.amount = self.given_back.amount.plus(amount)?;
                self.given_back.net = self.given_back.net.plus(net)?;
            }
            None => self.given_back.time = self.given_back.time.plus(net)?,
        }
        for (tax, given) in self.taxes.iter_mut().zip(taxes) {
            tax.credited = tax.credited.plus(given.amount)?;
        }
        Ok(())
    }

    fn kinds(&self) -> Vec<Tax> {
        self.taxes.iter().map(|tax| tax.line.tax.clone()).collect()
    }

    /// No more of anything than is left of it. Where prices hold their tax the total stays, as far as it can.
    fn cut(&self, apart: Included) -> Result<Included, MoneyError> {
        if self.behavior == TaxBehavior::Inclusive {
            let total = total_of(&apart)?.min(self.total_left()?)?;
            return self.within(total);
        }
        let taxes = at_most_left(&self.taxes, apart.taxes)?;
        Ok(Included {
            net: apart.net.min(self.net_left()?)?,
            taxes: taxes.into_iter().map(|tax| tax.amount).collect(),
        })
    }

    /// A total, at most what is left, taken apart into no more of anything than is left of it.
    fn within(&self, total: Money) -> Result<Included, MoneyError> {
        let apart = included(total, &self.kinds(), IncludedRounding::Net)?;
        let (net_left, taxes_left) = (self.net_left()?, left_of(&self.taxes)?);
        let tax_left = self.total_left()?.minus(net_left)?;
        let net = apart.net.max(total.minus(tax_left)?)?.min(net_left)?;
        let fits = net == apart.net
            && apart
                .taxes
                .iter()
                .zip(&taxes_left)
                .all(|(tax, left)| tax.minor() <= left.minor());
        if fits {
            return Ok(apart);
        }
        Ok(Included {
            net,
            taxes: burn(&taxes_left, total.minus(net)?)?,
        })
    }

    /// Explained as the part it is, unless it was cut down to what is left.
    fn credit(
        &self,
        amount: Money,
        apart: Included,
        explain: Option<Explain>,
    ) -> Result<CreditLine, MoneyError> {
        let shown = shown(&apart, self.behavior)?;
        let as_asked = explain.filter(|explain| explain.amount() == shown.negate());
        let tax = |(tax, amount): (&BilledTax, Money)| LineTax {
            tax: tax.line.tax.clone(),
            amount,
        };
        Ok(CreditLine {
            credits: self.line,
            item: self.item,
            description: self.description.clone(),
            // Earned is less of what was served, and of nothing else.
            period: self.served,
            amount: Some(amount),
            net: apart.net,
            taxes: self.taxes.iter().zip(apart.taxes).map(tax).collect(),
            explain: as_asked.unwrap_or(Explain::Rest { left: shown }),
        })
    }
}

/// A part of an amount from which a discount was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenPart {
    pub of: Money,
    pub discount: Money,
    pub given: Money,
}

impl GivenPart {
    /// The part of the discount that it never cost, exact.
    fn discount_part(self) -> Result<Fraction, MoneyError> {
        share(self.discount, self.given, self.of)
    }

    /// What is given back once its part of the discount is.
    pub fn after_discount(self) -> Result<Money, MoneyError> {
        let off = self.discount_part()?.round(self.given.currency())?;
        self.given.minus(off)
    }
}

/// What a part comes to when everything is left: net and taxes rounded apart, each tax on the exact net. Where prices
/// hold their tax, what is left of the part after its discount is taken apart.
pub fn part_of(part: GivenPart, behavior: TaxBehavior, taxes: &[Tax]) -> Result<Included, MoneyError> {
    let shown = part.after_discount()?;
    if behavior == TaxBehavior::Inclusive {
        return included(shown, taxes, IncludedRounding::Net);
    }
    let exact = Fraction::of_money(part.given).minus(part.discount_part()?)?;
    let taxes = on(exact, taxes)?
        .into_iter()
        .map(|tax| tax.round(shown.currency()));
    Ok(Included {
        net: shown,
        taxes: taxes.collect::<Result<_, _>>()?,
    })
}

/// An amount as lines of the invoice show theirs.
fn shown(apart: &Included, behavior: TaxBehavior) -> Result<Money, MoneyError> {
    match behavior {
        TaxBehavior::Exclusive => Ok(apart.net),
        TaxBehavior::Inclusive => total_of(apart),
    }
}

fn total_of(apart: &Included) -> Result<Money, MoneyError> {
    apart.taxes.iter().try_fold(apart.net, |sum, tax| sum.plus(*tax))
}

/// The share of an amount that a part is of a whole.
fn share(amount: Money, part: Money, whole: Money) -> Result<Fraction, MoneyError> {
    Fraction::of_money(amount)
        .times(Fraction::of_money(part))?
        .over(Fraction::of_money(whole))
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
    pub fn of(total: Money, credited: Money, kept: Money) -> Result<Self, MoneyError> {
        let nothing = Money::zero(total.currency());
        let creditable = total.minus(credited)?.max(nothing)?;
        let refundable = applicable(kept, creditable)?;
        Ok(Self {
            creditable,
            refundable,
        })
    }
}

/// Where that goes which was paid already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaidTo {
    /// To the credit balance.
    Credit,
    /// Back to the card it came from; what did not come from one goes to the credit balance.
    Card,
}

/// What a note does for its customer; together they are the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteParts {
    /// Less is owed of the invoice itself.
    pub offset: Money,
    /// Goes back as money.
    pub refund: Money,
    /// Goes to the credit balance.
    pub credit: Money,
}

impl NoteParts {
    pub const fn all_credit(total: Money) -> Self {
        let nothing = Money::zero(total.currency());
        Self {
            offset: nothing,
            refund: nothing,
            credit: total,
        }
    }
}

/// A note lowers what is owed of its invoice first; what was paid already goes back, or becomes credit.
pub fn divide(note: Money, due: Money, (to, refundable): (PaidTo, Money)) -> Result<NoteParts, MoneyError> {
    let offset = applicable(note, due)?;
    let paid = note.minus(offset)?;
    let refund = match to {
        PaidTo::Credit => Money::zero(note.currency()),
        PaidTo::Card => applicable(paid, refundable)?,
    };
    Ok(NoteParts {
        offset,
        refund,
        credit: paid.minus(refund)?,
    })
}
