//! Ids in paths. What cannot be the id of anything names nothing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use billing::id::{
    AlertChannelId, AlertId, CreditNoteId, CustomerId, InvoiceId, SubscriptionId, WebhookDeliveryId,
    WebhookEndpointId,
};
use service::Error;

use super::problem::Problem;

/// What an id in a path is of.
pub trait Named: FromStr {
    const NOUN: &'static str;
}

impl Named for CustomerId {
    const NOUN: &'static str = "customer";
}

impl Named for SubscriptionId {
    const NOUN: &'static str = "subscription";
}

impl Named for InvoiceId {
    const NOUN: &'static str = "invoice";
}

impl Named for CreditNoteId {
    const NOUN: &'static str = "credit note";
}

impl Named for AlertId {
    const NOUN: &'static str = "alert";
}

impl Named for AlertChannelId {
    const NOUN: &'static str = "alert channel";
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
        let text = Text::from_request_parts(parts, state).await;
        let id = text.ok().and_then(|text| text.0.parse().ok());
        id.map(Self).ok_or_else(|| Error::NotFound(T::NOUN).into())
    }
}

/// The same where it is a text of the host's own.
pub struct Text(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Text {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<String>::from_request_parts(parts, state).await;
        let text = found.ok().map(|Path(text)| text);
        text.filter(|text| !text.contains('\0'))
            .map(Self)
            .ok_or_else(|| Error::NotFound("record").into())
    }
}
