//! MRR: recurring amounts of subscriptions that count, net of their discounts and of the taxes they hold, a year over
//! twelve, rounded once a customer.

use rust_decimal::Decimal;

use crate::coupon::Discount;
use crate::money::{Currency, Money, MoneyError};
use crate::period::Interval;
use crate::rating::Fraction;
use crate::subscription::Subscription;
use crate::tax;

/// The customer's MRR: the exact sum over all subscriptions, rounded once.
pub fn customer_mrr<'s>(
    currency: Currency,
    subscriptions: impl IntoIterator<Item = &'s Subscription>,
) -> Result<Money, MoneyError> {
    let mut exact = Fraction::ZERO;
    let counting = subscriptions
        .into_iter()
        .filter(|s| s.status.counts_as_recurring());
    for subscription in counting {
        exact = exact.plus(subscription_mrr(currency, subscription)?)?;
    }
    exact.round(currency)
}

fn subscription_mrr(currency: Currency, subscription: &Subscription) -> Result<Fraction, MoneyError> {
    let mut exact = Fraction::ZERO;
    for item in &subscription.items {
        let amount = item.price.amount.fraction(i128::from(item.quantity), 1)?;
        if amount.currency() != currency {
            return Err(MoneyError::MixedCurrencies);
        }
        exact = exact.plus(monthly(amount, item.price.interval)?)?;
    }
    if let Some(plan) = subscription.plan_item() {
        for redemption in subscription.current_discounts() {
            exact = discounted(exact, redemption.discount, plan.price.interval)?;
        }
    }
    tax::without(exact, &subscription.included_taxes)
}

/// What an amount of an interval comes to in a month. A twelfth has no end in decimals.
pub fn monthly(amount: Money, interval: Interval) -> Result<Fraction, MoneyError> {
    let (numerator, denominator) = interval.to_month();
    Fraction::of_money(amount)
        .times(Fraction::of(Decimal::from(numerator)))?
        .over(Fraction::of(Decimal::from(denominator)))
}

/// What a discount leaves of a monthly amount; one that is an amount is taken off once an interval.
pub fn discounted(
    monthly_amount: Fraction,
    discount: Discount,
    interval: Interval,
) -> Result<Fraction, MoneyError> {
    let off = match discount {
        Discount::Percent(percent) => {
            let part = Fraction::of(percent.value()).over(Fraction::of(Decimal::ONE_HUNDRED))?;
            monthly_amount.times(part)?
        }
        Discount::Amount(amount) => monthly(amount, interval)?.min(monthly_amount),
    };
    monthly_amount.minus(off)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coupon::Percent;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn twelfths_are_added_before_they_are_rounded() {
        let sum = |amounts: &[i64]| {
            let sum = amounts.iter().fold(Fraction::ZERO, |sum, minor| {
                sum.plus(monthly(usd(*minor), Interval::Year).unwrap()).unwrap()
            });
            sum.round(Currency::USD).unwrap().minor()
        };
        assert_eq!(sum(&[199_000]), 16_583);
        // 16,583.41666… and 0.08333… are a half together.
        assert_eq!(sum(&[199_001, 1]), 16_584);
        assert_eq!(sum(&[1; 6]), 1);
    }

    #[test]
    fn a_discount_leaves_nothing_at_least() {
        let left = |amount, discount, interval| {
            let exact = monthly(usd(amount), interval).unwrap();
            let left = discounted(exact, discount, interval).unwrap();
            left.round(Currency::USD).unwrap().minor()
        };
        let half = Discount::Percent(Percent::new(Decimal::from(50)).unwrap());
        assert_eq!(left(19_900, half, Interval::Month), 9_950);
        assert_eq!(left(199_000, half, Interval::Year), 8_292);
        assert_eq!(
            left(199_000, Discount::Amount(usd(12_000)), Interval::Year),
            15_583
        );
        assert_eq!(left(19_900, Discount::Amount(usd(50_000)), Interval::Month), 0);
    }
}
