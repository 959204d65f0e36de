//! What the form sends, as text.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NoteForm {
    /// The invoice's, as in INV-000042.
    pub number: String,
    /// What is given back, as the review wrote it down.
    pub wanted: String,
    /// `card` or `credit`.
    pub to: String,
    /// What the review showed: offset, refund and credit in minor units.
    pub shown: String,
    /// The review's own name for the note: sent twice, it is issued once.
    pub key: String,
    pub reason: String,
    pub memo: String,
}
