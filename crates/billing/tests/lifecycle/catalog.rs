//! What is sold: plans and add-ons with a price for each interval.

use billing::catalog::{Audience, Plan, PlanKind, Price, PriceKind};
use billing::id::{PlanId, PlanVersionId, PriceId};
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval};
use billing::proration::ProrationMode;
use uuid::Uuid;

pub const INTERVALS: [Interval; 5] = [
    Interval::Week,
    Interval::Month,
    Interval::Quarter,
    Interval::HalfYear,
    Interval::Year,
];

pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Three plans with a price for each interval, and two add-ons: the second is not sold with the last plan, nor by
/// the half year.
pub fn catalog(amounts: &[i64], billing_time: BillingTime, proration: ProrationMode) -> Vec<Plan> {
    let mut plans = plans(amounts, billing_time, proration);
    let keys = vec!["plan0".to_owned(), "plan1".to_owned()];
    plans[3].kind = PlanKind::AddOn { plans: None };
    plans[4].kind = PlanKind::AddOn { plans: Some(keys) };
    plans[4]
        .prices
        .retain(|price| price.interval != Interval::HalfYear);
    plans
}

/// Those of the list, and then what may be agreed in place of each.
fn prices(plan: u128, amounts: &[i64]) -> Vec<Price> {
    let list: Vec<_> = (0..)
        .zip(INTERVALS)
        .zip(amounts)
        .map(|((n, interval), minor)| Price {
            id: PriceId::from_uuid(Uuid::from_u128(100 * plan + n)),
            plan_version: PlanVersionId::from_uuid(Uuid::from_u128(plan)),
            interval,
            amount: usd(*minor),
            kind: PriceKind::List,
        })
        .collect();
    let agreed = (50..).zip(&list).map(|(n, price)| {
        let id = PriceId::from_uuid(Uuid::from_u128(100 * plan + n));
        price.agreed(id, usd(price.amount.minor() / 4 * 3))
    });
    list.iter().copied().chain(agreed).collect()
}

fn plans(amounts: &[i64], billing_time: BillingTime, proration: ProrationMode) -> Vec<Plan> {
    let plan = |(index, amounts): (usize, &[i64])| Plan {
        id: PlanId::from_uuid(Uuid::from_u128(index as u128 + 1)),
        version: PlanVersionId::from_uuid(Uuid::from_u128(index as u128 + 1)),
        version_number: 1,
        key: format!("plan{index}"),
        name: format!("Plan {index}"),
        summary: String::new(),
        rank: 1,
        kind: PlanKind::Plan,
        audience: Audience::Everyone,
        trial_days: 0,
        billing_time,
        proration,
        prices: prices(index as u128 + 1, amounts),
        charges: Vec::new(),
        features: Vec::new(),
    };
    amounts.chunks(INTERVALS.len()).enumerate().map(plan).collect()
}
