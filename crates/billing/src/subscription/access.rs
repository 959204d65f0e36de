//! What a customer may do with what a subscription grants.

use serde::{Deserialize, Serialize};

use super::{Status, StatusName};

/// How far a customer gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    None,
    /// What is there can be seen and taken along; nothing is added.
    ReadOnly,
    Full,
}

impl StatusName {
    pub const fn access(self) -> Access {
        match self {
            Self::Trialing | Self::Active | Self::PastDue => Access::Full,
            Self::Paused | Self::Suspended => Access::ReadOnly,
            Self::Pending | Self::Incomplete | Self::Unpaid | Self::Canceled => Access::None,
        }
    }
}

impl Status {
    pub const fn access(self) -> Access {
        self.name().access()
    }
}
