//! What was typed into a form that failed, so that its page shows it again: in a cookie, as an address would be
//! kept in histories and logs. Never a password.

use leptos_router::params::ParamsMap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context;
use crate::error::AppError;
use crate::page::parse_query;
use crate::safe_path::escape;

const COOKIE: &str = "typed";
/// Long enough to mend a field. No script reads it.
const FOR_A_WHILE: &str = "Max-Age=300; HttpOnly";
const NO_MORE: &str = "Max-Age=0; HttpOnly";
/// Browsers drop longer cookies, and then the fields are empty as they would be anyway.
const MAX_BYTES: usize = 3500;

/// The fields by name, fit for a cookie.
pub fn written(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    pairs.join("&")
}

/// After the form was sent: kept if it failed, forgotten once it went through.
pub fn keep(typed: &str, came_in: bool) -> Result<(), AppError> {
    if !came_in && typed.len() <= MAX_BYTES {
        context::set_cookie(COOKIE, typed, FOR_A_WHILE)
    } else if context::cookie(COOKIE).is_some() {
        context::set_cookie(COOKIE, "", NO_MORE)
    } else {
        Ok(())
    }
}

/// The same for a form of many fields, whole.
pub fn keep_form<F: Serialize>(name: &str, form: &F, came_in: bool) -> Result<(), AppError> {
    let form = serde_json::to_string(form).map_err(|_| AppError::Internal)?;
    keep(&written(&[(name, &form)]), came_in)
}

/// The form of this name that failed; none where another one did.
pub fn read_form<F: DeserializeOwned>(name: &str) -> Option<F> {
    serde_json::from_str(read().get_str(name)?).ok()
}

/// On the page of a form that failed.
pub fn read() -> ParamsMap {
    context::cookie(COOKIE)
        .map(|typed| parse_query(&typed))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_reads_back() {
        let fields = [
            ("company", "Müller & Söhne; a=b, \"c\" 100%"),
            ("email", "ada+billing@lumen.example"),
        ];
        let cookie = written(&fields);
        assert!(
            cookie
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)),
            "{cookie}"
        );
        let read = parse_query(&cookie);
        for (name, value) in fields {
            assert_eq!(read.get_str(name), Some(value));
        }
    }
}
