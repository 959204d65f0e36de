//! From what was typed to a key to make; nothing is guessed.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use service::{NewApiKey, Scope};

use super::forms::KeyForm;
use crate::error::AppError;

pub fn key(form: &KeyForm, now: DateTime<Utc>) -> Result<NewApiKey, AppError> {
    let scope = |name: &String| {
        Scope::OF_CUSTOMERS
            .into_iter()
            .find(|scope| scope.as_str() == name)
    };
    let scopes: Option<Vec<Scope>> = form.scopes.iter().map(scope).collect();
    let scopes = scopes.ok_or(AppError::Invalid)?;
    if scopes.is_empty() {
        return Err(AppError::NoScope);
    }
    Ok(NewApiKey {
        name: form.name.clone(),
        customer: None,
        scopes,
        expires_at: expiry(&form.last_day, now)?,
    })
}

/// Where the last day is over.
fn expiry(last_day: &str, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, AppError> {
    let text = last_day.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day: NaiveDate = text.parse().map_err(|_| AppError::InvalidExpiryDay)?;
    let next = day.checked_add_days(Days::new(1));
    let end = next
        .ok_or(AppError::InvalidExpiryDay)?
        .and_time(NaiveTime::MIN)
        .and_utc();
    if end > now {
        Ok(Some(end))
    } else {
        Err(AppError::InvalidExpiryDay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scopes: &[&str], last_day: &str) -> Result<(Vec<Scope>, Option<DateTime<Utc>>), AppError> {
        let form = KeyForm {
            name: "Build server".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            last_day: last_day.to_owned(),
        };
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        key(&form, now).map(|key| (key.scopes, key.expires_at))
    }

    #[test]
    fn a_key_is_read_exactly_or_not_at_all() {
        assert_eq!(
            read(&["read", "write"], ""),
            Ok((vec![Scope::Read, Scope::Write], None))
        );
        let end = Some("2026-03-02T00:00:00Z".parse().unwrap());
        assert_eq!(
            read(&["read"], "2026-03-01"),
            Ok((vec![Scope::Read], end)),
            "today is a day to come: it is not over"
        );
        assert_eq!(read(&[], ""), Err(AppError::NoScope));
        for of_host in ["events_write", "money"] {
            assert_eq!(read(&[of_host], ""), Err(AppError::Invalid), "{of_host}");
        }
        for day in ["2026-02-28", "tomorrow", "2026-02-30"] {
            assert_eq!(read(&["read"], day), Err(AppError::InvalidExpiryDay), "{day}");
        }
    }
}
