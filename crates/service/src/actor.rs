//! Who asks. Every use case names the actor it needs first, and gets back what that actor may touch.

use billing::id::{ApiKeyId, CustomerId, MemberId, StaffId};
use serde::{Deserialize, Serialize};
use store::CustomerScope;

use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Reads.
    Viewer,
    /// Reads, buys, changes and pays.
    Billing,
    /// Everything, members and keys included.
    Owner,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    Admin,
    Finance,
    Support,
    Developer,
    ReadOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    EventsWrite,
    Read,
    Write,
}

/// The names roles and scopes have in the database and on the wire.
macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $type {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

named!(MemberRole { Viewer = "viewer", Billing = "billing", Owner = "owner" });
named!(StaffRole {
    Admin = "admin",
    Finance = "finance",
    Support = "support",
    Developer = "developer",
    ReadOnly = "read_only",
});
named!(Scope { EventsWrite = "events_write", Read = "read", Write = "write" });

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    Anonymous,
    Member {
        id: MemberId,
        customer: CustomerId,
        role: MemberRole,
    },
    Staff {
        id: StaffId,
        role: StaffRole,
    },
    /// `customer` is none for a key of the host platform, which speaks for all.
    ApiKey {
        id: ApiKeyId,
        customer: Option<CustomerId>,
        scopes: Vec<Scope>,
    },
    /// The billing run, the worker and the seed.
    System,
}

impl Actor {
    /// A member who may read what belongs to their customer.
    pub fn reads_customer(&self) -> Result<CustomerScope> {
        self.member_at_least(MemberRole::Viewer)
    }

    /// A member who may spend their customer's money.
    pub fn manages_billing(&self) -> Result<CustomerScope> {
        self.member_at_least(MemberRole::Billing)
    }

    pub fn owns_customer(&self) -> Result<CustomerScope> {
        self.member_at_least(MemberRole::Owner)
    }

    fn member_at_least(&self, needed: MemberRole) -> Result<CustomerScope> {
        match self {
            Self::Member { customer, role, .. } if *role >= needed => Ok(CustomerScope::of(*customer)),
            Self::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// Any operator: dashboards and lists.
    pub fn reads_admin(&self) -> Result<()> {
        self.staff(|_| true)
    }

    /// Operators who may move the test clock and run what is due.
    pub fn operates(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ => self.staff(|role| matches!(role, StaffRole::Admin | StaffRole::Developer)),
        }
    }

    /// Operators who may set up and change what a customer has.
    pub fn serves_customers(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ => self.staff(|role| matches!(role, StaffRole::Admin | StaffRole::Support)),
        }
    }

    /// Operators who decide what a customer owes.
    pub fn decides_about_money(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ => self.staff(|role| matches!(role, StaffRole::Admin | StaffRole::Finance)),
        }
    }

    /// Operators who decide what is sold, and at which price.
    pub fn edits_catalog(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ => self.staff(|role| role == StaffRole::Admin),
        }
    }

    fn staff(&self, allowed: impl Fn(StaffRole) -> bool) -> Result<()> {
        match self {
            Self::Staff { role, .. } if allowed(*role) => Ok(()),
            Self::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// A key that may send usage events; its own customer, or none for every customer.
    pub fn sends_events(&self) -> Result<Option<CustomerId>> {
        match self {
            Self::ApiKey { customer, scopes, .. } if scopes.contains(&Scope::EventsWrite) => Ok(*customer),
            Self::System => Ok(None),
            Self::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// A key that may read; its own customer, or none for every customer.
    pub fn reads_by_key(&self) -> Result<Option<CustomerId>> {
        match self {
            Self::ApiKey { customer, scopes, .. } if scopes.contains(&Scope::Read) => Ok(*customer),
            Self::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// A key that may raise alerts and decide about them; its own customer, or none for every customer.
    pub fn raises_alerts(&self) -> Result<Option<CustomerId>> {
        match self {
            Self::ApiKey { customer, scopes, .. } if scopes.contains(&Scope::Write) => Ok(*customer),
            Self::System => Ok(None),
            Self::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// Operators, and the host platform, who decide where events are sent.
    pub fn manages_webhooks(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            Self::ApiKey {
                customer: None,
                scopes,
                ..
            } if scopes.contains(&Scope::Write) => Ok(()),
            _ => self.staff(|role| matches!(role, StaffRole::Admin | StaffRole::Developer)),
        }
    }

    /// Any operator, and the host platform, who see what was sent.
    pub fn reads_webhooks(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            Self::ApiKey {
                customer: None,
                scopes,
                ..
            } if scopes.contains(&Scope::Read) => Ok(()),
            _ => self.staff(|_| true),
        }
    }

    /// The name audit entries carry.
    pub fn audit_name(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Member { id, .. } => id.to_string(),
            Self::Staff { id, .. } => id.to_string(),
            Self::ApiKey { id, .. } => id.to_string(),
            Self::System => "system".to_owned(),
        }
    }
}
