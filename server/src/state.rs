//! What every handler may ask for.

use app::Deployment;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use service::Billing;

use crate::api::Api;
use crate::config::{BaseUrl, TrustedProxies};
use crate::metrics::Metrics;
use crate::preparing::Preparing;

#[derive(Debug, Clone)]
pub struct AppState {
    pub billing: Billing,
    pub leptos: LeptosOptions,
    pub deployment: Deployment,
    pub base_url: BaseUrl,
    pub preparing: Preparing,
    pub trusted_proxies: TrustedProxies,
    pub api: Api,
    pub metrics: Metrics,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

impl FromRef<AppState> for Metrics {
    fn from_ref(state: &AppState) -> Self {
        state.metrics.clone()
    }
}

impl FromRef<AppState> for Billing {
    fn from_ref(state: &AppState) -> Self {
        state.billing.clone()
    }
}
