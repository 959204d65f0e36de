//! Messages to a Slack incoming webhook, in blocks.

use billing::alert::Severity;
use serde_json::{Value, json};
use store::alert::AlertRow;
use store::alert::notification::Action;

use super::words::operators_page;

/// What Slack allows of a header and of a section.
const MAX_HEADER_CHARS: usize = 150;
const MAX_SECTION_CHARS: usize = 3_000;

pub fn message(alert: &AlertRow, action: Action, base_url: &str) -> Value {
    let sign = match (action, alert.severity) {
        (Action::Resolve, _) => ":white_check_mark:",
        (Action::Acknowledge, _) => ":eyes:",
        (Action::Trigger, Severity::Info) => ":information_source:",
        (Action::Trigger, Severity::Warning) => ":warning:",
        (Action::Trigger, Severity::High | Severity::Critical) => ":rotating_light:",
    };
    let what = match action {
        Action::Trigger => alert.severity.as_str(),
        Action::Acknowledge => "acknowledged",
        Action::Resolve => "resolved",
    };
    let customer = alert.customer.map_or_else(
        || "the deployment".to_owned(),
        |id| format!("<{}|{id}>", operators_page(base_url, id)),
    );
    blocks(
        &format!("{sign} {}", alert.title),
        &alert.message,
        &format!("{what} · {customer} · {}", alert.id),
    )
}

pub fn test() -> Value {
    blocks(
        ":wave: A test",
        "Alerts of CosmosBuilder Billing arrive here.",
        "sent by an operator",
    )
}

/// `text` is what notifications and old clients show.
fn blocks(title: &str, message: &str, context: &str) -> Value {
    let header: String = title.chars().take(MAX_HEADER_CHARS).collect();
    let section: String = escaped(message).chars().take(MAX_SECTION_CHARS).collect();
    let mut blocks =
        vec![json!({ "type": "header", "text": { "type": "plain_text", "text": header, "emoji": true } })];
    if !section.is_empty() {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": section } }));
    }
    blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": context }] }));
    json!({ "text": escaped(&format!("{title}: {message}")), "blocks": blocks })
}

/// The three characters that mean something to Slack: without it a message could mention everybody.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
