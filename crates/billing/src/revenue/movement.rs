//! Movements: why a customer's MRR changed. Start plus movements is always the end.

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    New,
    Expansion,
    Contraction,
    Churn,
    Reactivation,
}

impl MovementKind {
    pub const ALL: [Self; 5] = [
        Self::New,
        Self::Expansion,
        Self::Contraction,
        Self::Churn,
        Self::Reactivation,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Expansion => "expansion",
            Self::Contraction => "contraction",
            Self::Churn => "churn",
            Self::Reactivation => "reactivation",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    pub kind: MovementKind,
    /// The signed change.
    pub amount: Money,
}

/// Classifies a change of a customer's MRR; `None` where nothing moved.
pub fn movement(before: Money, after: Money, ever_paid: bool) -> Result<Option<Movement>, MoneyError> {
    let amount = after.minus(before)?;
    let kind = match (before.is_positive(), after.is_positive()) {
        _ if amount.is_zero() => return Ok(None),
        (false, _) if ever_paid => MovementKind::Reactivation,
        (false, _) => MovementKind::New,
        (true, false) => MovementKind::Churn,
        (true, true) if amount.is_positive() => MovementKind::Expansion,
        (true, true) => MovementKind::Contraction,
    };
    Ok(Some(Movement { kind, amount }))
}
