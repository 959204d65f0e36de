//! MRR: recurring amounts of subscriptions that count, a year over twelve, rounded once a customer.

use rust_decimal::Decimal;

use crate::money::{Currency, Money, MoneyError};
use crate::subscription::Subscription;

/// The customer's MRR: the exact sum over all subscriptions, rounded once.
pub fn customer_mrr(currency: Currency, subscriptions: &[Subscription]) -> Result<Money, MoneyError> {
    let mut exact = Decimal::ZERO;
    for subscription in subscriptions.iter().filter(|s| s.status.counts_as_recurring()) {
        for item in &subscription.items {
            let (numerator, denominator) = item.price.interval.to_month();
            let monthly = item.price.amount.fraction(i128::from(item.quantity), 1)?;
            if monthly.currency() != currency {
                return Err(MoneyError::MixedCurrencies);
            }
            exact = Decimal::from(monthly.minor())
                .checked_mul(Decimal::from(numerator))
                .and_then(|product| product.checked_div(Decimal::from(denominator)))
                .and_then(|part| exact.checked_add(part))
                .ok_or(MoneyError::Overflow)?;
        }
    }
    Money::round_minor(exact, currency)
}
