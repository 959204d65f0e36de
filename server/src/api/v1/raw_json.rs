//! JSON as it was sent: numbers by their digits, not by the nearest float.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Deeper than any dimension needs; each level is another look at what is inside it.
const MAX_DEPTH: usize = 16;

/// Why a value cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("a text in it holds a null character or a broken escape")]
    BadText,
    #[error("it is no decimal number")]
    NoDecimal,
    #[error("it has more than 28 digits")]
    OutOfRange,
}

/// The same for two spellings of the same value: keys in order, no space, texts escaped in one way.
pub fn canonical(raw: &RawValue) -> Result<String, Refused> {
    let mut out = String::with_capacity(raw.get().len());
    write(raw, 0, &mut out)?;
    Ok(out)
}

/// Copied only where it holds an escape.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

fn write(raw: &RawValue, depth: usize, out: &mut String) -> Result<(), Refused> {
    if depth > MAX_DEPTH {
        return Err(Refused::TooDeep);
    }
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<Key<'_>, &RawValue> =
                serde_json::from_str(text).map_err(|_| Refused::BadText)?;
            enclose('{', '}', out, members, |(key, value), out| {
                write_text(&key.0, out)?;
                out.push(':');
                write(value, depth + 1, out)
            })
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Refused::BadText)?;
            enclose('[', ']', out, values, |value, out| write(value, depth + 1, out))
        }
        // Without an escape there is one way to write it.
        Some(b'"') if !text.contains('\\') => {
            out.push_str(text);
            Ok(())
        }
        Some(b'"') => {
            let decoded: String = serde_json::from_str(text).map_err(|_| Refused::BadText)?;
            write_text(&decoded, out)
        }
        _ => {
            out.push_str(text);
            Ok(())
        }
    }
}

fn enclose<T>(
    open: char,
    close: char,
    out: &mut String,
    parts: impl IntoIterator<Item = T>,
    each: impl Fn(T, &mut String) -> Result<(), Refused>,
) -> Result<(), Refused> {
    out.push(open);
    for (place, part) in parts.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        each(part, out)?;
    }
    out.push(close);
    Ok(())
}

/// The database cannot keep a null character in a text.
fn write_text(text: &str, out: &mut String) -> Result<(), Refused> {
    if text.contains('\0') {
        return Err(Refused::BadText);
    }
    if text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..b' ')) {
        out.push_str(&serde_json::to_string(text).map_err(|_| Refused::BadText)?);
        return Ok(());
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
    Ok(())
}

/// A decimal written as a JSON number or as a text, without losing a digit.
pub fn decimal(raw: &RawValue) -> Result<Decimal, Refused> {
    let written: String = match raw.get().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.get()).map_err(|_| Refused::BadText)?,
        Some(b'-' | b'0'..=b'9') => raw.get().to_owned(),
        _ => return Err(Refused::NoDecimal),
    };
    let (digits, exponent) = match written.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| Refused::NoDecimal)?),
        None => (written.as_str(), 0),
    };
    if !is_plain(digits) {
        return Err(Refused::NoDecimal);
    }
    let value = Decimal::from_str_exact(digits).map_err(|_| Refused::OutOfRange)?;
    Ok(shift(value, exponent)?.normalize())
}

/// Digits, perhaps a sign before and a fraction behind them.
fn is_plain(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    match unsigned.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(unsigned),
    }
}

/// The value times ten to the power of `exponent`.
fn shift(value: Decimal, exponent: i32) -> Result<Decimal, Refused> {
    const LARGEST: u32 = 28;
    if exponent == 0 || value.is_zero() {
        return Ok(value);
    }
    let steps = exponent.unsigned_abs();
    if steps > LARGEST {
        return Err(Refused::OutOfRange);
    }
    if exponent > 0 {
        let factor = Decimal::from_i128_with_scale(10_i128.pow(steps), 0);
        return value.checked_mul(factor).ok_or(Refused::OutOfRange);
    }
    let mut value = value.normalize();
    value
        .set_scale(value.scale() + steps)
        .map_err(|_| Refused::OutOfRange)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    fn read(text: &str) -> Result<Decimal, Refused> {
        decimal(&raw(text))
    }

    #[test]
    fn two_spellings_of_one_value_are_one() {
        let spaced = raw(" {\"b\": [1, 2.50 ,{\"x\":null}], \"a\" :\"\\u0041\\/\" } ");
        let dense = raw(r#"{"a":"A/","b":[1,2.50,{"x":null}]}"#);
        assert_eq!(canonical(&spaced), canonical(&dense));
        assert_eq!(canonical(&dense).unwrap(), dense.get());
        assert_ne!(canonical(&raw("1.0000000000000000001")), canonical(&raw("1.0")));
    }

    #[test]
    fn what_the_database_cannot_keep_is_refused() {
        for text in [r#""a\u0000b""#, r#"{"a\u0000":1}"#, r#"["\ud800"]"#] {
            assert_eq!(canonical(&raw(text)), Err(Refused::BadText), "{text}");
        }
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(canonical(&raw(&deep)), Err(Refused::TooDeep));
    }

    #[test]
    fn decimals_keep_every_digit() {
        for (text, value) in [
            ("1", "1"),
            ("\"1\"", "1"),
            ("0.1", "0.1"),
            ("-1", "-1"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("\"2.5E-3\"", "0.0025"),
            ("123456789012345.123456789012", "123456789012345.123456789012"),
            ("1000000000000000", "1000000000000000"),
            ("0e99", "0"),
        ] {
            assert_eq!(read(text).map(|v| v.to_string()), Ok(value.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_or_out_of_range_is_refused() {
        for text in [
            "null",
            "true",
            "[]",
            "{}",
            "\"\"",
            "\"x\"",
            "\"1_000\"",
            "\"NaN\"",
            "\" 1\"",
            "\"1,5\"",
            "\"1e\"",
            "\"--1\"",
            "\"1.\"",
            "\".5\"",
        ] {
            assert_eq!(read(text), Err(Refused::NoDecimal), "{text}");
        }
        for text in [
            "1e29",
            "1e-29",
            "1e999",
            "1e-999",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(read(text), Err(Refused::OutOfRange), "{text}");
        }
    }
}
