//! The portal and its server functions, from `app`: what they find in their context, and which paths they have.

use app::{App, Deployment, shell};
use axum::Router;
use axum::handler::HandlerWithoutStateExt;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use leptos::context::provide_context;
use leptos_axum::{AxumRouteListing, LeptosRoutes, render_app_async_with_context};
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::services::ServeDir;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::auth::portal_link;
use crate::config::BaseUrl;
use crate::downloads;
use crate::middleware::plain_page::plain_page;
use crate::middleware::{plain_text, preparing};
use crate::state::AppState;

pub fn routes(state: &AppState) -> Router<AppState> {
    let context = context(state);
    let sessions = SessionManagerLayer::new(state.billing.session_storage())
        .with_name(session_cookie(&state.base_url))
        .with_secure(state.base_url.is_https())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        // The browser forgets it when it closes; the storage ends it after 12 hours, and earlier when idle.
        .with_expiry(Expiry::OnSessionEnd);
    let options = state.leptos.clone();
    let no_such_page = {
        let options = options.clone();
        render_app_async_with_context(context.clone(), move || shell(options.clone()))
    };
    // Files of the site's root, such as the icon, are served outside of any page's context: within one, their
    // answer could carry off the headers of a page that is rendered on the same thread.
    let files = ServeDir::new(options.site_root.as_ref())
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip()
        .call_fallback_on_method_not_allowed(true)
        .fallback(no_such_page.into_service());
    Router::new()
        .leptos_routes_with_context(state, listing(state), context.clone(), move || {
            shell(options.clone())
        })
        .merge(downloads::routes())
        .merge(portal_link::routes())
        .method_not_allowed_fallback(no_such_method)
        .fallback_service(files)
        .layer(sessions)
        .layer(from_fn_with_state(
            state.preparing.clone(),
            preparing::refuse_changes,
        ))
        .layer(from_fn(plain_text::check))
        .layer(from_fn(app::answer_server_functions))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
}

/// A form that was sent to a page, as by a tampered one.
async fn no_such_method() -> Response {
    const WORDS: &str = "Nothing is sent to this address. Open it as a page.";
    plain_page(StatusCode::METHOD_NOT_ALLOWED, WORDS)
}

/// The pages. Rendering the table of routes once asks for the same context as a request does.
pub fn listing(state: &AppState) -> Vec<AxumRouteListing> {
    let (routes, _) =
        leptos_axum::generate_route_list_with_exclusions_and_ssg_and_context(App, None, context(state));
    routes
}

fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static + use<> {
    let (billing, deployment) = (state.billing.clone(), state.deployment.clone());
    let preparing = state.preparing.clone();
    move || {
        provide_context(billing.clone());
        provide_context(Deployment {
            demo: deployment.demo && !preparing.has_failed(),
            ..deployment.clone()
        });
    }
}

/// Browsers accept the `__Host-` prefix only over TLS; with it no sibling domain can plant a session.
fn session_cookie(base_url: &BaseUrl) -> &'static str {
    if base_url.is_https() {
        "__Host-cosmos"
    } else {
        "cosmos"
    }
}
