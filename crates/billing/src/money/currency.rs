//! ISO 4217 currencies and their minor units.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known three-letter currency code")]
pub struct UnknownCurrency;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

const ZERO_DIGITS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DIGITS: &str = "BHD IQD JOD KWD LYD OMR TND";
const TWO_DIGITS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN \
    BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT \
    MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD \
    SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES \
    WST XCD YER ZAR ZMW";

impl Currency {
    pub const USD: Self = Self(*b"USD");

    /// How many digits its minor unit has: 2 for the dollar, 0 for the yen, 3 for the dinar.
    pub fn digits(self) -> u32 {
        match self {
            c if lists(ZERO_DIGITS, c.as_str()) => 0,
            c if lists(THREE_DIGITS, c.as_str()) => 3,
            _ => 2,
        }
    }

    pub fn as_str(&self) -> &str {
        // Only ASCII letters are ever stored, so the fallback is never seen.
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

fn lists(codes: &str, code: &str) -> bool {
    codes.split_ascii_whitespace().any(|known| known == code)
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let known = [TWO_DIGITS, ZERO_DIGITS, THREE_DIGITS]
            .iter()
            .any(|codes| lists(codes, text));
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| UnknownCurrency)?;
        known.then_some(Self(bytes)).ok_or(UnknownCurrency)
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(text: String) -> Result<Self, UnknownCurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_minor_units() {
        let digits = |code: &str| code.parse::<Currency>().map(Currency::digits);
        assert_eq!(
            [digits("USD"), digits("JPY"), digits("KWD")],
            [Ok(2), Ok(0), Ok(3)]
        );
        for unknown in ["usd", "XXX", "US", "DOLLAR", ""] {
            assert_eq!(unknown.parse::<Currency>(), Err(UnknownCurrency), "{unknown}");
        }
    }
}
