//! REST for the host platform: keys instead of cookies, problem documents instead of pages.

pub mod authenticate;
mod body;
mod cursor;
mod docs;
mod etag;
mod idempotency;
pub mod openapi;
mod path;
pub mod problem;
pub mod rate_limit;
mod seal;
pub mod v1;

use std::sync::Arc;

use crate::auth::token::Tokens;
use rate_limit::{Quotas, RateLimits};
use seal::Seal;

/// What the API keeps between requests, in every process its own.
#[derive(Debug, Clone)]
pub struct Api {
    limits: Arc<RateLimits>,
    seal: Arc<Seal>,
    /// None where no tokens are taken.
    tokens: Option<Arc<Tokens>>,
}

/// What the API is told.
pub struct ApiConfig {
    /// Seals what is kept to be answered again.
    pub seal_key: [u8; 32],
    pub quotas: Quotas,
    pub tokens: Option<Tokens>,
}

impl Api {
    pub fn new(config: ApiConfig) -> anyhow::Result<Self> {
        Ok(Self {
            limits: Arc::new(RateLimits::new(config.quotas)),
            seal: Arc::new(Seal::new(&config.seal_key)?),
            tokens: config.tokens.map(Arc::new),
        })
    }
}
