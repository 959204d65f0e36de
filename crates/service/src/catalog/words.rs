//! A change of the catalog in plain lines: `+` comes, `~` changes, `-` goes.

use billing::catalog::{
    Archived, Audience, Change, ChargeSpec, Difference, Feature, FeatureSpec, Listing, PlanKind, PlanSpec,
    PriceSpec, Release, UnitPrice, VersionTerms, differences,
};
use billing::entitlement::{Allowance, Enforcement};
use billing::money::{Currency, Money};
use billing::rating::{Scheme, Tiers};
use rust_decimal::Decimal;

/// All of them, with a word on what nobody could buy who pays in these currencies.
pub fn told(changes: &[Change], currencies: &[Currency]) -> Vec<String> {
    let told = changes.iter().flat_map(|change| {
        let warning = unbuyable(change, currencies).map(|words| format!("    {words}"));
        lines(change).into_iter().chain(warning)
    });
    told.collect()
}

/// A slip in a file's currency would take a plan off everybody's price list.
fn unbuyable(change: &Change, currencies: &[Currency]) -> Option<String> {
    let terms = match change {
        Change::AddPlan(spec) => &spec.terms,
        Change::Publish { terms, .. } => terms,
        _ => return None,
    };
    let mut priced = terms.prices.iter().map(|price| price.amount.currency());
    if terms.prices.is_empty() || priced.any(|currency| currencies.contains(&currency)) {
        return None;
    }
    let codes: Vec<_> = currencies.iter().map(|currency| currency.as_str()).collect();
    Some(format!(
        "warning: nobody can buy it, as no price is in what customers pay in ({})",
        codes.join(", ")
    ))
}

pub fn lines(change: &Change) -> Vec<String> {
    match change {
        Change::AddMeter(meter) => vec![format!(
            "+ meter {}: {} of {}s, {}",
            meter.key,
            meter.aggregation.as_str(),
            meter.unit,
            meter.reset.as_str()
        )],
        Change::EditMeter { meter, .. } => {
            vec![format!(
                "~ meter {}: {}, in {}s",
                meter.key, meter.name, meter.unit
            )]
        }
        Change::AddFeature(feature) => vec![format!(
            "+ feature {}: {}, by default {}",
            feature.key,
            feature.name,
            default(feature)
        )],
        Change::EditFeature { feature, before } => {
            let first = format!("~ feature {}", feature.key);
            let name = changed("name", before.name.clone(), feature.name.clone());
            let default = changed(
                "by default",
                default(before).to_owned(),
                default(feature).to_owned(),
            );
            std::iter::once(first).chain(name).chain(default).collect()
        }
        Change::RemoveFeature(feature) => vec![format!("- feature {}", feature.key)],
        Change::AddPlan(spec) => added(spec),
        Change::EditPlan {
            key, listing, before, ..
        } => listed(key, before, listing),
        Change::Publish {
            key,
            kind,
            number,
            release: when,
            archives,
            differences,
            ..
        } => {
            let first = format!(
                "~ {} {key}: version {number}{}{}",
                noun(kind),
                release(*when),
                replaces(archives)
            );
            headed(first, differences)
        }
        Change::Archive {
            key, kind, versions, ..
        } => {
            vec![format!("- {} {key}: {} archived", noun(kind), numbers(versions))]
        }
    }
}

fn added(spec: &PlanSpec) -> Vec<String> {
    let kind = &spec.listing.kind;
    let first = format!(
        "+ {} {}: version 1{}",
        noun(kind),
        spec.key,
        release(spec.release)
    );
    let mut lines = headed(first, &differences(&VersionTerms::default(), &spec.terms));
    if kind.is_add_on() {
        lines.insert(1, format!("    goes with: {}", goes_with(kind)));
    }
    if kind.is_standalone() {
        lines.insert(1, "    standalone: sold beside the customer's plan".to_owned());
    }
    lines
}

