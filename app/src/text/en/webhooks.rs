//! What the operators' pages of webhooks say.

pub const TITLE: &str = "Webhooks";
pub const NAV: &str = "Webhooks";
pub const SUBTITLE: &str = "Where events are sent, signed, until they are taken.";
pub const ENDPOINTS: &str = "Endpoints";
pub const ENDPOINT: &str = "Endpoint";
pub const NONE: &str = "Events are sent nowhere yet";
pub const NONE_HINT: &str = "Add an endpoint below. Until then the events feed holds them all.";
pub const NONE_READER: &str =
    "An admin or a developer adds endpoints. Until then the events feed holds all events.";
pub const HEARS: &str = "Hears of";
pub const EVERYTHING: &str = "everything";
pub const STATE: &str = "State";
pub const LAST_TAKEN: &str = "Last taken";
pub const NEVER: &str = "never";
pub const BACK: &str = "All endpoints";

pub const ON: &str = "On";
pub const OFF: &str = "Off";
pub const TURNED_OFF: &str = "Turned off";
pub const FAILING: &str = "Failing";

pub fn failing_since(at: &str) -> String {
    format!("Nothing was taken since {at}. After five days it is turned off.")
}

pub fn off_because(reason: &str) -> String {
    format!("It was turned off by itself: {reason}. Mend it, turn it on, and replay what it missed.")
}

pub const GONE: &str = "it answered 410, that it wants nothing more";
pub const NO_SUCCESS: &str = "it took nothing for five days";
pub const OFF_HINT: &str = "Nothing is sent to it. Turned on, it hears of what happens from then on.";

// Adding and changing.

pub const NEW: &str = "New endpoint";
pub const SETTINGS: &str = "Settings";
pub const URL: &str = "Address";
pub const URL_HINT: &str = "Of a public server, as in https://host.example.com/hooks.";
pub const DESCRIPTION: &str = "What it is for";
pub const DESCRIPTION_HINT: &str = "For operators; may be left empty.";
pub const KINDS: &str = "Events";
pub const KINDS_HINT: &str = "As in invoice.paid, subscription.*; left empty, everything.";
pub const ADD: &str = "Add the endpoint";
pub const SAVE: &str = "Save";
pub const WRONG_URL: &str = "Use https and a public host, on port 443 or 8443, without a user in it.";
pub const WRONG_KINDS: &str =
    "A noun and what happened to it, with commas between: invoice.paid, subscription.*.";

// The secret.

pub const SECRET: &str = "Signing secret";
pub const SECRET_HINT: &str =
    "Signs every delivery. A new one takes its place at once; the old one may sign beside it for a while.";
pub const SECRET_NEW: &str = "Copy the signing secret now";
pub const SECRET_ONCE: &str = "It is shown this one time. Whoever checks signatures needs it.";
pub const ROTATE: &str = "Make a new secret";
pub const OVERLAP: &str = "The old one signs beside it";

/// For so many hours, and in words.
pub const OVERLAPS: [(u32, &str); 3] = [(24, "for a day"), (168, "for a week"), (0, "not any more")];

// What can be done.

pub const TEST: &str = "Send a test";
pub const TURN_ON: &str = "Turn on";
pub const TURN_OFF: &str = "Turn off";
pub const DELETE: &str = "Delete";
pub const REPLAY: &str = "Replay";
pub const REPLAY_TITLE: &str = "Send again";
pub const REPLAY_HINT: &str = "Everything since then that failed, or was missed while the endpoint was off.";
pub const SINCE: &str = "Since (UTC)";
pub const RESEND: &str = "Send it again";
pub const READER_HINT: &str = "Your role may look; admins and developers change endpoints and send again.";

pub fn delete_what(url: &str) -> String {
    format!(
        "Nothing is sent to {url} any more, and its secrets are forgotten. What was sent stays in the log."
    )
}

pub const DELETE_IT: &str = "Delete the endpoint";

// Deliveries.

pub const DELIVERIES: &str = "Deliveries";
pub const DELIVERIES_HINT: &str = "Kept for 90 days.";
pub const FILTER: &str = "Which deliveries";
pub const ALL: &str = "All";
pub const PENDING: &str = "Waiting";
pub const SENDING: &str = "Being sent";
pub const SUCCESS: &str = "Taken";
pub const FAILED: &str = "Failed";
pub const NO_DELIVERIES: &str = "There are none";
pub const NO_DELIVERIES_HINT: &str =
    "Whatever changes about customers, subscriptions, invoices and payments shows up here.";
pub const NONE_IN_STATE: &str = "No delivery is in this state.";
pub const EVENT: &str = "Event";
pub const EVENT_ID: &str = "Event id";
pub const TRIES: &str = "Tries";
pub const RECORDED: &str = "Recorded";
pub const NEXT_TRY: &str = "Next try";
pub const SETTLED: &str = "Settled";
pub const ENDPOINT_GONE: &str = "deleted";

// One delivery.

pub const SENT: &str = "Sent";
pub const ANSWER: &str = "Answer";
pub const TOOK: &str = "Took";
pub const TO: &str = "To";
pub const NO_TRY: &str = "It was not tried yet.";
pub const BODY: &str = "What is sent";
pub const BODY_HINT: &str =
    "Every try sends the same, with its own time and signature; indented here to be read.";
pub const NO_BODY: &str = "It is written with the first try.";
pub const EMPTY_ANSWER: &str = "without words";

pub fn attempt(number: u32) -> String {
    format!("Try {number}")
}

pub fn took(milliseconds: &str) -> String {
    format!("{milliseconds}\u{a0}ms")
}
