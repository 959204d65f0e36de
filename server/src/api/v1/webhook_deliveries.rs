//! What was sent to endpoints, what came of it, and sending it again.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use billing::id::{WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::DeliveryState;
use sdk::page::Page;
use sdk::webhooks::{WebhookAttempt, WebhookDelivery, WebhookDeliveryDetail};
use serde::Deserialize;
use service::{AttemptLog, Billing, DeliveryDetail, DeliveryPage, DeliveryRow, Error};

use crate::api::body::Query;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

const USUAL_LIMIT: u32 = 20;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/webhook_deliveries/{id}", get(show))
        .route("/webhook_deliveries/{id}/resend", post(resend))
}

/// Which deliveries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// Newest first.
pub async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(endpoint): Id<WebhookEndpointId>,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Page<WebhookDelivery>>, Problem> {
    let state = |text: String| DeliveryState::parse(&text).ok_or(Error::Invalid { field: "state" });
    let cursor = |text: String| text.parse().map_err(|_| Error::Invalid { field: "cursor" });
    let page = DeliveryPage {
        endpoint,
        state: asked.state.map(state).transpose()?,
        after: asked.cursor.map(cursor).transpose()?,
        limit: asked.limit.unwrap_or(USUAL_LIMIT),
    };
    let found = billing.webhook_deliveries(&actor, page).await?;
    let last = found.deliveries.last().filter(|_| found.has_more);
    Ok(axum::Json(Page {
        next_cursor: last.map(|last| last.id.to_string()),
        has_more: found.has_more,
        data: found.deliveries.iter().map(shape).collect(),
    }))
}

async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Id<WebhookDeliveryId>,
) -> Result<axum::Json<WebhookDeliveryDetail>, Problem> {
    Ok(axum::Json(detail(billing.webhook_delivery(&actor, id).await?)))
}

async fn resend(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Id<WebhookDeliveryId>,
) -> Result<axum::Json<WebhookDeliveryDetail>, Problem> {
    Ok(axum::Json(detail(billing.resend_webhook(&actor, id).await?)))
}

fn shape(delivery: &DeliveryRow) -> WebhookDelivery {
    WebhookDelivery {
        id: delivery.id.to_string(),
        event: delivery.event.to_string(),
        r#type: delivery.kind.clone(),
        endpoint: delivery.endpoint.to_string(),
        state: delivery.state.as_str().to_owned(),
        attempts: delivery.attempts,
        // Of one under way it is when that counts as lost.
        next_try_at: delivery
            .due_at
            .filter(|_| delivery.state == DeliveryState::Pending),
        created_at: delivery.created_at,
        settled_at: delivery.settled_at,
    }
}

pub fn detail(found: DeliveryDetail) -> WebhookDeliveryDetail {
    WebhookDeliveryDetail {
        delivery: shape(&found.delivery),
        body: found.delivery.body,
        log: found.attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(log: AttemptLog) -> WebhookAttempt {
    WebhookAttempt {
        number: log.number,
        url: log.url,
        sent_at: log.sent_at,
        duration_ms: log.duration_ms,
        status: log.status,
        answer: log.answer,
        error: log.error,
    }
}
