//! `/v1/customers`: who pays, as the host platform makes and keeps them.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use billing::id::CustomerId;
use billing::money::Currency;
use billing::period::Zone;
use sdk::customers::{CreateCustomer, Customer, CustomerTax, PutCustomer, UpdateCustomer};
use sdk::page::{Page, Paging};
use serde::Deserialize;
use service::{Actor, Billing, ChangeHosted, Error, HostedCustomer, NewHosted, PutIf, revision};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::{Json, Query};
use crate::api::cursor::{self, List};
use crate::api::etag;
use crate::api::idempotency::Makes;
use crate::api::path::{Id, Text};
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(read, update))
        .routes(routes!(put))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Of the host platform's own id.
    external_id: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many at most, 20 where none is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Lists customers.
#[utoipa::path(
    get, path = "/v1/customers", tag = "Customers", operation_id = "listCustomers", params(Wanted),
    responses((status = 200, description = "A page of customers.", body = Page<Customer>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    wanted: Result<Query<Wanted>, Problem>,
) -> Result<axum::Json<Page<Customer>>, Problem> {
    actor.reads_by_key()?;
    let Query(wanted) = wanted?;
    let (cursor, limit) = (wanted.cursor, wanted.limit);
    let query = cursor::asked(List::Customers, &Paging { cursor, limit })?;
    let found = billing
        .customers(&actor, wanted.external_id.as_deref(), query)
        .await?;
    let place = |row: &HostedCustomer| (row.record.created_at, row.record.id.uuid());
    Ok(axum::Json(cursor::page(List::Customers, found, place, shown)))
}

/// Makes a customer.
///
/// It has no login; a portal session makes one.
#[utoipa::path(
    post, path = "/v1/customers", tag = "Customers", operation_id = "createCustomer",
    request_body = CreateCustomer,
    responses((
        status = 201, description = "The customer.", body = Customer,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn create(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    new: Result<Json<CreateCustomer>, Problem>,
) -> Result<Response, Problem> {
    keeps(&actor)?;
    let Json(new) = new?;
    let new = NewHosted {
        name: new.name,
        email: new.email,
        external_id: new.external_id,
        metadata: new.metadata,
        currency: new.currency.as_deref().map(currency).transpose()?,
        zone: new.time_zone.as_deref().map_or(Ok(Zone::UTC), zone)?,
    };
    let made = billing.create_customer(&actor, &new, intent).await?;
    Ok(answer(StatusCode::CREATED, made))
}

/// Reads a customer.
#[utoipa::path(
    get, path = "/v1/customers/{id}", tag = "Customers", operation_id = "readCustomer",
    params(("id" = String, Path, description = "`cus_...`.")),
    responses((
        status = 200, description = "The customer.", body = Customer,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn read(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<CustomerId>, Problem>,
) -> Result<Response, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    Ok(answer(StatusCode::OK, billing.hosted_customer(&actor, id).await?))
}

/// Changes a customer.
#[utoipa::path(
    patch, path = "/v1/customers/{id}", tag = "Customers", operation_id = "updateCustomer",
    params(("id" = String, Path, description = "`cus_...`.")),
    request_body = UpdateCustomer,
    responses((
        status = 200, description = "The customer as it is now.", body = Customer,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn update(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    headers: HeaderMap,
    id: Result<Id<CustomerId>, Problem>,
    change: Result<Json<UpdateCustomer>, Problem>,
) -> Result<Response, Problem> {
    keeps(&actor)?;
    let (Id(id), seen, Json(change)) = (id?, etag::seen(&headers)?, change?);
    let change = ChangeHosted {
        name: change.name,
        email: change.email,
        external_id: change.external_id,
        metadata: change.metadata,
    };
    let changed = billing.update_customer(&actor, id, change, seen).await?;
    Ok(answer(StatusCode::OK, changed))
}

/// Makes the customer of an external id, or makes it what is said.
#[utoipa::path(
    put, path = "/v1/customers/external/{external_id}", tag = "Customers", operation_id = "putCustomer",
    params(("external_id" = String, Path, description = "The host platform's own id of it.")),
    request_body = PutCustomer,
    responses(
        (status = 200, description = "It was there.", body = Customer,
            headers(("ETag" = String, description = "Names this version of it."))),
        (status = 201, description = "It was made.", body = Customer,
            headers(("ETag" = String, description = "Names this version of it.")))
    )
)]
async fn put(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    headers: HeaderMap,
    external_id: Result<Text, Problem>,
    new: Result<Json<PutCustomer>, Problem>,
) -> Result<Response, Problem> {
    keeps(&actor)?;
    let (Text(external_id), seen, Json(new)) = (external_id?, etag::seen(&headers)?, new?);
    let new = NewHosted {
        name: new.name,
        email: new.email,
        external_id: Some(external_id),
        metadata: new.metadata,
        currency: new.currency.as_deref().map(currency).transpose()?,
        zone: new.time_zone.as_deref().map_or(Ok(Zone::UTC), zone)?,
    };
    let wanted = match seen {
        Some(seen) => PutIf::Unchanged(seen),
        None if etag::wants_any(&headers) => PutIf::There,
        None => PutIf::Anyhow,
    };
    let (customer, made) = billing.put_customer(&actor, &new, wanted).await?;
    Ok(answer(
        if made { StatusCode::CREATED } else { StatusCode::OK },
        customer,
    ))
}

/// Whoever changes a customer is shown it.
fn keeps(actor: &Actor) -> Result<(), Error> {
    actor.keeps_customers()?;
    actor.reads_by_key().map(drop)
}

fn answer(status: StatusCode, customer: HostedCustomer) -> Response {
    etag::tagged(&revision(&customer), (status, axum::Json(shown(customer))))
}

fn shown(customer: HostedCustomer) -> Customer {
    let record = customer.record;
    Customer {
        id: record.id.to_string(),
        external_id: customer.external_id,
        name: record.name,
        email: record.email,
        currency: record.currency.to_string(),
        time_zone: record.zone.name().to_owned(),
        net_days: record.terms.net_days(),
        tax: CustomerTax {
            region: record.tax.region.map(|region| region.as_str().to_owned()),
            id: record.tax.id.map(|id| id.as_str().to_owned()),
            exempt: record.tax.is_exempt,
        },
        metadata: customer.metadata,
        created_at: record.created_at,
    }
}

fn currency(text: &str) -> Result<Currency, Error> {
    text.parse().map_err(|_| Error::Invalid { field: "currency" })
}

fn zone(text: &str) -> Result<Zone, Error> {
    text.parse().map_err(|_| Error::Invalid { field: "time_zone" })
}
