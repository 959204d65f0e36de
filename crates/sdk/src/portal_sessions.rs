//! `POST /v1/portal_sessions`: a link that signs somebody in to the portal.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreatePortalSession {
    /// `cus_...`.
    pub customer: String,
    /// `mem_...`: who is signed in. Where none is said it is the customer's owner, who is made of its name and e-mail
    /// address if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Where the portal offers a way back to: https, of any host; or http on one's own machine.
    #[cfg_attr(feature = "openapi", schema(max_length = 2_000))]
    pub return_url: String,
    /// Where the portal opens; its overview where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Choose another plan.
    PlanChange,
    /// End the plan.
    Cancel,
    PaymentMethods,
    Invoices,
}

/// The link works once, within five minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PortalSession {
    pub url: String,
    pub expires_at: DateTime<Utc>,
    pub customer: String,
    /// Who it signs in.
    pub member: String,
}
