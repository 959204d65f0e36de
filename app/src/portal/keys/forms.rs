//! What the form of a new key sends, as text: empty where nothing was typed.

use serde::{Deserialize, Serialize};

/// What a form that failed is kept as.
pub const KEY: &str = "key";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyForm {
    pub name: String,
    /// Names, of those that were ticked.
    pub scopes: Vec<String>,
    /// The last day it works, as date fields send it.
    pub last_day: String,
}
