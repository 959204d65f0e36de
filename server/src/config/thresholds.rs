//! At which fractions of a limit a customer is alerted.

use std::str::FromStr;

use billing::entitlement::Thresholds;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Read exactly, without a float: 0.8 is eight tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertThresholds {
    pub warning: Decimal,
    pub critical: Decimal,
}

impl From<AlertThresholds> for Thresholds {
    fn from(thresholds: AlertThresholds) -> Self {
        let AlertThresholds { warning, critical } = thresholds;
        Self { warning, critical }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    warning: &'a RawValue,
    #[serde(borrow)]
    critical: &'a RawValue,
}

impl FromStr for AlertThresholds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || r#"give two fractions in order, as in {"warning":0.8,"critical":0.9}"#.to_owned();
        let written: Written = serde_json::from_str(text).map_err(|_| wanted())?;
        let fraction = |raw: &RawValue| Decimal::from_str_exact(raw.get()).map_err(|_| wanted());
        let (warning, critical) = (fraction(written.warning)?, fraction(written.critical)?);
        if Decimal::ZERO < warning && warning < critical && critical <= Decimal::ONE {
            Ok(Self { warning, critical })
        } else {
            Err(wanted())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fractions_in_order() {
        let read: AlertThresholds = r#"{"warning":0.8,"critical":0.9}"#.parse().unwrap();
        assert_eq!(
            read,
            AlertThresholds {
                warning: Decimal::new(8, 1),
                critical: Decimal::new(9, 1)
            }
        );
        for wrong in [
            "",
            "{}",
            r#"{"warning":0.9,"critical":0.8}"#,
            r#"{"warning":0,"critical":1}"#,
            r#"{"warning":"x","critical":1}"#,
        ] {
            assert!(wrong.parse::<AlertThresholds>().is_err(), "{wrong}");
        }
    }
}
