//! Events to send.

use sdk::events::Event;
use serde_json::value::RawValue;

pub fn event(id: usize) -> Event {
    Event {
        specversion: None,
        id: format!("e{id}"),
        source: "host".to_owned(),
        event_type: "api_requests".to_owned(),
        subject: "cus_1".to_owned(),
        time: None,
        reverses: None,
        data: None,
    }
}

/// One that takes so many bytes.
pub fn large_event(id: usize, bytes: usize) -> Event {
    let data = RawValue::from_string(format!(r#"{{"path":"{}"}}"#, "x".repeat(bytes))).unwrap();
    Event {
        data: Some(data),
        ..event(id)
    }
}
