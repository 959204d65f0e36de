//! The catalog as it stands, as a file: applying it again changes nothing.

use std::fmt::Write;

use billing::catalog::{
    Audience, CatalogState, ChargeSpec, FeatureSpec, Meter, MeterPrice, Plan, PlanKind, PlanState, PriceSpec,
    Reset, Selection, UnitPrice, VersionTerms,
};
use billing::entitlement::{Allowance, Enforcement};
use billing::money::{Currency, Money};
use billing::period::BillingTime;
use billing::proration::ProrationMode;
use billing::rating::{FlatAtZero, Scheme, Tier, Tiers};
use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The newest version of each plan: a draft, or what is sold from a date on, or what is sold. A plan that is not sold
/// any more is not in it.
pub fn write(state: &CatalogState, currency: Currency) -> String {
    let mut file = String::new();
    line(&mut file, "currency", &text(currency.as_str()));
    for meter in &state.meters {
        write_meter(&mut file, meter);
    }
    for feature in &state.features {
        write_feature(&mut file, feature);
    }
    for plan in &state.plans {
        if let Some(version) = newest(plan) {
            write_plan(&mut file, plan, &version, currency);
        }
    }
    file
}

/// What of a plan a file can say: one version, and when it is sold.
struct Newest {
    terms: VersionTerms,
    draft: bool,
    effective_at: Option<DateTime<Utc>>,
}

/// Whatever is sold beside a draft or before a date stays when that is published again.
fn newest(state: &PlanState) -> Option<Newest> {
    let of = |plan: &Plan, draft, effective_at| Newest {
        terms: plan.terms(),
        draft,
        effective_at,
    };
    if let Some(plan) = &state.draft {
        return Some(of(plan, true, None));
    }
    if let Some((at, plan)) = &state.scheduled {
        return Some(of(plan, false, Some(*at)));
    }
    state.active.as_ref().map(|plan| of(plan, false, None))
}

fn write_meter(file: &mut String, meter: &Meter) {
    head(file, &format!("meter.{}", meter.key));
    line(file, "name", &text(&meter.name));
    line(file, "unit", &text(&meter.unit));
    line(file, "aggregation", &text(meter.aggregation.as_str()));
    if meter.reset != Reset::UsagePeriod {
        line(file, "reset", &text(meter.reset.as_str()));
    }
    let Selection {
        event_type,
        filter,
        property,
        dimensions,
    } = &meter.selection;
    if let Some(event) = event_type {
        line(file, "event", &text(event));
    }
    if !filter.is_empty() {
        let values = |(name, values): (&String, _)| format!("{} = {}", text(name), list(values));
        let filter: Vec<String> = filter.iter().map(values).collect();
        line(file, "filter", &format!("{{ {} }}", filter.join(", ")));
    }
    if let Some(property) = property {
        line(file, "property", &text(property));
    }
    if !dimensions.is_empty() {
        line(file, "dimensions", &list(dimensions));
    }
}

fn list<'t>(texts: impl IntoIterator<Item = &'t String>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|entry| text(entry)).collect();
    format!("[{}]", texts.join(", "))
}

fn write_feature(file: &mut String, feature: &FeatureSpec) {
    head(file, &format!("feature.{}", feature.key));
    line(file, "name", &text(&feature.name));
    if let Some(default) = &feature.default {
        line(file, "default", &text(default));
    }
}

