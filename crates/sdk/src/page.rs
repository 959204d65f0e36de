//! Lists, a page at a time, newest first.

use serde::{Deserialize, Serialize};

/// A page of a list. What comes in while somebody pages through is on no later page, and nothing is on two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub has_more: bool,
    /// Give it back as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}
