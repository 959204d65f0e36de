//! The catalog file: from its text to what the catalog is to be, or everything that is wrong with it.

use billing::catalog::{
    Audience, CatalogSpec, ChargeSpec, Feature, FeatureSpec, Listing, MeterSpec, PlanKind, PlanSpec,
    PriceSpec, Release, VersionTerms,
};
use billing::entitlement::{Allowance, Enforcement};
use billing::id::CustomerId;
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval};
use billing::proration::ProrationMode;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::section::{Problem, Problems, Section};
use super::{add_on, base, lines, meter, price};

/// A catalog of a few hundred plans; as the database keeps it.
pub const MAX_BYTES: usize = 256 * 1024;
/// Two years: as the database has it.
const MAX_TRIAL_DAYS: u32 = 730;
const MAX_KEY: usize = 63;
/// What a plan has that is not sold beside another one.
const OF_A_TIER: [&str; 3] = ["trial_days", "charge", "feature"];
const INTERVALS: &str = "week, month, quarter, half_year, year";

/// Amounts without a currency are in the one given.
pub fn parse(text: &str, currency: Currency) -> Result<CatalogSpec, Vec<Problem>> {
    let problems = Problems::default();
    if text.len() > MAX_BYTES {
        problems.report("file", format!("must be at most {MAX_BYTES} bytes"));
        return Err(problems.into_inner());
    }
    let mut table = text.parse().map_err(|error| vec![not_toml(&error, text)])?;
    base::fill_in(&mut table, &problems);
    let spec = catalog(Section::root(table, &problems), currency);
    match problems.into_inner() {
        problems if problems.is_empty() => Ok(spec),
        problems => Err(problems),
    }
}

fn not_toml(error: &toml::de::Error, text: &str) -> Problem {
    let line = error.span().map(|span| lines::line_at(text, span.start));
    Problem {
        field: line.map_or("file".to_owned(), |line| format!("line {line}")),
        rule: error.message().replace('\n', " "),
        line,
    }
}

/// What could be read; only worth something where no problem was reported.
fn catalog(mut root: Section<'_>, currency: Currency) -> CatalogSpec {
    let currency = currency_of(&mut root).unwrap_or(currency);
    let meters: Vec<MeterSpec> = root
        .sections("meter")
        .into_iter()
        .map(|(key, section)| meter::read(&key, section))
        .collect();
    let features: Vec<FeatureSpec> = root
        .sections("feature")
        .into_iter()
        .filter_map(|(key, section)| feature(key, section))
        .collect();
    let known = Known {
        meters: &meters,
        features: &features,
        currency,
    };
    let plans = root.sections("plan");
    if plans.is_empty() {
        root.report("plan", "must have at least one plan");
    }
    let mut plans: Vec<PlanSpec> = (1..)
        .zip(plans)
        .filter_map(|(rank, (key, section))| plan(key, rank, section, &known))
        .collect();
    let add_ons: Vec<PlanSpec> = (1..)
        .zip(root.sections("add_on"))
        .map(|(rank, (key, section))| add_on::read((key, rank), section, &plans, &known))
        .collect();
    plans.extend(add_ons);
    root.done();
    CatalogSpec {
        meters,
        features,
        plans,
    }
}

/// What plans refer to.
pub(super) struct Known<'a> {
    pub meters: &'a [MeterSpec],
    pub features: &'a [FeatureSpec],
    pub currency: Currency,
}

fn feature(key: String, mut section: Section<'_>) -> Option<FeatureSpec> {
    check_key(&key, &section);
    let name = section.required("name", Section::text);
    let default = section.text("default");
    section.done();
    Some(FeatureSpec {
        key,
        name: name?,
        default,
    })
}

fn plan(key: String, rank: i32, mut section: Section<'_>, known: &Known<'_>) -> Option<PlanSpec> {
    check_key(&key, &section);
    let currency = currency_of(&mut section).unwrap_or(known.currency);
    let standalone = section.flag("standalone").unwrap_or(false);
    let listing = Listing {
        name: section.required("name", Section::text).unwrap_or_default(),
        summary: section.text("summary").unwrap_or_default(),
        rank,
        audience: audience(&mut section),
        kind: if standalone {
            PlanKind::Standalone
        } else {
            PlanKind::Plan
        },
    };
    if standalone {
        section.refuse_all(&OF_A_TIER, "must not be given for a standalone plan");
    }
    let release = release(&mut section);
    let trial_days = section.whole("trial_days", MAX_TRIAL_DAYS).unwrap_or(0);
    let billing_time = section.word("billing_time", BillingTime::parse, "anniversary, calendar");
    let proration = section.word("proration", ProrationMode::parse, "second, day");
    let prices = prices(&mut section, currency);
    let charges: Vec<ChargeSpec> = section
        .sections("charge")
        .into_iter()
        .filter_map(|(meter, section)| charge(meter, section, currency, known))
        .collect();
    one_currency(&section, &prices, &charges, currency);
    let features = features(&mut section, known);
    section.done();
    Some(PlanSpec {
        key,
        listing,
        release,
        terms: VersionTerms {
            trial_days,
            billing_time: billing_time.unwrap_or_default(),
            proration: proration.unwrap_or_default(),
            prices,
            charges,
            features,
        },
    })
}

