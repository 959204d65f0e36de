//! Moves the test clock and says how far it has come; has the billing run try again.

use crate::error::AppError;
use leptos::prelude::*;

/// To an instant in UTC, as a date-time field sends it.
#[server(prefix = "/fn", endpoint = "move-clock")]
pub async fn move_clock(to: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let to = super::when::instant(&to).ok_or(AppError::Invalid)?;
    Ok(billing.start_clock_move(&actor, to).await?)
}

/// By one `day` or `month` from where it stands.
#[server(prefix = "/fn", endpoint = "step-clock")]
pub async fn step_clock(by: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let to = super::when::step(&by, billing.now()).ok_or(AppError::Invalid)?;
    Ok(billing.start_clock_move(&actor, to).await?)
}

/// How far a move of the clock has come, in words; none when the clock stands.
#[server(prefix = "/fn", endpoint = "clock-progress")]
pub async fn clock_progress() -> Result<Option<String>, AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let clock = billing.clock_state(&actor).await?;
    Ok(super::page::progress(&clock))
}

/// An operator saw to it: the billing run looks at the customer again.
#[server(prefix = "/fn", endpoint = "unpark")]
pub async fn unpark(customer: String) -> Result<(), AppError> {
    let (billing, actor) = crate::context::caller().await?;
    let customer = customer.parse().map_err(|_| AppError::NotFound)?;
    Ok(billing.unpark(&actor, customer).await?)
}
