//! What stays of the MRR of those who were customers at the start. New business counts in none of it.

use rust_decimal::Decimal;

use crate::money::{Currency, Money, MoneyError};
use crate::rating::Fraction;

/// Percentages of whole companies.
const DECIMALS: u32 = 4;
/// Percentages made of single customers.
const COHORT_DECIMALS: u32 = 2;

/// What moved in a span; amounts are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flows {
    pub start: Money,
    pub expansion: Money,
    pub contraction: Money,
    pub churn: Money,
}

impl Flows {
    /// NRR: with what the customers added.
    pub fn net_retention(self) -> Result<Option<Decimal>, MoneyError> {
        percent(ratio(self.left()?.plus(self.expansion)?, self.start)?)
    }

    /// GRR: without it, so that it is never more than 100.
    pub fn gross_retention(self) -> Result<Option<Decimal>, MoneyError> {
        percent(ratio(self.left()?, self.start)?)
    }

    /// Revenue churn: what was lost.
    pub fn gross_churn(self) -> Result<Option<Decimal>, MoneyError> {
        percent(self.lost_share()?)
    }

    /// The same before it is rounded.
    pub fn lost_share(self) -> Result<Option<Fraction>, MoneyError> {
        ratio(self.churn.plus(self.contraction)?, self.start)
    }

    /// Less what the customers added: negative where that was more.
    pub fn net_churn(self) -> Result<Option<Decimal>, MoneyError> {
        let lost = self.churn.plus(self.contraction)?;
        percent(ratio(lost.minus(self.expansion)?, self.start)?)
    }

    fn left(self) -> Result<Money, MoneyError> {
        self.start.minus(self.contraction)?.minus(self.churn)
    }
}

/// What single customers brought at the start and bring at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    currency: Currency,
    /// Of those who brought anything at the start.
    customers: Vec<(Money, Money)>,
}

impl Cohort {
    pub fn new(currency: Currency, customers: impl IntoIterator<Item = (Money, Money)>) -> Self {
        let customers = customers.into_iter().filter(|(start, _)| start.is_positive());
        Self {
            currency,
            customers: customers.collect(),
        }
    }

    pub fn net_retention(&self) -> Result<Option<Decimal>, MoneyError> {
        self.share(|_, end| Ok(end))
    }

    /// Capped customer by customer: nobody's growth makes up for another's loss.
    pub fn gross_retention(&self) -> Result<Option<Decimal>, MoneyError> {
        self.share(Money::min)
    }

    fn share(
        &self,
        counts: fn(Money, Money) -> Result<Money, MoneyError>,
    ) -> Result<Option<Decimal>, MoneyError> {
        let start = Money::sum(self.currency, self.customers.iter().map(|(start, _)| *start))?;
        let kept = self.customers.iter().map(|(start, end)| counts(*start, *end));
        let kept = Money::sum(self.currency, kept.collect::<Result<Vec<_>, _>>()?)?;
        let hundred = ratio(kept, start)?.map(hundredfold).transpose()?;
        hundred.map(|part| part.rounded(COHORT_DECIMALS)).transpose()
    }
}

/// One amount as a part of another; None of nothing.
pub(super) fn ratio(part: Money, whole: Money) -> Result<Option<Fraction>, MoneyError> {
    if part.currency() != whole.currency() {
        return Err(MoneyError::MixedCurrencies);
    }
    if whole.is_zero() {
        return Ok(None);
    }
    Fraction::of_money(part).over(Fraction::of_money(whole)).map(Some)
}

/// A part as a percentage, rounded to four decimals.
pub fn percent(part: Option<Fraction>) -> Result<Option<Decimal>, MoneyError> {
    let hundred = part.map(hundredfold).transpose()?;
    hundred.map(|part| part.rounded(DECIMALS)).transpose()
}

fn hundredfold(part: Fraction) -> Result<Fraction, MoneyError> {
    part.times(Fraction::of(Decimal::ONE_HUNDRED))
}
