//! What the forms send, and what a test is remembered as until its page is shown.

use serde::{Deserialize, Serialize};

/// What is kept under.
pub const CHANNEL: &str = "channel";
pub const TEST: &str = "channel-test";

/// Without what it takes to reach the channel: that is typed again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelForm {
    /// `email`, `slack` or `pagerduty`.
    pub kind: String,
    pub name: String,
    pub severity: String,
}

/// What came of a test.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tested {
    pub channel: String,
    /// Why it failed; none: it did not.
    pub why: Option<String>,
}
