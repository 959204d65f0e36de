//! Money that goes back, and how that ends.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the refund cannot make this move from its present state")]
pub struct InvalidRefundMove;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Written down; the gateway is asked for it, or has not decided.
    Pending,
    Succeeded,
    /// The money stayed where it was, or came back to us: it is the customer's credit.
    Failed,
}

use RefundStatus::{Failed, Pending, Succeeded};

impl RefundStatus {
    pub const ALL: [Self; 3] = [Pending, Succeeded, Failed];

    /// Every legal move; no other exists. Banks send money back days after they took it, and that is the end of it.
    pub const EDGES: [(Self, Self); 3] = [(Pending, Succeeded), (Pending, Failed), (Succeeded, Failed)];

    pub const fn as_str(self) -> &'static str {
        match self {
            Pending => "pending",
            Succeeded => "succeeded",
            Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    pub fn to(self, next: Self) -> Result<Self, InvalidRefundMove> {
        if Self::EDGES.contains(&(self, next)) {
            Ok(next)
        } else {
            Err(InvalidRefundMove)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_on_and_never_back() {
        let moves = |from: RefundStatus| RefundStatus::ALL.map(|next| from.to(next).is_ok());
        assert_eq!(moves(Pending), [false, true, true]);
        assert_eq!(moves(Succeeded), [false, false, true]);
        assert_eq!(moves(Failed), [false, false, false]);
    }
}
