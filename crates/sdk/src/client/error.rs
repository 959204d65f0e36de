//! What can go wrong on the way to the billing service.

use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the address of the billing service is not one")]
    BadAddress,
    #[error("the certificates of authorities cannot be used: {0}")]
    Tls(String),
    #[error("the request cannot be written: {0}")]
    Encode(#[source] serde_json::Error),
    /// Nothing is known of what became of the request.
    #[error("the billing service does not answer: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// As little is known, but nobody waits any longer: so it is with the layers after two seconds.
    #[error("the billing service does not answer in time")]
    TooSlow,
    /// Its answer is not what this version of the client knows.
    #[error("the billing service answers something else: {0}")]
    Decode(#[source] serde_json::Error),
    #[error("the billing service refuses: {status} {}", code(.problem))]
    Problem {
        status: u16,
        /// As RFC 9457 has it, with a stable `code`.
        problem: serde_json::Value,
        /// When asking again makes sense.
        retry_after: Option<Duration>,
    },
}

fn code(problem: &serde_json::Value) -> &str {
    problem.get("code").and_then(|code| code.as_str()).unwrap_or("")
}

/// A refusal is an answer, and the same a moment later: it is not a failure of the call.
pub(super) fn is_refusal(status: u16, problem: &serde_json::Value) -> bool {
    const REASONS: [&str; 4] = ["limit_reached", "not_in_plan", "suspended", "no_subscription"];
    matches!(status, 402 | 403 | 429) && REASONS.contains(&code(problem))
}

impl ClientError {
    /// The same again may well succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TooSlow => true,
            Self::Problem { status, problem, .. } => {
                matches!(status, 408 | 429 | 500 | 502 | 503 | 504) && !is_refusal(*status, problem)
            }
            Self::BadAddress | Self::Tls(_) | Self::Encode(_) | Self::Decode(_) => false,
        }
    }
}

/// Without the address: what is in it is nobody's business in a log.
impl From<reqwest::Error> for ClientError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url())
    }
}
