//! A meter of the catalog file.

use std::collections::{BTreeMap, BTreeSet};

use billing::catalog::{Aggregation, MeterSpec, Reset, Selection};

use super::file::check_key;
use super::section::Section;

/// Marks the line of a plan's price beside those of its meters.
const RESERVED: &str = "base";
/// Of an event's data, no property.
const VALUE: &str = "value";
const AGGREGATIONS: &str = "count, sum, min, max, latest, unique, time_weighted";
/// More would make every day of every customer a page of numbers.
const MAX_DIMENSIONS: usize = 5;
/// As long as the text of an event may be.
const MAX_TEXT_BYTES: usize = 255;

pub fn read(key: &str, mut section: Section<'_>) -> MeterSpec {
    check_key(key, &section);
    if key == RESERVED {
        section.report("key", "must not be base: it is the charge of a plan's price");
    }
    let aggregation = section.required("aggregation", |section, key| {
        section.word(key, Aggregation::parse, AGGREGATIONS)
    });
    let meter = MeterSpec {
        key: key.to_owned(),
        name: section.required("name", Section::text).unwrap_or_default(),
        unit: section.required("unit", Section::text).unwrap_or_default(),
        aggregation: aggregation.unwrap_or(Aggregation::Sum),
        reset: section
            .word(
                "reset",
                Reset::parse,
                "usage_period, calendar, sliding_window, never",
            )
            .unwrap_or(Reset::UsagePeriod),
        selection: Selection {
            event_type: short(section.text("event"), "event", &section).filter(|event| event != key),
            filter: filter(&mut section),
            property: property(&mut section, aggregation),
            dimensions: dimensions(&mut section),
        },
    };
    if !meter.reset.suits(meter.aggregation) {
        section.report(
            "reset",
            "must be one that suits the aggregation: a sliding window is for count and sum, a calendar month for all \
             but time_weighted, never for all but unique",
        );
    }
    for (field, name) in properties(&meter.selection) {
        if name == VALUE {
            section.report(field, "must not be value: that is how much an event counts");
        }
    }
    section.done();
    meter
}

/// The properties it names, and where.
fn properties(selection: &Selection) -> impl Iterator<Item = (&'static str, &String)> {
    let filtered = selection.filter.keys().map(|name| ("filter", name));
    let counted = selection.property.iter().map(|name| ("property", name));
    let dimensions = selection.dimensions.iter().map(|name| ("dimensions", name));
    filtered.chain(counted).chain(dimensions)
}

fn short(text: Option<String>, key: &str, section: &Section<'_>) -> Option<String> {
    if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT_BYTES) {
        section.report(key, format!("must be at most {MAX_TEXT_BYTES} bytes"));
    }
    text
}

/// Of each property the values that are counted.
fn filter(section: &mut Section<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut filter = BTreeMap::new();
    for (property, values) in section.lists("filter") {
        if values.is_empty() {
            section.report(&format!("filter.{property}"), "must name at least one value");
        }
        filter.insert(property, values.into_iter().collect());
    }
    filter
}

/// Only different values have one.
fn property(section: &mut Section<'_>, aggregation: Option<Aggregation>) -> Option<String> {
    let property = short(section.text("property"), "property", section);
    match (aggregation, &property) {
        (Some(Aggregation::Unique), None) => {
            section.report("property", "must be given: whose different values are counted");
        }
        (Some(aggregation), Some(_)) if aggregation != Aggregation::Unique => {
            section.report("property", "must be given for unique meters alone");
        }
        _ => {}
    }
    property
}

fn dimensions(section: &mut Section<'_>) -> Vec<String> {
    let dimensions = section.names("dimensions").unwrap_or_default();
    let different: BTreeSet<_> = dimensions.iter().collect();
    if different.len() < dimensions.len() || dimensions.len() > MAX_DIMENSIONS {
        section.report(
            "dimensions",
            format!("must be at most {MAX_DIMENSIONS}, none twice"),
        );
    }
    if dimensions
        .iter()
        .any(|name| name.is_empty() || name.len() > MAX_TEXT_BYTES)
    {
        section.report(
            "dimensions",
            format!("must have 1 to {MAX_TEXT_BYTES} bytes each"),
        );
    }
    dimensions
}
