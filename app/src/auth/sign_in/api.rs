//! Begins a session.

use leptos::prelude::*;

use crate::error::AppError;

/// Anyone may ask; the use case limits how often.
#[server(prefix = "/fn", endpoint = "sign-in")]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), AppError> {
    use super::super::typed;
    let typed = typed::written(&[("email", &email)]);
    let sign_in = service::SignIn {
        email,
        password: password.into(),
        address: crate::context::address(),
    };
    let found = crate::context::billing()?.sign_in(sign_in).await;
    typed::keep(&typed, found.is_ok())?;
    let principal = found?;
    crate::context::sign_in(principal).await?;
    leptos_axum::redirect(super::super::after::after_sign_in(principal, next.as_deref()));
    Ok(())
}
