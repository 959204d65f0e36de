//! Creates the customer and its owner, and begins a session.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// The fields of the form, under their own names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignUpForm {
    company: String,
    name: String,
    email: String,
    password: String,
    time_zone: String,
    next: Option<String>,
}

#[server(prefix = "/fn", endpoint = "sign-up")]
pub async fn sign_up(#[server(flatten)] form: SignUpForm) -> Result<(), AppError> {
    use super::super::typed;

    let SignUpForm {
        company,
        name,
        email,
        password,
        time_zone,
        next,
    } = form;
    let typed = typed::written(&[("company", &company), ("name", &name), ("email", &email)]);
    let sign_up = service::SignUp {
        company,
        name,
        email,
        password: password.into(),
        time_zone,
        address: crate::context::address(),
    };
    let made = crate::context::billing()?.sign_up(sign_up).await;
    typed::keep(&typed, made.is_ok())?;
    let principal = made?;
    crate::context::sign_in(principal).await?;
    leptos_axum::redirect(super::super::after::after_sign_in(principal, next.as_deref()));
    Ok(())
}
