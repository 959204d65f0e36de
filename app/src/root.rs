//! The document and the table of pages.

use leptos::config::LeptosOptions;
use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use crate::admin::AdminRoutes;
use crate::page::NotFound;

/// The document around every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    crate::page::send_page_headers();
    let theme = crate::page::theme().attribute();
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

/// Every page stands complete in its first HTML: nothing streams in later.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <FlatRoutes fallback=NotFound>
                <Route path=path!("/") view=NotFound ssr=SsrMode::Async/>
                <AdminRoutes/>
            </FlatRoutes>
        </Router>
    }
}
