//! Another plan, another quantity: shown first, then done as it was shown.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use billing::id::SubscriptionId;
use sdk::subscriptions as wire;
use service::{Billing, ChangeKind, ChangeOutcome, ChangePreview, Error};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Aimed, about_the_plan, as_it_is, shape, shown, shown_plan, speaking};
use crate::api::body;
use crate::api::path::Id;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::state::AppState;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(preview))
        .routes(routes!(confirm))
        .routes(routes!(undo))
}

/// Shows what another plan or quantity comes to.
///
/// Its token is good for fifteen minutes, as long as nothing else changes.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/preview_change", tag = "Subscriptions", operation_id = "previewChange",
    params(("id" = String, Path, description = "`sub_...`, of the customer's plan.")),
    request_body = wire::PreviewChange,
    responses((status = 200, description = "What it comes to.", body = wire::ChangePreview))
)]
async fn preview(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    id: Result<Id<SubscriptionId>, Problem>,
    asked: Result<body::Json<wire::PreviewChange>, Problem>,
) -> Result<Json<wire::ChangePreview>, Problem> {
    actor.reads_by_key()?;
    let (Id(id), body::Json(asked)) = (id?, asked?);
    let speaking = about_the_plan(&billing, &actor, id).await?;
    let wanted = shape::wanted_price(
        asked.price.as_deref(),
        asked.plan.as_deref(),
        asked.interval.as_deref(),
    )?;
    let preview = match (wanted, asked.quantity) {
        (Some(wanted), None) => {
            let price = billing.price_for(&speaking, &wanted).await?;
            Box::pin(billing.preview_change(&speaking, price)).await?
        }
        (None, Some(quantity)) => Box::pin(billing.preview_quantity(&speaking, quantity)).await?,
        (Some(_), Some(_)) => return Err(Error::Invalid { field: "quantity" }.into()),
        (None, None) => return Err(Error::Invalid { field: "price" }.into()),
    };
    Ok(Json(previewed(&preview)?))
}

/// Does what a preview showed.
///
/// An upgrade is charged first: where the bank refuses, everything stays as it was.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/change", tag = "Subscriptions", operation_id = "confirmChange",
    params(("id" = String, Path, description = "`sub_...`, of the customer's plan.")),
    request_body = wire::Confirm,
    responses((status = 200, description = "What became of it.", body = wire::Changed))
)]
async fn confirm(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    aimed: Aimed,
    asked: Result<body::Json<wire::Confirm>, Problem>,
) -> Result<Json<wire::Changed>, Problem> {
    actor.holds(service::Scope::Write)?;
    let ((id, aim), body::Json(asked)) = (aimed.0?, asked?);
    let speaking = speaking(&billing, &actor, id).await?;
    let outcome = Box::pin(billing.change_plan(&speaking, &asked.token, aim)).await?;
    let now = billing.now();
    Ok(Json(wire::Changed {
        outcome: became(outcome),
        subscription: shown(billing.subscription(&speaking, id).await?, now)?,
    }))
}

/// Takes back a change that waits for the period's end.
#[utoipa::path(
    post, path = "/v1/subscriptions/{id}/undo_change", tag = "Subscriptions", operation_id = "undoChange",
    params(("id" = String, Path, description = "`sub_...`, of the customer's plan.")),
    responses((
        status = 200, description = "The subscription as it is now.", body = wire::Subscription,
        headers(("ETag" = String, description = "Names this version of it."))
    ))
)]
async fn undo(
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    aimed: Aimed,
) -> Result<Response, Problem> {
    actor.holds(service::Scope::Write)?;
    let (id, aim) = aimed.0?;
    let speaking = speaking(&billing, &actor, id).await?;
    billing.keep_plan(&speaking, aim).await?;
    as_it_is(&billing, &speaking, id).await
}

fn previewed(preview: &ChangePreview) -> Result<wire::ChangePreview, Error> {
    let (kind, at) = match preview.kind {
        ChangeKind::Upgrade => ("upgrade", None),
        ChangeKind::AtPeriodEnd { at } => ("at_period_end", Some(at)),
        ChangeKind::InTrial => ("in_trial", None),
    };
    let next_bill = match &preview.next_bill {
        Some((at, draft)) => Some(wire::NextBill {
            at: *at,
            invoice: shape::draft(draft)?,
        }),
        None => None,
    };
    Ok(wire::ChangePreview {
        token: preview.token.clone(),
        expires_at: preview.expires_at,
        kind: kind.to_owned(),
        at,
        from: shown_plan(&preview.from),
        to: shown_plan(&preview.to),
        price: preview.price.to_string(),
        due_now: shape::draft(&preview.draft)?,
        next_bill,
    })
}

pub(super) fn became(outcome: ChangeOutcome) -> wire::Outcome {
    match outcome {
        ChangeOutcome::Applied { invoice } => wire::Outcome::Applied {
            invoice: invoice.map(|id| id.to_string()),
        },
        ChangeOutcome::Scheduled { at } => wire::Outcome::Scheduled { at },
        ChangeOutcome::RequiresAction { url } => wire::Outcome::RequiresAction { url },
        ChangeOutcome::Declined { code } => wire::Outcome::Declined { code },
        ChangeOutcome::Processing => wire::Outcome::Processing,
    }
}
