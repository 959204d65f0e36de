//! `Authorization: Bearer <key>` becomes an actor. Keys are taken from this header only: addresses end up in logs.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use service::{Actor, Error};

use crate::api::problem::Problem;
use crate::state::AppState;

/// The actor of an API request.
pub struct ApiKeyActor(pub Actor);

impl FromRequestParts<AppState> for ApiKeyActor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let header = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let key = header.and_then(bearer).ok_or(Error::Unauthenticated)?;
        Ok(Self(state.billing.api_key_actor(key).await?))
    }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn only_bearer_carries_a_key() {
        assert_eq!(bearer("Bearer cbk_1"), Some("cbk_1"));
        assert_eq!(bearer("bearer  cbk_1"), Some("cbk_1"));
        assert_eq!(bearer("Basic cbk_1"), None);
        assert_eq!(bearer("cbk_1"), None);
    }
}
