//! A calendar month of MRR and every figure that follows from it: what all customers brought as it began, and how that
//! of each customer moved.

use rust_decimal::Decimal;

use super::bridge::Bridge;
use super::metrics::{GrossMargin, arpa, arr, ltv};
use super::retention::{Flows, percent, ratio};
use crate::money::{Money, MoneyError};
use crate::rating::Fraction;

/// A ratio beside percentages of four.
const RATIO_DECIMALS: u32 = 2;

/// What all customers brought together as a month began, and how many they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub mrr: Money,
    pub customers: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Every movement of every customer.
    pub bridge: Bridge,
    /// Of those who were customers at the start, each counted once: what they brought then against what they bring at
    /// the end. Who grew first and left then lost what they had at the start, and no more.
    pub cohort: Flows,
    pub customers_at_start: u32,
    /// Who brought nothing at the start and something at the end.
    pub gained: u32,
    /// Who brought something at the start and nothing at the end.
    pub lost: u32,
}

/// Percentages are of four decimals. None is what cannot be said: a part of nothing, or a life without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub mrr: Money,
    pub arr: Money,
    pub paying: u32,
    pub arpa: Option<Money>,
    pub net_new: Money,
    pub net_retention: Option<Decimal>,
    pub gross_retention: Option<Decimal>,
    pub logo_churn: Option<Decimal>,
    pub revenue_churn: Option<Decimal>,
    pub ltv: Option<Money>,
    pub quick_ratio: Option<Decimal>,
}

impl Month {
    /// `moved` are those customers whose MRR moved, each with its own start.
    pub fn of(start: Standing, moved: impl IntoIterator<Item = Bridge>) -> Result<Self, MoneyError> {
        let nothing = Money::zero(start.mrr.currency());
        let mut month = Self {
            bridge: Bridge::resting(start.mrr),
            cohort: Flows {
                start: start.mrr,
                expansion: nothing,
                contraction: nothing,
                churn: nothing,
            },
            customers_at_start: start.customers,
            gained: 0,
            lost: 0,
        };
        for customer in moved {
            month.bridge = month.bridge.with_movements_of(customer)?;
            month.count(customer)?;
        }
        Ok(month)
    }

    fn count(&mut self, customer: Bridge) -> Result<(), MoneyError> {
        let (start, end) = (customer.start, customer.growth()?.end);
        let cohort = &mut self.cohort;
        match (start.is_positive(), end.is_positive()) {
            (false, false) => {}
            (false, true) => self.gained += 1,
            (true, false) => {
                self.lost += 1;
                cohort.churn = cohort.churn.plus(start)?;
            }
            (true, true) if end.minor() > start.minor() => {
                cohort.expansion = cohort.expansion.plus(end.minus(start)?)?;
            }
            (true, true) => cohort.contraction = cohort.contraction.plus(start.minus(end)?)?,
        }
        Ok(())
    }

    /// Customers at the end.
    pub fn paying(&self) -> Result<u32, MoneyError> {
        let left = self.customers_at_start.checked_sub(self.lost);
        left.and_then(|left| left.checked_add(self.gained))
            .ok_or(MoneyError::Overflow)
    }

    pub fn figures(&self, margin: GrossMargin) -> Result<Figures, MoneyError> {
        let growth = self.bridge.growth()?;
        let paying = self.paying()?;
        let churn = self.cohort.lost_share()?;
        Ok(Figures {
            mrr: growth.end,
            arr: arr(growth.end)?,
            paying,
            arpa: arpa(growth.end, paying)?,
            net_new: growth.growth,
            net_retention: self.cohort.net_retention()?,
            gross_retention: self.cohort.gross_retention()?,
            logo_churn: percent(self.lost_customers()?)?,
            revenue_churn: self.cohort.gross_churn()?,
            ltv: match churn {
                Some(churn) => ltv(growth.end, paying, margin, churn)?,
                None => None,
            },
            quick_ratio: ratio(self.bridge.gains()?, self.bridge.losses()?)?
                .map(|ratio| ratio.rounded(RATIO_DECIMALS))
                .transpose()?,
        })
    }

