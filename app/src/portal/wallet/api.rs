//! The way to the page that credit is paid on.

use leptos::prelude::*;

use crate::error::AppError;

/// In major units, as it is typed. What is refused stands in the form again.
#[server(prefix = "/fn", endpoint = "top-up")]
pub async fn top_up(amount: String) -> Result<(), AppError> {
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    let page = match billing::money::parse_major(&amount) {
        Some(amount) => billing.top_up(&actor, amount).await.map_err(AppError::from),
        None => Err(AppError::InvalidAmount),
    };
    typed::keep(&typed::written(&[("amount", &amount)]), page.is_ok())?;
    leptos_axum::redirect(&page?);
    Ok(())
}
