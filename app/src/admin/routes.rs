//! The operators' pages, included in the router.

use leptos::prelude::*;
use leptos_router::components::Route;
use leptos_router::{MatchNestedRoutes, SsrMode, path};

use crate::page::NotFound;

#[component(transparent)]
pub fn AdminRoutes() -> impl MatchNestedRoutes + Clone {
    view! { <Route path=path!("/admin") view=NotFound ssr=SsrMode::Async/> }.into_inner()
}
