//! The bounds of what a billing run may charge for one subscription: beyond them something is wrong, and
//! nobody is billed by a fault.

use chrono::{DateTime, Utc};

use crate::id::SubscriptionItemId;
use crate::invoice::{Charge, DraftLine};

/// Add-ons that one subscription may carry.
pub const MAX_ADD_ONS: usize = 10;

/// Standalone subscriptions that one customer may have beside its plan: an invoice of more could be read by nobody.
pub const MAX_STANDALONE: usize = 20;

/// Recurring lines of one subscription in one day, for the plan and its meters; each add-on it carries may have one
/// more.
pub const MAX_RECURRING_LINES_A_DAY: usize = 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfBounds {
    #[error("{lines} recurring lines in one day, more than {most}")]
    TooManyLines { lines: usize, most: usize },
    #[error("the time from {0} was billed before")]
    BilledBefore(DateTime<Utc>),
}

/// Up to when an item's charge was billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledUntil {
    pub item: SubscriptionItemId,
    pub charge: Charge,
    pub until: DateTime<Utc>,
}

/// Checks the lines of one subscription: `today` recurring lines were made in the last day, and each item's
/// charge was billed up to an instant before which no recurring line may begin.
pub fn check_bounds(
    lines: &[&DraftLine],
    today: usize,
    billed: &[&BilledUntil],
    add_ons: usize,
) -> Result<(), OutOfBounds> {
    let recurring: Vec<_> = lines.iter().filter(|line| line.kind.is_recurring()).collect();
    let lines = today.saturating_add(recurring.len());
    let most = MAX_RECURRING_LINES_A_DAY.saturating_add(add_ons);
    if lines > most {
        return Err(OutOfBounds::TooManyLines { lines, most });
    }
    for (index, line) in recurring.iter().enumerate() {
        let start = line.period.start();
        let before = billed.iter().any(|billed| {
            Some(billed.item) == line.item && billed.charge == line.charge && billed.until > start
        });
        let twice = recurring
            .iter()
            .skip(index + 1)
            .any(|other| (other.item, other.kind, &other.charge) == (line.item, line.kind, &line.charge));
        if before || twice {
            return Err(OutOfBounds::BilledBefore(start));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;
    use crate::invoice::{Explain, LineKind};
    use crate::money::{Currency, Money};
    use crate::period::Period;

    fn at(day: u32) -> DateTime<Utc> {
        format!("2026-03-{day:02}T00:00:00Z").parse().unwrap()
    }

    fn line(kind: LineKind, charge: Charge, from: u32, to: u32) -> DraftLine {
        let price = Money::new(900, Currency::USD);
        DraftLine {
            item: Some(SubscriptionItemId::from_uuid(uuid::Uuid::from_u128(1))),
            kind,
            charge,
            description: String::new(),
            period: Period::new(at(from), at(to)).unwrap(),
            quantity: Decimal::ONE,
            amount: price,
            credits: None,
            explain: Explain::Flat { price, quantity: 1 },
        }
    }

    fn until(charge: Charge, day: u32) -> BilledUntil {
        BilledUntil {
            item: SubscriptionItemId::from_uuid(uuid::Uuid::from_u128(1)),
            charge,
            until: at(day),
        }
    }

    #[test]
    fn a_period_begins_where_the_one_before_ended() {
        let base = line(LineKind::Base, Charge::Base, 10, 20);
        let usage = line(LineKind::Usage, Charge::Meter("calls".to_owned()), 1, 10);
        let lines = [&base, &usage];
        assert_eq!(
            check_bounds(
                &lines,
                0,
                &[&until(Charge::Base, 10), &until(usage.charge.clone(), 1)],
                0
            ),
            Ok(())
        );
        assert_eq!(
            check_bounds(&lines, 0, &[&until(Charge::Base, 11)], 0),
            Err(OutOfBounds::BilledBefore(at(10)))
        );
        assert_eq!(
            check_bounds(&lines, 0, &[&until(usage.charge.clone(), 2)], 0),
            Err(OutOfBounds::BilledBefore(at(1)))
        );
        assert_eq!(
            check_bounds(&[&base, &base], 0, &[], 0),
            Err(OutOfBounds::BilledBefore(at(10)))
        );
    }

    #[test]
    fn a_true_up_stands_beside_the_usage_it_completes() {
        let usage = line(LineKind::Usage, Charge::Meter("calls".to_owned()), 1, 10);
        let true_up = line(LineKind::TrueUp, usage.charge.clone(), 1, 10);
        assert_eq!(check_bounds(&[&usage, &true_up], 0, &[], 0), Ok(()));
        assert_eq!(
            check_bounds(&[&true_up, &true_up], 0, &[], 0),
            Err(OutOfBounds::BilledBefore(at(1)))
        );
    }

    #[test]
    fn a_change_of_plan_may_bill_the_same_time_again() {
        let charge = line(LineKind::ProrationCharge, Charge::Base, 5, 20);
        assert_eq!(
            check_bounds(&[&charge, &charge], 15, &[&until(Charge::Base, 20)], 0),
            Ok(())
        );
    }

    #[test]
    fn fifteen_lines_a_day_and_one_for_each_add_on_are_the_most() {
        let base = line(LineKind::Base, Charge::Base, 10, 20);
        for add_ons in 0..=MAX_ADD_ONS {
            let most = 15 + add_ons;
            let lines = most + 1;
            assert_eq!(check_bounds(&[&base], most - 1, &[], add_ons), Ok(()));
            assert_eq!(
                check_bounds(&[&base], most, &[], add_ons),
                Err(OutOfBounds::TooManyLines { lines, most })
            );
        }
    }
}
