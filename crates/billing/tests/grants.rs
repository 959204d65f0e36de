//! Grants against a slow reference that spends one unit at a time.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::credit::grant::{Grant, GrantUsage, burn_down};
use billing::id::GrantId;
use billing::period::Step;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const HOURS: i64 = 120;

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 10_000 } else { 256 })
}

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
}

/// Hour by hour: what expired is gone, what begins is full, overage moves in, usage is spent unit by unit.
fn reference(grants: &[Grant], usage: &[GrantUsage], until: DateTime<Utc>) -> (Vec<i64>, i64) {
    let mut left = vec![0; grants.len()];
    let (mut owed, mut hour) = (0, 0);
    while at(hour) <= until {
        let now = at(hour);
        for (grant, left) in grants.iter().zip(&mut left) {
            let age = (now - grant.effective_at).num_hours();
            let begins = age == 0 || (age > 0 && age % 24 == 0 && grant.recurrence.is_some());
            if grant.expires_at.is_some_and(|end| end <= now) {
                *left = 0;
            } else if begins {
                *left = i64::try_from(grant.amount).unwrap();
            }
        }
        let new = usage.iter().filter(|used| used.at == now);
        owed += new.map(|used| i64::try_from(used.units).unwrap()).sum::<i64>();
        while owed > 0 {
            let open = (0..grants.len()).filter(|index| left[*index] > 0);
            let Some(first) = open.min_by_key(|index| {
                let grant = &grants[*index];
                (
                    grant.priority,
                    grant.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
                    grant.id,
                )
            }) else {
                break;
            };
            left[first] -= 1;
            owed -= 1;
        }
        hour += 1;
    }
    (left, owed)
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let grant = (
        0_i64..60,
        0_u32..3,
        0..HOURS,
        prop::option::of(1_i64..80),
        any::<bool>(),
    );
    prop::collection::vec(grant, 0..5).prop_map(|grants| {
        let grant =
            |(n, (amount, priority, effective, life, daily)): (u128, (i64, u32, i64, Option<i64>, bool))| {
                Grant {
                    id: GrantId::from_uuid(Uuid::from_u128(n)),
                    amount: amount.into(),
                    priority,
                    effective_at: at(effective),
                    expires_at: life.map(|hours| at(effective + hours)),
                    recurrence: daily.then_some(Step::Days(1)),
                }
            };
        (0..).zip(grants).map(grant).collect()
    })
}

fn usage() -> impl Strategy<Value = Vec<GrantUsage>> {
    let used = (0..HOURS, 0_i64..40).prop_map(|(hour, units)| GrantUsage {
        at: at(hour),
        units: units.into(),
    });
    prop::collection::vec(used, 0..12)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_unit_goes_where_the_reference_says(grants in grants(), usage in usage(), until in 0..HOURS) {
        let result = burn_down(&grants, &usage, at(0), at(until)).unwrap();
        let left: Vec<i64> = result.balances.values().map(|balance| i64::try_from(balance.left).unwrap()).collect();
        let overage = i64::try_from(result.overage).unwrap();
        prop_assert_eq!((left, overage), reference(&grants, &usage, at(until)));
    }

    #[test]
    fn units_are_conserved_and_never_below_zero(
        grants in grants().prop_shuffle(),
        usage in usage().prop_shuffle(),
        until in 0..HOURS,
    ) {
        let result = burn_down(&grants, &usage, at(0), at(until)).unwrap();
        let used: Decimal = usage.iter().filter(|used| used.at <= at(until)).map(|used| used.units).sum();
        let burned: Decimal = result.balances.values().map(|balance| balance.burned).sum();
        prop_assert_eq!(burned + result.overage, used);
        prop_assert!(result.overage >= Decimal::ZERO);
        for grant in &grants {
            let balance = result.balances[&grant.id];
            let lives = |at: DateTime<Utc>| grant.expires_at.is_none_or(|end| at < end);
            let days = if grant.recurrence.is_some() { 0..=5 } else { 0..=0 };
            let begins = days.map(|day| grant.effective_at + TimeDelta::days(day));
            let given = begins.filter(|begin| *begin <= at(until) && lives(*begin)).count();
            prop_assert_eq!(balance.left + balance.burned + balance.lapsed, grant.amount * Decimal::from(given));
            prop_assert!(balance.left >= Decimal::ZERO && balance.lapsed >= Decimal::ZERO);
        }
    }
}
