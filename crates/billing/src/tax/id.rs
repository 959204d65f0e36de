//! Tax ids, checked for the form that those of their country have.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Region;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a tax id of {country} looks like {example}")]
pub struct InvalidTaxId {
    pub country: String,
    pub example: String,
}

/// A tax id without spaces and dots, in upper case. Whether the office knows it is not looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxId(String);

/// `#` stands for a digit, `@` for a letter, `*` for either; everything else is itself. Greece writes EL.
const FORMS: &[(&str, &[&str])] = &[
    ("AT", &["ATU########"]),
    ("AU", &["###########"]),
    ("BE", &["BE##########"]),
    ("BG", &["BG#########", "BG##########"]),
    ("BR", &["##############"]),
    ("CA", &["#########", "#########RT####"]),
    (
        "CH",
        &[
            "CHE#########",
            "CHE#########MWST",
            "CHE#########TVA",
            "CHE#########IVA",
        ],
    ),
    ("CY", &["CY########@"]),
    ("CZ", &["CZ########", "CZ#########", "CZ##########"]),
    ("DE", &["DE#########"]),
    ("DK", &["DK########"]),
    ("EE", &["EE#########"]),
    ("ES", &["ES@########", "ES########@", "ES@#######@"]),
    ("FI", &["FI########"]),
    ("FR", &["FR**#########"]),
    ("GB", &["GB#########", "GB############", "GBGD###", "GBHA###"]),
    ("GR", &["EL#########"]),
    ("HR", &["HR###########"]),
    ("HU", &["HU########"]),
    ("IE", &["IE#######@", "IE#######@@", "IE#@#####@"]),
    ("IN", &["##@@@@@####@*@*"]),
    ("IT", &["IT###########"]),
    ("JP", &["T#############"]),
    ("LT", &["LT#########", "LT############"]),
    ("LU", &["LU########"]),
    ("LV", &["LV###########"]),
    ("MT", &["MT########"]),
    ("NL", &["NL#########B##"]),
    ("NO", &["#########", "#########MVA"]),
    ("NZ", &["########", "#########"]),
    ("PL", &["PL##########"]),
    ("PT", &["PT#########"]),
    (
        "RO",
        &[
            "RO##########",
            "RO#########",
            "RO########",
            "RO#######",
            "RO######",
            "RO#####",
            "RO####",
            "RO###",
            "RO##",
        ],
    ),
    ("SE", &["SE############"]),
    ("SG", &["########@", "#########@", "@##@@####@"]),
    ("SI", &["SI########"]),
    ("SK", &["SK##########"]),
    ("US", &["#########"]),
    ("ZA", &["4#########"]),
];

/// Where no form is known.
const UNKNOWN_LENGTHS: std::ops::RangeInclusive<usize> = 4..=20;

impl TaxId {
    /// Spaces, dots, dashes and slashes are how people write it, not a part of it.
    pub fn parse(region: &Region, text: &str) -> Result<Self, InvalidTaxId> {
        let written = |c: &char| !matches!(c, ' ' | '.' | '-' | '/');
        let id: String = text
            .chars()
            .filter(written)
            .collect::<String>()
            .to_ascii_uppercase();
        let country = region.country();
        let forms = FORMS
            .iter()
            .find(|(of, _)| *of == country)
            .map(|(_, forms)| *forms);
        let fits = match forms {
            Some(forms) => forms.iter().any(|form| has_form(&id, form)),
            None => UNKNOWN_LENGTHS.contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()),
        };
        if fits {
            return Ok(Self(id));
        }
        Err(InvalidTaxId {
            country: country.to_owned(),
            example: example(forms),
        })
    }

    /// One that was checked when it was given.
    pub fn stored(id: String) -> Self {
        Self(id)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn has_form(id: &str, form: &str) -> bool {
    id.len() == form.len()
        && id.bytes().zip(form.bytes()).all(|(is, wanted)| match wanted {
            b'#' => is.is_ascii_digit(),
            b'@' => is.is_ascii_uppercase(),
            b'*' => is.is_ascii_alphanumeric(),
            literal => is == literal,
        })
}

/// The first form with digits and letters put in.
fn example(forms: Option<&[&str]>) -> String {
    let form = forms.and_then(|forms| forms.first()).unwrap_or(&"@#######");
    let mut digits = ('1'..='9').cycle();
    let filled = form.chars().map(|c| match c {
        '#' => digits.next().unwrap_or('0'),
        '@' => 'A',
        '*' => 'K',
        literal => literal,
    });
    filled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(region: &str, text: &str) -> Result<String, String> {
        TaxId::parse(&Region::parse(region).unwrap(), text)
            .map(|id| id.as_str().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn has_the_form_of_its_country() {
        for (region, text, kept) in [
            ("DE", "DE 123.456.789", "DE123456789"),
            ("AT", "atu12345678", "ATU12345678"),
            ("FR", "FR K7 399 859 412", "FRK7399859412"),
            ("GR", "EL123456789", "EL123456789"),
            ("NL", "NL123456789B01", "NL123456789B01"),
            ("CH", "CHE-123.456.789 MWST", "CHE123456789MWST"),
            ("CA-QC", "123456789RT0001", "123456789RT0001"),
            ("US-CA", "12-3456789", "123456789"),
            ("KE", "A123456789Z", "A123456789Z"),
        ] {
            assert_eq!(parse(region, text).as_deref(), Ok(kept), "{region} {text}");
        }
    }

    #[test]
    fn anything_else_is_told_what_it_should_look_like() {
        let refused = |region, text| parse(region, text).unwrap_err();
        assert_eq!(
            refused("DE", "DE12345678"),
            "a tax id of DE looks like DE123456789"
        );
        assert_eq!(
            refused("DE", "FR12399859412"),
            "a tax id of DE looks like DE123456789"
        );
        assert_eq!(
            refused("GR", "GR123456789"),
            "a tax id of GR looks like EL123456789"
        );
        assert_eq!(refused("KE", "A1"), "a tax id of KE looks like A1234567");
        assert_eq!(refused("KE", "Ä1234567"), "a tax id of KE looks like A1234567");
        assert!(parse("DE", "").is_err());
        assert!(parse("KE", &"1".repeat(21)).is_err());
    }
}
