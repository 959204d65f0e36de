//! The expiry date as people type it.

/// `12/30`, `12 / 2030`, `1230`: month and year.
pub fn parse_expiry(text: &str) -> Option<(u8, u16)> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (month, year) = match text.split_once(['/', '-']) {
        Some((month, year)) => (month.trim(), year.trim()),
        None => digits.split_at_checked(2)?,
    };
    Some((month.parse().ok()?, year.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse_expiry;

    #[test]
    fn takes_what_people_type() {
        for text in ["12/30", "12 / 30", " 12-30 ", "1230"] {
            assert_eq!(parse_expiry(text), Some((12, 30)), "{text}");
        }
        assert_eq!(parse_expiry("1/2030"), Some((1, 2030)));
        for text in ["", "1", "12", "12/", "a/b", "12/99999999"] {
            assert_eq!(parse_expiry(text), None, "{text}");
        }
    }
}
