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
    /// Reports usage and holds units: of the host platform's alone.
    EventsWrite,
    /// Looks at everything the key speaks for.
    Read,
    /// Makes customers and changes what they have.
    Write,
    /// Voids invoices and gives money back: of the host platform's alone.
    Money,
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
named!(Scope { EventsWrite = "events_write", Read = "read", Write = "write", Money = "money" });

impl Scope {
    /// What a customer's own key may be made for.
    pub const OF_CUSTOMERS: [Self; 2] = [Self::Read, Self::Write];
}

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
    /// Whoever shows a token that the host platform signed a moment ago. `customer` as with keys.
    Token {
        /// Who it is by the host platform's own words.
        subject: String,
        customer: Option<CustomerId>,
        scopes: Vec<Scope>,
    },
    /// A key or token where it speaks for one customer, as `on_behalf_of` made it.
    OnBehalf {
        customer: CustomerId,
        by: Box<Actor>,
    },
    /// The billing run, the worker, the seed and the command line.
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

    /// On a customer's behalf a key or token does what its scopes say; an owner's business is a person's.
    fn member_at_least(&self, needed: MemberRole) -> Result<CustomerScope> {
        match self {
            Self::Member { customer, role, .. } if *role >= needed => Ok(CustomerScope::of(*customer)),
            Self::OnBehalf { customer, by } => {
                let scope = match needed {
                    MemberRole::Viewer => Scope::Read,
                    MemberRole::Billing => Scope::Write,
                    MemberRole::Owner => return Err(Error::Forbidden),
                };
                by.granted(scope)?;
                Ok(CustomerScope::of(*customer))
            }
            _ => Err(self.refused()),
        }
    }

    const fn refused(&self) -> Error {
        match self {
            Self::Anonymous => Error::Unauthenticated,
            _ => Error::Forbidden,
        }
    }

    /// Whom a key or token of this scope speaks for: its customer, or none for everybody.
    fn granted(&self, scope: Scope) -> Result<Option<CustomerId>> {
        match self {
            Self::ApiKey { customer, scopes, .. } | Self::Token { customer, scopes, .. }
                if scopes.contains(&scope) =>
            {
                Ok(*customer)
            }
            Self::OnBehalf { customer, by } => by.granted(scope).map(|_| Some(*customer)),
            _ => Err(self.refused()),
        }
    }

    /// A key or token that may do such things at all, whomever it speaks for.
    pub fn holds(&self, scope: Scope) -> Result<()> {
        self.granted(scope).map(drop)
    }

    /// Whether the host platform itself asks, by a key or token of this scope.
    fn is_host(&self, scope: Scope) -> bool {
        match self {
            Self::OnBehalf { by, .. } => by.is_host(scope),
            _ => matches!(self.granted(scope), Ok(None)),
        }
    }

    /// A key or token, made to speak for this customer; none where it speaks for another one alone.
    pub fn on_behalf_of(&self, customer: CustomerId) -> Option<Self> {
        let (Self::ApiKey { customer: own, .. } | Self::Token { customer: own, .. }) = self else {
            return None;
        };
        own.is_none_or(|own| own == customer).then(|| Self::OnBehalf {
            customer,
            by: Box::new(self.clone()),
        })
    }

    /// The host platform, where it makes customers and keeps what it knows of them.
    pub fn keeps_customers(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ if self.is_host(Scope::Write) => Ok(()),
            _ => Err(self.refused()),
        }
    }

    /// Any operator: dashboards and lists.
    pub fn reads_admin(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ => self.staff(|_| true),
        }
    }

    /// Operators who may move the test clock and run what is due.
    pub fn operates(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ => self.staff(|role| matches!(role, StaffRole::Admin | StaffRole::Developer)),
        }
    }

    /// Operators, and the host platform, who may set up and change what a customer has.
    pub fn serves_customers(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ if self.is_host(Scope::Write) => Ok(()),
            _ => self.staff(|role| matches!(role, StaffRole::Admin | StaffRole::Support)),
        }
    }

    /// Operators, and the host platform, who decide what a customer owes.
    pub fn decides_about_money(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ if self.is_host(Scope::Money) => Ok(()),
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

    /// The host platform's keys and tokens that report usage and hold units. Whoever pays for what is counted does not
    /// count it: it could count less, or take the ids of what is still to come.
    pub fn sends_events(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ if self.is_host(Scope::EventsWrite) => Ok(()),
            Self::Anonymous => Err(Error::Unauthenticated),
            _ => Err(Error::Forbidden),
        }
    }

    /// A key or token that may read; its own customer, or none for every customer.
    pub fn reads_by_key(&self) -> Result<Option<CustomerId>> {
        self.granted(Scope::Read)
    }

    /// Whoever may raise alerts and decide about them by a key or token; its own customer, or none for every customer.
    pub fn raises_alerts(&self) -> Result<Option<CustomerId>> {
        match self {
            Self::System => Ok(None),
            _ => self.granted(Scope::Write),
        }
    }

    /// Operators who put alerts away: whoever does more than read.
    pub fn looks_after_alerts(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ => self.staff(|role| role != StaffRole::ReadOnly),
        }
    }

    /// Operators, and the host platform, who decide where events are sent, and from where on who is told of alerts.
    pub fn manages_webhooks(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ if self.is_host(Scope::Write) => Ok(()),
            _ => self.staff(|role| matches!(role, StaffRole::Admin | StaffRole::Developer)),
        }
    }

    /// Any operator, and the host platform, who see what was sent and what is watched.
    pub fn reads_webhooks(&self) -> Result<()> {
        match self {
            Self::System => Ok(()),
            _ if self.is_host(Scope::Read) => Ok(()),
            _ => self.staff(|_| true),
        }
    }

    /// The name audit entries carry. Nobody else has it: what a host calls its users is no id of ours.
    pub fn audit_name(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Member { id, .. } => id.to_string(),
            Self::Staff { id, .. } => id.to_string(),
            Self::ApiKey { id, .. } => id.to_string(),
            Self::Token {
                subject, customer, ..
            } => match customer {
                // First, for it has no colon in it: no subject makes one of these look like another.
                Some(customer) => format!("token:{customer}:{subject}"),
                None => format!("token:*:{subject}"),
            },
            Self::OnBehalf { by, .. } => by.audit_name(),
            Self::System => "system".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const EVERYTHING: [Scope; 4] = [Scope::EventsWrite, Scope::Read, Scope::Write, Scope::Money];

    fn customer(n: u128) -> CustomerId {
        CustomerId::from_uuid(Uuid::from_u128(n))
    }

    fn key(customer: Option<CustomerId>, scopes: &[Scope]) -> Actor {
        Actor::ApiKey {
            id: ApiKeyId::from_uuid(Uuid::nil()),
            customer,
            scopes: scopes.to_vec(),
        }
    }

    fn token(subject: &str, customer: Option<CustomerId>) -> Actor {
        Actor::Token {
            subject: subject.to_owned(),
            customer,
            scopes: EVERYTHING.to_vec(),
        }
    }

    #[test]
    fn a_key_is_nobody_in_the_portal_until_it_speaks_for_a_customer() {
        for actor in [
            key(None, &EVERYTHING),
            key(Some(customer(1)), &EVERYTHING),
            token("u", None),
        ] {
            assert!(actor.reads_customer().is_err() && actor.manages_billing().is_err());
            let speaking = actor.on_behalf_of(customer(1)).unwrap();
            assert_eq!(speaking.reads_customer().unwrap().customer(), customer(1));
            assert_eq!(speaking.manages_billing().unwrap().customer(), customer(1));
            assert!(
                speaking.owns_customer().is_err(),
                "keys and members are a person's business"
            );
            assert!(speaking.reads_admin().is_err() && speaking.operates().is_err());
            assert!(speaking.edits_catalog().is_err());
            assert_eq!(speaking.audit_name(), actor.audit_name());
        }
        assert_eq!(
            key(Some(customer(1)), &EVERYTHING).on_behalf_of(customer(2)),
            None
        );
        assert_eq!(token("u", Some(customer(1))).on_behalf_of(customer(2)), None);
        assert_eq!(Actor::System.on_behalf_of(customer(1)), None);
    }

    #[test]
    fn what_only_the_host_does_no_customers_own_key_does() {
        let (host, own) = (key(None, &EVERYTHING), key(Some(customer(1)), &EVERYTHING));
        for of_host in [host.on_behalf_of(customer(1)).unwrap(), host, token("u", None)] {
            assert!(of_host.keeps_customers().is_ok() && of_host.serves_customers().is_ok());
            assert!(of_host.decides_about_money().is_ok() && of_host.sends_events().is_ok());
            assert!(of_host.manages_webhooks().is_ok() && of_host.reads_webhooks().is_ok());
        }
        for of_own in [
            own.on_behalf_of(customer(1)).unwrap(),
            own,
            token("u", Some(customer(1))),
        ] {
            assert!(of_own.keeps_customers().is_err() && of_own.serves_customers().is_err());
            assert!(of_own.decides_about_money().is_err() && of_own.sends_events().is_err());
            assert!(of_own.manages_webhooks().is_err() && of_own.reads_webhooks().is_err());
        }
    }

    #[test]
    fn each_scope_is_needed_for_its_own() {
        for scope in EVERYTHING {
            let host = key(None, &[scope]);
            let speaking = host.on_behalf_of(customer(1)).unwrap();
            assert_eq!(host.sends_events().is_ok(), scope == Scope::EventsWrite);
            assert_eq!(host.reads_by_key().is_ok(), scope == Scope::Read);
            assert_eq!(host.keeps_customers().is_ok(), scope == Scope::Write);
            assert_eq!(host.decides_about_money().is_ok(), scope == Scope::Money);
            assert_eq!(speaking.reads_customer().is_ok(), scope == Scope::Read);
            assert_eq!(speaking.manages_billing().is_ok(), scope == Scope::Write);
        }
    }

    #[test]
    fn no_two_callers_have_one_name() {
        let of = customer(1);
        let names = [
            token("u", None),
            token("u", Some(of)),
            token(&format!("{of}:u"), None),
            token(&format!("u@{of}"), None),
            key(None, &[]),
        ];
        let names: std::collections::BTreeSet<_> = names.iter().map(Actor::audit_name).collect();
        assert_eq!(names.len(), 5);
    }
}
