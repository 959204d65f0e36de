//! Adds, tries and removes channels.

use leptos::prelude::*;

use super::forms::ChannelForm;
use crate::error::AppError;

/// What reaches a channel is a secret: it does not stand in the form again.
#[server(prefix = "/fn", endpoint = "add-channel")]
pub async fn add_channel(
    form: ChannelForm,
    address: String,
    #[server(default)] mark: String,
) -> Result<(), AppError> {
    use super::forms::CHANNEL;
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    actor.operates()?;
    let intent = service::Intent::of_form(&actor, &mark, &(&form, &address))?;
    let added = match super::channels::read(&form, address.trim()) {
        Ok(new) => billing
            .create_alert_channel_once(&actor, new, intent)
            .await
            .map_err(super::channels::refused),
        Err(error) => Err(error),
    };
    typed::keep_form(CHANNEL, &form, added.is_ok())?;
    added?;
    leptos_axum::redirect("/admin/alerts?done=channel_added");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "remove-channel")]
pub async fn remove_channel(channel: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = channel.parse().map_err(|_| AppError::NotFound)?;
    billing.delete_alert_channel(&actor, id).await?;
    leptos_axum::redirect("/admin/alerts?done=channel_removed");
    Ok(())
}

/// What came of it stands on the page it leads to.
#[server(prefix = "/fn", endpoint = "test-channel")]
pub async fn test_channel(channel: String) -> Result<(), AppError> {
    use super::forms::{TEST, Tested};
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    let id = channel.parse().map_err(|_| AppError::NotFound)?;
    let why = match billing.test_alert_channel(&actor, id).await? {
        service::TestOutcome::Told => None,
        service::TestOutcome::Failed { why } => Some(why),
    };
    let tested = Tested { channel, why };
    typed::keep_form(TEST, &tested, false)?;
    leptos_axum::redirect("/admin/alerts?tested=1");
    Ok(())
}
