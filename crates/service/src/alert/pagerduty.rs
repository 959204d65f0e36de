//! Events for PagerDuty's Events API v2. The alert's id is the key under which it is one incident, however often it is
//! told.

use billing::alert::Severity;
use billing::id::AlertChannelId;
use serde_json::{Value, json};
use store::alert::AlertRow;
use store::alert::notification::Action;

const MAX_SUMMARY_CHARS: usize = 1_024;
const CLIENT: &str = "CosmosBuilder Billing";

pub fn event(routing_key: &str, (alert, action): (&AlertRow, Action), base_url: &str) -> Value {
    let dedup_key = alert.id.to_string();
    if action != Action::Trigger {
        return json!({ "routing_key": routing_key, "event_action": action.as_str(), "dedup_key": dedup_key });
    }
    let summary: String = format!("{}: {}", alert.title, alert.message)
        .chars()
        .take(MAX_SUMMARY_CHARS)
        .collect();
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": CLIENT,
        "client_url": format!("{base_url}/admin/alerts"),
        "payload": {
            "summary": summary,
            "source": base_url,
            "severity": severity(alert.severity),
            "timestamp": alert.opened_at,
            "component": alert.customer,
            "group": alert.scope,
            "class": alert.rule.as_str(),
            "custom_details": { "alert": alert.id, "title": alert.title, "message": alert.message },
        },
    })
}

/// An incident that is opened and resolved at once.
pub fn test(routing_key: &str, base_url: &str, channel: AlertChannelId) -> [Value; 2] {
    let dedup_key = format!("test-{channel}");
    let trigger = json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": dedup_key,
        "client": CLIENT,
        "client_url": format!("{base_url}/admin/alerts"),
        "payload": { "summary": "A test of the alerts of CosmosBuilder Billing", "source": base_url, "severity": "info" },
    });
    let resolve = json!({ "routing_key": routing_key, "event_action": "resolve", "dedup_key": dedup_key });
    [trigger, resolve]
}

/// Theirs has another word between warning and critical.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::High => "error",
        Severity::Critical => "critical",
    }
}
