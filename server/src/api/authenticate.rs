//! Who calls: the key or token of each request, how often it may call, and what is told of that.

use std::net::IpAddr;
use std::time::Instant;

use app::context::ClientAddress;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service::{Actor, Error};

use super::problem::Problem;
use super::rate_limit::{Limit, Standing, place};
use crate::auth::token::{Refused, TRIED_AGAIN_AFTER, Tokens};
use crate::state::AppState;

/// Who was found to call. Handlers take it by `ApiKeyActor`.
#[derive(Debug, Clone)]
pub struct Caller(pub Actor);

/// Before the resources: calls that a person or a job of the host makes.
pub async fn resources(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let limits = state.api.limits.clone();
    let called = call(&state, &limits.keys, request, next).await;
    called.unwrap_or_else(IntoResponse::into_response)
}

/// Before what a host calls with each request of its own.
pub async fn metering(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let limits = state.api.limits.clone();
    let called = call(&state, &limits.metering, request, next).await;
    called.unwrap_or_else(IntoResponse::into_response)
}

/// Before what needs no key: each address has its own rate.
pub async fn anyone(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let addresses = &state.api.limits.addresses;
    match address(&request).map(|from| addresses.take(from, Instant::now())) {
        Some(standing) if !standing.allowed => told(addresses, standing, too_fast(standing)),
        _ => next.run(request).await,
    }
}

async fn call(
    state: &AppState,
    limit: &Limit<String>,
    mut request: Request,
    next: Next,
) -> Result<Response, Response> {
    let now = Instant::now();
    let (shown, from) = (shown(&request), address(&request));
    let actor = identify(state, shown.as_deref(), (from, now)).await?;
    let standing = limit.take(actor.audit_name(), now);
    if !standing.allowed {
        return Err(told(limit, standing, too_fast(standing)));
    }
    request.extensions_mut().insert(Caller(actor));
    Ok(told(limit, standing, next.run(request).await))
}

/// Whoever guesses keys is slowed down by the address; whoever shows a known one is not kept waiting by them. Counted
/// before it is looked up and given back where the guess was right: of many at once no more are looked up than are
/// allowed. Many who show one key at once are one guess.
async fn identify(
    state: &AppState,
    shown: Option<&str>,
    (from, now): (Option<IpAddr>, Instant),
) -> Result<Actor, Response> {
    let addresses = &state.api.limits.addresses;
    let take = || from.map(|from| addresses.take(from, now));
    let Some(shown) = shown else {
        refusal(addresses, take()).map_or(Ok(()), Err)?;
        return Err(Problem::from(Error::Unauthenticated).into_response());
    };
    if let Some(tokens) = state.api.tokens.as_ref().filter(|_| Tokens::is_token(shown)) {
        return identify_token(tokens, shown, (addresses, from)).await;
    }
    let mut counted = None;
    let may_look = |known: bool| {
        if !known {
            counted = take();
        }
        counted.is_none_or(|standing| standing.allowed)
    };
    let found = state.billing.api_key_actor_if(shown, may_look).await;
    if let Ok(None) = found {
        refusal(addresses, counted).map_or(Ok(()), Err)?;
    }
    let guessed = matches!(found, Err(Error::Unauthenticated));
    match from {
        Some(from) if counted.is_some() && !guessed => addresses.give_back(&from),
        // It was good until now.
        Some(from) if counted.is_none() && guessed => {
            addresses.take(from, now);
        }
        _ => {}
    }
    let found = found.and_then(|actor| actor.ok_or(Error::Unauthenticated));
    found.map_err(|error| Problem::from(error).into_response())
}

/// A token is checked without a look into the database, so a bad one is counted only once it was seen to be bad. An
/// address that guessed too often is not listened to; a token that was good before is known, as a key would be.
async fn identify_token(
    tokens: &Tokens,
    shown: &str,
    (addresses, from): (&Limit<IpAddr>, Option<IpAddr>),
) -> Result<Actor, Response> {
    let (real_now, now) = (service::clock::real_now(), Instant::now());
    if !tokens.knows(shown, real_now) {
        refusal(addresses, from.map(|from| addresses.look(&from, now))).map_or(Ok(()), Err)?;
    }
    match tokens.actor(shown, real_now).await {
        Ok(actor) => Ok(actor),
        Err(Refused::Bad) => {
            refusal(addresses, from.map(|from| addresses.take(from, now))).map_or(Ok(()), Err)?;
            Err(Problem::from(Error::Unauthenticated).into_response())
        }
        Err(Refused::KeysUnread) => {
            let detail = "the keys that tokens are signed with cannot be read this moment";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "token_keys_unavailable", detail);
            Err(problem.retry_after(TRIED_AGAIN_AFTER).into_response())
        }
    }
}

fn refusal(addresses: &Limit<IpAddr>, standing: Option<Standing>) -> Option<Response> {
    let standing = standing.filter(|standing| !standing.allowed)?;
    Some(told(addresses, standing, too_fast(standing)))
}

/// The key or token, taken from its header only: addresses end up in logs.
pub fn shown(request: &Request) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    bearer(header).map(str::to_owned)
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn address(request: &Request) -> Option<IpAddr> {
    let client = request.extensions().get::<ClientAddress>()?;
    Some(place(client.0))
}

fn too_fast(standing: Standing) -> Problem {
    let detail = "too many requests: wait a little";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many", detail).retry_after(standing.wait)
}

fn told<K: Eq + std::hash::Hash>(
    limit: &Limit<K>,
    standing: Standing,
    answer: impl IntoResponse,
) -> Response {
    let mut response = answer.into_response();
    limit.tell(standing, response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn only_bearer_carries_a_key() {
        assert_eq!(bearer("Bearer cbk_1"), Some("cbk_1"));
        assert_eq!(bearer("bearer  cbk_1"), Some("cbk_1"));
        assert_eq!(bearer("Basic cbk_1"), None);
        assert_eq!(bearer("cbk_1"), None);
    }
}