    fn lost_customers(&self) -> Result<Option<Fraction>, MoneyError> {
        let of = |count: u32| Fraction::of(Decimal::from(count));
        match self.customers_at_start {
            0 => Ok(None),
            at_start => of(self.lost).over(of(at_start)).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(dollars: i64) -> Money {
        Money::new(dollars * 100, Currency::USD)
    }

    fn start(mrr: i64, customers: u32) -> Standing {
        Standing {
            mrr: usd(mrr),
            customers,
        }
    }

    /// Start, new, reactivation, expansion, contraction, churn of a customer.
    fn customer([start, new, reactivation, expansion, contraction, churn]: [i64; 6]) -> Bridge {
        Bridge {
            start: usd(start),
            new: usd(new),
            reactivation: usd(reactivation),
            expansion: usd(expansion),
            contraction: usd(contraction),
            churn: usd(churn),
        }
    }

    fn decimal(text: &str) -> Option<Decimal> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn every_figure_of_a_month_with_every_movement() {
        let moved = [
            customer([0, 300, 0, 0, 0, 0]),
            customer([0, 0, 200, 0, 0, 0]),
            customer([1_000, 0, 0, 400, 0, 0]),
            customer([1_000, 0, 0, 0, 250, 0]),
            customer([500, 0, 0, 0, 0, 500]),
        ];
        let month = Month::of(start(10_000, 12), moved).unwrap();
        assert_eq!(month.bridge, customer([10_000, 300, 200, 400, 250, 500]));
        let margin = GrossMargin::new("0.8".parse().unwrap()).unwrap();
        let expected = Figures {
            mrr: usd(10_150),
            arr: usd(121_800),
            paying: 13,
            // 10,150 ÷ 13.
            arpa: Some(Money::new(78_077, Currency::USD)),
            net_new: usd(150),
            net_retention: decimal("96.5000"),
            gross_retention: decimal("92.5000"),
            logo_churn: decimal("8.3333"),
            revenue_churn: decimal("7.5000"),
            // 10,150 ÷ 13 × 0.8 ÷ 0.075.
            ltv: Some(Money::new(832_821, Currency::USD)),
            quick_ratio: decimal("1.20"),
        };
        assert_eq!(month.figures(margin).unwrap(), expected);
    }

    /// Growth before the end loses nobody more than they had, and coming back within the month loses nothing.
    #[test]
    fn a_customer_at_the_start_counts_once() {
        let moved = [
            customer([199, 0, 0, 800, 0, 999]),
            customer([199, 0, 199, 0, 0, 199]),
            customer([0, 199, 0, 800, 0, 0]),
            customer([0, 199, 0, 0, 0, 199]),
        ];
        let month = Month::of(start(398, 2), moved).unwrap();
        assert_eq!((month.gained, month.lost), (1, 1));
        let figures = month.figures(GrossMargin::WHOLE).unwrap();
        assert_eq!((figures.mrr, figures.paying), (usd(1_198), 2));
        assert_eq!(figures.net_retention, decimal("50.0000"));
        assert_eq!(figures.gross_retention, decimal("50.0000"));
        assert_eq!(figures.revenue_churn, decimal("50.0000"));
        assert_eq!(figures.logo_churn, decimal("50.0000"));
        // 2,197 ÷ 1,397: movements count each.
        assert_eq!(figures.quick_ratio, decimal("1.57"));
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        let nothing = Month::of(start(0, 0), []).unwrap();
        let figures = nothing.figures(GrossMargin::WHOLE).unwrap();
        assert_eq!((figures.mrr, figures.paying), (usd(0), 0));
        let unsaid = [figures.net_retention, figures.gross_retention, figures.logo_churn];
        assert_eq!(unsaid, [None; 3]);
        assert_eq!((figures.arpa, figures.revenue_churn), (None, None));
        assert_eq!((figures.ltv, figures.quick_ratio), (None, None));

        let level = Month::of(start(500, 1), [customer([0, 100, 0, 0, 0, 0])]).unwrap();
        let figures = level.figures(GrossMargin::WHOLE).unwrap();
        assert_eq!(figures.revenue_churn, decimal("0.0000"));
        assert_eq!((figures.ltv, figures.quick_ratio), (None, None), "nobody left");
        assert_eq!(figures.net_retention, decimal("100.0000"));

        let all_left = Month::of(start(500, 1), [customer([500, 0, 0, 0, 0, 500])]).unwrap();
        let figures = all_left.figures(GrossMargin::WHOLE).unwrap();
        assert_eq!((figures.arpa, figures.ltv, figures.paying), (None, None, 0));
        assert_eq!(figures.revenue_churn, decimal("100.0000"));
        assert_eq!(figures.quick_ratio, decimal("0.00"));
    }

    #[test]
    fn currencies_are_not_mixed() {
        let yen = Money::new(500, "JPY".parse().unwrap());
        let moved = Bridge::resting(yen);
        assert_eq!(
            Month::of(start(500, 1), [moved]),
            Err(MoneyError::MixedCurrencies)
        );
    }
}
