//! The draft of the catalog: kept, dropped, published.

use leptos::prelude::*;

use crate::error::AppError;

/// On to the comparison, or back where the file cannot be read.
#[server(prefix = "/fn", endpoint = "save-catalog")]
pub async fn save_catalog(#[server(default)] text: String) -> Result<(), AppError> {
    use service::CatalogReview::Problems;
    let (billing, actor) = crate::context::caller().await?;
    billing.save_catalog_draft(&actor, &text).await?;
    leptos_axum::redirect(match billing.review_catalog(&actor).await? {
        Problems(_) => super::edit::PATH,
        _ => super::review::PATH,
    });
    Ok(())
}

#[server(prefix = "/fn", endpoint = "discard-catalog")]
pub async fn discard_catalog() -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    billing.discard_catalog_draft(&actor).await?;
    leptos_axum::redirect("/admin/catalog?done=catalog_discarded");
    Ok(())
}

/// The token names what was shown: exactly that is published.
#[server(prefix = "/fn", endpoint = "publish-catalog")]
pub async fn publish_catalog(token: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    billing.publish_catalog(&actor, &token).await?;
    leptos_axum::redirect("/admin/catalog?done=catalog_published");
    Ok(())
}
