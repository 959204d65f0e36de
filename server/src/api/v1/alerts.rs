//! `/v1/alerts`: those there are, and those the host platform says.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use billing::alert::Severity;
use billing::id::AlertId;
use sdk::alerts::{Alert, CreateAlert, SnoozeAlert};
use sdk::page::Page;
use serde::Deserialize;
use service::{AlertPage, AlertRow, AlertState, Billing, Error, HostAlert};

use crate::api::body::{Json, MAX_BODY_BYTES, Query};
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

const USUAL_LIMIT: u32 = 20;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/alerts", get(list).post(create))
        .route("/alerts/{id}", get(show))
        .route("/alerts/{id}/acknowledge", post(acknowledge))
        .route("/alerts/{id}/resolve", post(resolve))
        .route("/alerts/{id}/snooze", post(snooze))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<Page<Alert>>, Problem> {
    let state = |text: String| AlertState::parse(&text).ok_or(Error::Invalid { field: "state" });
    let cursor = |text: String| text.parse().map_err(|_| Error::Invalid { field: "cursor" });
    let page = AlertPage {
        state: asked.state.map(state).transpose()?,
        after: asked.cursor.map(cursor).transpose()?,
        limit: asked.limit.unwrap_or(USUAL_LIMIT),
    };
    let found = billing.alerts(&actor, page).await?;
    let last = found.alerts.last().filter(|_| found.has_more);
    Ok(axum::Json(Page {
        next_cursor: last.map(|last| last.id.to_string()),
        has_more: found.has_more,
        data: found.alerts.into_iter().map(shape).collect(),
    }))
}

async fn create(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Json(asked): Json<CreateAlert>,
) -> Result<(StatusCode, axum::Json<Alert>), Problem> {
    let customer = |text: String| text.parse().map_err(|_| Error::NotFound("customer"));
    let new = HostAlert {
        customer: asked.customer.map(customer).transpose()?,
        kind: asked.r#type,
        title: asked.title,
        message: asked.message,
        severity: Severity::parse(&asked.severity).ok_or(Error::Invalid { field: "severity" })?,
    };
    let made = billing.create_alert(&actor, new).await?;
    Ok((StatusCode::CREATED, axum::Json(shape(made))))
}

async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Id<AlertId>,
) -> Result<axum::Json<Alert>, Problem> {
    Ok(axum::Json(shape(billing.alert(&actor, id).await?)))
}

async fn acknowledge(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Id<AlertId>,
) -> Result<axum::Json<Alert>, Problem> {
    Ok(axum::Json(shape(billing.acknowledge_alert(&actor, id).await?)))
}

async fn resolve(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Id<AlertId>,
) -> Result<axum::Json<Alert>, Problem> {
    Ok(axum::Json(shape(billing.resolve_alert(&actor, id).await?)))
}

async fn snooze(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Id(id): Id<AlertId>,
    Json(asked): Json<SnoozeAlert>,
) -> Result<axum::Json<Alert>, Problem> {
    let snoozed = billing.snooze_alert(&actor, id, asked.until).await?;
    Ok(axum::Json(shape(snoozed)))
}

fn shape(alert: AlertRow) -> Alert {
    Alert {
        id: alert.id.to_string(),
        rule: alert.rule.as_str().to_owned(),
        r#type: alert.scope,
        customer: alert.customer.map(|customer| customer.to_string()),
        severity: alert.severity.as_str().to_owned(),
        title: alert.title,
        message: alert.message,
        state: alert.state.as_str().to_owned(),
        snoozed_until: alert.snoozed_until,
        opened_at: alert.opened_at,
        acknowledged_at: alert.acknowledged_at,
        resolved_at: alert.resolved_at,
    }
}
