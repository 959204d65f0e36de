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

#[server(prefix = "/fn", endpoint = "cancel")]
pub async fn cancel() -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    billing.cancel(&actor, None).await?;
    leptos_axum::redirect("/plan?done=cancel_scheduled");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "undo-cancel")]
pub async fn undo_cancel() -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    billing.undo_cancel(&actor).await?;
    leptos_axum::redirect("/plan?done=cancel_undone");
    Ok(())
}
