//! The revenue of a calendar month, and MRR over the months. Everything is added up from stored movements, so that
//! asking again gives the same.

use billing::money::Money;
use billing::revenue::{CalendarMonth, Figures, GrossMargin, Month, MovementKind};
use store::PgConnection;
use store::revenue::MovedCustomer;

use crate::{Billing, Error, Result};

/// Of a long history a year and a half; of a short one a year.
const MOST_MONTHS_SHOWN: u32 = 18;
const FEWEST_MONTHS_SHOWN: usize = 12;

/// A month, its figures, and the customers that moved them: the others brought at the end what they brought at the
/// start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthRevenue {
    pub month: CalendarMonth,
    pub totals: Month,
    pub figures: Figures,
    pub margin: GrossMargin,
    /// Those who moved MRR most come first.
    pub moved: Vec<MovedCustomer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthMovements {
    pub month: CalendarMonth,
    pub new: Money,
    pub expansion: Money,
    pub contraction: Money,
    pub churn: Money,
    pub reactivation: Money,
    /// MRR at the month's end (for the present month: now).
    pub mrr_end: Money,
}

impl MonthMovements {
    /// Nothing moved, and there was nothing that could have.
    fn is_empty(&self) -> bool {
        let Self {
            month: _,
            new,
            expansion,
            contraction,
            churn,
            reactivation,
            mrr_end,
        } = self;
        let all = [new, expansion, contraction, churn, reactivation, mrr_end];
        all.into_iter().all(|amount| amount.is_zero())
    }
}

impl Billing {
    pub(super) async fn month_revenue(
        &self,
        conn: &mut PgConnection,
        month: CalendarMonth,
    ) -> Result<MonthRevenue> {
        let currency = self.parts.config.currency;
        let margin = self.parts.config.gross_margin;
        let start = store::revenue::standing(conn, currency, month.start()).await?;
        let moved = store::revenue::moved_in(conn, currency, month).await?;
        let totals = Month::of(start, moved.iter().map(|customer| customer.bridge))?;
        Ok(MonthRevenue {
            month,
            totals,
            figures: totals.figures(margin)?,
            margin,
            moved,
        })
    }

    /// Movements by calendar month; what the months add up to from zero is the MRR at each end.
    pub(super) async fn months(
        &self,
        conn: &mut PgConnection,
        last: CalendarMonth,
    ) -> Result<Vec<MonthMovements>> {
        let currency = self.parts.config.currency;
        let shown = (0..MOST_MONTHS_SHOWN).rev().map(|back| last.before(back));
        let shown: Option<Vec<_>> = shown.collect();
        let shown = shown.ok_or(Error::Internal("a month before all time"))?;
        let from = shown.first().copied().unwrap_or(last).start();
        let sums = store::revenue::sums_by_month(conn, currency, from).await?;
        let mut mrr = store::revenue::mrr_at(conn, currency, from).await?;
        let mut months = Vec::with_capacity(shown.len());
        for month in shown {
            let of = |kind| {
                let amounts = sums
                    .iter()
                    .filter(|sum| sum.month == month.first_day() && sum.kind == kind)
                    .map(|sum| sum.amount);
                Money::sum(currency, amounts)
            };
            let [new, expansion, contraction, churn, reactivation] = MovementKind::ALL.map(of);
            let (new, expansion, contraction) = (new?, expansion?, contraction?);
            let (churn, reactivation) = (churn?, reactivation?);
            mrr = Money::sum(currency, [mrr, new, expansion, contraction, churn, reactivation])?;
            months.push(MonthMovements {
                month,
                new,
                expansion,
                contraction,
                churn,
                reactivation,
                mrr_end: mrr,
            });
        }
        let empty = months.iter().take_while(|month| month.is_empty()).count();
        months.drain(..empty.min(months.len().saturating_sub(FEWEST_MONTHS_SHOWN)));
        Ok(months)
    }
}
