//! The way to the hosted page, for a plan or a trial.

use billing::id::PriceId;
use leptos::prelude::*;

use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "start-checkout")]
pub async fn start_checkout(
    price: PriceId,
    trial: Option<bool>,
    code: Option<String>,
) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let start = service::StartCheckout {
        price,
        trial: trial.unwrap_or(false),
        code: code.filter(|code| !code.trim().is_empty()),
    };
    leptos_axum::redirect(&billing.start_checkout(&actor, start).await?);
    Ok(())
}