fn write_plan(file: &mut String, state: &PlanState, version: &Newest, currency: Currency) {
    let terms = &version.terms;
    let table = match state.listing.kind {
        PlanKind::Plan | PlanKind::Standalone => format!("plan.{}", state.key),
        PlanKind::AddOn { .. } => format!("add_on.{}", state.key),
    };
    let own = currency_of(terms).unwrap_or(currency);
    head(file, &table);
    line(file, "name", &text(&state.listing.name));
    if !state.listing.summary.is_empty() {
        line(file, "summary", &text(&state.listing.summary));
    }
    if state.listing.kind.is_standalone() {
        line(file, "standalone", "true");
    }
    if let PlanKind::AddOn { plans: Some(keys) } = &state.listing.kind {
        let keys: Vec<String> = keys.iter().map(|key| text(key)).collect();
        line(file, "plans", &format!("[{}]", keys.join(", ")));
    }
    match state.listing.audience {
        Audience::Everyone => {}
        Audience::Nobody => line(file, "public", "false"),
        Audience::Customer(customer) => line(file, "customer", &text(&customer.to_string())),
    }
    if version.draft {
        line(file, "draft", "true");
    }
    if let Some(at) = version.effective_at {
        line(
            file,
            "effective_at",
            &at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        );
    }
    if own != currency {
        line(file, "currency", &text(own.as_str()));
    }
    write_terms(file, &table, terms, own);
}

fn write_terms(file: &mut String, table: &str, terms: &VersionTerms, own: Currency) {
    if terms.trial_days > 0 {
        line(file, "trial_days", &terms.trial_days.to_string());
    }
    if terms.billing_time != BillingTime::default() {
        line(file, "billing_time", &text(terms.billing_time.as_str()));
    }
    if terms.proration != ProrationMode::default() {
        line(file, "proration", &text(terms.proration.as_str()));
    }
    let prices: Vec<String> = terms.prices.iter().map(|entry| price(entry, own)).collect();
    match prices.as_slice() {
        short @ ([] | [_] | [_, _]) => line(file, "prices", &format!("[{}]", short.join(", "))),
        long => line(file, "prices", &format!("[\n  {},\n]", long.join(",\n  "))),
    }
    if !terms.features.is_empty() {
        let features = terms.features.iter();
        let features: Vec<String> = features
            .map(|feature| format!("{} = {}", feature.key, text(&feature.value)))
            .collect();
        line(file, "feature", &format!("{{ {} }}", features.join(", ")));
    }
    // Tiers take lines of their own, so they stand in a table of their own, after what needs none.
    let (tiered, short): (Vec<_>, Vec<_>) = terms
        .charges
        .iter()
        .partition(|charge| tiers_of(charge).is_some());
    if !short.is_empty() {
        head(file, &format!("{table}.charge"));
        for charge in short {
            let fields: Vec<String> = fields_of(charge)
                .iter()
                .map(|(key, value)| format!("{key} = {value}"))
                .collect();
            line(file, &charge.meter, &format!("{{ {} }}", fields.join(", ")));
        }
    }
    for charge in tiered {
        head(file, &format!("{table}.charge.{}", charge.meter));
        for (key, value) in fields_of(charge) {
            line(file, key, &value);
        }
    }
}

/// Usage is priced in the plan's currency; where none is, its first price says it.
fn currency_of(terms: &VersionTerms) -> Option<Currency> {
    let mut charged = terms.charges.iter();
    let charged = charged.find_map(|charge| charge.price.as_ref().map(MeterPrice::currency));
    charged.or_else(|| terms.prices.first().map(|price| price.amount.currency()))
}

fn price(price: &PriceSpec, own: Currency) -> String {
    let (interval, currency) = (price.interval.as_str(), price.amount.currency());
    let amount = money(price.amount);
    if currency == own {
        return format!("{{ interval = \"{interval}\", amount = {amount} }}");
    }
    format!(
        "{{ interval = \"{interval}\", amount = {amount}, currency = \"{}\" }}",
        currency.as_str()
    )
}

fn tiers_of(charge: &ChargeSpec) -> Option<&Tiers> {
    match charge.price.as_ref()?.scheme() {
        Scheme::Graduated { tiers, .. } | Scheme::Volume { tiers, .. } => Some(tiers),
        Scheme::Flat(_) | Scheme::PerUnit(_) | Scheme::Package(_) | Scheme::Percentage(_) => None,
    }
}

