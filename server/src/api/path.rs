//! Ids in paths. What cannot be the id of anything names nothing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use billing::id::{AlertId, WebhookDeliveryId, WebhookEndpointId};
use service::Error;

use super::problem::Problem;

/// What an id in a path is of.
pub trait Named: FromStr {
    const NOUN: &'static str;
}

impl Named for AlertId {
    const NOUN: &'static str = "alert";
}

impl Named for WebhookEndpointId {
    const NOUN: &'static str = "webhook endpoint";
}

impl Named for WebhookDeliveryId {
    const NOUN: &'static str = "webhook delivery";
}

/// The only variable of a path.
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: Named> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let id = text.ok().and_then(|Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Error::NotFound(T::NOUN).into())
    }
}
