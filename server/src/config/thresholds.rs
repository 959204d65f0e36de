//! At which fractions of a limit a customer is alerted.

use billing::entitlement::Thresholds;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    warning: &'a RawValue,
    #[serde(borrow)]
    critical: &'a RawValue,
}

/// Read exactly, without a float: 0.8 is eight tenths.
pub fn parse(text: &str) -> Result<Thresholds, String> {
    let wanted = || r#"give two fractions in order, as in {"warning":0.8,"critical":0.9}"#.to_owned();
    let written: Written = serde_json::from_str(text).map_err(|_| wanted())?;
    let fraction = |raw: &RawValue| Decimal::from_str_exact(raw.get()).map_err(|_| wanted());
    let (warning, critical) = (fraction(written.warning)?, fraction(written.critical)?);
    if Decimal::ZERO < warning && warning < critical && critical <= Decimal::ONE {
        Ok(Thresholds { warning, critical })
    } else {
        Err(wanted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fractions_in_order() {
        let read = parse(r#"{"warning":0.8,"critical":0.9}"#).unwrap();
        assert_eq!(read, Thresholds::default());
        let read = parse(r#"{"warning":0.25,"critical":1}"#).unwrap();
        assert_eq!((read.warning, read.critical), (Decimal::new(25, 2), Decimal::ONE));
        for wrong in [
            "",
            "{}",
            r#"{"warning":0.9,"critical":0.8}"#,
            r#"{"warning":0,"critical":1}"#,
            r#"{"warning":"x","critical":1}"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
