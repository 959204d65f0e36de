//! `POST /v1/portal_sessions`: a link by which the host platform sends its own user into the portal.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sdk::portal_sessions::{CreatePortalSession, Flow, PortalSession};
use secrecy::ExposeSecret;
use service::{Billing, Error, OpenPortal, PortalFlow};
use url::{Host, Url};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::body;
use crate::api::problem::Problem;
use crate::auth::api_key::ApiKeyActor;
use crate::auth::portal_link;
use crate::config::BaseUrl;
use crate::state::AppState;

const MAX_URL: usize = 2_000;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// Makes a link that signs a member in to the portal.
///
/// It works once, within five minutes: send the browser there at once. The portal shows a way back to `return_url`.
#[utoipa::path(
    post, path = "/v1/portal_sessions", tag = "Portal sessions", operation_id = "createPortalSession",
    request_body = CreatePortalSession,
    responses((status = 201, description = "The link.", body = PortalSession))
)]
async fn create(
    State(state): State<AppState>,
    State(billing): State<Billing>,
    ApiKeyActor(actor): ApiKeyActor,
    asked: Result<body::Json<CreatePortalSession>, Problem>,
) -> Result<(StatusCode, Json<PortalSession>), Problem> {
    actor.keeps_customers()?;
    let body::Json(asked) = asked?;
    let member = asked.member.as_deref().map(str::parse).transpose();
    let open = OpenPortal {
        customer: asked.customer.parse().map_err(|_| Error::NotFound("customer"))?,
        member: member.map_err(|_| Error::NotFound("member"))?,
        return_url: return_url(&asked.return_url, &state.base_url)
            .ok_or(Error::Invalid { field: "return_url" })?,
        flow: match asked.flow {
            None => PortalFlow::Overview,
            Some(Flow::PlanChange) => PortalFlow::PlanChange,
            Some(Flow::Cancel) => PortalFlow::Cancel,
            Some(Flow::PaymentMethods) => PortalFlow::PaymentMethods,
            Some(Flow::Invoices) => PortalFlow::Invoices,
        },
    };
    let link = billing.open_portal(&actor, &open).await?;
    let answer = PortalSession {
        url: portal_link::url(&state.base_url, link.secret.expose_secret()),
        expires_at: link.expires_at,
        customer: open.customer.to_string(),
        member: link.member.to_string(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// An address that a link may lead to, as browsers read it: over https, or where nothing leaves this machine or this
/// deployment over http. Nobody's name and password are in it.
fn return_url(text: &str, base_url: &BaseUrl) -> Option<String> {
    if text.len() > MAX_URL {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let here = url.origin().ascii_serialization() == base_url.as_str();
    let local = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    let safe = url.scheme() == "https" || (url.scheme() == "http" && (here || local));
    let anonymous = url.username().is_empty() && url.password().is_none();
    (safe && anonymous && url.as_str().len() <= MAX_URL).then(|| url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_is_an_address_of_the_web_and_safe_to_follow() {
        let ours: BaseUrl = "http://billing.internal:8080".parse().unwrap();
        let read = |text: &str| return_url(text, &ours);
        for good in [
            "https://host.example/settings?tab=billing#plan",
            "http://127.0.0.1:5000/",
            "http://localhost/x",
            "http://[::1]:5000/",
            "http://billing.internal:8080/overview",
        ] {
            assert_eq!(read(good).as_deref(), Some(good));
        }
        assert_eq!(
            read("https://Host.example").as_deref(),
            Some("https://host.example/")
        );
        let long = format!("https://host.example/{}", "a".repeat(2_000));
        for bad in [
            "",
            "/overview",
            "//host.example/",
            "host.example",
            "http://host.example/",
            "http://billing.internal/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://user:secret@host.example/",
            "https://user@host.example/",
            "ftp://host.example/",
            "https://",
            &long,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
