//! Makes, changes and ends endpoints, tries them, and sends again.

use leptos::prelude::*;

use super::forms::EndpointForm;
use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "create-endpoint")]
pub async fn create_endpoint(form: EndpointForm, #[server(default)] mark: String) -> Result<(), AppError> {
    use super::forms::NEW;
    use crate::{auth::typed, context};
    let (billing, actor) = context::caller().await?;
    actor.manages_webhooks()?;
    let new = service::NewWebhookEndpoint {
        url: form.url.trim().to_owned(),
        description: form.description.clone(),
        kinds: form.kinds(),
        enabled: true,
    };
    let intent = service::Intent::of_form(&actor, &mark, &form)?;
    let made = billing.create_webhook_endpoint(&actor, new, intent).await;
    typed::keep_form(NEW, &form, made.is_ok())?;
    let made = made?;
    let id = made.endpoint.id.to_string();
    context::hand_over(&billing.wrap_secret(&actor, &id, &made.secret)?)?;
    leptos_axum::redirect(&format!("/admin/webhooks/{id}?secret=new"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "edit-endpoint")]
pub async fn edit_endpoint(form: EndpointForm) -> Result<(), AppError> {
    use super::forms::EDIT;
    use crate::auth::typed;
    let (billing, actor) = crate::context::caller().await?;
    actor.manages_webhooks()?;
    let id = form.endpoint.parse().map_err(|_| AppError::NotFound)?;
    let edit = service::EditWebhookEndpoint {
        url: Some(form.url.trim().to_owned()),
        description: Some(form.description.clone()),
        kinds: Some(form.kinds()),
        enabled: None,
        seen: Some(form.seen.clone()),
    };
    let edited = billing.edit_webhook_endpoint(&actor, id, edit).await;
    typed::keep_form(EDIT, &form, edited.is_ok())?;
    edited?;
    leptos_axum::redirect(&format!("/admin/webhooks/{id}?done=endpoint_changed"));
    Ok(())
}

/// `to` is `on` or `off`.
#[server(prefix = "/fn", endpoint = "switch-endpoint")]
pub async fn switch_endpoint(endpoint: String, to: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = endpoint.parse().map_err(|_| AppError::NotFound)?;
    let (enabled, done) = match to.as_str() {
        "on" => (true, "endpoint_on"),
        "off" => (false, "endpoint_off"),
        _ => return Err(AppError::Invalid),
    };
    let edit = service::EditWebhookEndpoint {
        enabled: Some(enabled),
        ..service::EditWebhookEndpoint::default()
    };
    billing.edit_webhook_endpoint(&actor, id, edit).await?;
    leptos_axum::redirect(&format!("/admin/webhooks/{id}?done={done}"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "delete-endpoint")]
pub async fn delete_endpoint(endpoint: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = endpoint.parse().map_err(|_| AppError::NotFound)?;
    billing.delete_webhook_endpoint(&actor, id).await?;
    leptos_axum::redirect("/admin/webhooks?done=endpoint_deleted");
    Ok(())
}

/// The old secret signs beside the new one for so many hours.
#[server(prefix = "/fn", endpoint = "rotate-endpoint")]
pub async fn rotate_endpoint(endpoint: String, hours: u32) -> Result<(), AppError> {
    use std::time::Duration;
    let (billing, actor) = crate::context::caller().await?;
    let id = endpoint.parse().map_err(|_| AppError::NotFound)?;
    let overlap = Duration::from_secs(u64::from(hours) * 3_600);
    let rotated = billing
        .rotate_webhook_secret(&actor, id, Some(overlap), service::Intent::new())
        .await?;
    let wrapped = billing.wrap_secret(&actor, &id.to_string(), &rotated.secret)?;
    crate::context::hand_over(&wrapped)?;
    leptos_axum::redirect(&format!("/admin/webhooks/{id}?secret=new"));
    Ok(())
}

/// Leads to what came of it.
#[server(prefix = "/fn", endpoint = "test-endpoint")]
pub async fn test_endpoint(endpoint: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = endpoint.parse().map_err(|_| AppError::NotFound)?;
    let sent = billing.test_webhook_endpoint(&actor, id).await?;
    leptos_axum::redirect(&format!("/admin/webhooks/deliveries/{}", sent.delivery.id));
    Ok(())
}

/// `since` as a date-time field sends it, in UTC.
#[server(prefix = "/fn", endpoint = "replay-endpoint")]
pub async fn replay_endpoint(endpoint: String, since: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = endpoint.parse().map_err(|_| AppError::NotFound)?;
    let since = crate::admin::system::when::instant(&since).ok_or(AppError::InvalidSince)?;
    let replayed = billing.replay_webhooks(&actor, id, since).await?;
    let done = match (replayed.deliveries, replayed.has_more) {
        (0, _) => "replayed_none",
        (_, true) => "replayed_some",
        (_, false) => "replayed",
    };
    leptos_axum::redirect(&format!("/admin/webhooks/{id}?done={done}"));
    Ok(())
}

#[server(prefix = "/fn", endpoint = "resend-delivery")]
pub async fn resend_delivery(delivery: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let id = delivery.parse().map_err(|_| AppError::NotFound)?;
    billing.resend_webhook(&actor, id).await?;
    leptos_axum::redirect(&format!("/admin/webhooks/deliveries/{id}?done=delivery_resent"));
    Ok(())
}
