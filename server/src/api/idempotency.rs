//! `Idempotency-Key`: a POST that is sent again is carried out once and answered as it was.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service::{Actor, Billing, Claim, Error, Intent, SealedAnswer, Sent, Taken};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::authenticate::Caller;
use super::body;
use super::openapi::BASE;
use super::problem::{Code, Problem};
use super::seal::Seal;
use crate::state::AppState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const MAX_KEY: usize = 255;
/// No answer to a POST is longer.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Most requests are carried out within it.
const A_MOMENT: Duration = Duration::from_secs(1);
/// Less than the claim on a name lasts: nobody else carries the request out meanwhile.
const LONGEST: Duration = Duration::from_secs(45);
/// What of an answer is told again besides its body.
const KEPT: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// The id of what a request makes, known before it is carried out.
pub struct Makes(pub Intent);

impl<S: Send + Sync> FromRequestParts<S> for Makes {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let intent = parts.extensions.get::<Intent>().copied();
        Ok(Self(intent.unwrap_or_default()))
    }
}

pub async fn carry_out_once(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let key = request.headers().get(KEY).cloned();
    let caller = request.extensions().get::<Caller>().cloned();
    let (Some(key), Some(Caller(actor)), &Method::POST) = (key, caller, request.method()) else {
        return next.run(request).await;
    };
    match read(&state.billing, (actor, key), request).await {
        Ok((sent, request)) => answer(sent, state, request, next).await,
        Err(problem) => problem.into_response(),
    }
}

/// A request under its name, and the request as it was, its body read.
async fn read(
    billing: &Billing,
    (actor, key): (Actor, HeaderValue),
    request: Request,
) -> Result<(Sent, Request), Problem> {
    let key =
        key.to_str().ok().map(str::trim).filter(|key| {
            (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        });
    let key = key.ok_or_else(|| {
        let detail = "an Idempotency-Key has 1 to 255 printable ASCII characters, and no space";
        Problem::new(StatusCode::BAD_REQUEST, "invalid_idempotency_key", detail)
    })?;
    let (parts, sent) = request.into_parts();
    let bytes = body::read(Request::from_parts(parts.clone(), sent)).await?;
    let route = route(&parts.uri);
    let hash = Sha256::digest(&bytes).into();
    let sent = billing.name_request(&actor, (route, key), hash).await?;
    Ok((sent, Request::from_parts(parts, Body::from(bytes))))
}

/// As it is kept with the key: below the API's base, as it was before paths were written whole. Kept otherwise, what was
/// carried out would be carried out again.
fn route(uri: &Uri) -> &str {
    let whole = uri.path_and_query().map_or("/", |path| path.as_str());
    whole.strip_prefix(BASE).unwrap_or(whole)
}

async fn answer(sent: Sent, state: AppState, mut request: Request, next: Next) -> Response {
    let claim = match state.billing.claim_request(&sent).await {
        Ok(claim) => claim,
        Err(error) => return Problem::from(error).into_response(),
    };
    match claim {
        Claim::Ours(taken) => {
            request.extensions_mut().insert(taken.intent);
            // A task of its own: a caller who hangs up does not stop it halfway.
            let work = tokio::spawn(
                Named { sent, taken }
                    .carry_out(state, request, next)
                    .in_current_span(),
            );
            work.await
                .unwrap_or_else(|_| Problem::from(Error::Internal("a request")).into_response())
        }
        Claim::UnderWay { retry_after } => {
            let detail = "the request of this Idempotency-Key is being carried out";
            Problem::new(StatusCode::CONFLICT, "request_under_way", detail)
                .retry_after(retry_after.min(A_MOMENT))
                .into_response()
        }
        Claim::OtherRequest => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "the Idempotency-Key came with another body before",
        )
        .into_response(),
        Claim::Answered(kept) => again(&sent, &state.api.seal, &kept),
    }
}

/// A request that is ours to carry out.
struct Named {
    sent: Sent,
    taken: Taken,
}

