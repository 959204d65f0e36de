//! The four tiers, as data.

use billing::catalog::{Aggregation, Feature, Meter, MeterCharge, Plan, Price, Reset, UnitPrice};
use billing::entitlement::{Allowance, Enforcement};
use billing::id::{MeterId, PlanId, PlanVersionId, PriceId};
use billing::money::{Currency, Money};
use billing::period::Interval;
use rust_decimal::Decimal;

use crate::id::mint;

/// The one quota a paid plan refuses to exceed.
const HARD: &str = "chain_deployments";
const TRIAL_DAYS: u32 = 14;
/// A year costs ten months.
const MONTHS_PAID_A_YEAR: i64 = 10;

struct Tier {
    key: &'static str,
    name: &'static str,
    summary: &'static str,
    /// Major units a month.
    monthly: i64,
    /// Chains, deployments, storage, API requests; none is unlimited.
    included: [Option<i64>; 4],
    /// In hundredths: a deployment, a GB-month, a thousand API requests.
    overage: Option<[i64; 3]>,
    support: &'static str,
    compliance: &'static str,
}

const TIERS: [Tier; 4] = [
    Tier {
        key: "starter",
        name: "Starter",
        summary: "One chain to build and launch on",
        monthly: 199,
        included: [Some(1), Some(100), Some(10), Some(100_000)],
        overage: Some([250, 25, 50]),
        support: "Community",
        compliance: "Standard",
    },
    Tier {
        key: "professional",
        name: "Professional",
        summary: "Several chains in production",
        monthly: 999,
        included: [Some(5), Some(500), Some(50), Some(1_000_000)],
        overage: Some([100, 20, 40]),
        support: "Priority",
        compliance: "Standard",
    },
    Tier {
        key: "enterprise",
        name: "Enterprise",
        summary: "Unlimited chains with a dedicated team",
        monthly: 4_999,
        included: [None, None, Some(500), Some(10_000_000)],
        overage: Some([0, 15, 30]),
        support: "Dedicated",
        compliance: "Standard",
    },
    Tier {
        key: "sovereign",
        name: "Sovereign",
        summary: "Government-grade, without limits",
        monthly: 19_999,
        included: [None, None, None, None],
        overage: None,
        support: "Concierge",
        compliance: "Custom",
    },
];

pub fn catalog(currency: Currency) -> (Vec<Meter>, Vec<Plan>) {
    let meters = meters();
    let plans = (1..)
        .zip(&TIERS)
        .map(|(rank, tier)| plan(tier, rank, currency, &meters))
        .collect();
    (meters.to_vec(), plans)
}

fn meters() -> [Meter; 4] {
    let meter = |key: &str, name: &str, unit: &str, aggregation, reset| Meter {
        id: mint(MeterId::from_uuid),
        key: key.to_owned(),
        name: name.to_owned(),
        unit: unit.to_owned(),
        aggregation,
        reset,
    };
    [
        meter(
            "chain_deployments",
            "Chains",
            "chain",
            Aggregation::Sum,
            Reset::Never,
        ),
        meter(
            "deployments",
            "Deployments",
            "deployment",
            Aggregation::Sum,
            Reset::UsagePeriod,
        ),
        meter(
            "storage_gb",
            "Storage",
            "GB",
            Aggregation::TimeWeighted,
            Reset::Never,
        ),
        meter(
            "api_requests",
            "API requests",
            "request",
            Aggregation::Sum,
            Reset::UsagePeriod,
        ),
    ]
}

fn plan(tier: &Tier, rank: i32, currency: Currency, meters: &[Meter; 4]) -> Plan {
    let version = mint(PlanVersionId::from_uuid);
    let monthly = tier.monthly * 10_i64.pow(currency.digits());
    let price = |interval, minor| Price {
        id: mint(PriceId::from_uuid),
        plan_version: version,
        interval,
        amount: Money::new(minor, currency),
    };
    Plan {
        id: mint(PlanId::from_uuid),
        version,
        version_number: 1,
        key: tier.key.to_owned(),
        name: tier.name.to_owned(),
        summary: tier.summary.to_owned(),
        rank,
        trial_days: TRIAL_DAYS,
        prices: vec![
            price(Interval::Month, monthly),
            price(Interval::Year, monthly * MONTHS_PAID_A_YEAR),
        ],
        charges: charges(tier, meters),
        features: vec![
            feature("support", "Support", tier.support),
            feature("compliance", "Compliance", tier.compliance),
        ],
    }
}

fn feature(key: &str, name: &str, value: &str) -> Feature {
    Feature {
        key: key.to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// Chains are hard; deployments, storage and API requests run into overage.
fn charges(tier: &Tier, meters: &[Meter; 4]) -> Vec<MeterCharge> {
    let prices = match tier.overage {
        Some([deployment, gb, requests]) => [
            None,
            Some((deployment, 1)),
            Some((gb, 1)),
            Some((requests, 1_000)),
        ],
        None => [None; 4],
    };
    meters
        .iter()
        .zip(tier.included)
        .zip(prices)
        .map(|((meter, included), price)| MeterCharge {
            meter: meter.clone(),
            included: included.map_or(Allowance::Unlimited, |units| Allowance::Units(units.into())),
            enforcement: if meter.key == HARD {
                Enforcement::Hard
            } else {
                Enforcement::Overage
            },
            overage: price
                .filter(|_| included.is_some())
                .map(|(hundredths, per)| UnitPrice {
                    amount: Decimal::new(hundredths, 2),
                    per: Decimal::from(per),
                }),
        })
        .collect()
}
