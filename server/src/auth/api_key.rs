//! The actor of an API request, as it was found before the request came to its handler.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service::{Actor, Error};

use crate::api::authenticate::Caller;
use crate::api::problem::Problem;
use crate::state::AppState;

/// The actor of an API request.
pub struct ApiKeyActor(pub Actor);

impl FromRequestParts<AppState> for ApiKeyActor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let Caller(actor) = caller.ok_or(Error::Unauthenticated)?;
        Ok(Self(actor))
    }
}