impl Named {
    async fn carry_out(self, state: AppState, request: Request, next: Next) -> Response {
        let Ok(answer) = tokio::time::timeout(LONGEST, next.run(request)).await else {
            self.leave(&state.billing).await;
            return Problem::from(Error::Internal("a request that takes too long")).into_response();
        };
        let (parts, body) = answer.into_parts();
        let Ok(body) = to_bytes(body, MAX_ANSWER_BYTES).await else {
            self.leave(&state.billing).await;
            return Problem::from(Error::Internal("an answer")).into_response();
        };
        let left = match Fate::of(parts.status, parts.headers.contains_key(RETRY_AFTER)) {
            Fate::Kept => self.keep(&state, parts.status, &parts.headers, &body).await,
            // What was begun before may be done: then its name still leads to it.
            Fate::Free if !self.taken.intent.is_again() => {
                state.billing.give_up_request(&self.sent, self.taken).await
            }
            Fate::Free | Fate::Open => state.billing.leave_request(&self.sent, self.taken).await,
        };
        if let Err(error) = left {
            // The answer stands; sent again after a minute, the request finds what this one made.
            tracing::error!(%error, "An answer could not be kept for its Idempotency-Key: {error}");
        }
        Response::from_parts(parts, Body::from(body))
    }

    async fn leave(&self, billing: &Billing) {
        if let Err(error) = billing.leave_request(&self.sent, self.taken).await {
            tracing::error!(%error, "A request could not be left to whoever sends it again: {error}");
        }
    }

    async fn keep(
        &self,
        state: &AppState,
        status: StatusCode,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<(), Error> {
        let header = |name: &HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        };
        let kept = KeptAnswer {
            headers: KEPT.iter().filter_map(header).collect(),
            body: String::from_utf8_lossy(body).into_owned(),
        };
        let text = serde_json::to_vec(&kept).map_err(|_| Error::Internal("an answer"))?;
        let sealed = state.api.seal.close(&self.sent.place(), &text);
        let answer = SealedAnswer {
            status: status.as_u16(),
            body: sealed.ok_or(Error::Internal("a seal"))?,
        };
        state.billing.keep_answer(&self.sent, self.taken, &answer).await
    }
}

/// The answer there was.
fn again(sent: &Sent, seal: &Seal, answer: &SealedAnswer) -> Response {
    let text = seal.open(&sent.place(), &answer.body);
    let kept = text.and_then(|text| serde_json::from_slice::<KeptAnswer>(&text).ok());
    let Some((kept, status)) = kept.zip(StatusCode::from_u16(answer.status).ok()) else {
        let detail =
            "the request was carried out, but its answer cannot be shown any more: look at what it made";
        return Problem::new(StatusCode::CONFLICT, "answer_lost", detail).into_response();
    };
    let code = kept.code();
    let mut response = (status, kept.body).into_response();
    if let Some(code) = code {
        response.extensions_mut().insert(code);
    }
    for (name, value) in kept.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    headers: Vec<(String, String)>,
    body: String,
}

impl KeptAnswer {
    /// Of a problem that is told again.
    fn code(&self) -> Option<Code> {
        #[derive(Deserialize)]
        struct Coded {
            code: String,
        }
        let problem = ("content-type".to_owned(), "application/problem+json".to_owned());
        let coded = self.headers.contains(&problem).then_some(&self.body)?;
        let Coded { code } = serde_json::from_str(coded).ok()?;
        Some(Code(code.into()))
    }
}

/// What becomes of a name once its request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The answer is the answer, good or bad.
    Kept,
    /// The request could not even be begun: a better one may have the name.
    Free,
    /// Something failed here: sent again, it is carried out again.
    Open,
}

impl Fate {
    /// An answer that says when to ask again is not the last word. One of what was seen meanwhile is none either: look
    /// again, and ask again under the same name.
    const fn of(status: StatusCode, later: bool) -> Self {
        match status {
            StatusCode::CONFLICT if later => Self::Free,
            StatusCode::BAD_REQUEST
            | StatusCode::UNAUTHORIZED
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::TOO_MANY_REQUESTS => Self::Free,
            status if later || status.as_u16() >= 500 => Self::Open,
            _ => Self::Kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_the_name_it_was_kept_under() {
        let route = |uri: &'static str| route(&Uri::from_static(uri)).to_owned();
        assert_eq!(route("/v1/subscriptions"), "/subscriptions");
        assert_eq!(route("/v1/invoices/inv_1/void?x=1"), "/invoices/inv_1/void?x=1");
    }

    #[test]
    fn only_a_last_word_is_kept() {
        let fate = |status: u16, later| Fate::of(StatusCode::from_u16(status).unwrap(), later);
        for kept in [200, 201, 403, 404, 409] {
            assert_eq!(fate(kept, false), Fate::Kept, "{kept}");
        }
        for free in [400, 401, 405, 408, 412, 413, 415, 422, 429] {
            assert_eq!(fate(free, free == 429), Fate::Free, "{free}");
        }
        assert_eq!(fate(409, true), Fate::Free);
        for (open, later) in [(500, false), (503, true)] {
            assert_eq!(fate(open, later), Fate::Open, "{open}");
        }
    }
}
