//! The table of pages.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use crate::admin::AdminRoutes;
use crate::auth::home::Home;
use crate::auth::sign_in::page::SignInPage;
use crate::auth::sign_up::page::SignUpPage;
use crate::catalog::pricing::PricingPage;
use crate::checkout::cancel::CanceledPage;
use crate::checkout::success::SuccessPage;
use crate::page::NotFound;
use crate::portal::alerts::page::AlertsPage;
use crate::portal::credit::CreditNotePage;
use crate::portal::invoices::detail::InvoicePage;
use crate::portal::invoices::list::InvoicesPage;
use crate::portal::keys::page::KeysPage;
use crate::portal::overview::page::OverviewPage;
use crate::portal::plan::add_on::AddOnPage;
use crate::portal::plan::cancel::CancelPage;
use crate::portal::plan::change::ChangePage;
use crate::portal::plan::page::PlanPage;
use crate::portal::plan::pause::{PausePage, ResumePage};
use crate::portal::settings::page::SettingsPage;
use crate::portal::usage::page::UsagePage;
use crate::portal::wallet::page::WalletPage;
use crate::sandbox::authenticate::SandboxAuthenticatePage;
use crate::sandbox::checkout::SandboxCheckoutPage;

/// Every page stands complete in its first HTML: nothing streams in later.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <FlatRoutes fallback=NotFound>
                <Route path=path!("/") view=Home ssr=SsrMode::Async/>
                <Route path=path!("/pricing") view=PricingPage ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/sign-up") view=SignUpPage ssr=SsrMode::Async/>
                <Route path=path!("/overview") view=OverviewPage ssr=SsrMode::Async/>
                <Route path=path!("/plan") view=PlanPage ssr=SsrMode::Async/>
                <Route path=path!("/plan/change") view=ChangePage ssr=SsrMode::Async/>
                <Route path=path!("/plan/add-on") view=AddOnPage ssr=SsrMode::Async/>
                <Route path=path!("/plan/cancel") view=CancelPage ssr=SsrMode::Async/>
                <Route path=path!("/plan/pause") view=PausePage ssr=SsrMode::Async/>
                <Route path=path!("/plan/resume") view=ResumePage ssr=SsrMode::Async/>
                <Route path=path!("/usage") view=UsagePage ssr=SsrMode::Async/>
                <Route path=path!("/alerts") view=AlertsPage ssr=SsrMode::Async/>
                <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async/>
                <Route path=path!("/settings/keys") view=KeysPage ssr=SsrMode::Async/>
                <Route path=path!("/credit-notes/:id") view=CreditNotePage ssr=SsrMode::Async/>
                <Route path=path!("/invoices") view=InvoicesPage ssr=SsrMode::Async/>
                <Route path=path!("/invoices/:id") view=InvoicePage ssr=SsrMode::Async/>
                <Route path=path!("/wallet") view=WalletPage ssr=SsrMode::Async/>
                <Route path=path!("/checkout/success") view=SuccessPage ssr=SsrMode::Async/>
                <Route path=path!("/checkout/cancel") view=CanceledPage ssr=SsrMode::Async/>
                <Route path=path!("/sandbox/checkout/:reference") view=SandboxCheckoutPage ssr=SsrMode::Async/>
                <Route path=path!("/sandbox/authenticate/:reference") view=SandboxAuthenticatePage ssr=SsrMode::Async/>
                <AdminRoutes/>
            </FlatRoutes>
        </Router>
    }
}