/// What an audit entry calls it, and the record it was done to.
pub fn audited(change: &Change) -> (&'static str, &str) {
    match change {
        Change::AddMeter(meter) => ("meter.added", &meter.key),
        Change::EditMeter { meter, .. } => ("meter.edited", &meter.key),
        Change::AddFeature(feature) => ("feature.added", &feature.key),
        Change::EditFeature { feature, .. } => ("feature.edited", &feature.key),
        Change::RemoveFeature(feature) => ("feature.removed", &feature.key),
        Change::AddPlan(spec) => (of(&spec.listing.kind, "plan.added", "add_on.added"), &spec.key),
        Change::EditPlan { key, listing, .. } => (of(&listing.kind, "plan.edited", "add_on.edited"), key),
        Change::Publish { key, kind, .. } => (
            of(kind, "plan.version_published", "add_on.version_published"),
            key,
        ),
        Change::Archive { key, kind, .. } => (of(kind, "plan.archived", "add_on.archived"), key),
    }
}

const fn of<'w>(kind: &PlanKind, plan: &'w str, add_on: &'w str) -> &'w str {
    match kind {
        PlanKind::Plan | PlanKind::Standalone => plan,
        PlanKind::AddOn { .. } => add_on,
    }
}

const fn noun(kind: &PlanKind) -> &'static str {
    of(kind, "plan", "add-on")
}

fn goes_with(kind: &PlanKind) -> String {
    match kind {
        PlanKind::AddOn { plans: Some(keys) } => keys.join(", "),
        PlanKind::AddOn { plans: None } | PlanKind::Plan | PlanKind::Standalone => "all plans".to_owned(),
    }
}

fn default(feature: &FeatureSpec) -> &str {
    feature.default.as_deref().unwrap_or("none")
}

fn changed(name: &str, before: String, after: String) -> Option<String> {
    (before != after).then(|| format!("    {name}: {before} -> {after}"))
}

fn headed(first: String, differences: &[Difference]) -> Vec<String> {
    let rest = differences
        .iter()
        .map(|difference| format!("    {}", words(difference)));
    std::iter::once(first).chain(rest).collect()
}

fn listed(key: &str, before: &Listing, after: &Listing) -> Vec<String> {
    let rank = |listing: &Listing| listing.rank.to_string();
    let rest = [
        changed("name", before.name.clone(), after.name.clone()),
        changed("summary", before.summary.clone(), after.summary.clone()),
        changed("rank", rank(before), rank(after)),
        changed("sold to", audience(before.audience), audience(after.audience)),
        changed("goes with", goes_with(&before.kind), goes_with(&after.kind)),
    ];
    std::iter::once(format!("~ {} {key}", noun(&after.kind)))
        .chain(rest.into_iter().flatten())
        .collect()
}

fn audience(audience: Audience) -> String {
    match audience {
        Audience::Everyone => "everyone".to_owned(),
        Audience::Nobody => "nobody".to_owned(),
        Audience::Customer(customer) => customer.to_string(),
    }
}

fn release(release: Release) -> String {
    match release {
        Release::Draft => ", a draft".to_owned(),
        Release::At(at) => format!(", from {}", at.format("%Y-%m-%dT%H:%M:%SZ")),
        Release::Now => String::new(),
    }
}

fn replaces(archives: &[Archived]) -> String {
    if archives.is_empty() {
        return String::new();
    }
    format!("; {} archived", numbers(archives))
}

fn numbers(versions: &[Archived]) -> String {
    let numbers: Vec<String> = versions
        .iter()
        .map(|version| version.number.to_string())
        .collect();
    let plural = if numbers.len() == 1 { "" } else { "s" };
    format!("version{plural} {}", numbers.join(", "))
}

