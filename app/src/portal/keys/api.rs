//! Makes, rotates and revokes keys.

use leptos::prelude::*;

use super::forms::KeyForm;
use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "create-key")]
pub async fn create_key(form: KeyForm, #[server(default)] mark: String) -> Result<(), AppError> {
    use super::forms::KEY;
    use crate::{auth::typed, context};
    let (billing, actor) = context::caller().await?;
    actor.owns_customer()?;
    let intent = service::Intent::of_form(&actor, &mark, &form)?;
    let made = match super::typed::key(&form, service::clock::real_now()) {
        Ok(new) => billing
            .create_api_key_once(&actor, new, intent)
            .await
            .map_err(|error| match error {
                // Too far ahead.
                service::Error::Invalid { field: "expires_at" } => AppError::InvalidExpiryDay,
                service::Error::Invalid { field: "name" } => AppError::InvalidLabel,
                error => error.into(),
            }),
        Err(error) => Err(error),
    };
    typed::keep_form(KEY, &form, made.is_ok())?;
    let made = made?;
    context::hand_over(&billing.wrap_secret(&actor, "key", &made.key)?)?;
    leptos_axum::redirect("/settings/keys?key=new");
    Ok(())
}

/// The key before it goes on for a day.
#[server(prefix = "/fn", endpoint = "rotate-key")]
pub async fn rotate_key(key: String, #[server(default)] mark: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    actor.owns_customer()?;
    let id = key.parse().map_err(|_| AppError::NotFound)?;
    let intent = service::Intent::of_form(&actor, &mark, &key)?;
    let made = billing.rotate_api_key_once(&actor, id, intent).await?;
    crate::context::hand_over(&billing.wrap_secret(&actor, "key", &made.key)?)?;
    leptos_axum::redirect("/settings/keys?key=rotated");
    Ok(())
}

#[server(prefix = "/fn", endpoint = "revoke-key")]
pub async fn revoke_key(key: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    actor.owns_customer()?;
    let id = key.parse().map_err(|_| AppError::NotFound)?;
    billing.revoke_api_key(&actor, id).await?;
    leptos_axum::redirect("/settings/keys?done=key_revoked");
    Ok(())
}
