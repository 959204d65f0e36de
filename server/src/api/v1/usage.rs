//! `POST /v1/usage/*`: whether more may be used, and units held for a call until it is committed or released.

use axum::Json as Answered;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use billing::entitlement::{Answer, Reason, Severity};
use billing::id::CustomerId;
use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use sdk::usage as wire;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use service::{
    Billing, CheckUsage, CommitUsage, Committed, Error, Held, MeterStanding, ReserveOutcome, ReserveUsage,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::raw_json::{canonical, decimal};
use crate::api::body::Json;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::metrics::{Ask, Metrics};
use crate::state::AppState;

/// On the wire, as in catalogs.
const UNLIMITED: &str = "-1";

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(check))
        .routes(routes!(reserve))
        .routes(routes!(commit))
        .routes(routes!(release))
        .routes(routes!(summary))
}

/// Says whether a customer may use so much more of a meter.
///
/// Holds nothing; the answer is at most five seconds old. It is 200 whether it is allowed or not.
#[utoipa::path(
    post, path = "/v1/usage/check", tag = "Limits", operation_id = "checkUsage",
    request_body(content((wire::Check = "application/json"))),
    responses((status = 200, description = "How things stand.", body = wire::Answer))
)]
async fn check(
    State(billing): State<Billing>,
    State(metrics): State<Metrics>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<Json<wire::Check>, Problem>,
) -> Result<Answered<wire::Answer>, Problem> {
    actor.reads_by_key()?;
    let Json(asked) = asked?;
    let asked = CheckUsage {
        customer: customer(&asked.customer)?,
        meter: asked.meter,
        quantity: quantity(asked.quantity.as_deref())?.unwrap_or(Decimal::ONE),
    };
    let said = billing.check_usage(&actor, &asked).await?;
    metrics.count_decision(Ask::Check, &said);
    Ok(Answered(answer(&said)))
}

/// Holds units for a call, for 60 seconds.
///
/// Never past a hard limit, whatever the number of callers. The same `id` again is the same reservation; where
/// its 60 seconds are over, it is decided anew.
#[utoipa::path(
    post, path = "/v1/usage/reserve", tag = "Limits", operation_id = "reserveUsage",
    request_body(content((wire::Reserve = "application/json"))),
    responses(
        (status = 200, description = "The units are held.", body = wire::Reserved),
        (status = 402, description = "Nothing may be used: `suspended` or `no_subscription`.", body = sdk::problem::Problem,
            content_type = "application/problem+json"),
    )
)]
async fn reserve(
    State(billing): State<Billing>,
    State(metrics): State<Metrics>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<Json<wire::Reserve>, Problem>,
) -> Result<Response, Problem> {
    actor.sends_events()?;
    let Json(asked) = asked?;
    let command = ReserveUsage {
        customer: customer(&asked.customer)?,
        quantity: quantity(asked.quantity.as_deref())?.unwrap_or(Decimal::ONE),
        id: asked.id,
        meter: asked.meter,
    };
    let outcome = billing.reserve_usage(&actor, command).await?;
    let (ReserveOutcome::Held { answer, .. } | ReserveOutcome::Refused(answer)) = &outcome;
    metrics.count_decision(Ask::Reserve, answer);
    match outcome {
        ReserveOutcome::Held { held, answer } => Ok(Answered(reserved(held, &answer)).into_response()),
        ReserveOutcome::Refused(answer) => Err(refused(&answer)),
    }
}

/// Counts a call that units were held for.
#[utoipa::path(
    post, path = "/v1/usage/commit", tag = "Limits", operation_id = "commitUsage",
    request_body(content((wire::Commit = "application/json"))),
    responses((status = 200, description = "It is counted.", body = wire::Committed))
)]
async fn commit(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<Json<wire::Commit>, Problem>,
) -> Result<Answered<wire::Committed>, Problem> {
    actor.sends_events()?;
    let Json(asked) = asked?;
    let command = CommitUsage {
        customer: customer(&asked.customer)?,
        id: asked.id,
        quantity: quantity(asked.quantity.as_deref())?,
        data: data(asked.data.as_deref())?,
    };
    Ok(Answered(committed(billing.commit_usage(&actor, command).await?)))
}

/// Gives up units of a call that did not happen.
#[utoipa::path(
    post, path = "/v1/usage/release", tag = "Limits", operation_id = "releaseUsage",
    request_body(content((wire::Release = "application/json"))),
    responses((status = 200, description = "They are free again.", body = wire::Released))
)]
async fn release(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<Json<wire::Release>, Problem>,
) -> Result<Answered<wire::Released>, Problem> {
    actor.sends_events()?;
    let Json(asked) = asked?;
    let customer = customer(&asked.customer)?;
    Ok(Answered(released(
        billing.release_usage(&actor, customer, asked.id).await?,
    )))
}

