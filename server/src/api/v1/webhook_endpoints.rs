//! `/v1/webhook_endpoints`: where events are sent.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use billing::id::WebhookEndpointId;
use sdk::page::Page;
use sdk::webhooks::{
    CreateWebhookEndpoint, ReplayWebhooks, ReplayedWebhooks, RotateWebhookSecret, UpdateWebhookEndpoint,
    WebhookDeliveryDetail, WebhookEndpoint, WebhookEndpointWithSecret,
};
use secrecy::ExposeSecret;
use service::{Billing, EditWebhookEndpoint, EndpointRow, NewWebhookEndpoint, ShownOnce, webhook_revision};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::webhook_deliveries;
use crate::api::body::{Json, JsonIfAny};
use crate::api::etag;
use crate::api::idempotency::Makes;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

type Endpoint = Result<Id<WebhookEndpointId>, Problem>;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, delete))
        .routes(routes!(rotate))
        .routes(routes!(test))
        .routes(routes!(replay))
}

/// Sets up an endpoint. The answer alone shows its secret.
#[utoipa::path(
    post, path = "/v1/webhook_endpoints", tag = "Webhooks", operation_id = "createWebhookEndpoint",
    request_body = CreateWebhookEndpoint,
    responses((status = 201, description = "The endpoint with its secret.", body = WebhookEndpointWithSecret,
        headers(("ETag" = String, description = "Names this version of it."))))
)]
async fn create(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    asked: Result<Json<CreateWebhookEndpoint>, Problem>,
) -> Result<Response, Problem> {
    actor.manages_webhooks()?;
    let Json(asked) = asked?;
    let new = NewWebhookEndpoint {
        url: asked.url,
        description: asked.description,
        kinds: asked.kinds,
        enabled: asked.enabled.unwrap_or(true),
    };
    let made = billing.create_webhook_endpoint(&actor, new, intent).await?;
    let revision = webhook_revision(&made.endpoint);
    let answer = (StatusCode::CREATED, axum::Json(with_secret(made)));
    Ok(etag::tagged(&revision, answer))
}

/// Lists endpoints, oldest first: there are never many.
#[utoipa::path(
    get, path = "/v1/webhook_endpoints", tag = "Webhooks", operation_id = "listWebhookEndpoints",
    responses((status = 200, description = "All of them.", body = Page<WebhookEndpoint>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
) -> Result<axum::Json<Page<WebhookEndpoint>>, Problem> {
    let endpoints = billing.webhook_endpoints(&actor).await?;
    Ok(axum::Json(Page {
        data: endpoints.into_iter().map(shape).collect(),
        has_more: false,
        next_cursor: None,
    }))
}

/// Reads an endpoint.
#[utoipa::path(
    get, path = "/v1/webhook_endpoints/{id}", tag = "Webhooks", operation_id = "readWebhookEndpoint",
    params(("id" = String, Path, description = "`we_...`.")),
    responses((status = 200, description = "The endpoint.", body = WebhookEndpoint,
        headers(("ETag" = String, description = "Names this version of it."))))
)]
async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Endpoint,
) -> Result<Response, Problem> {
    actor.reads_webhooks()?;
    let Id(id) = id?;
    Ok(tagged(billing.webhook_endpoint(&actor, id).await?))
}

/// Changes an endpoint, turns it on or off.
#[utoipa::path(
    patch, path = "/v1/webhook_endpoints/{id}", tag = "Webhooks", operation_id = "updateWebhookEndpoint",
    params(("id" = String, Path, description = "`we_...`.")),
    request_body = UpdateWebhookEndpoint,
    responses((status = 200, description = "The endpoint as it is now.", body = WebhookEndpoint,
        headers(("ETag" = String, description = "Names this version of it."))))
)]
async fn update(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    headers: HeaderMap,
    id: Endpoint,
    asked: Result<Json<UpdateWebhookEndpoint>, Problem>,
) -> Result<Response, Problem> {
    actor.manages_webhooks()?;
    let (Id(id), Json(asked)) = (id?, asked?);
    let edit = EditWebhookEndpoint {
        url: asked.url,
        description: asked.description,
        kinds: asked.kinds,
        enabled: asked.enabled,
        seen: etag::seen(&headers)?.map(str::to_owned),
    };
    Ok(tagged(billing.edit_webhook_endpoint(&actor, id, edit).await?))
}

