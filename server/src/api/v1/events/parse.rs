//! From the wire to what the use case takes: every value checked, nothing rounded, nothing defaulted in silence.

use axum::http::StatusCode;
use billing::id::CustomerId;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sdk::events::{Event, MAX_EVENT_BYTES, MAX_EVENTS};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use service::EventInput;
use sha2::{Digest, Sha256};

use crate::api::body::too_large;
use crate::api::problem::Problem;
use crate::api::v1::raw_json::{Refused, canonical, decimal};

/// No type of events is longer, and a longer one is not repeated in an answer.
const MAX_NAME_BYTES: usize = 255;
const INVALID: &str = "invalid_event";
const MALFORMED: &str = "malformed_json";

pub enum Sent {
    One(Result<EventInput, BadEvent>),
    Many(Vec<Result<EventInput, BadEvent>>),
}

/// Why one event cannot be taken.
#[derive(Debug, PartialEq, Eq)]
pub struct BadEvent {
    /// As sent, where it could be read.
    pub id: Option<String>,
    pub code: &'static str,
    pub detail: String,
}

/// How the events of a body stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One event or an array.
    Json,
    /// An event a line.
    Lines,
}

pub fn parse(body: &[u8], form: Form) -> Result<Sent, Problem> {
    match form {
        Form::Json => json(body),
        Form::Lines => lines(body),
    }
}

/// A line that is no JSON is one bad event; empty ones are none.
fn lines(body: &[u8]) -> Result<Sent, Problem> {
    let is_empty = |line: &&[u8]| line.trim_ascii().is_empty();
    let lines: Vec<&[u8]> = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !is_empty(line))
        .collect();
    check_count(lines.len())?;
    let read = |line| match serde_json::from_slice::<&RawValue>(line) {
        Ok(raw) => event(raw),
        Err(_) => Err(BadEvent {
            id: None,
            code: MALFORMED,
            detail: "the line is not JSON".to_owned(),
        }),
    };
    Ok(Sent::Many(lines.into_iter().map(read).collect()))
}

fn check_count(events: usize) -> Result<(), Problem> {
    if events > MAX_EVENTS {
        return Err(too_large(format!(
            "a request carries at most {MAX_EVENTS} events, not {events}"
        )));
    }
    Ok(())
}

fn json(body: &[u8]) -> Result<Sent, Problem> {
    let malformed = |error: serde_json::Error| {
        let detail = format!(
            "the body is not JSON: line {}, column {}",
            error.line(),
            error.column()
        );
        Problem::new(StatusCode::BAD_REQUEST, MALFORMED, detail)
    };
    if !body.trim_ascii_start().starts_with(b"[") {
        let whole: &RawValue = serde_json::from_slice(body).map_err(malformed)?;
        return Ok(Sent::One(event(whole)));
    }
    let raw: Vec<&RawValue> = serde_json::from_slice(body).map_err(malformed)?;
    check_count(raw.len())?;
    Ok(Sent::Many(raw.into_iter().map(event).collect()))
}

fn event(raw: &RawValue) -> Result<EventInput, BadEvent> {
    if raw.get().len() > MAX_EVENT_BYTES {
        return Err(BadEvent {
            id: id_of(raw),
            code: "event_too_large",
            detail: format!("an event has at most {MAX_EVENT_BYTES} bytes"),
        });
    }
    // Members that are told by their places alone would be mistaken for others.
    if raw.get().starts_with('[') {
        return Err(BadEvent {
            id: None,
            code: INVALID,
            detail: "an event is an object, not an array".to_owned(),
        });
    }
    let sent: Event = serde_json::from_str(raw.get()).map_err(|error| BadEvent {
        id: id_of(raw),
        code: INVALID,
        // Its own words name the member; the place is of no use inside an array.
        detail: without_place(&error.to_string()),
    })?;
    input(raw, sent).map_err(|(code, detail)| BadEvent {
        id: id_of(raw),
        code,
        detail,
    })
}

