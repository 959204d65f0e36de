//! The states of an invoice and the moves between them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the invoice cannot make this move from its present state")]
pub struct InvalidInvoiceMove;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Draft,
    Open,
    Paid,
    Void,
    Uncollectible,
}

use InvoiceStatus::{Draft, Open, Paid, Uncollectible, Void};

impl InvoiceStatus {
    pub const ALL: [Self; 5] = [Draft, Open, Paid, Void, Uncollectible];

    /// Every legal move; no other exists.
    pub const EDGES: [(Self, Self); 6] = [
        (Draft, Open),
        (Open, Paid),
        (Open, Void),
        (Open, Uncollectible),
        (Uncollectible, Paid),
        (Uncollectible, Void),
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Draft => "draft",
            Open => "open",
            Paid => "paid",
            Void => "void",
            Uncollectible => "uncollectible",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    pub fn to(self, next: Self) -> Result<Self, InvalidInvoiceMove> {
        if Self::EDGES.contains(&(self, next)) {
            Ok(next)
        } else {
            Err(InvalidInvoiceMove)
        }
    }
}
