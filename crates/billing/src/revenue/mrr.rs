//! MRR: recurring amounts of subscriptions that count, a year over twelve, rounded once a customer.

use rust_decimal::Decimal;

use crate::money::{Currency, Money, MoneyError};
use crate::period::Interval;
use crate::rating::Fraction;
use crate::subscription::Subscription;

/// The customer's MRR: the exact sum over all subscriptions, rounded once.
pub fn customer_mrr(currency: Currency, subscriptions: &[Subscription]) -> Result<Money, MoneyError> {
    let mut exact = Fraction::ZERO;
    for subscription in subscriptions.iter().filter(|s| s.status.counts_as_recurring()) {
        for item in &subscription.items {
            let amount = item.price.amount.fraction(i128::from(item.quantity), 1)?;
            if amount.currency() != currency {
                return Err(MoneyError::MixedCurrencies);
            }
            exact = exact.plus(monthly(amount, item.price.interval)?)?;
        }
    }
    exact.round(currency)
}

/// What an amount of an interval comes to in a month. A twelfth has no end in decimals.
pub fn monthly(amount: Money, interval: Interval) -> Result<Fraction, MoneyError> {
    let (numerator, denominator) = interval.to_month();
    Fraction::of_money(amount)
        .times(Fraction::of(Decimal::from(numerator)))?
        .over(Fraction::of(Decimal::from(denominator)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelfths_are_added_before_they_are_rounded() {
        let sum = |amounts: &[i64]| {
            let years = amounts.iter().map(|minor| Money::new(*minor, Currency::USD));
            let sum = years.fold(Fraction::ZERO, |sum, amount| {
                sum.plus(monthly(amount, Interval::Year).unwrap()).unwrap()
            });
            sum.round(Currency::USD).unwrap().minor()
        };
        assert_eq!(sum(&[199_000]), 16_583);
        // 16,583.41666… and 0.08333… are a half together.
        assert_eq!(sum(&[199_001, 1]), 16_584);
        assert_eq!(sum(&[1; 6]), 1);
    }
}