pub(super) fn audience(section: &mut Section<'_>) -> Audience {
    let customer = section.text("customer").and_then(|text| {
        let id = text.parse::<CustomerId>();
        if id.is_err() {
            section.report("customer", "must be the id of a customer, as in cus_…");
        }
        id.ok()
    });
    match (section.flag("public").unwrap_or(customer.is_none()), customer) {
        (true, Some(_)) => {
            section.report("public", "must be false where the plan is for one customer");
            Audience::Everyone
        }
        (true, None) => Audience::Everyone,
        (false, Some(customer)) => Audience::Customer(customer),
        (false, None) => Audience::Nobody,
    }
}

pub(super) fn release(section: &mut Section<'_>) -> Release {
    let at = section.date_time("effective_at");
    match (section.flag("draft").unwrap_or(false), at) {
        (true, Some(_)) => {
            section.report("effective_at", "must not be given for a draft");
            Release::Draft
        }
        (true, None) => Release::Draft,
        (false, Some(at)) => Release::At(at),
        (false, None) => Release::Now,
    }
}

pub(super) fn prices(section: &mut Section<'_>, currency: Currency) -> Vec<PriceSpec> {
    let mut prices: Vec<PriceSpec> = Vec::new();
    let Some(entries) = section.required("prices", Section::list) else {
        return prices;
    };
    if entries.is_empty() {
        section.report("prices", "must not be empty");
    }
    for mut entry in entries {
        let currency = currency_of(&mut entry).unwrap_or(currency);
        let interval = entry.required("interval", |entry, key| {
            entry.word(key, Interval::parse, INTERVALS)
        });
        let amount = entry.required("amount", |entry, key| money(entry, key, currency));
        if let (Some(interval), Some(amount)) = (interval, amount) {
            let price = PriceSpec { interval, amount };
            if prices.iter().any(|other| other.key() == price.key()) {
                entry.report("interval", "must not come twice for a currency");
            }
            prices.push(price);
        }
        entry.done();
    }
    prices
}

/// Usage is priced in one currency, so that a plan with priced usage is sold in that one alone.
fn one_currency(section: &Section<'_>, prices: &[PriceSpec], charges: &[ChargeSpec], currency: Currency) {
    if charges.iter().all(|charge| charge.price.is_none()) {
        return;
    }
    for (index, price) in prices.iter().enumerate() {
        if price.amount.currency() != currency {
            let field = format!("prices[{index}].currency");
            section.report(
                &field,
                format!("must be {}, as that of the plan's charges", currency.as_str()),
            );
        }
    }
}

fn charge(
    meter: String,
    mut section: Section<'_>,
    currency: Currency,
    known: &Known<'_>,
) -> Option<ChargeSpec> {
    check_meter(&meter, &section, known);
    let included = included(&mut section).unwrap_or(Allowance::Units(Decimal::ZERO));
    let enforcement = section
        .word("enforcement", Enforcement::parse, "hard, overage, soft")
        .unwrap_or(Enforcement::Overage);
    let price = price::read(&mut section, currency);
    if price.is_some() && included == Allowance::Unlimited {
        section.report("scheme", "must not be given where unlimited units are included");
    }
    if price.is_some() && enforcement == Enforcement::Hard {
        section.report("scheme", "must not be given where nothing beyond is allowed");
    }
    section.done();
    Some(ChargeSpec {
        meter,
        included,
        enforcement,
        price,
    })
}

pub(super) fn check_meter(meter: &str, section: &Section<'_>, known: &Known<'_>) {
    if known.meters.iter().all(|known| known.key != meter) {
        section.report(
            "meter",
            format!("must be one of the file: there is no meter {meter}"),
        );
    }
}

/// -1 and `unlimited` are the same; nothing given is nothing included.
pub(super) fn included(section: &mut Section<'_>) -> Option<Allowance> {
    if section.take_word("included", "unlimited") {
        return Some(Allowance::Unlimited);
    }
    let units = section.decimal("included")?;
    if units == Decimal::NEGATIVE_ONE {
        return Some(Allowance::Unlimited);
    }
    if units < Decimal::ZERO {
        section.report("included", "must not be negative, except for -1: unlimited");
        return None;
    }
    Some(Allowance::Units(units))
}

pub(super) fn features(section: &mut Section<'_>, known: &Known<'_>) -> Vec<Feature> {
    let values = section.texts("feature");
    let named = |(key, value): (String, String)| {
        let found = known.features.iter().find(|known| known.key == key);
        if found.is_none() {
            section.report(&format!("feature.{key}"), "must be one of the file's features");
        }
        let name = found?.name.clone();
        Some(Feature { key, name, value })
    };
    values.into_iter().filter_map(named).collect()
}

pub(super) fn currency_of(section: &mut Section<'_>) -> Option<Currency> {
    section.word(
        "currency",
        |text| text.parse().ok(),
        "the ISO 4217 codes, as in USD",
    )
}

/// An amount in major units that is not below zero and has no more decimals than the currency.
pub(super) fn money(section: &mut Section<'_>, key: &str, currency: Currency) -> Option<Money> {
    let major = section.quantity(key)?;
    let minor = major
        .checked_mul(Decimal::from(10_u64.pow(currency.digits())))
        .filter(|minor| minor.fract().is_zero())
        .and_then(|minor| minor.to_i64());
    if minor.is_none() {
        let digits = currency.digits();
        section.report(key, format!("must be an amount of at most {digits} decimals"));
    }
    Some(Money::new(minor?, currency))
}

pub(super) fn check_key(key: &str, section: &Section<'_>) {
    let tail = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = key.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts || key.len() > MAX_KEY || !key.chars().all(tail) {
        section.report(
            "key",
            format!("must be at most {MAX_KEY} of a-z, 0-9 and _, a letter first"),
        );
    }
}
