//! `GET /v1/customers/{id}/entitlements`: what a customer may do.

use serde::{Deserialize, Serialize};

use crate::usage::{MeterUsage, Reason};

/// What plan and add-ons grant, defaults and agreements included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entitlements {
    /// Meters first, then features.
    pub entitlements: Vec<Entitlement>,
}

/// One of them; a customer may do it where `allowed` says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entitlement {
    /// One more of a meter.
    Meter(MeterUsage),
    Feature(FeatureEntitlement),
}

/// What is granted of a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeatureEntitlement {
    /// The feature's key, such as `support`.
    pub feature: String,
    pub allowed: bool,
    /// None where it is allowed; never `limit_reached`.
    pub reason: Option<Reason>,
    /// What is granted, in the catalog's words, such as "Priority"; none where it is not allowed.
    pub value: Option<String>,
}
