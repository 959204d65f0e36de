//! From columns to domain values; what does not fit is corruption.

use billing::money::{Currency, Money};
use billing::period::Period;
use chrono::{DateTime, Utc};

use crate::{Error, Result};

pub fn currency(table: &'static str, code: &str) -> Result<Currency> {
    code.parse().map_err(|_| Error::corrupt(table, code))
}

pub fn money(table: &'static str, minor: i64, code: &str) -> Result<Money> {
    Ok(Money::new(minor, currency(table, code)?))
}

pub fn period(table: &'static str, start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Period> {
    Period::new(start, end).map_err(|_| Error::corrupt(table, format_args!("{start}..{end}")))
}

/// A value the domain knows, or corruption naming what was found.
pub fn known<T>(table: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
    parse(text).ok_or_else(|| Error::corrupt(table, text))
}

pub fn count(table: &'static str, value: i32) -> Result<u32> {
    u32::try_from(value).map_err(|_| Error::corrupt(table, value))
}

/// One column of many rows, as `unnest` takes it.
pub fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// The same of values that may not fit.
pub fn try_column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(of).collect()
}
