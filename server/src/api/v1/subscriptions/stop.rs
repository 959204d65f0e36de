//! Ending, keeping, pausing and going on.

use axum::Json;
use axum::extract::State;
use billing::id::SubscriptionId;
use billing::subscription::{Feedback, FeedbackReason, UnusedTime};
use sdk::subscriptions as wire;
use service::{Actor, Billing, CancelWhen, Error, Scope, StopKind};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::change::became;
use super::{about_the_plan, micros, shape, shown, speaking};
use crate::api::body;
use crate::api::path::Id;
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
    post, path = "/subscriptions/{id}/cancel", tag = "Subscriptions", operation_id = "cancelSubscription",
    params(("id" = String, Path, description = "`sub_...`.")),
    request_body = wire::Cancel,
    responses((status = 200, description = "The subscription as it is now.", body = wire::Subscription))
)]
async fn cancel(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<SubscriptionId>, Problem>,
    asked: Result<body::Json<wire::Cancel>, Problem>,
) -> Result<Json<wire::Subscription>, Problem> {
    actor.holds(Scope::Write)?;
    let (Id(id), body::Json(asked)) = (id?, asked?);
    let unused = match asked.unused {
        Some(wire::Unused::Forfeit) => UnusedTime::Forfeit,
        Some(wire::Unused::Credit) | None => UnusedTime::Credit,
    };
    let feedback = feedback(&asked)?;
    let own = speaking(&billing, &actor, id).await?;
    if billing.subscription(&own, id).await?.subscription.standalone {
        end_standalone(&billing, &own, id, (asked.at, unused)).await?;
    } else {
        let own = about_the_plan(&billing, &actor, id).await?;
        match asked.at {
            wire::CancelAt::PeriodEnd => billing.cancel(&own, feedback).await?,
            wire::CancelAt::Now => {
                let kind = StopKind::Cancel { unused };
                let preview = Box::pin(billing.preview_stop(&own, kind)).await?;
                Box::pin(billing.confirm_stop(&own, &preview.token, feedback)).await?;
            }
        }
    }
    now_it_is(&billing, &own, id).await
}

/// Takes back an end that is to come.
#[utoipa::path(
    post, path = "/subscriptions/{id}/keep", tag = "Subscriptions", operation_id = "keepSubscription",
    params(("id" = String, Path, description = "`sub_...`.")),
    responses((status = 200, description = "The subscription as it is now.", body = wire::Subscription))
)]
async fn keep(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<SubscriptionId>, Problem>,
) -> Result<Json<wire::Subscription>, Problem> {
    actor.holds(Scope::Write)?;
    let Id(id) = id?;
    let own = speaking(&billing, &actor, id).await?;
    if billing.subscription(&own, id).await?.subscription.standalone {
        billing.undo_cancel_standalone(&own, id).await?;
    } else {
        let own = about_the_plan(&billing, &actor, id).await?;
        billing.undo_cancel(&own).await?;
    }
    now_it_is(&billing, &own, id).await
}

/// Stops service and billing for a while.
///
/// What was paid for and not served becomes credit; usage so far is billed.
#[utoipa::path(
    post, path = "/subscriptions/{id}/pause", tag = "Subscriptions", operation_id = "pauseSubscription",
    params(("id" = String, Path, description = "`sub_...`, of the customer's plan.")),
    request_body = wire::PauseUntil,
    responses((status = 200, description = "What it gave back and billed.", body = wire::Stopped))
)]
async fn pause(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<SubscriptionId>, Problem>,
    asked: Result<body::Json<wire::PauseUntil>, Problem>,
) -> Result<Json<wire::Stopped>, Problem> {
    actor.holds(Scope::Write)?;
    let (Id(id), body::Json(asked)) = (id?, asked?);
    let own = about_the_plan(&billing, &actor, id).await?;
    let resume_at = asked.resume_at.map(micros);
    let preview = Box::pin(billing.preview_stop(&own, StopKind::Pause { resume_at })).await?;
    Box::pin(billing.confirm_stop(&own, &preview.token, None)).await?;
    let now = billing.now();
    let credited = preview
        .credit_note
        .as_ref()
        .map(|note| shape::amount(note.total()));
    Ok(Json(wire::Stopped {
        credited,
        billed: shape::draft(&preview.draft)?,
        subscription: shown(billing.subscription(&own, id).await?, now)?,
    }))
}

/// Goes on after a pause: a new period begins now, paid from credit first.
#[utoipa::path(
    post, path = "/subscriptions/{id}/resume", tag = "Subscriptions", operation_id = "resumeSubscription",
    params(("id" = String, Path, description = "`sub_...`, of the customer's plan.")),
    responses((status = 200, description = "What became of it.", body = wire::Changed))
)]
async fn resume(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<SubscriptionId>, Problem>,
) -> Result<Json<wire::Changed>, Problem> {
    actor.holds(Scope::Write)?;
    let Id(id) = id?;
    let own = about_the_plan(&billing, &actor, id).await?;
    let preview = Box::pin(billing.preview_resume(&own)).await?;
    let outcome = Box::pin(billing.confirm_resume(&own, &preview.token)).await?;
    let now = billing.now();
    Ok(Json(wire::Changed {
        outcome: became(outcome),
        subscription: shown(billing.subscription(&own, id).await?, now)?,
    }))
}

/// A customer's own key keeps it to the end of what is paid for.
async fn end_standalone(
    billing: &Billing,
    own: &Actor,
    id: SubscriptionId,
    (at, unused): (wire::CancelAt, UnusedTime),
) -> Result<(), Error> {
    let customer = own.reads_customer()?.customer();
    match at {
        wire::CancelAt::PeriodEnd => billing.cancel_standalone(own, id).await,
        wire::CancelAt::Now => {
            let when = CancelWhen::Now { unused };
            Box::pin(billing.cancel_standalone_for(own, (customer, id), when))
                .await
                .map(drop)
        }
    }
}

fn feedback(asked: &wire::Cancel) -> Result<Option<Feedback>, Error> {
    let Some(reason) = &asked.reason else {
        return match asked.comment {
            Some(_) => Err(Error::Invalid { field: "reason" }),
            None => Ok(None),
        };
    };
    let reason = FeedbackReason::parse(reason).ok_or(Error::Invalid { field: "reason" })?;
    let comment = asked.comment.clone().unwrap_or_default();
    Ok(Some(Feedback { reason, comment }))
}

async fn now_it_is(
    billing: &Billing,
    own: &Actor,
    id: SubscriptionId,
) -> Result<Json<wire::Subscription>, Problem> {
    let now = billing.now();
    Ok(Json(shown(billing.subscription(own, id).await?, now)?))
}