fn words(difference: &Difference) -> String {
    match difference {
        Difference::TrialDays(before, after) => format!("trial days: {before} -> {after}"),
        Difference::BillingTime(before, after) => {
            format!("billing time: {} -> {}", before.as_str(), after.as_str())
        }
        Difference::Proration(before, after) => {
            format!("proration: by {} -> by {}", before.as_str(), after.as_str())
        }
        Difference::Price(before, after) => {
            let of = |price: &PriceSpec| format!("price a {}", price.interval.as_str());
            between(before.as_ref(), after.as_ref(), of, |price| money(price.amount))
        }
        Difference::Charge(before, after) => {
            let of = |charge: &ChargeSpec| format!("charge {}", charge.meter);
            between(before.as_deref(), after.as_deref(), of, charge)
        }
        Difference::Feature(before, after) => {
            let of = |feature: &Feature| format!("feature {}", feature.key);
            between(before.as_ref(), after.as_ref(), of, |feature| {
                feature.value.clone()
            })
        }
    }
}

fn between<T>(
    before: Option<&T>,
    after: Option<&T>,
    name: impl Fn(&T) -> String,
    value: impl Fn(&T) -> String,
) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("{}: {} -> {}", name(after), value(before), value(after)),
        (Some(before), None) => format!("{}: {} -> none", name(before), value(before)),
        (None, Some(after)) => format!("{}: {}", name(after), value(after)),
        (None, None) => String::new(),
    }
}

fn money(amount: Money) -> String {
    let digits = amount.currency().digits() as usize;
    format!("{:.digits$} {}", amount.major(), amount.currency().as_str())
}

fn charge(charge: &ChargeSpec) -> String {
    let included = match charge.included {
        Allowance::Unlimited => "unlimited".to_owned(),
        Allowance::Units(units) => format!("{} included", units.normalize()),
    };
    let limited = match (charge.included, charge.enforcement) {
        (Allowance::Unlimited, _) | (_, Enforcement::Overage) => included,
        (_, Enforcement::Hard) => format!("{included}, no more"),
        (_, Enforcement::Soft) => format!("{included}, a tenth more for a day"),
    };
    let Some(price) = &charge.price else {
        return limited;
    };
    let mut words = format!("{limited}, then {}", scheme(price.scheme()));
    if let Some(minimum) = price.minimum() {
        words.push_str(&format!(", at least {}", money(minimum)));
    }
    if let Some(maximum) = price.maximum() {
        words.push_str(&format!(", at most {}", money(maximum)));
    }
    words
}

fn scheme(scheme: &Scheme) -> String {
    match scheme {
        Scheme::Flat(flat) => format!("{} flat", flat.terms().amount.normalize()),
        Scheme::PerUnit(per_unit) => unit_price(per_unit.terms()),
        Scheme::Graduated { tiers: of, .. } => format!("graduated {}", tiers(of)),
        Scheme::Volume { tiers: of, .. } => format!("by volume {}", tiers(of)),
        Scheme::Package(package) => {
            let terms = package.terms();
            let (price, size) = (terms.price.normalize(), terms.size.normalize());
            format!(
                "{price} a package of {size} after {}",
                terms.free_units.normalize()
            )
        }
        Scheme::Percentage(percentage) => {
            let terms = percentage.terms();
            let free = terms.free_units.unwrap_or_default();
            format!("{} % after {}", terms.percent.normalize(), free.normalize())
        }
    }
}

fn unit_price(price: UnitPrice) -> String {
    let (amount, per) = (price.amount.normalize(), price.per.normalize());
    if per == Decimal::ONE {
        format!("{amount} each")
    } else {
        format!("{amount} per {per}")
    }
}

fn tiers(tiers: &Tiers) -> String {
    let words = tiers.as_slice().iter().map(|tier| {
        let end = tier.up_to.map_or("beyond".to_owned(), |up_to| {
            format!("up to {}", up_to.normalize())
        });
        let flat = match tier.flat {
            flat if flat.is_zero() => String::new(),
            flat => format!(" + {}", flat.normalize()),
        };
        format!("{end} {}{flat}", unit_price(tier.price))
    });
    words.collect::<Vec<_>>().join(", ")
}
