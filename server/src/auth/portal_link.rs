//! The way in by a link of the host platform: signs its member in, and leads to the page it is about.
//!
//! Looking at the address uses nothing up: browsers fetch ahead, and programs that check links look at each. What is
//! shown is a button that does it, pressed by a script where there are scripts.

use app::context::ClientAddress;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, USER_AGENT};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use service::{
    ADDRESS_KEY, AGENT_KEY, Billing, Error, ErrorKind, PRINCIPAL_KEY, PortalVisit, RETURN_URL_KEY,
};
use sha2::{Digest, Sha256};
use tower_sessions::Session;

use crate::config::BaseUrl;
use crate::middleware::plain_page::plain_page;
use crate::state::AppState;

const PATH: &str = "/portal";
const MAX_AGENT_CHARS: usize = 400;
/// A page that is made ready before anybody wants it waits.
const PRESS: &str = "const go=()=>document.forms[0].submit();\
    document.prerendering?document.addEventListener('prerenderingchange',go,{once:true}):go()";

pub fn routes() -> Router<AppState> {
    Router::new().route("/portal/{secret}", get(door).post(enter))
}

/// The same whatever the secret: it is looked up by whoever enters.
async fn door() -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Billing</title></head>\
         <body><main><h1>Billing</h1><form method=\"post\"><button>Open the portal</button></form></main>\
         <script>{PRESS}</script></body></html>\n"
    );
    let script = BASE64_STANDARD.encode(Sha256::digest(PRESS.as_bytes()));
    let policy = format!(
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; \
         script-src 'sha256-{script}'"
    );
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}

pub fn url(base_url: &BaseUrl, secret: &str) -> String {
    format!("{}{PATH}/{secret}", base_url.as_str())
}

async fn enter(
    State(billing): State<Billing>,
    session: Session,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    secret: Result<Path<String>, PathRejection>,
) -> Response {
    // What is no text at all is no secret either.
    let secret = secret.map_or_else(|_| String::new(), |Path(secret)| secret);
    let visit = match billing.enter_portal(&secret.into()).await {
        Ok(visit) => visit,
        Err(error) => return refused(&error),
    };
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent: Option<String> = agent.map(|agent| agent.chars().take(MAX_AGENT_CHARS).collect());
    let address = address.map(|Extension(address)| address.0.to_string());
    match sign_in(&session, &visit, (address, agent)).await {
        Ok(()) => Redirect::to(&visit.path).into_response(),
        Err(error) => {
            tracing::error!(%error, "The session store failed: {error}");
            plain_page(
                StatusCode::SERVICE_UNAVAILABLE,
                "You could not be signed in. Go back to where you came from and open the portal again.",
            )
        }
    }
}

/// Whoever was signed in before in this browser is not any more; and the session gets a new id, so that one planted
/// before cannot be used after.
async fn sign_in(
    session: &Session,
    visit: &PortalVisit,
    (address, agent): (Option<String>, Option<String>),
) -> Result<(), tower_sessions::session::Error> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(ADDRESS_KEY, address).await?;
    session.insert(AGENT_KEY, agent).await?;
    session.insert(RETURN_URL_KEY, &visit.return_url).await?;
    session.insert(PRINCIPAL_KEY, visit.principal).await
}

fn refused(error: &Error) -> Response {
    if error.kind() == ErrorKind::NotFound {
        return plain_page(
            StatusCode::GONE,
            "This link was used before, or is older than five minutes. Go back to where you came from and open the \
             portal again.",
        );
    }
    tracing::error!(?error, "A portal link could not be followed: {error}");
    plain_page(
        StatusCode::SERVICE_UNAVAILABLE,
        "This cannot be done at the moment. Go back to where you came from and open the portal again.",
    )
}