/// Lists how things stand with each meter of a customer's plan.
#[utoipa::path(
    get, path = "/v1/customers/{id}/usage", tag = "Limits", operation_id = "readUsage",
    params(("id" = String, Path, description = "`cus_...`.")),
    responses((status = 200, description = "All of them.", body = wire::UsageSummary))
)]
async fn summary(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Path<String>, PathRejection>,
) -> Result<Answered<wire::UsageSummary>, Problem> {
    actor.reads_by_key()?;
    let Path(id) = id.map_err(|_| Error::NotFound("customer"))?;
    let standings = billing.usage_standings(&actor, customer(&id)?).await?;
    let meters = standings.into_iter().map(meter_usage).collect();
    Ok(Answered(wire::UsageSummary { meters }))
}

/// What cannot be the id of a customer is that of none.
pub(super) fn customer(text: &str) -> Result<CustomerId, Error> {
    text.parse().map_err(|_| Error::NotFound("customer"))
}

fn quantity(raw: Option<&RawValue>) -> Result<Option<Decimal>, Problem> {
    let read = |raw| decimal(raw).map_err(|refused| invalid(format!("quantity: {refused}")));
    raw.map(read).transpose()
}

fn data(raw: Option<&RawValue>) -> Result<Value, Problem> {
    let Some(raw) = raw else {
        return Ok(Value::Object(Map::new()));
    };
    let canonical = canonical(raw).map_err(|refused| invalid(format!("data: {refused}")))?;
    let read: Result<Map<String, Value>, _> = serde_json::from_str(&canonical);
    read.map(Value::Object)
        .map_err(|_| invalid("data: it is not an object".to_owned()))
}

fn invalid(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
}

pub(super) fn meter_usage(standing: MeterStanding) -> wire::MeterUsage {
    wire::MeterUsage {
        meter: standing.meter,
        answer: answer(&standing.answer),
    }
}

fn answer(answer: &Answer) -> wire::Answer {
    wire::Answer {
        allowed: answer.allowed(),
        reason: answer.reason.map(reason),
        warning: answer.warning.map(|severity| match severity {
            Severity::Warning => wire::Warning::Warning,
            Severity::Critical => wire::Warning::Critical,
        }),
        used: text(answer.used),
        reserved: text(answer.reserved),
        limit: answer.limit.units().map_or_else(|| UNLIMITED.to_owned(), text),
        remaining: answer.remaining().map(text),
        usage_percentage: answer.usage_percentage().map(text),
        reset_at: answer.reset_at.map(time),
    }
}

pub(super) const fn reason(reason: Reason) -> wire::Reason {
    match reason {
        Reason::LimitReached => wire::Reason::LimitReached,
        Reason::NotInPlan => wire::Reason::NotInPlan,
        Reason::Suspended => wire::Reason::Suspended,
        Reason::NoSubscription => wire::Reason::NoSubscription,
    }
}

/// The reason is what to program against.
fn refused(refused: &Answer) -> Problem {
    let (status, detail) = match refused.reason {
        Some(Reason::NotInPlan) => (StatusCode::FORBIDDEN, "the plan grants nothing of this meter"),
        Some(Reason::Suspended) => (
            StatusCode::PAYMENT_REQUIRED,
            "the subscription is suspended, unpaid or paused",
        ),
        Some(Reason::NoSubscription) => (
            StatusCode::PAYMENT_REQUIRED,
            "there is no subscription that is under way",
        ),
        Some(Reason::LimitReached) | None => (StatusCode::TOO_MANY_REQUESTS, "the limit would be passed"),
    };
    let code = refused.reason.map_or("limit_reached", Reason::as_str);
    Problem::new(status, code, detail).with(&answer(refused))
}

fn reserved(held: Held, given: &Answer) -> wire::Reserved {
    wire::Reserved {
        id: held.id,
        customer: held.customer.to_string(),
        meter: held.meter,
        quantity: text(held.quantity),
        expires_at: held.expires_at.map(time),
        answer: answer(given),
    }
}

fn committed(committed: Committed) -> wire::Committed {
    wire::Committed {
        id: committed.id,
        customer: committed.customer.to_string(),
        meter: committed.meter,
        quantity: text(committed.quantity),
        late: committed.late,
    }
}

fn released(held: Held) -> wire::Released {
    wire::Released {
        id: held.id,
        customer: held.customer.to_string(),
        meter: held.meter,
        quantity: text(held.quantity),
    }
}

/// As few digits as it has.
fn text(quantity: Decimal) -> String {
    quantity.normalize().to_string()
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
