//! What was sent to endpoints, what came of it, and sending it again.

use axum::extract::State;
use billing::id::{WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::DeliveryState;
use sdk::page::Page;
use sdk::webhooks::{WebhookAttempt, WebhookDelivery, WebhookDeliveryDetail};
use serde::Deserialize;
use service::{AttemptLog, Billing, DeliveryDetail, DeliveryPage, DeliveryRow};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::{self, Query};
use crate::api::cursor;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

const USUAL_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(resend))
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// pending, sending, success or failed.
    state: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many at most, 20 where none is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Lists what was sent to an endpoint, newest first.
#[utoipa::path(
    get, path = "/v1/webhook_endpoints/{id}/deliveries", tag = "Webhooks", operation_id = "listWebhookDeliveries",
    params(("id" = String, Path, description = "`we_...`."), Wanted),
    responses((status = 200, description = "A page of deliveries.", body = Page<WebhookDelivery>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    endpoint: Result<Id<WebhookEndpointId>, Problem>,
    wanted: Result<Query<Wanted>, Problem>,
) -> Result<axum::Json<Page<WebhookDelivery>>, Problem> {
    actor.reads_webhooks()?;
    let Query(wanted) = wanted?;
    let Id(endpoint) = endpoint?;
    let state = |text: String| {
        let words = || body::bad_query("state is pending, sending, success or failed".to_owned());
        DeliveryState::parse(&text).ok_or_else(words)
    };
    let after = |text: String| text.parse().map_err(|_| cursor::unknown());
    let page = DeliveryPage {
        endpoint,
        state: wanted.state.map(state).transpose()?,
        after: wanted.cursor.map(after).transpose()?,
        limit: cursor::limit(wanted.limit, USUAL_LIMIT, MAX_LIMIT)?,
    };
    let found = billing.webhook_deliveries(&actor, page).await?;
    let last = found.deliveries.last().filter(|_| found.has_more);
    Ok(axum::Json(Page {
        next_cursor: last.map(|last| last.id.to_string()),
        has_more: found.has_more,
        data: found.deliveries.iter().map(shape).collect(),
    }))
}

/// Reads a delivery with its body and every try.
#[utoipa::path(
    get, path = "/v1/webhook_deliveries/{id}", tag = "Webhooks", operation_id = "readWebhookDelivery",
    params(("id" = String, Path, description = "`wd_...`.")),
    responses((status = 200, description = "The delivery.", body = WebhookDeliveryDetail))
)]
async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<WebhookDeliveryId>, Problem>,
) -> Result<axum::Json<WebhookDeliveryDetail>, Problem> {
    actor.reads_webhooks()?;
    let Id(id) = id?;
    Ok(axum::Json(detail(billing.webhook_delivery(&actor, id).await?)))
}

/// Sends a delivery again, whatever became of it.
#[utoipa::path(
    post, path = "/v1/webhook_deliveries/{id}/resend", tag = "Webhooks", operation_id = "resendWebhook",
    params(("id" = String, Path, description = "`wd_...`.")),
    responses((status = 200, description = "The delivery, waiting to be sent.", body = WebhookDeliveryDetail))
)]
async fn resend(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<WebhookDeliveryId>, Problem>,
) -> Result<axum::Json<WebhookDeliveryDetail>, Problem> {
    actor.manages_webhooks()?;
    let Id(id) = id?;
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
