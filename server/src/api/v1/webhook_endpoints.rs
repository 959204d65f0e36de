//! `/v1/webhook_endpoints`: where events are sent.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use billing::id::WebhookEndpointId;
use sdk::page::Page;
use sdk::webhooks::{
    CreateWebhookEndpoint, ReplayWebhooks, ReplayedWebhooks, RotateWebhookSecret, UpdateWebhookEndpoint,
    WebhookDeliveryDetail, WebhookEndpoint, WebhookEndpointWithSecret,
};
use secrecy::ExposeSecret;
use service::{Billing, EditWebhookEndpoint, EndpointRow, NewWebhookEndpoint, ShownOnce};

use super::webhook_deliveries;
use crate::api::body::{Json, MAX_BODY_BYTES};
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

type Endpoint = Id<WebhookEndpointId>;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhook_endpoints", get(list).post(create))
        .route("/webhook_endpoints/{id}", get(show).patch(update).delete(delete))
        .route("/webhook_endpoints/{id}/rotate_secret", post(rotate))
        .route("/webhook_endpoints/{id}/test", post(test))
        .route("/webhook_endpoints/{id}/replay", post(replay))
        .route(
            "/webhook_endpoints/{id}/deliveries",
            get(webhook_deliveries::list),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

async fn create(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Json(asked): Json<CreateWebhookEndpoint>,
) -> Result<(StatusCode, axum::Json<WebhookEndpointWithSecret>), Problem> {
    let new = NewWebhookEndpoint {
        url: asked.url,
        description: asked.description,
        kinds: asked.kinds,
        enabled: asked.enabled.unwrap_or(true),
    };
    let made = billing.create_webhook_endpoint(&actor, new).await?;
    Ok((StatusCode::CREATED, axum::Json(with_secret(made))))
}

/// All of them: there are never many.
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

async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Endpoint,
) -> Result<axum::Json<WebhookEndpoint>, Problem> {
    Ok(axum::Json(shape(billing.webhook_endpoint(&actor, id).await?)))
}

async fn update(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Endpoint,
    Json(asked): Json<UpdateWebhookEndpoint>,
) -> Result<axum::Json<WebhookEndpoint>, Problem> {
    let edit = EditWebhookEndpoint {
        url: asked.url,
        description: asked.description,
        kinds: asked.kinds,
        enabled: asked.enabled,
    };
    Ok(axum::Json(shape(
        billing.edit_webhook_endpoint(&actor, id, edit).await?,
    )))
}

async fn delete(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Endpoint,
) -> Result<StatusCode, Problem> {
    billing.delete_webhook_endpoint(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Endpoint,
    Json(asked): Json<RotateWebhookSecret>,
) -> Result<axum::Json<WebhookEndpointWithSecret>, Problem> {
    let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3_600);
    let overlap = asked.overlap_hours.map(hours);
    let rotated = billing.rotate_webhook_secret(&actor, id, overlap).await?;
    Ok(axum::Json(with_secret(rotated)))
}

async fn test(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Endpoint,
) -> Result<axum::Json<WebhookDeliveryDetail>, Problem> {
    let delivery = billing.test_webhook_endpoint(&actor, id).await?;
    Ok(axum::Json(webhook_deliveries::detail(delivery)))
}

async fn replay(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Endpoint,
    Json(asked): Json<ReplayWebhooks>,
) -> Result<axum::Json<ReplayedWebhooks>, Problem> {
    let replayed = billing.replay_webhooks(&actor, id, asked.since).await?;
    Ok(axum::Json(ReplayedWebhooks {
        deliveries: replayed.deliveries,
        has_more: replayed.has_more,
    }))
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
