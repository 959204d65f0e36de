//! `POST /v1/promotion_codes/validate`: what a code would save a customer. It redeems nothing.

use axum::extract::State;
use sdk::promotion_codes::{Valid, Validate};
use service::{Billing, CodeOffer, Error, ValidateCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::amount;
use crate::api::body::Json;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(validate))
}

/// Says what a promotion code would save a customer.
///
/// Nothing is redeemed by asking. A key has ten tries a minute.
#[utoipa::path(
    post, path = "/v1/promotion_codes/validate", tag = "Promotion codes", operation_id = "validatePromotionCode",
    request_body = Validate,
    responses((status = 200, description = "A code that may be redeemed, and the first invoice with it.", body = Valid))
)]
async fn validate(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<Json<Validate>, Problem>,
) -> Result<axum::Json<Valid>, Problem> {
    actor.reads_by_key()?;
    let Json(asked) = asked?;
    let asked = ValidateCode {
        customer: asked.customer.parse().map_err(|_| Error::NotFound("customer"))?,
        price: asked.price.parse().map_err(|_| Error::NotFound("price"))?,
        code: asked.code,
    };
    let offer = billing.validate_code(&actor, &asked).await?;
    Ok(axum::Json(valid(&offer)))
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
