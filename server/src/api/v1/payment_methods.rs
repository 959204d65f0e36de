//! `/v1/customers/{id}/payment_methods`: cards that the payment provider keeps.

use axum::Json;
use axum::extract::State;
use billing::id::CustomerId;
use sdk::payment_methods as wire;
use service::{Billing, PaymentMethod, Scope};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Lists a customer's cards.
#[utoipa::path(
    get, path = "/v1/customers/{id}/payment_methods", tag = "Payment methods", operation_id = "listPaymentMethods",
    params(("id" = String, Path, description = "`cus_...`.")),
    responses((status = 200, description = "All of them.", body = wire::PaymentMethods))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<CustomerId>, Problem>,
) -> Result<Json<wire::PaymentMethods>, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    let speaking = billing.on_behalf_of(&actor, Scope::Read, id)?;
    billing.customer(&speaking).await?;
    let methods = billing.payment_methods(&speaking).await?;
    let data = methods.into_iter().map(shown).collect();
    Ok(Json(wire::PaymentMethods { data }))
}

fn shown(method: PaymentMethod) -> wire::PaymentMethod {
    wire::PaymentMethod {
        id: method.id.to_string(),
        brand: method.brand,
        last4: method.last4,
        exp_month: method.exp_month,
        exp_year: method.exp_year,
        default: method.is_default,
    }
}
