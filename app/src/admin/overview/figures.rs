//! The sums and signs of the overview, in words.

use billing::money::{Money, MoneyError};
use billing::revenue::MovementKind;
use rust_decimal::{Decimal, RoundingStrategy};
use service::MonthMovements;

use crate::format;

/// `+$1.00`, `−$1.00`, `$0.00`: for changes, where no sign would read as a level.
pub fn signed(amount: Money) -> String {
    if amount.is_positive() {
        format!("+{}", format::money(amount))
    } else {
        format::money(amount)
    }
}

/// Percent: tenfold.
const MOST_GROWTH: Decimal = Decimal::from_parts(900, 0, 0, false, 0);

/// A change against where it began, in whole percent; none from nothing, nor from so little that a percentage says
/// nothing.
pub fn growth(net: Money, start: Money) -> Option<String> {
    if !start.is_positive() {
        return None;
    }
    let exact = net
        .major()
        .checked_mul(Decimal::ONE_HUNDRED)?
        .checked_div(start.major())?;
    let percent = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    if percent > MOST_GROWTH {
        return None;
    }
    let plus = if percent > Decimal::ZERO { "+" } else { "" };
    Some(format!("{plus}{}%", format::quantity(percent)))
}

/// The movements of some months by kind, in the order of `MovementKind::ALL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movements {
    pub by_kind: [(MovementKind, Money); 5],
    pub net: Money,
}

impl Movements {
    /// None of no month.
    pub fn of(months: &[MonthMovements]) -> Result<Option<Self>, MoneyError> {
        let Some(currency) = months.first().map(|month| month.mrr_end.currency()) else {
            return Ok(None);
        };
        let sum = |kind| Money::sum(currency, months.iter().map(|month| amount_of(month, kind)));
        let mut by_kind = MovementKind::ALL.map(|kind| (kind, Money::zero(currency)));
        for (kind, amount) in &mut by_kind {
            *amount = sum(*kind)?;
        }
        let net = Money::sum(currency, by_kind.map(|(_, amount)| amount))?;
        Ok(Some(Self { by_kind, net }))
    }

    pub fn is_empty(&self) -> bool {
        self.by_kind.iter().all(|(_, amount)| amount.is_zero())
    }
}

pub fn amount_of(month: &MonthMovements, kind: MovementKind) -> Money {
    match kind {
        MovementKind::New => month.new,
        MovementKind::Expansion => month.expansion,
        MovementKind::Contraction => month.contraction,
        MovementKind::Churn => month.churn,
        MovementKind::Reactivation => month.reactivation,
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use billing::money::Currency;
    use billing::revenue::CalendarMonth;

    pub fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    /// A month with these movements in dollars, and its MRR at the end.
    pub fn month(first: &str, movements: [i64; 5], mrr_end: i64) -> MonthMovements {
        let [new, expansion, contraction, churn, reactivation] = movements.map(|dollars| usd(dollars * 100));
        let month = CalendarMonth::of(first.parse().unwrap());
        MonthMovements {
            month,
            new,
            expansion,
            contraction,
            churn,
            reactivation,
            mrr_end: usd(mrr_end * 100),
        }
    }

    #[test]
    fn a_change_carries_its_sign() {
        assert_eq!(
            [100, 0, -100].map(|minor| signed(usd(minor))),
            ["+$1.00", "$0.00", "\u{2212}$1.00"]
        );
    }

    #[test]
    fn growth_is_a_share_of_the_start() {
        assert_eq!(growth(usd(727), usd(100)).as_deref(), Some("+727%"));
        assert_eq!(growth(usd(-25), usd(1000)).as_deref(), Some("\u{2212}3%"));
        assert_eq!(growth(usd(0), usd(1000)).as_deref(), Some("0%"));
        assert_eq!(growth(usd(100), usd(0)), None);
        assert_eq!(growth(usd(900), usd(100)).as_deref(), Some("+900%"));
        assert_eq!(growth(usd(901), usd(100)), None);
    }

    #[test]
    fn movements_of_months_add_up_by_kind() {
        let months = [
            month("2026-10-01", [999, 800, 0, -199, 0], 1600),
            month("2026-11-01", [199, 0, -800, 0, 199], 1198),
        ];
        let movements = Movements::of(&months).unwrap().unwrap();
        let amounts = movements.by_kind.map(|(_, amount)| amount.minor());
        assert_eq!(amounts, [119_800, 80_000, -80_000, -19_900, 19_900]);
        assert_eq!(movements.net, usd(119_800));
        assert!(Movements::of(&[]).unwrap().is_none());
        assert!(
            Movements::of(&[month("2026-11-01", [0; 5], 100)])
                .unwrap()
                .unwrap()
                .is_empty()
        );
    }
}
