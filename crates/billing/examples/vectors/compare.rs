//! Whether what was expected came out: numbers by value, instants as instants, lists in order.

use serde_json::{Map, Value};

use super::case::{decimal, instant};

/// Every expected field must be there; what else the engine answers is not asked for.
pub fn every_field(expected: &Map<String, Value>, got: &Value) -> Result<(), String> {
    let differing: Vec<String> = expected
        .iter()
        .filter_map(|(name, expected)| match got.get(name) {
            Some(got) if same(expected, got) => None,
            Some(got) => Some(format!("{name}: expected {expected}, got {got}")),
            None => Some(format!("{name}: expected {expected}, got nothing")),
        })
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(differing.join("; "))
}

fn same(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len()
                && expected
                    .iter()
                    .zip(got)
                    .all(|(expected, got)| same(expected, got))
        }
        (Value::Object(expected), Value::Object(got)) => {
            expected.len() == got.len()
                && expected
                    .iter()
                    .all(|(name, expected)| got.get(name).is_some_and(|got| same(expected, got)))
        }
        _ if expected == got => true,
        _ => match (decimal(expected), decimal(got)) {
            (Some(expected), Some(got)) => expected == got,
            _ => instant(expected).is_some_and(|expected| Some(expected) == instant(got)),
        },
    }
}
