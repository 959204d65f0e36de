//! What the customer does on the hosted pages.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::AppError;

/// Anyone with the page's reference may: it plays a foreign site.
#[server(prefix = "/fn", endpoint = "sandbox-pay")]
pub async fn submit_card(
    session: String,
    number: String,
    expiry: String,
    cvc: String,
) -> Result<(), AppError> {
    use service::sandbox::SubmitOutcome;
    let billing = crate::context::sandbox()?;
    let (exp_month, exp_year) = super::expiry::parse_expiry(&expiry).ok_or(AppError::InvalidExpiry)?;
    let card = service::sandbox::CardInput {
        number,
        exp_month,
        exp_year,
        cvc,
    };
    match billing
        .sandbox()
        .submit_card(&session, card, billing.now())
        .await
        .map_err(service::Error::from)?
    {
        SubmitOutcome::Redirect { url } | SubmitOutcome::Authenticate { url } => leptos_axum::redirect(&url),
        SubmitOutcome::Refused(refusal) => {
            return Err(AppError::parse(refusal.code()).unwrap_or(AppError::CardDeclined));
        }
        // The page itself says so when it is shown again.
        SubmitOutcome::Expired => {}
    }
    Ok(())
}

/// The customer's answer to the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Approve,
    Decline,
}

/// Anyone with the charge's reference may: it plays a bank.
#[server(prefix = "/fn", endpoint = "sandbox-authenticate")]
pub async fn authenticate(charge: String, answer: Answer) -> Result<(), AppError> {
    use service::sandbox::Authentication;
    let billing = crate::context::sandbox()?;
    let answer = match answer {
        Answer::Approve => Authentication::Approve,
        Answer::Decline => Authentication::Decline,
    };
    let next = billing
        .sandbox()
        .authenticate(&charge, answer, billing.now())
        .await;
    leptos_axum::redirect(&next.map_err(service::Error::from)?);
    Ok(())
}
