//! `POST /v1/promotion_codes/validate`: what a code would save a customer. It redeems nothing.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use billing::money::Money;
use sdk::money::Amount;
use sdk::promotion_codes::{Valid, Validate};
use service::{Billing, CodeOffer, Error, ValidateCode};

use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

/// Three short texts.
const MAX_BODY_BYTES: usize = 4 * 1024;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/promotion_codes/validate", post(validate))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

async fn validate(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<Valid>, Problem> {
    actor.reads_by_key()?;
    let asked = read(&headers, body)?;
    let asked = ValidateCode {
        customer: asked.customer.parse().map_err(|_| Error::NotFound("customer"))?,
        price: asked.price.parse().map_err(|_| Error::NotFound("price"))?,
        code: asked.code,
    };
    let offer = billing.validate_code(&actor, &asked).await?;
    Ok(Json(valid(&offer)))
}

fn read(
    headers: &HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Validate, Problem> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = sent
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "send application/json",
        ));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("a request carries at most {MAX_BODY_BYTES} bytes"),
        ),
        _ => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete_body",
            "the body stopped before its end",
        ),
    })?;
    serde_json::from_slice(&body).map_err(|error| {
        let place = (error.line(), error.column());
        if error.is_data() {
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.to_string());
        }
        let detail = format!("the body is not JSON: line {}, column {}", place.0, place.1);
        Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
    })
}

fn valid(offer: &CodeOffer) -> Valid {
    let draft = &offer.draft;
    Valid {
        code: offer.code.to_string(),
        name: offer.name.clone(),
        subtotal: amount(draft.amount()),
        discount: amount(draft.discount()),
        tax: amount(draft.tax()),
        total: amount(draft.total()),
    }
}

fn amount(money: Money) -> Amount {
    Amount {
        amount: money.minor(),
        currency: money.currency().to_string(),
    }
}
