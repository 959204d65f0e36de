//! Ending, keeping, pausing and going on.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use billing::subscription::{Feedback, FeedbackReason, UnusedTime};
use sdk::subscriptions as wire;
use service::{Billing, CancelWhen, End, Error, Scope, StopKind, Stopped};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::change::became;
use super::{Aimed, as_it_is, shape, shown, speaking};
use crate::api::body;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(cancel))
        .routes(routes!(keep))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// Ends a subscription with its period, or now.
///
/// Now: what was paid for and not served becomes credit, or is forfeited, and usage so far is billed.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/cancel", tag = "Subscriptions", operation_id = "cancelSubscription",
    params(("id" = String, Path, description = "`sub_...`.")),
    request_body = wire::Cancel,
    responses((
        status = 200, description = "The subscription as it is now.", body = wire::Subscription,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn cancel(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    aimed: Aimed,
    asked: Result<body::Json<wire::Cancel>, Problem>,
) -> Result<Response, Problem> {
    actor.holds(Scope::Write)?;
    let ((id, aim), body::Json(asked)) = (aimed.0?, asked?);
    let unused = match asked.unused {
        Some(wire::Unused::Forfeit) => UnusedTime::Forfeit,
        Some(wire::Unused::Credit) | None => UnusedTime::Credit,
    };
    let end = End {
        when: match asked.at {
            wire::CancelAt::PeriodEnd => CancelWhen::PeriodEnd,
            wire::CancelAt::Now => CancelWhen::Now { unused },
        },
        feedback: feedback(asked)?,
    };
    let own = speaking(&billing, &actor, id).await?;
    Box::pin(billing.end_subscription(&own, end, aim)).await?;
    as_it_is(&billing, &own, id).await
}

/// Takes back an end that is to come.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/keep", tag = "Subscriptions", operation_id = "keepSubscription",
    params(("id" = String, Path, description = "`sub_...`.")),
    responses((
        status = 200, description = "The subscription as it is now.", body = wire::Subscription,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn keep(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    aimed: Aimed,
) -> Result<Response, Problem> {
    actor.holds(Scope::Write)?;
    let (id, aim) = aimed.0?;
    let own = speaking(&billing, &actor, id).await?;
    billing.keep_subscription(&own, aim).await?;
    as_it_is(&billing, &own, id).await
}

/// Stops service and billing for a while.
///
/// What was paid for and not served becomes credit; usage so far is billed.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/pause", tag = "Subscriptions", operation_id = "pauseSubscription",
    params(("id" = String, Path, description = "`sub_...`, of the customer's plan.")),
    request_body = Option<wire::PauseUntil>,
    responses((status = 200, description = "What it gave back and billed.", body = wire::Stopped))
)]
async fn pause(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    aimed: Aimed,
    asked: Result<body::JsonIfAny<wire::PauseUntil>, Problem>,
) -> Result<Json<wire::Stopped>, Problem> {
    actor.holds(Scope::Write)?;
    let ((id, aim), body::JsonIfAny(asked)) = (aimed.0?, asked?);
    let own = speaking(&billing, &actor, id).await?;
    let resume_at = asked.resume_at;
    let pause = (StopKind::Pause { resume_at }, None);
    let shape = |stopped: Stopped<'_>| {
        let credited = stopped.credited.map(shape::amount);
        Ok((credited, shape::draft(stopped.draft)?))
    };
    let (credited, billed) = Box::pin(billing.stop_now(&own, pause, aim, shape)).await?;
    let now = billing.now();
    Ok(Json(wire::Stopped {
        credited,
        billed,
        subscription: shown(billing.subscription(&own, id).await?, now)?,
    }))
}

/// Goes on after a pause: a new period begins now, paid from credit first.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/resume", tag = "Subscriptions", operation_id = "resumeSubscription",
    params(("id" = String, Path, description = "`sub_...`, of the customer's plan.")),
    responses((status = 200, description = "What became of it.", body = wire::Changed))
)]
async fn resume(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    aimed: Aimed,
) -> Result<Json<wire::Changed>, Problem> {
    actor.holds(Scope::Write)?;
    let (id, aim) = aimed.0?;
    let own = speaking(&billing, &actor, id).await?;
    let outcome = Box::pin(billing.resume_now(&own, aim)).await?;
    let now = billing.now();
    Ok(Json(wire::Changed {
        outcome: became(outcome),
        subscription: shown(billing.subscription(&own, id).await?, now)?,
    }))
}

fn feedback(asked: wire::Cancel) -> Result<Option<Feedback>, Error> {
    let Some(reason) = asked.reason else {
        return match asked.comment {
            Some(_) => Err(Error::Invalid { field: "reason" }),
            None => Ok(None),
        };
    };
    let reason = FeedbackReason::parse(&reason).ok_or(Error::Invalid { field: "reason" })?;
    let comment = asked.comment.unwrap_or_default();
    Ok(Some(Feedback { reason, comment }))
}
