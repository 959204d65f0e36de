//! `/v1/alert_channels`: where operators are told.

use axum::extract::State;
use axum::http::StatusCode;
use billing::alert::Severity;
use billing::id::AlertChannelId;
use sdk::alerts::{AlertChannel, ChannelTest, CreateAlertChannel};
use sdk::page::Page;
use service::{Billing, ChannelAddress, ChannelKind, Error, NewAlertChannel, ShownChannel, TestOutcome};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body::Json;
use crate::api::idempotency::Makes;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

type Channel = Result<Id<AlertChannelId>, Problem>;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(delete))
        .routes(routes!(test))
}

/// Lists channels, oldest first: there are never many. Their addresses are shown to nobody.
#[utoipa::path(
    get, path = "/v1/alert_channels", tag = "Alerts", operation_id = "listAlertChannels",
    responses((status = 200, description = "All of them.", body = Page<AlertChannel>))
)]
async fn list(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
) -> Result<axum::Json<Page<AlertChannel>>, Problem> {
    let channels = billing.alert_channels(&actor).await?;
    Ok(axum::Json(Page {
        data: channels.into_iter().map(shape).collect(),
        has_more: false,
        next_cursor: None,
    }))
}

/// Sets up a channel.
#[utoipa::path(
    post, path = "/v1/alert_channels", tag = "Alerts", operation_id = "createAlertChannel",
    request_body = CreateAlertChannel,
    responses((status = 201, description = "The channel.", body = AlertChannel))
)]
async fn create(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    Makes(intent): Makes,
    asked: Result<Json<CreateAlertChannel>, Problem>,
) -> Result<(StatusCode, axum::Json<AlertChannel>), Problem> {
    actor.manages_webhooks()?;
    let Json(asked) = asked?;
    let kind = ChannelKind::parse(&asked.kind).ok_or(Error::Invalid { field: "kind" })?;
    let new = NewAlertChannel {
        name: asked.name,
        address: match kind {
            ChannelKind::Email => ChannelAddress::Email(asked.address),
            ChannelKind::Slack => ChannelAddress::Slack(asked.address.into()),
            ChannelKind::PagerDuty => ChannelAddress::PagerDuty(asked.address.into()),
        },
        severity: Severity::parse(&asked.severity).ok_or(Error::Invalid { field: "severity" })?,
    };
    let made = billing.create_alert_channel_once(&actor, new, intent).await?;
    Ok((StatusCode::CREATED, axum::Json(shape(made))))
}

/// Ends a channel; what reached it is forgotten.
#[utoipa::path(
    delete, path = "/v1/alert_channels/{id}", tag = "Alerts", operation_id = "deleteAlertChannel",
    params(("id" = String, Path, description = "`ach_...`.")),
    responses((status = 204, description = "It is gone."))
)]
async fn delete(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Channel,
) -> Result<StatusCode, Problem> {
    actor.manages_webhooks()?;
    let Id(id) = id?;
    billing.delete_alert_channel(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says something over a channel at once.
#[utoipa::path(
    post, path = "/v1/alert_channels/{id}/test", tag = "Alerts", operation_id = "testAlertChannel",
    params(("id" = String, Path, description = "`ach_...`.")),
    responses((status = 200, description = "What came of it.", body = ChannelTest))
)]
async fn test(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Channel,
) -> Result<axum::Json<ChannelTest>, Problem> {
    actor.manages_webhooks()?;
    let Id(id) = id?;
    let error = match billing.test_alert_channel(&actor, id).await? {
        TestOutcome::Told => None,
        TestOutcome::Failed { why } => Some(why),
    };
    Ok(axum::Json(ChannelTest {
        told: error.is_none(),
        error,
    }))
}

fn shape(channel: ShownChannel) -> AlertChannel {
    AlertChannel {
        id: channel.id.to_string(),
        kind: channel.kind.as_str().to_owned(),
        name: channel.name,
        severity: channel.severity.as_str().to_owned(),
        created_at: channel.created_at,
    }
}
