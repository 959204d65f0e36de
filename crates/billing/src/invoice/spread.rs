//! What each line bears of a discount on all of them.

use crate::money::{Money, MoneyError};

/// In proportion to the amounts, by the largest remainder, ties to the earliest; never more than a line comes to.
/// A line that gives back bears none of it.
pub fn spread(discount: Money, amounts: &[Money]) -> Result<Vec<Money>, MoneyError> {
    let nothing = Money::zero(discount.currency());
    let charged = amounts.iter().map(|amount| amount.max(nothing));
    let charged = charged.collect::<Result<Vec<_>, _>>()?;
    let discount = discount.min(Money::sum(discount.currency(), charged.iter().copied())?)?;
    if !discount.is_positive() {
        return Ok(vec![nothing; amounts.len()]);
    }
    let weights: Vec<_> = charged
        .iter()
        .map(|amount| amount.minor().unsigned_abs())
        .collect();
    discount.allocate(&weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn shares(discount: i64, amounts: &[i64]) -> Vec<i64> {
        let usd = |minor: &i64| Money::new(*minor, Currency::USD);
        let amounts: Vec<_> = amounts.iter().map(usd).collect();
        let shares = spread(usd(&discount), &amounts).unwrap();
        shares.into_iter().map(Money::minor).collect()
    }

    #[test]
    fn no_line_bears_more_than_it_comes_to() {
        assert_eq!(shares(100, &[1, 1, 1]), [1, 1, 1]);
        assert_eq!(shares(2, &[1, 1, 1]), [1, 1, 0]);
        assert_eq!(shares(1_000, &[1_000, 2_000]), [333, 667]);
        assert_eq!(shares(500, &[-300, 400, 0, 600]), [0, 200, 0, 300]);
        assert_eq!(shares(0, &[400]), [0]);
        assert_eq!(shares(500, &[-300, 0]), [0, 0]);
        assert_eq!(shares(500, &[]), Vec::<i64>::new());
    }
}