/// Ends an endpoint; what was sent stays in the log.
#[utoipa::path(
    delete, path = "/v1/webhook_endpoints/{id}", tag = "Webhooks", operation_id = "deleteWebhookEndpoint",
    params(("id" = String, Path, description = "`we_...`.")),
    responses((status = 204, description = "It is gone."))
)]
async fn delete(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Endpoint,
) -> Result<StatusCode, Problem> {
    actor.manages_webhooks()?;
    let Id(id) = id?;
    billing.delete_webhook_endpoint(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new secret; the old one signs beside it for a while.
#[utoipa::path(
    post, path = "/v1/webhook_endpoints/{id}/rotate_secret", tag = "Webhooks", operation_id = "rotateWebhookSecret",
    params(("id" = String, Path, description = "`we_...`.")),
    request_body = Option<RotateWebhookSecret>,
    responses((status = 200, description = "The endpoint with its new secret.", body = WebhookEndpointWithSecret))
)]
async fn rotate(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    id: Endpoint,
    asked: Result<JsonIfAny<RotateWebhookSecret>, Problem>,
) -> Result<axum::Json<WebhookEndpointWithSecret>, Problem> {
    actor.manages_webhooks()?;
    let (Id(id), JsonIfAny(asked)) = (id?, asked?);
    let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3_600);
    let overlap = asked.overlap_hours.map(hours);
    let rotated = billing.rotate_webhook_secret(&actor, id, overlap, intent).await?;
    Ok(axum::Json(with_secret(rotated)))
}

/// Sends a test to this endpoint alone, at once.
#[utoipa::path(
    post, path = "/v1/webhook_endpoints/{id}/test", tag = "Webhooks", operation_id = "testWebhookEndpoint",
    params(("id" = String, Path, description = "`we_...`.")),
    responses((status = 200, description = "What came of it.", body = WebhookDeliveryDetail))
)]
async fn test(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Endpoint,
) -> Result<axum::Json<WebhookDeliveryDetail>, Problem> {
    actor.manages_webhooks()?;
    let Id(id) = id?;
    let delivery = billing.test_webhook_endpoint(&actor, id).await?;
    Ok(axum::Json(webhook_deliveries::detail(delivery)))
}

/// Sends again what did not arrive since an instant.
#[utoipa::path(
    post, path = "/v1/webhook_endpoints/{id}/replay", tag = "Webhooks", operation_id = "replayWebhooks",
    params(("id" = String, Path, description = "`we_...`.")),
    request_body = ReplayWebhooks,
    responses((status = 200, description = "How much that is.", body = ReplayedWebhooks))
)]
async fn replay(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Endpoint,
    asked: Result<Json<ReplayWebhooks>, Problem>,
) -> Result<axum::Json<ReplayedWebhooks>, Problem> {
    actor.manages_webhooks()?;
    let (Id(id), Json(asked)) = (id?, asked?);
    let replayed = billing.replay_webhooks(&actor, id, asked.since).await?;
    Ok(axum::Json(ReplayedWebhooks {
        deliveries: replayed.deliveries,
        has_more: replayed.has_more,
    }))
}

fn tagged(endpoint: EndpointRow) -> Response {
    etag::tagged(&webhook_revision(&endpoint), axum::Json(shape(endpoint)))
}

fn shape(endpoint: EndpointRow) -> WebhookEndpoint {
    WebhookEndpoint {
        id: endpoint.id.to_string(),
        url: endpoint.url,
        description: endpoint.description,
        kinds: endpoint.kinds.as_slice().to_vec(),
        enabled: endpoint.enabled,
        disabled_reason: endpoint.disabled_reason,
        failing_since: endpoint.failing_since,
        last_success_at: endpoint.last_success_at,
        created_at: endpoint.created_at,
    }
}

fn with_secret(shown: ShownOnce) -> WebhookEndpointWithSecret {
    WebhookEndpointWithSecret {
        endpoint: shape(shown.endpoint),
        secret: shown.secret.expose_secret().to_owned(),
    }
}
