//! Grants of units, and how usage burns them down.
//!
//! Each unit used is taken from exactly one grant or is overage; units of a grant are left, burned or
//! lapsed. A grant that begins or renews first takes over the overage there is.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, Days, Months, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exact::{self, OutOfRange};
use crate::id::GrantId;
use crate::period::Step;

pub const DEFAULT_PRIORITY: u32 = 1;
/// A century of days: whoever asks for more has mistaken a date.
const MAX_RENEWALS: u32 = 36_525;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("a grant or usage must not be negative")]
    Negative,
    #[error("the number or date is out of range")]
    OutOfRange,
}

impl From<OutOfRange> for GrantError {
    fn from(_: OutOfRange) -> Self {
        Self::OutOfRange
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub amount: Decimal,
    /// The lower number burns first.
    pub priority: u32,
    pub effective_at: DateTime<Utc>,
    /// From this instant on it covers nothing; `None` is never.
    pub expires_at: Option<DateTime<Utc>>,
    /// How often it begins anew, counted from when it took effect.
    pub recurrence: Option<Step>,
}

impl Grant {
    /// By priority, then by expiry, then by id.
    pub fn burn_order(&self, other: &Self) -> Ordering {
        let never_last = |grant: &Self| (grant.expires_at.is_none(), grant.expires_at);
        self.priority
            .cmp(&other.priority)
            .then_with(|| never_last(self).cmp(&never_last(other)))
            .then_with(|| self.id.cmp(&other.id))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantUsage {
    pub at: DateTime<Utc>,
    pub units: Decimal,
}

/// Where the units of a grant went, over all its renewals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GrantBalance {
    pub left: Decimal,
    pub burned: Decimal,
    /// Not used up when it expired or began anew.
    pub lapsed: Decimal,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BurnDown {
    pub balances: BTreeMap<GrantId, GrantBalance>,
    /// Used and covered by no grant.
    pub overage: Decimal,
}

/// What happens at one instant, in this order.
#[derive(Debug, Clone, Copy)]
enum Change {
    Expire(GrantId),
    Begin(GrantId),
    /// Overage moves into what has begun.
    Settle,
    Use(Decimal),
}

impl Change {
    const fn rank(self) -> u8 {
        match self {
            Self::Expire(_) => 0,
            Self::Begin(_) => 1,
            Self::Settle => 2,
            Self::Use(_) => 3,
        }
    }
}

/// Burns the usage from `from` to `until`, both inclusive, in order of time.
pub fn burn_down(
    grants: &[Grant],
    usage: &[GrantUsage],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<BurnDown, GrantError> {
    let negative = grants.iter().any(|grant| grant.amount < Decimal::ZERO)
        || usage.iter().any(|used| used.units < Decimal::ZERO);
    if negative {
        return Err(GrantError::Negative);
    }
    let mut changes = Vec::new();
    for grant in grants {
        changes.extend(changes_of(grant, until)?);
    }
    let within = usage.iter().filter(|used| from <= used.at && used.at <= until);
    changes.extend(within.map(|used| (used.at, Change::Use(used.units))));
    changes.sort_by_key(|(at, change)| (*at, change.rank()));

    let mut order = grants.to_vec();
    order.sort_by(Grant::burn_order);
    let untouched = |grant: &Grant| (grant.id, GrantBalance::default());
    let mut burn_down = BurnDown {
        balances: order.iter().map(untouched).collect(),
        overage: Decimal::ZERO,
    };
    for (_, change) in changes {
        burn_down.apply(change, &order)?;
    }
    Ok(burn_down)
}

/// Never the previous one plus one: a short month must not drag the others.
fn renewal(grant: &Grant, n: u32) -> Option<DateTime<Utc>> {
    let from = grant.effective_at;
    match grant.recurrence? {
        Step::Days(days) => from.checked_add_days(Days::new(u64::from(days) * u64::from(n))),
        Step::Months(months) => from.checked_add_months(Months::new(months.checked_mul(n)?)),
    }
}

fn changes_of(grant: &Grant, until: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, Change)>, GrantError> {
    let mut changes = Vec::new();
    let lives = |at: DateTime<Utc>| at <= until && grant.expires_at.is_none_or(|end| at < end);
    let mut begins = Some(grant.effective_at);
    let mut n = 0;
    while let Some(at) = begins.filter(|at| lives(*at)) {
        changes.push((at, Change::Begin(grant.id)));
        changes.push((at, Change::Settle));
        n += 1;
        if n > MAX_RENEWALS {
            return Err(GrantError::OutOfRange);
        }
        begins = renewal(grant, n);
    }
    if let Some(end) = grant.expires_at.filter(|end| *end <= until) {
        changes.push((end, Change::Expire(grant.id)));
    }
    Ok(changes)
}

impl BurnDown {
    fn apply(&mut self, change: Change, order: &[Grant]) -> Result<(), GrantError> {
        match change {
            Change::Expire(id) => self.begin(id, Decimal::ZERO),
            Change::Begin(id) => {
                let amount = order
                    .iter()
                    .find(|grant| grant.id == id)
                    .map(|grant| grant.amount);
                self.begin(id, amount.unwrap_or_default())
            }
            Change::Settle => {
                let overage = std::mem::take(&mut self.overage);
                self.burn(overage, order)
            }
            Change::Use(units) => self.burn(units, order),
        }
    }

    /// Starts a grant at `amount`; what was left of it lapses.
    fn begin(&mut self, id: GrantId, amount: Decimal) -> Result<(), GrantError> {
        let balance = self.balances.entry(id).or_default();
        balance.lapsed = exact::add(balance.lapsed, balance.left)?;
        balance.left = amount;
        Ok(())
    }

    fn burn(&mut self, units: Decimal, order: &[Grant]) -> Result<(), GrantError> {
        let mut open = units;
        for grant in order {
            let balance = self.balances.entry(grant.id).or_default();
            let burned = open.min(balance.left);
            balance.left = exact::sub(balance.left, burned)?;
            balance.burned = exact::add(balance.burned, burned)?;
            open = exact::sub(open, burned)?;
        }
        self.overage = exact::add(self.overage, open)?;
        Ok(())
    }
}

/// What of a balance outlives a reset: at least the minimum, at most the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollover {
    pub min: Decimal,
    pub max: Decimal,
}

/// A balance after a reset, and the overage it could not take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolledOver {
    pub balance: Decimal,
    pub overage: Decimal,
}

impl Rollover {
    /// The balance is clamped first; overage that was kept is then taken from it.
    pub fn reset(self, balance: Decimal, overage: Decimal) -> Result<RolledOver, GrantError> {
        let clamped = balance.max(self.min).min(self.max);
        let covered = overage.min(clamped);
        Ok(RolledOver {
            balance: exact::sub(clamped, covered)?,
            overage: exact::sub(overage, covered)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn grant(id: u128, amount: i64) -> Grant {
        Grant {
            id: GrantId::from_uuid(uuid::Uuid::from_u128(id)),
            amount: amount.into(),
            priority: DEFAULT_PRIORITY,
            effective_at: at(0),
            expires_at: None,
            recurrence: None,
        }
    }

    fn used(hour: i64, units: i64) -> GrantUsage {
        GrantUsage {
            at: at(hour),
            units: units.into(),
        }
    }

    /// What is left of each grant in order of id, and the overage.
    fn left(grants: &[Grant], usage: &[GrantUsage], until: i64) -> (Vec<i64>, i64) {
        let whole = |units: Decimal| i64::try_from(units).unwrap();
        let result = burn_down(grants, usage, at(-24), at(until)).unwrap();
        let left = result.balances.values().map(|balance| whole(balance.left));
        (left.collect(), whole(result.overage))
    }

    #[test]
    fn burns_by_priority_then_expiry_then_id() {
        let with = |id, priority, expires: Option<i64>| Grant {
            priority,
            expires_at: expires.map(at),
            ..grant(id, 10)
        };
        let grants = [
            with(1, 2, Some(50)),
            with(2, 1, None),
            with(3, 1, Some(90)),
            with(4, 1, Some(90)),
        ];
        assert_eq!(left(&grants, &[used(1, 5)], 2), (vec![10, 10, 5, 10], 0));
        assert_eq!(left(&grants, &[used(1, 15)], 2), (vec![10, 10, 0, 5], 0));
        assert_eq!(left(&grants, &[used(1, 25)], 2), (vec![10, 5, 0, 0], 0));
        assert_eq!(left(&grants, &[used(1, 45)], 2), (vec![0, 0, 0, 0], 5));
    }

    #[test]
    fn covers_from_its_effect_up_to_its_expiry() {
        let one = Grant {
            expires_at: Some(at(10)),
            ..grant(1, 100)
        };
        assert_eq!(left(&[one], &[used(9, 30)], 9), (vec![70], 0));
        assert_eq!(left(&[one], &[used(9, 30)], 10), (vec![0], 0));
        assert_eq!(left(&[one], &[used(10, 30)], 10), (vec![0], 30));
        assert_eq!(left(&[one], &[used(-1, 30)], -1), (vec![0], 30));
        assert_eq!(left(&[one], &[used(-1, 30), used(-25, 7)], 0), (vec![70], 0));
    }

    #[test]
    fn begins_anew_without_what_was_left_and_less_the_overage() {
        let daily = Grant {
            recurrence: Some(Step::Days(1)),
            ..grant(1, 100)
        };
        assert_eq!(left(&[daily], &[used(1, 40)], 24), (vec![100], 0));
        assert_eq!(left(&[daily], &[used(1, 120)], 23), (vec![0], 20));
        assert_eq!(left(&[daily], &[used(1, 320), used(24, 5)], 48), (vec![0], 25));
        assert_eq!(left(&[daily], &[used(1, 320), used(24, 5)], 72), (vec![75], 0));
    }

    #[test]
    fn refuses_negative_units() {
        let refused = |grant, used| burn_down(&[grant], &[used], at(0), at(1));
        assert_eq!(refused(grant(1, -1), used(0, 1)), Err(GrantError::Negative));
        assert_eq!(refused(grant(1, 1), used(0, -1)), Err(GrantError::Negative));
    }

    #[test]
    fn a_reset_keeps_a_balance_within_its_bounds() {
        let reset = |min: i64, max: i64, balance: i64, overage: i64| {
            let (min, max) = (min.into(), max.into());
            let rolled = Rollover { min, max }
                .reset(balance.into(), overage.into())
                .unwrap();
            (rolled.balance, rolled.overage)
        };
        let expected = |balance: i64, overage: i64| (Decimal::from(balance), Decimal::from(overage));
        assert_eq!(reset(0, 50, 90, 0), expected(50, 0));
        assert_eq!(reset(50, 50, 0, 10), expected(40, 0));
        assert_eq!(reset(0, 50, 30, 40), expected(0, 10));
    }
}
