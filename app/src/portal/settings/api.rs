//! Saving what a company tells of itself.

use leptos::prelude::*;

use crate::error::AppError;

/// What cannot be right stands in the form again.
#[server(prefix = "/fn", endpoint = "set-tax-address")]
pub async fn set_tax_address(
    #[server(default)] region: String,
    #[server(default)] tax_id: String,
) -> Result<(), AppError> {
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    let address = service::TaxAddress {
        region: Some(&region),
        tax_id: Some(&tax_id),
    };
    let saved = billing.set_tax_address(&actor, address).await;
    typed::keep(
        &typed::written(&[("region", &region), ("tax_id", &tax_id)]),
        saved.is_ok(),
    )?;
    saved?;
    leptos_axum::redirect("/settings?done=tax_saved");
    Ok(())
}
