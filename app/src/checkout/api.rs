//! Whether a payment has been decided.

use leptos::prelude::*;

use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "checkout-decided")]
pub async fn checkout_decided(session: String) -> Result<bool, AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let result = billing.checkout_result(&actor, &session).await?;
    Ok(result.outcome != service::CheckoutOutcome::Processing)
}
