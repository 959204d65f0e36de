//! Links by which the host platform sends its own users into the portal, signed in.
//!
//! A link works once, for five minutes of real time. Its secret is 256 random bits and is stored hashed.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::{CustomerId, MemberId, PortalLinkId};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::portal_link::{LinkHash, NewLink, UsedLink};
use store::{CustomerScope, Tx};

use crate::auth::NOBODY;
use crate::id::mint;
use crate::record::{Note, note};
use crate::{Actor, Billing, Error, MemberRole, Principal, Result};

const LIFE: Duration = Duration::from_secs(5 * 60);
/// For whoever wants to know, afterwards, by which link somebody came.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// 256 bits in base64url.
const SECRET_CHARS: usize = 43;

/// Where the portal opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalFlow {
    Overview,
    PlanChange,
    Cancel,
    PaymentMethods,
    Invoices,
}

impl PortalFlow {
    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/overview",
            Self::PlanChange => "/plan",
            Self::Cancel => "/plan/cancel",
            // Where the card is, and the button to replace it.
            Self::PaymentMethods => "/overview#card",
            Self::Invoices => "/invoices",
        }
    }
}

#[derive(Debug, Clone)]
pub struct OpenPortal {
    pub customer: CustomerId,
    /// The owner where none is said.
    pub member: Option<MemberId>,
    /// Checked by whoever knows what addresses are.
    pub return_url: String,
    pub flow: PortalFlow,
}

/// The only time the secret is seen.
#[derive(Debug)]
pub struct PortalLink {
    pub secret: SecretString,
    pub expires_at: DateTime<Utc>,
    pub member: MemberId,
}

/// Whoever came by a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalVisit {
    pub principal: Principal,
    pub path: String,
    pub return_url: String,
}

impl Billing {
    /// A customer that has no login yet gets an owner of its name and address, who signs in by such links alone. Whoever
    /// else has a login with this address keeps it, and gains and gives nothing.
    pub async fn open_portal(&self, actor: &Actor, open: &OpenPortal) -> Result<PortalLink> {
        actor.keeps_customers()?;
        let scope = CustomerScope::of(open.customer);
        let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let member = match store::portal_link::member(&mut tx, scope, open.member).await? {
            Some(member) => member,
            None if open.member.is_some() => return Err(Error::NotFound("member")),
            None => {
                self.make_owner(&mut tx, &customer.name, (scope, &customer.email))
                    .await?
            }
        };
        let link = NewLink {
            id: mint(PortalLinkId::from_uuid),
            hash: hash(&secret),
            member,
            path: open.flow.path(),
            return_url: &open.return_url,
        };
        let expires_at = store::portal_link::insert(&mut tx, link, LIFE).await?;
        let entry = Note {
            actor,
            at: self.now(),
            what: "portal_session.created",
            customer: open.customer,
            subject: link.id.to_string(),
            detail: json!({ "member": member }),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(PortalLink {
            secret: secret.into(),
            expires_at,
            member,
        })
    }

    /// Uses the link up. One that was used, is late or never was is not found.
    pub async fn enter_portal(&self, secret: &SecretString) -> Result<PortalVisit> {
        let secret = secret.expose_secret();
        if secret.len() != SECRET_CHARS {
            return Err(Error::NotFound("link"));
        }
        let mut tx = store::begin(self.pool()).await?;
        let used = store::portal_link::use_up(&mut tx, &hash(secret)).await?;
        let UsedLink {
            id,
            customer,
            member,
            path,
            return_url,
        } = used.ok_or(Error::NotFound("link"))?;
        let entry = Note {
            actor: &Actor::System,
            at: self.now(),
            what: "portal_session.used",
            customer,
            subject: id.to_string(),
            detail: json!({ "member": member }),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(PortalVisit {
            principal: Principal::Member(member),
            path,
            return_url,
        })
    }

    /// Removes links that were over long ago; says how many.
    pub async fn sweep_portal_links(&self) -> Result<u64> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::portal_link::delete_over(&mut conn, KEPT).await?)
    }

    async fn make_owner(
        &self,
        tx: &mut Tx,
        name: &str,
        (scope, email): (CustomerScope, &str),
    ) -> Result<MemberId> {
        let id = mint(MemberId::from_uuid);
        let owner = store::member::NewMember {
            id,
            customer: scope.customer(),
            email,
            name,
            password_hash: NOBODY,
            role: MemberRole::Owner.as_str(),
            link_only: true,
            created_at: self.now(),
        };
        store::member::insert(tx, &owner).await?;
        Ok(id)
    }
}

fn hash(secret: &str) -> LinkHash {
    Sha256::digest(secret.as_bytes()).into()
}
