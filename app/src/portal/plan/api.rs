//! Changes of the subscription.

use leptos::prelude::*;

use crate::error::AppError;

/// The token names the preview that was shown: exactly its amounts are charged.
#[server(prefix = "/fn", endpoint = "confirm-change")]
pub async fn confirm_change(token: String) -> Result<(), AppError> {
    use service::ChangeOutcome::*;
    let (billing, actor) = crate::context::caller().await?;
    let next = match billing.confirm_change(&actor, &token).await? {
        Applied { .. } => "/plan?done=change_applied".to_owned(),
        Scheduled { .. } => "/plan?done=change_scheduled".to_owned(),
        Processing => "/plan?done=change_processing".to_owned(),
        RequiresAction { url } => url,
        Declined { .. } => return Err(AppError::ChangeDeclined),
    };
    leptos_axum::redirect(&next);
    Ok(())
}

#[server(prefix = "/fn", endpoint = "undo-change")]
pub async fn undo_change() -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    billing.undo_change(&actor).await?;
    leptos_axum::redirect("/plan?done=change_undone");
    Ok(())
}

/// The token names the preview that was shown: exactly its amounts are charged.
#[server(prefix = "/fn", endpoint = "confirm-add-on")]
pub async fn confirm_add_on(token: String) -> Result<(), AppError> {
    use service::ChangeOutcome::*;
    let (billing, actor) = crate::context::caller().await?;
    let next = match billing.confirm_add_on(&actor, &token).await? {
        Applied { .. } => "/plan?done=add_on_applied".to_owned(),
        Scheduled { .. } => "/plan?done=add_on_scheduled".to_owned(),
        Processing => "/plan?done=add_on_processing".to_owned(),
        RequiresAction { url } => url,
        Declined { .. } => return Err(AppError::ChangeDeclined),
    };
    leptos_axum::redirect(&next);
    Ok(())
}

#[server(prefix = "/fn", endpoint = "undo-add-on")]
pub async fn undo_add_on(add_on: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let add_on = add_on.parse().map_err(|_| AppError::NotFound)?;
    billing.undo_add_on(&actor, add_on).await?;
    leptos_axum::redirect("/plan?done=add_on_undone");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "cancel-standalone")]
pub async fn cancel_standalone(subscription: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = subscription.parse().map_err(|_| AppError::NotFound)?;
    billing.cancel_standalone(&actor, id).await?;
    leptos_axum::redirect("/plan?done=standalone_canceled");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "keep-standalone")]
pub async fn keep_standalone(subscription: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = subscription.parse().map_err(|_| AppError::NotFound)?;
    billing.undo_cancel_standalone(&actor, id).await?;
    leptos_axum::redirect("/plan?done=standalone_kept");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "cancel")]
pub async fn cancel(
    #[server(default)] reason: String,
    #[server(default)] comment: String,
) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    billing.cancel(&actor, feedback(&reason, comment)).await?;
    leptos_axum::redirect("/plan?done=cancel_scheduled");
    Ok(())
}

/// Pauses or ends at once, as the token's preview showed.
#[server(prefix = "/fn", endpoint = "stop")]
pub async fn stop(
    token: String,
    #[server(default)] reason: String,
    #[server(default)] comment: String,
) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let done = billing
        .confirm_stop(&actor, &token, feedback(&reason, comment))
        .await?;
    leptos_axum::redirect(match done {
        service::StopKind::Pause { .. } => "/overview?done=paused",
        service::StopKind::Cancel { .. } => "/overview?done=canceled",
    });
    Ok(())
}

/// A card that is declined leaves the plan past due; the page then says what is owed.
#[server(prefix = "/fn", endpoint = "resume")]
pub async fn resume(token: String) -> Result<(), AppError> {
    use service::ChangeOutcome::*;
    let (billing, actor) = crate::context::caller().await?;
    let next = match billing.confirm_resume(&actor, &token).await? {
        RequiresAction { url } => url,
        Processing => "/overview?done=resume_processing".to_owned(),
        Declined { .. } => "/overview".to_owned(),
        Applied { .. } | Scheduled { .. } => "/overview?done=resumed".to_owned(),
    };
    leptos_axum::redirect(&next);
    Ok(())
}

/// A code that is refused stands in the form again.
#[server(prefix = "/fn", endpoint = "redeem-code")]
pub async fn redeem_code(code: String) -> Result<(), AppError> {
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    let redeemed = billing.redeem_code(&actor, &code).await;
    typed::keep(&typed::written(&[("code", &code)]), redeemed.is_ok())?;
    redeemed?;
    leptos_axum::redirect("/plan?done=code_redeemed");
    Ok(())
}

/// Nothing said is nothing kept; words without a reason are kept all the same.
#[cfg(feature = "ssr")]
fn feedback(reason: &str, comment: String) -> Option<billing::subscription::Feedback> {
    use billing::subscription::{Feedback, FeedbackReason};
    let reason = match FeedbackReason::parse(reason) {
        Some(reason) => reason,
        None if comment.trim().is_empty() => return None,
        None => FeedbackReason::Other,
    };
    Some(Feedback { reason, comment })
}

#[server(prefix = "/fn", endpoint = "undo-cancel")]
pub async fn undo_cancel() -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    billing.undo_cancel(&actor).await?;
    leptos_axum::redirect("/plan?done=cancel_undone");
    Ok(())
}
