//! Add-ons in the catalog file: sold beside plans, to include more of what these charge.

use billing::catalog::{ChargeSpec, Listing, PlanKind, PlanSpec, VersionTerms};
use billing::entitlement::{Allowance, Enforcement};
use rust_decimal::Decimal;

use super::file::{
    Known, audience, check_key, check_meter, currency_of, features, included, prices, release,
};
use super::section::Section;

/// What the plan alone says of a meter.
const OF_THE_PLAN: [&str; 12] = [
    "enforcement",
    "scheme",
    "amount",
    "per",
    "tiers",
    "flat_at_zero",
    "size",
    "price",
    "free_units",
    "percent",
    "minimum",
    "maximum",
];

pub fn read(
    (key, rank): (String, i32),
    mut section: Section<'_>,
    plans: &[PlanSpec],
    known: &Known<'_>,
) -> PlanSpec {
    check_key(&key, &section);
    if plans.iter().any(|plan| plan.key == key) {
        section.report("key", "must not be the key of a plan");
    }
    let currency = currency_of(&mut section).unwrap_or(known.currency);
    let kind = PlanKind::AddOn {
        plans: goes_with(&mut section, plans),
    };
    let charges = charges(&mut section, &kind, plans, known);
    let listing = Listing {
        name: section.required("name", Section::text).unwrap_or_default(),
        summary: section.text("summary").unwrap_or_default(),
        rank,
        audience: audience(&mut section),
        kind,
    };
    let release = release(&mut section);
    let terms = VersionTerms {
        prices: prices(&mut section, currency),
        charges,
        features: features(&mut section, known),
        ..VersionTerms::default()
    };
    section.done();
    PlanSpec {
        key,
        listing,
        release,
        terms,
    }
}

fn goes_with(section: &mut Section<'_>, plans: &[PlanSpec]) -> Option<Vec<String>> {
    let keys = section.names("plans")?;
    if keys.is_empty() {
        section.report("plans", "must not be empty: leave it out for all plans");
    }
    for (index, key) in keys.iter().enumerate() {
        let field = format!("plans[{index}]");
        match plans.iter().find(|plan| plan.key == *key) {
            None => section.report(&field, "must be one of the file's plans"),
            Some(plan) if plan.listing.kind.is_standalone() => {
                section.report(&field, "must not be a standalone plan: nothing is added to it");
            }
            Some(_) => {}
        }
    }
    Some(keys)
}

fn charges(
    section: &mut Section<'_>,
    kind: &PlanKind,
    plans: &[PlanSpec],
    known: &Known<'_>,
) -> Vec<ChargeSpec> {
    let mut charges = Vec::new();
    let own: Vec<_> = plans.iter().filter(|plan| kind.goes_with(&plan.key)).collect();
    for (meter, mut entry) in section.sections("charge") {
        check_meter(&meter, &entry, known);
        entry.refuse_all(&OF_THE_PLAN, "must not be given: it is the plan's that counts");
        let included = entry.required("included", |entry, _| included(entry));
        entry.done();
        let charged = |plan: &&PlanSpec| plan.terms.charges.iter().any(|charge| charge.meter == meter);
        if !own.iter().any(charged) {
            section.report(
                &format!("charge.{meter}"),
                "must be a meter that a plan it goes with charges",
            );
        }
        charges.push(ChargeSpec {
            meter,
            included: included.unwrap_or(Allowance::Units(Decimal::ZERO)),
            enforcement: Enforcement::Overage,
            price: None,
        });
    }
    charges
}
