//! Begins a session.

use leptos::prelude::*;

use crate::error::AppError;

/// Anyone may ask; the use case limits how often.
#[server(prefix = "/fn", endpoint = "sign-in")]
pub async fn sign_in(email: String, password: String, next: Option<String>) -> Result<(), AppError> {
    let sign_in = service::SignIn {
        email,
        password: password.into(),
        address: crate::context::address(),
    };
    let principal = crate::context::billing()?.sign_in(sign_in).await?;
    crate::context::sign_in(principal).await?;
    leptos_axum::redirect(super::super::after::after_sign_in(principal, next.as_deref()));
    Ok(())
}