fn fields_of(charge: &ChargeSpec) -> Vec<(&'static str, String)> {
    let included = match charge.included {
        Allowance::Unlimited => text("unlimited"),
        Allowance::Units(units) => number(units),
    };
    let mut fields = vec![("included", included)];
    if charge.enforcement != Enforcement::Overage {
        fields.push(("enforcement", text(charge.enforcement.as_str())));
    }
    let Some(price) = &charge.price else {
        return fields;
    };
    fields.extend(scheme_fields(price.scheme()));
    let bounds = [("minimum", price.minimum()), ("maximum", price.maximum())];
    fields.extend(
        bounds
            .into_iter()
            .filter_map(|(key, bound)| Some((key, money(bound?)))),
    );
    fields
}

fn scheme_fields(scheme: &Scheme) -> Vec<(&'static str, String)> {
    let named = |name: &str| ("scheme", text(name));
    match scheme {
        Scheme::Flat(flat) => vec![named("flat"), ("amount", number(flat.terms().amount))],
        Scheme::PerUnit(per_unit) => {
            let UnitPrice { amount, per } = per_unit.terms();
            let mut fields = vec![named("per_unit"), ("amount", number(amount))];
            fields.extend((per != Decimal::ONE).then(|| ("per", number(per))));
            fields
        }
        Scheme::Package(package) => {
            let terms = package.terms();
            let (size, price) = (number(terms.size), number(terms.price));
            let mut fields = vec![named("package"), ("size", size), ("price", price)];
            fields.extend(free(terms.free_units));
            fields
        }
        Scheme::Percentage(percentage) => {
            let terms = percentage.terms();
            let mut fields = vec![named("percentage"), ("percent", number(terms.percent))];
            fields.extend(terms.free_units.map(|units| ("free_units", number(units))));
            fields
        }
        Scheme::Graduated { tiers, flat_at_zero } => tiered("graduated", tiers, *flat_at_zero),
        Scheme::Volume { tiers, flat_at_zero } => tiered("volume", tiers, *flat_at_zero),
    }
}

fn free(units: Decimal) -> Option<(&'static str, String)> {
    (!units.is_zero()).then(|| ("free_units", number(units)))
}

fn tiered(name: &str, tiers: &Tiers, at_zero: FlatAtZero) -> Vec<(&'static str, String)> {
    let tiers: Vec<String> = tiers.as_slice().iter().map(tier).collect();
    let mut fields = vec![
        ("scheme", text(name)),
        ("tiers", format!("[\n  {},\n]", tiers.join(",\n  "))),
    ];
    if at_zero == FlatAtZero::Waived {
        fields.push(("flat_at_zero", text("waived")));
    }
    fields
}

fn tier(tier: &Tier) -> String {
    let mut fields = Vec::new();
    fields.extend(tier.up_to.map(|up_to| format!("up_to = {}", number(up_to))));
    fields.push(format!("amount = {}", number(tier.price.amount)));
    if tier.price.per != Decimal::ONE {
        fields.push(format!("per = {}", number(tier.price.per)));
    }
    if !tier.flat.is_zero() {
        fields.push(format!("flat = {}", number(tier.flat)));
    }
    format!("{{ {} }}", fields.join(", "))
}

fn head(file: &mut String, table: &str) {
    let _ = write!(file, "\n[{table}]\n");
}

fn line(file: &mut String, key: &str, value: &str) {
    let _ = writeln!(file, "{key} = {value}");
}

fn money(amount: Money) -> String {
    number(amount.major())
}

/// A whole number as it is, anything else in quotes: a number with a point would not be exact.
fn number(value: Decimal) -> String {
    let value = value.normalize();
    match value.to_i64().filter(|_| value.is_integer()) {
        Some(whole) => whole.to_string(),
        None => text(&value.to_string()),
    }
}

fn text(value: &str) -> String {
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_read_back() {
        let odd = "a \"quoted\" \\ line\nand\ttab \u{7f} é";
        let table: toml::Table = format!("value = {}", text(odd)).parse().unwrap();
        assert_eq!(table["value"].as_str(), Some(odd));
        let written = ["49.00", "0.50", "1000000", "0.0000000001"].map(|n| number(n.parse().unwrap()));
        assert_eq!(written, ["49", "\"0.5\"", "1000000", "\"0.0000000001\""]);
    }
}
