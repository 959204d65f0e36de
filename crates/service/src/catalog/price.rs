//! The price of a meter's units: a charge scheme by its name, and the bounds of what it comes to.

use billing::catalog::{Bounds, MeterPrice, UnitPrice};
use billing::money::Currency;
use billing::rating::{
    Flat, FlatAtZero, FlatTerms, Package, PackageTerms, PerUnit, Percentage, PercentageTerms, Scheme,
    SchemeError, Tier, Tiers,
};
use rust_decimal::Decimal;

use super::file::money;
use super::section::Section;

const SCHEMES: &str = "flat, per_unit, graduated, volume, package, percentage";

/// `None` where there is no scheme, or a problem was reported.
pub fn read(section: &mut Section<'_>, currency: Currency) -> Option<MeterPrice> {
    if !section.has("scheme") {
        for key in ["minimum", "maximum"] {
            if section.has(key) {
                section.report(key, "must not be given without a scheme");
                section.decimal(key);
            }
        }
        return None;
    }
    let minimum = section
        .has("minimum")
        .then(|| money(section, "minimum", currency));
    let maximum = section
        .has("maximum")
        .then(|| money(section, "maximum", currency));
    let scheme = scheme(section)?;
    let bounds = Bounds {
        minimum: given(minimum)?,
        maximum: given(maximum)?,
    };
    let price = MeterPrice::new(scheme, currency, bounds);
    price.map_err(|error| report(section, &error.to_string())).ok()
}

/// A field that is there must be readable.
#[expect(clippy::option_option, reason = "missing and unreadable are two things")]
fn given<T>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        Some(None) => None,
        Some(read) => Some(read),
        None => Some(None),
    }
}

fn scheme(section: &mut Section<'_>) -> Option<Scheme> {
    let name = section.text("scheme")?;
    let made = match name.as_str() {
        "flat" => {
            let amount = section.required("amount", Section::decimal)?;
            Flat::new(FlatTerms { amount }).map(Scheme::Flat)
        }
        "per_unit" => PerUnit::new(unit_price(section)?).map(Scheme::PerUnit),
        "package" => {
            let (size, price) = (
                section.required("size", Section::decimal),
                section.required("price", Section::decimal),
            );
            let terms = PackageTerms {
                free_units: section.decimal("free_units").unwrap_or_default(),
                size: size?,
                price: price?,
            };
            Package::new(terms).map(Scheme::Package)
        }
        "percentage" => {
            let percent = section.required("percent", Section::decimal)?;
            if percent > Decimal::ONE_HUNDRED {
                section.report("percent", "must not be more than 100");
            }
            let terms = PercentageTerms {
                percent,
                free_units: section.decimal("free_units"),
                ..PercentageTerms::default()
            };
            Percentage::new(terms).map(Scheme::Percentage)
        }
        "graduated" => {
            let (tiers, flat_at_zero) = (tiers(section)?, flat_at_zero(section));
            Ok(Scheme::Graduated { tiers, flat_at_zero })
        }
        "volume" => {
            let (tiers, flat_at_zero) = (tiers(section)?, flat_at_zero(section));
            Ok(Scheme::Volume { tiers, flat_at_zero })
        }
        _ => {
            section.report("scheme", format!("must be one of {SCHEMES}"));
            return None;
        }
    };
    made.map_err(|error| refuse(section, error)).ok()
}

fn unit_price(section: &mut Section<'_>) -> Option<UnitPrice> {
    let amount = section.required("amount", Section::decimal);
    let per = if section.has("per") {
        section.decimal("per")
    } else {
        Some(Decimal::ONE)
    };
    Some(UnitPrice {
        amount: amount?,
        per: per?,
    })
}

fn tiers(section: &mut Section<'_>) -> Option<Tiers> {
    let entries = section.required("tiers", Section::list)?;
    let read: Vec<Option<Tier>> = entries.into_iter().map(tier).collect();
    let tiers = read.into_iter().collect::<Option<Vec<_>>>()?;
    let problems = Tiers::problems(&tiers);
    for problem in problems {
        refuse(section, problem);
    }
    Tiers::new(tiers).ok()
}

fn tier(mut section: Section<'_>) -> Option<Tier> {
    let ends = section.has("up_to");
    let up_to = section.decimal("up_to");
    let has_flat = section.has("flat");
    let flat = section.decimal("flat");
    let price = unit_price(&mut section);
    section.done();
    Some(Tier {
        up_to: if ends { Some(up_to?) } else { None },
        price: price?,
        flat: if has_flat { flat? } else { Decimal::ZERO },
    })
}

fn flat_at_zero(section: &mut Section<'_>) -> FlatAtZero {
    let parse = |text: &str| match text {
        "due" => Some(FlatAtZero::Due),
        "waived" => Some(FlatAtZero::Waived),
        _ => None,
    };
    section
        .word("flat_at_zero", parse, "due, waived")
        .unwrap_or_default()
}

/// The file has a tier's unit price in the tier itself.
fn refuse(section: &Section<'_>, error: SchemeError) {
    report(section, &error.to_string().replace("].price.", "]."));
}

/// What schemes and prices say of themselves begins with the field.
fn report(section: &Section<'_>, sentence: &str) {
    let (field, rule) = sentence.split_once(' ').unwrap_or(("scheme", sentence));
    section.report(field, rule);
}