fn input(raw: &RawValue, sent: Event) -> Result<EventInput, (&'static str, String)> {
    let invalid = |detail: String| (INVALID, detail);
    if sent
        .specversion
        .as_deref()
        .is_some_and(|version| version != "1.0")
    {
        return Err(invalid("specversion is not 1.0".to_owned()));
    }
    if sent.event_type.len() > MAX_NAME_BYTES {
        return Err(invalid(format!("type has more than {MAX_NAME_BYTES} bytes")));
    }
    let canonical =
        canonical(raw).map_err(|refused| invalid(format!("the event cannot be kept: {refused}")))?;
    let (value, data) = read_data(sent.data.as_deref()).map_err(invalid)?;
    let customer: CustomerId = sent.subject.parse().map_err(|_| {
        (
            "unknown_customer",
            "subject is not the id of a customer, cus_...".to_owned(),
        )
    })?;
    Ok(EventInput {
        customer,
        event_id: sent.id,
        source: sent.source,
        event_type: sent.event_type,
        occurred_at: sent.time.as_deref().map(read_time).transpose().map_err(invalid)?,
        value,
        data: Value::Object(data),
        body_hash: Sha256::digest(canonical).into(),
        reverses: sent.reverses,
        backfill: false,
        bytes: raw.get().len(),
    })
}

fn read_time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    time.map(|time| time.to_utc())
        .map_err(|_| "time is not RFC 3339, as in 2026-01-31T12:00:00Z".to_owned())
}

/// How much to count, and the dimensions beside it.
fn read_data(data: Option<&RawValue>) -> Result<(Decimal, Map<String, Value>), String> {
    #[derive(Deserialize)]
    struct Counted<'a> {
        #[serde(borrow, default)]
        value: Option<&'a RawValue>,
    }
    let Some(data) = data else {
        return Ok((Decimal::ONE, Map::new()));
    };
    if !data.get().starts_with('{') {
        return Err("data is not an object".to_owned());
    }
    let unread =
        |error: serde_json::Error| format!("data cannot be read: {}", without_place(&error.to_string()));
    let mut dimensions: Map<String, Value> = serde_json::from_str(data.get()).map_err(unread)?;
    dimensions.remove("value");
    let counted: Counted = serde_json::from_str(data.get()).map_err(unread)?;
    let value = match counted.value {
        Some(raw) => {
            decimal(raw).map_err(|refused: Refused| format!("data.value cannot be counted: {refused}"))?
        }
        None => Decimal::ONE,
    };
    Ok((value, dimensions))
}

/// The id of an event that is wrong otherwise.
fn id_of(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    serde_json::from_str(raw.get()).ok().map(|named: Named| named.id)
}

