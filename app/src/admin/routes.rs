//! The operators' pages, included in the router.

use leptos::prelude::*;
use leptos_router::components::Route;
use leptos_router::{MatchNestedRoutes, SsrMode, path};

use super::alerts::AlertsPage;
use super::catalog::CatalogPage;
use super::catalog::edit::EditPage;
use super::catalog::review::ReviewPage;
use super::coupons::{CouponPage, CouponsPage};
use super::invoices::{InvoicesPage, NotePage};
use super::mail::MailPage;
use super::overview::OverviewPage;
use super::system::page::SystemPage;
use super::usage::{CustomerUsagePage, UsagePage};
use super::webhooks::{DeliveryPage, EndpointPage, EndpointsPage};

#[component(transparent)]
pub fn AdminRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/admin") view=OverviewPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/catalog") view=CatalogPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/catalog/edit") view=EditPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/catalog/review") view=ReviewPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/coupons") view=CouponsPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/coupons/:id") view=CouponPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/invoices") view=InvoicesPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/invoices/credit") view=NotePage ssr=SsrMode::Async/>
        <Route path=path!("/admin/usage") view=UsagePage ssr=SsrMode::Async/>
        <Route path=path!("/admin/usage/:id") view=CustomerUsagePage ssr=SsrMode::Async/>
        <Route path=path!("/admin/alerts") view=AlertsPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/webhooks") view=EndpointsPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/webhooks/deliveries/:id") view=DeliveryPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/webhooks/:id") view=EndpointPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/system") view=SystemPage ssr=SsrMode::Async/>
        <Route path=path!("/admin/mail") view=MailPage ssr=SsrMode::Async/>
    }
    .into_inner()
}
