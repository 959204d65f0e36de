//! Ends the session.

use leptos::prelude::*;

use crate::error::AppError;

/// Anyone may: it ends the caller's own session.
#[server(prefix = "/fn", endpoint = "sign-out")]
pub async fn sign_out() -> Result<(), AppError> {
    crate::context::sign_out().await?;
    leptos_axum::redirect("/sign-in?done=signed_out");
    Ok(())
}
