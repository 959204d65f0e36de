//! What every handler may ask for.

use std::ops::Deref;
use std::sync::Arc;

use app::Deployment;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use service::Billing;

use crate::api::Api;
use crate::config::{BaseUrl, TrustedProxies};
use crate::metrics::Metrics;
use crate::preparing::Preparing;

#[derive(Debug)]
pub struct AppParts {
    pub billing: Billing,
    pub leptos: LeptosOptions,
    pub deployment: Deployment,
    pub base_url: BaseUrl,
    pub preparing: Preparing,
    pub trusted_proxies: TrustedProxies,
    pub api: Api,
    pub metrics: Metrics,
}

/// One for the whole program: every layer is handed it with every request.
#[derive(Debug, Clone)]
pub struct AppState(Arc<AppParts>);

impl From<AppParts> for AppState {
    fn from(parts: AppParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
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
