//! Creates the customer and its owner, and begins a session.

use leptos::prelude::*;

use crate::error::AppError;

#[server(prefix = "/fn", endpoint = "sign-up")]
pub async fn sign_up(
    company: String,
    name: String,
    email: String,
    password: String,
    time_zone: String,
    next: Option<String>,
) -> Result<(), AppError> {
    let sign_up = service::SignUp {
        company,
        name,
        email,
        password: password.into(),
        time_zone,
    };
    let principal = crate::context::billing()?.sign_up(sign_up).await?;
    crate::context::sign_in(principal).await?;
    leptos_axum::redirect(super::super::after::after_sign_in(principal, next.as_deref()));
    Ok(())
}
