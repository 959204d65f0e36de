//! Errors, as RFC 9457 problem documents.

use serde::{Deserialize, Serialize};

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `about:blank`: the code says which problem it is.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    pub status: u16,
    /// Stable, to program against.
    pub code: String,
    /// For a person; it may be worded otherwise tomorrow.
    pub detail: String,
}
