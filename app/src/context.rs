//! What the server hands to every page and server function, and who is asking.

use std::net::IpAddr;
use std::time::Duration;

use http::request::Parts;
use leptos::prelude::use_context;
use service::{ADDRESS_KEY, AGENT_KEY, Actor, Billing, PRINCIPAL_KEY, Principal, RETURN_URL_KEY};
use tower_sessions::Session;

use crate::error::AppError;

/// What carries a secret from where it is made to where it is shown.
const SHOWN: &str = "shown";

/// The deployment as pages need to know it.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Cards are test cards and the clock can be moved.
    pub sandbox: bool,
    /// There are demo accounts to sign in with.
    pub demo: bool,
    /// Where browsers reach us, without a trailing slash.
    pub base_url: String,
    pub merchant: &'static str,
}

/// Where a request comes from, as the server found out; it stands in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

pub fn billing() -> Result<Billing, AppError> {
    use_context().ok_or(AppError::Internal)
}

pub fn deployment() -> Result<Deployment, AppError> {
    use_context().ok_or(AppError::Internal)
}

/// The use cases, where the provider is the sandbox; elsewhere its pages do not exist.
pub fn sandbox() -> Result<Billing, AppError> {
    if deployment()?.sandbox {
        billing()
    } else {
        Err(AppError::NotFound)
    }
}

async fn session() -> Result<Session, AppError> {
    leptos_axum::extract().await.map_err(|_| AppError::Internal)
}

/// Who asks. Every server function begins with it.
pub async fn actor() -> Result<Actor, AppError> {
    let billing = billing()?;
    let principal = session()
        .await?
        .get::<Principal>(PRINCIPAL_KEY)
        .await
        .map_err(session_failed)?;
    match principal {
        Some(principal) => Ok(billing.actor(principal).await?),
        None => Ok(Actor::Anonymous),
    }
}

/// The use cases and who asks for one.
pub async fn caller() -> Result<(Billing, Actor), AppError> {
    Ok((billing()?, actor().await?))
}

/// Where whoever came by a link of the host platform finds the way back.
pub async fn return_url() -> Option<String> {
    let session = session().await.ok()?;
    session.get::<String>(RETURN_URL_KEY).await.ok()?
}

/// The session gets a new id, so that one planted before cannot be used after.
pub async fn sign_in(principal: Principal) -> Result<(), AppError> {
    let session = session().await?;
    session.cycle_id().await.map_err(session_failed)?;
    // It was of whoever came by a link in this browser before.
    session
        .remove_value(RETURN_URL_KEY)
        .await
        .map_err(session_failed)?;
    for (key, label) in [(ADDRESS_KEY, address()), (AGENT_KEY, agent())] {
        session.insert(key, label).await.map_err(session_failed)?;
    }
    session
        .insert(PRINCIPAL_KEY, principal)
        .await
        .map_err(session_failed)
}

pub async fn sign_out() -> Result<(), AppError> {
    session().await?.flush().await.map_err(session_failed)
}

/// Where the request comes from, as far as the server knows.
pub fn address() -> Option<String> {
    let parts: Parts = use_context()?;
    let client: &ClientAddress = parts.extensions.get()?;
    Some(client.0.to_string())
}

/// With what: the browser's own words, cut to what is worth keeping.
fn agent() -> Option<String> {
    const MAX_CHARS: usize = 400;
    let parts: Parts = use_context()?;
    let agent = parts.headers.get(http::header::USER_AGENT)?.to_str().ok()?;
    Some(agent.chars().take(MAX_CHARS).collect())
}

/// The page that what is asked was sent from, without what an earlier answer left in its address.
pub fn came_from() -> Option<String> {
    let parts: Parts = use_context()?;
    Some(crate::form_post::back(&parts.headers))
}

/// What the browser keeps for us under a name.
pub fn cookie(name: &str) -> Option<String> {
    let parts: Parts = use_context()?;
    let cookies = parts.headers.get(http::header::COOKIE)?.to_str().ok()?;
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, _)| *found == name)?;
    Some(value.to_owned())
}

/// Has the browser keep it; `value` must be fit for a cookie. Over TLS alone where we are reached by it.
pub fn set_cookie(name: &str, value: &str, attributes: &str) -> Result<(), AppError> {
    let options: leptos_axum::ResponseOptions = use_context().ok_or(AppError::Internal)?;
    let https = deployment()?.base_url.starts_with("https://");
    let secure = if https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; SameSite=Lax; {attributes}{secure}");
    let cookie = http::HeaderValue::from_str(&cookie).map_err(|_| AppError::Internal)?;
    options.append_header(http::header::SET_COOKIE, cookie);
    Ok(())
}

/// A secret that was just made, wrapped by the use cases, on its way to the page that shows it.
pub fn hand_over(wrapped: &str) -> Result<(), AppError> {
    set_cookie(SHOWN, wrapped, "Max-Age=60; HttpOnly")
}

/// The secret of this name, this one time; none where none was handed over to whoever asks.
pub fn take_over(billing: &Billing, actor: &Actor, of: &str) -> Result<Option<String>, AppError> {
    let Some(wrapped) = cookie(SHOWN).filter(|wrapped| !wrapped.is_empty()) else {
        return Ok(None);
    };
    set_cookie(SHOWN, "", "Max-Age=0; HttpOnly")?;
    Ok(billing.unwrap_secret(actor, of, &wrapped))
}

fn session_failed(error: tower_sessions::session::Error) -> AppError {
    tracing::error!(%error, "The session store failed: {error}");
    AppError::StorageUnavailable
}

/// How far the test clock is ahead of real time; none when it is not.
pub fn clock_shift(billing: &Billing) -> Option<Duration> {
    const NOISE: Duration = Duration::from_secs(1);
    let shift = (billing.now() - service::clock::real_now()).to_std().ok()?;
    (shift > NOISE).then_some(shift)
}