fn without_place(words: &str) -> String {
    words.split(" at line ").next().unwrap_or(words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: &str = "cus_00000000000000000000000000000007";

    fn one(json: &str) -> Result<EventInput, BadEvent> {
        match parse(json.as_bytes(), Form::Json).unwrap() {
            Sent::One(event) => event,
            Sent::Many(_) => panic!("not one event"),
        }
    }

    fn with(members: &str) -> String {
        format!(r#"{{"id":"e1","source":"host","type":"api_requests","subject":"{CUSTOMER}"{members}}}"#)
    }

    #[test]
    fn the_same_event_alone_in_an_array_and_spelled_otherwise_has_one_hash() {
        let alone = one(&with(r#","data":{"value":"1","endpoint":"/a"}"#)).unwrap();
        let array = format!("[ {} ]", with(r#", "data" : {"endpoint":"\u002fa","value":"1"}"#));
        let Sent::Many(mut many) = parse(array.as_bytes(), Form::Json).unwrap() else {
            panic!("not an array")
        };
        assert_eq!(many.remove(0).unwrap().body_hash, alone.body_hash);
        let other = one(&with(r#","data":{"value":"1.0","endpoint":"/a"}"#)).unwrap();
        assert_ne!(other.body_hash, alone.body_hash);
    }

    #[test]
    fn lines_are_events_each_for_itself() {
        let body = format!("{}\r\n\n{{\"id\":\n  {}\n", with(""), with(r#","time":"today""#));
        let Sent::Many(events) = parse(body.as_bytes(), Form::Lines).unwrap() else {
            panic!("not lines")
        };
        let outcomes: Vec<_> = events
            .into_iter()
            .map(|event| {
                event
                    .map(|event| event.event_id)
                    .map_err(|bad| (bad.id, bad.code))
            })
            .collect();
        let bad_time = (Some("e1".to_owned()), INVALID);
        assert_eq!(
            outcomes,
            [Ok("e1".to_owned()), Err((None, MALFORMED)), Err(bad_time)]
        );
    }

    #[test]
    fn an_event_is_no_document() {
        let long = "x".repeat(MAX_EVENT_BYTES);
        let bad = one(&with(&format!(r#","data":{{"note":"{long}"}}"#))).unwrap_err();
        assert_eq!((bad.id.as_deref(), bad.code), (Some("e1"), "event_too_large"));
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let event = one(&with("")).unwrap();
        assert_eq!((event.value, event.occurred_at), (Decimal::ONE, None));
        assert_eq!(event.data, Value::Object(Map::new()));
        let event = one(&with(r#","data":{"method":"POST"},"extra":[1]"#)).unwrap();
        assert_eq!(
            (event.value, event.data),
            (Decimal::ONE, serde_json::json!({"method": "POST"}))
        );
    }

    #[test]
    fn a_time_is_an_instant() {
        let event = one(&with(r#","time":"2026-01-31T12:00:00+02:00""#)).unwrap();
        assert_eq!(
            event.occurred_at.unwrap().to_rfc3339(),
            "2026-01-31T10:00:00+00:00"
        );
    }

    #[test]
    fn every_mistake_is_named() {
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        for (json, code, words) in [
            (
                "7".to_owned(),
                INVALID,
                "invalid type: integer `7`, expected struct Event",
            ),
            ("{}".to_owned(), INVALID, "missing field `id`"),
            (
                r#"{"id":"e1","id":"e2"}"#.to_owned(),
                INVALID,
                "duplicate field `id`",
            ),
            (
                format!(r#"{{"id":"e1","source":"host","type":"{long}","subject":"{CUSTOMER}"}}"#),
                INVALID,
                "type has more than 255 bytes",
            ),
            (with(r#","specversion":"0.3""#), INVALID, "specversion is not 1.0"),
            (
                with(r#","time":"yesterday""#),
                INVALID,
                "time is not RFC 3339, as in 2026-01-31T12:00:00Z",
            ),
            (with(r#","data":[1]"#), INVALID, "data is not an object"),
            (
                with(r#","data":{"value":"many"}"#),
                INVALID,
                "data.value cannot be counted: it is no decimal number",
            ),
            (
                with(r#","data":{"a":"\u0000"}"#),
                INVALID,
                "the event cannot be kept: a text in it holds a null character or a broken escape",
            ),
            (
                r#"{"id":"e1","source":"host","type":"t","subject":"acme"}"#.to_owned(),
                "unknown_customer",
                "subject is not the id of a customer, cus_...",
            ),
        ] {
            let bad = one(&json).unwrap_err();
            assert_eq!((bad.code, bad.detail.as_str()), (code, words), "{json}");
        }
    }

    #[test]
    fn a_bad_event_keeps_its_id_where_it_has_one() {
        assert_eq!(
            one(r#"{"id":"e9","type":5}"#).unwrap_err().id.as_deref(),
            Some("e9")
        );
        assert_eq!(one(r#"{"id":9}"#).unwrap_err().id, None);
    }
}
