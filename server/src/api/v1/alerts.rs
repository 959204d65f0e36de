//! `/v1/alerts`: those there are, and those the host platform says.

use axum::extract::State;
use axum::http::StatusCode;
use billing::alert::Severity;
use billing::id::AlertId;
use sdk::alerts::{Alert, CreateAlert, SnoozeAlert};
use sdk::page::Page;
use serde::Deserialize;
use service::{AlertPage, AlertRow, AlertState, Billing, Error, HostAlert};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::{self, Json, Query};
use crate::api::cursor;
use crate::api::idempotency::Makes;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

const USUAL_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

type Named = Result<Id<AlertId>, Problem>;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show))
        .routes(routes!(acknowledge))
        .routes(routes!(resolve))
        .routes(routes!(snooze))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// open, acknowledged or resolved.
    state: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many at most, 20 where none is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Lists alerts.
#[utoipa::path(
    get, path = "/v1/alerts", tag = "Alerts", operation_id = "listAlerts",
    params(Wanted),
    responses((status = 200, description = "A page of alerts.", body = Page<Alert>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    wanted: Result<Query<Wanted>, Problem>,
) -> Result<axum::Json<Page<Alert>>, Problem> {
    actor.reads_by_key()?;
    let Query(wanted) = wanted?;
    let state = |text: String| {
        let words = || body::bad_query("state is open, acknowledged or resolved".to_owned());
        AlertState::parse(&text).ok_or_else(words)
    };
    let after = |text: String| text.parse().map_err(|_| cursor::unknown());
    let page = AlertPage {
        state: wanted.state.map(state).transpose()?,
        after: wanted.cursor.map(after).transpose()?,
        limit: cursor::limit(wanted.limit, USUAL_LIMIT, MAX_LIMIT)?,
    };
    let found = billing.alerts(&actor, page).await?;
    let last = found.alerts.last().filter(|_| found.has_more);
    Ok(axum::Json(Page {
        next_cursor: last.map(|last| last.id.to_string()),
        has_more: found.has_more,
        data: found.alerts.into_iter().map(shape).collect(),
    }))
}

/// Raises an alert of your own.
#[utoipa::path(
    post, path = "/v1/alerts", tag = "Alerts", operation_id = "createAlert",
    request_body = CreateAlert,
    responses((status = 201, description = "The alert.", body = Alert))
)]
async fn create(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    asked: Result<Json<CreateAlert>, Problem>,
) -> Result<(StatusCode, axum::Json<Alert>), Problem> {
    actor.raises_alerts()?;
    let Json(asked) = asked?;
    let customer = |text: String| text.parse().map_err(|_| Error::NotFound("customer"));
    let new = HostAlert {
        customer: asked.customer.map(customer).transpose()?,
        kind: asked.r#type,
        title: asked.title,
        message: asked.message,
        severity: Severity::parse(&asked.severity).ok_or(Error::Invalid { field: "severity" })?,
    };
    let made = billing.create_alert(&actor, new, intent).await?;
    Ok((StatusCode::CREATED, axum::Json(shape(made))))
}

/// Reads an alert.
#[utoipa::path(
    get, path = "/v1/alerts/{id}", tag = "Alerts", operation_id = "readAlert",
    params(("id" = String, Path, description = "`alt_...`.")),
    responses((status = 200, description = "The alert.", body = Alert))
)]
async fn show(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Named,
) -> Result<axum::Json<Alert>, Problem> {
    actor.reads_by_key()?;
    let Id(id) = id?;
    Ok(axum::Json(shape(billing.alert(&actor, id).await?)))
}

/// Says that somebody looks after it.
#[utoipa::path(
    post, path = "/v1/alerts/{id}/acknowledge", tag = "Alerts", operation_id = "acknowledgeAlert",
    params(("id" = String, Path, description = "`alt_...`.")),
    responses((status = 200, description = "The alert as it is now.", body = Alert))
)]
async fn acknowledge(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Named,
) -> Result<axum::Json<Alert>, Problem> {
    actor.raises_alerts()?;
    let Id(id) = id?;
    Ok(axum::Json(shape(billing.acknowledge_alert(&actor, id).await?)))
}

/// Says that it is over.
#[utoipa::path(
    post, path = "/v1/alerts/{id}/resolve", tag = "Alerts", operation_id = "resolveAlert",
    params(("id" = String, Path, description = "`alt_...`.")),
    responses((status = 200, description = "The alert as it is now.", body = Alert))
)]
async fn resolve(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Named,
) -> Result<axum::Json<Alert>, Problem> {
    actor.raises_alerts()?;
    let Id(id) = id?;
    Ok(axum::Json(shape(billing.resolve_alert(&actor, id).await?)))
}

/// Puts it out of sight for a while.
#[utoipa::path(
    post, path = "/v1/alerts/{id}/snooze", tag = "Alerts", operation_id = "snoozeAlert",
    params(("id" = String, Path, description = "`alt_...`.")),
    request_body = SnoozeAlert,
    responses((status = 200, description = "The alert as it is now.", body = Alert))
)]
async fn snooze(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Named,
    asked: Result<Json<SnoozeAlert>, Problem>,
) -> Result<axum::Json<Alert>, Problem> {
    actor.raises_alerts()?;
    let (Id(id), Json(asked)) = (id?, asked?);
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
