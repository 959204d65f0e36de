//! `/v1/customers/{id}/budget`: what a customer wants usage to cost in a period at most.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use billing::id::CustomerId;
use billing::money::{Currency, Money};
use sdk::alerts::{Budget, UpdateBudget};
use sdk::money::Amount;
use service::{Billing, Error, SetBudget, budget_revision};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shape::amount;
use crate::api::body::Json;
use crate::api::etag;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read, update))
}

/// Reads a customer's budget.
#[utoipa::path(
    get, path = "/v1/customers/{id}/budget", tag = "Alerts", operation_id = "readBudget",
    params(("id" = String, Path, description = "`cus_...`.")),
    responses((status = 200, description = "The budget.", body = Budget,
        headers(("ETag" = String, description = "Names this version of it."))))
)]
async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<CustomerId>, Problem>,
) -> Result<Response, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    Ok(answer(id, billing.budget(&actor, id).await?))
}

/// Sets a customer's budget, or takes it away. It stops nothing.
#[utoipa::path(
    patch, path = "/v1/customers/{id}/budget", tag = "Alerts", operation_id = "updateBudget",
    params(("id" = String, Path, description = "`cus_...`.")),
    request_body = UpdateBudget,
    responses((status = 200, description = "The budget as it is now.", body = Budget,
        headers(("ETag" = String, description = "Names this version of it."))))
)]
async fn update(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    headers: HeaderMap,
    id: Result<Id<CustomerId>, Problem>,
    asked: Result<Json<UpdateBudget>, Problem>,
) -> Result<Response, Problem> {
    actor.raises_alerts()?;
    let (Id(customer), Json(asked)) = (id?, asked?);
    let amount = asked.amount.map(money).transpose()?;
    let set = SetBudget { customer, amount };
    billing.change_budget(&actor, set, etag::seen(&headers)?).await?;
    Ok(answer(customer, amount))
}

fn money(amount: Amount) -> Result<Money, Error> {
    let currency = amount.currency.parse::<Currency>();
    let currency = currency.map_err(|_| Error::Invalid { field: "amount" })?;
    Ok(Money::new(amount.amount, currency))
}

fn answer(customer: CustomerId, budget: Option<Money>) -> Response {
    let shown = Budget {
        customer: customer.to_string(),
        amount: budget.map(amount),
    };
    etag::tagged(&budget_revision(customer, budget), axum::Json(shown))
}
