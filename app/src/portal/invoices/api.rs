//! Ways to the hosted page that have nothing to do with choosing a plan.

use billing::id::InvoiceId;
use leptos::prelude::*;

use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "pay-invoice")]
pub async fn pay_invoice(invoice: InvoiceId) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    leptos_axum::redirect(&billing.start_payment(&actor, invoice).await?);
    Ok(())
}

#[server(prefix = "/fn", endpoint = "add-card")]
pub async fn add_card() -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    leptos_axum::redirect(&billing.start_add_card(&actor).await?);
    Ok(())
}
