//! The document around every page, and what is said of it in its headers.

use http::{HeaderName, HeaderValue};
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::{HashedStylesheet, MetaTags};

use crate::context;
use crate::root::App;
use crate::theme::Theme;

/// The document around every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    send_page_headers();
    let theme = theme().attribute();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <HashedStylesheet options=options.clone()/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <HydrationScripts options=options islands=true/>
                <MetaTags/>
            </head>
            <body class="min-h-dvh flex flex-col">
                <App/>
            </body>
        </html>
    }
}

/// The theme the browser remembers.
pub fn theme() -> Theme {
    context::cookie(Theme::COOKIE)
        .and_then(|value| Theme::parse(&value))
        .unwrap_or_default()
}

/// Scripts only of ours and with this page's nonce; no styles in attributes; forms only to ourselves. Pages
/// hold what belongs to one person, so nothing on the way may keep them.
fn send_page_headers() {
    let Some(options) = use_context::<ResponseOptions>() else {
        return;
    };
    let nonce = use_nonce()
        .map(|nonce| format!(" 'nonce-{nonce}'"))
        .unwrap_or_default();
    let own = context::deployment()
        .map(|deployment| format!(" {}", deployment.base_url))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'{nonce} 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'{own}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        options.insert_header(HeaderName::from_static("content-security-policy"), policy);
    }
    options.insert_header(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
