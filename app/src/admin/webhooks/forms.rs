//! What the forms send, as text: empty where nothing was typed.

use serde::{Deserialize, Serialize};

/// What a form that failed is kept as.
pub const NEW: &str = "endpoint";
pub const EDIT: &str = "endpoint-edit";

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointForm {
    /// None yet where it is to be made.
    pub endpoint: String,
    pub url: String,
    pub description: String,
    /// With commas or blanks between.
    pub kinds: String,
    /// The revision that was seen, where it is changed.
    pub seen: String,
}

impl EndpointForm {
    pub fn kinds(&self) -> Vec<String> {
        let kinds = self.kinds.split([',', ' ', '\n']);
        kinds
            .map(str::trim)
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned)
            .collect()
    }
}
