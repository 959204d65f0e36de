//! When the billing service does not say whether a customer may.

use std::time::{Duration, Instant};

use http::{Extensions, Response};
use serde_json::Value;

use super::{WhenUnavailable, refusal};
use crate::client::ClientError;

/// The next request of the customer does not run into it again at once.
pub(super) const LASTS: Duration = Duration::from_secs(1);

/// So long a request waits for the billing service, in all layers together.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It passes, and meanwhile it is as the host chose.
    Away,
    /// It will be so until somebody mends the set-up that this says of. Letting everybody through would hide it.
    SetUp(&'static str),
}

impl Failure {
    pub fn of(error: &ClientError) -> Self {
        if error.is_transient() {
            return Self::Away;
        }
        Self::SetUp(match error {
            ClientError::Problem { status: 401, .. } => {
                "the host's key for the billing service is unknown, expired or revoked"
            }
            ClientError::Problem { status: 403, .. } => {
                "the host's key for the billing service lacks a scope"
            }
            error if is_unknown(error) => "the billing service knows no such customer or meter",
            ClientError::Problem { status: 404, .. } | ClientError::Decode(_) => {
                "what answers is not the billing service that this client knows"
            }
            _ => "the billing service refuses what the host asks of it",
        })
    }

    /// None where the request goes on.
    pub fn refusal<B: From<String>>(self, chosen: WhenUnavailable) -> Option<Response<B>> {
        match (self, chosen) {
            (Self::SetUp(wrong), _) => Some(refusal::misconfigured(wrong)),
            (Self::Away, WhenUnavailable::Refuse) => Some(refusal::unavailable()),
            (Self::Away, WhenUnavailable::Allow) => None,
        }
    }
}

/// The billing service says so itself: another server at a wrong address would know no customer either.
pub(super) fn is_unknown(error: &ClientError) -> bool {
    let ClientError::Problem {
        status: 404, problem, ..
    } = error
    else {
        return false;
    };
    problem.get("code").and_then(Value::as_str) == Some("not_found")
}

/// What the layers before this one left of a request's patience.
#[derive(Clone, Copy)]
struct Left(Duration);

/// Asks with until when there is to be an answer.
pub(super) async fn in_time<T, F: Future<Output = T>>(
    request: &mut Extensions,
    ask: impl FnOnce(Instant) -> F,
) -> T {
    let began = Instant::now();
    let Left(left) = request.get().copied().unwrap_or(Left(PATIENCE));
    let answer = ask(began + left).await;
    request.insert(Left(left.saturating_sub(began.elapsed())));
    answer
}

/// Nobody waits for the answer any longer than that.
pub(super) async fn until<T>(
    deadline: Instant,
    asked: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    let answer = tokio::time::timeout_at(deadline.into(), asked).await;
    answer.unwrap_or(Err(ClientError::TooSlow))
}
