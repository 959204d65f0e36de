//! Keys for machines: the host platform's, which speak for every customer, and a customer's own.

mod cache;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::{ApiKeyId, AuditEntryId, CustomerId};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use store::CustomerScope;
use store::PgConnection;
use store::api_key::{ApiKeyRow, Changes, KeyGrant, KeyHash};

pub(crate) use self::cache::KeyCache;
use crate::clock::{real_now, within_reach};
use crate::id::mint;
use crate::idempotency::Intent;
use crate::{Actor, Billing, Error, MemberRole, Result, Scope, StaffRole};

/// Says what it is, wherever it leaks to.
const MARK: &str = "cbk_";
/// 256 random bits in base64url.
const KEY_CHARS: usize = 43;
/// Shown in lists to tell keys apart.
const PREFIX_CHARS: usize = 8;
const MAX_NAME_CHARS: usize = 100;
/// What was replaced goes on this long, so that every server of the host can learn the new key first.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// So long after it was made a key that was asked for twice is shown anew.
const AT_ONCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub name: String,
    /// None: for a customer's own key its customer, for an operator a key of the host platform.
    pub customer: Option<CustomerId>,
    pub scopes: Vec<Scope>,
    /// By real time, as everything about keys.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The only time the key itself is seen.
#[derive(Debug)]
pub struct CreatedApiKey {
    pub id: ApiKeyId,
    pub key: SecretString,
}

impl Billing {
    pub async fn create_api_key(&self, actor: &Actor, new: NewApiKey) -> Result<CreatedApiKey> {
        self.create_api_key_once(actor, new, Intent::new()).await
    }

    /// Made again at once under the same intent it is the same key, with a secret that can be shown.
    pub async fn create_api_key_once(
        &self,
        actor: &Actor,
        new: NewApiKey,
        intent: Intent,
    ) -> Result<CreatedApiKey> {
        let customer = match (manages_keys(actor)?, new.customer) {
            (None, customer) => customer,
            (Some(own), None) => Some(own.customer()),
            (Some(own), Some(asked)) if own.customer() == asked => Some(asked),
            (Some(_), Some(_)) => return Err(Error::NotFound("customer")),
        };
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(Error::Invalid { field: "name" });
        }
        let is_own = |scope: &Scope| Scope::OF_CUSTOMERS.contains(scope);
        let beyond = customer.is_some() && !new.scopes.iter().all(is_own);
        if new.scopes.is_empty() || beyond {
            return Err(Error::Invalid { field: "scopes" });
        }
        if let Some(at) = new.expires_at {
            let now = real_now();
            within_reach(at, now, "expires_at")?;
            if at <= now {
                return Err(Error::Invalid { field: "expires_at" });
            }
        }
        let scopes: Vec<String> = new.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        let mut tx = store::begin(self.pool()).await?;
        if let Some(customer) = customer {
            let known = store::customer::find(&mut tx, CustomerScope::of(customer)).await?;
            known.ok_or(Error::NotFound("customer"))?;
        }
        let wanted = Wanted {
            id: intent.id(ApiKeyId::from_uuid),
            customer,
            name,
            scopes: &scopes,
            expires_at: new.expires_at,
            replaces: None,
        };
        let (created, is_new) = insert(&mut tx, &wanted).await?;
        if !is_new {
            store::commit(tx).await?;
            return Ok(created);
        }
        let entry = store::audit::NewEntry {
            id: mint(AuditEntryId::from_uuid),
            at: self.now(),
            actor: &actor.audit_name(),
            action: "api_key.created",
            customer,
            subject: &created.id.to_string(),
            detail: &serde_json::json!({ "name": name, "scopes": scopes }),
        };
        store::audit::insert(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(created)
    }

    /// Makes a key that takes the place of another one, which goes on for a day.
    pub async fn rotate_api_key(&self, actor: &Actor, id: ApiKeyId) -> Result<CreatedApiKey> {
        self.rotate_api_key_once(actor, id, Intent::new()).await
    }

    /// Under the same intent the same key takes its place.
    pub async fn rotate_api_key_once(
        &self,
        actor: &Actor,
        id: ApiKeyId,
        intent: Intent,
    ) -> Result<CreatedApiKey> {
        let scope = manages_keys(actor)?;
        let mut tx = store::begin(self.pool()).await?;
        let old = store::api_key::lock(&mut tx, scope, id)
            .await?
            .ok_or(Error::NotFound("API key"))?;
        let wanted = Wanted {
            id: intent.id(ApiKeyId::from_uuid),
            customer: old.customer,
            name: &old.name,
            scopes: &old.scopes,
            expires_at: store::api_key::expiry_like(&mut tx, id).await?,
            replaces: Some(id),
        };
        let (created, is_new) = insert(&mut tx, &wanted).await?;
        if !is_new {
            store::commit(tx).await?;
            return Ok(created);
        }
        store::api_key::expire_within(&mut tx, id, OVERLAP).await?;
        store::api_key::announce(&mut tx, id).await?;
        let entry = store::audit::NewEntry {
            id: mint(AuditEntryId::from_uuid),
            at: self.now(),
            actor: &actor.audit_name(),
            action: "api_key.rotated",
            customer: old.customer,
            subject: &id.to_string(),
            detail: &serde_json::json!({ "replaced_by": created.id }),
        };
        store::audit::insert(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        self.parts.keys.forget(id);
        Ok(created)
    }

    /// The actor a key stands for. Unknown, revoked and expired keys are told apart to nobody.
    pub async fn api_key_actor(&self, key: &str) -> Result<Actor> {
        let found = self.api_key_actor_if(key, |_| true).await?;
        found.ok_or(Error::Unauthenticated)
    }

    /// The same; none where `may_look` says no. It is asked where the key has to be looked up and nobody is at it
    /// already, and told whether the key was good not long ago: then whoever shows it does not guess.
    pub async fn api_key_actor_if(
        &self,
        key: &str,
        may_look: impl FnOnce(bool) -> bool,
    ) -> Result<Option<Actor>> {
        if !key.starts_with(MARK) || key.len() != MARK.len() + KEY_CHARS {
            return match may_look(false) {
                true => Err(Error::Unauthenticated),
                false => Ok(None),
            };
        }
        let hash = hash(key);
        if let Ok(actor) = self.parts.keys.actor(&hash, Instant::now()) {
            return Ok(Some(actor));
        }
        let asked_at = Instant::now();
        let mut looked = self.parts.keys.looking(&hash).await;
        let now = Instant::now();
        let ticket = match self.parts.keys.actor(&hash, now) {
            // Somebody showed it at the same time, and was faster.
            Ok(actor) => return Ok(Some(actor)),
            Err(ticket) => ticket,
        };
        if looked.failed_at.is_some_and(|failed_at| failed_at > asked_at) {
            // Else all who came meanwhile would wait for the database one after the other.
            return Err(store::Error::Shared { transient: true }.into());
        }
        if !may_look(self.parts.keys.knows(&hash, now)) {
            return Ok(None);
        }
        let found = self.granted(&hash).await;
        let is_away = matches!(&found, Err(error) if error.is_transient());
        looked.failed_at = is_away.then(Instant::now);
        let Some(grant) = found? else {
            self.parts.keys.let_go(&hash);
            return Err(Error::Unauthenticated);
        };
        let scope = |name: &String| Scope::parse(name).ok_or_else(|| store::Error::corrupt("api_key", name));
        let scopes = grant
            .scopes
            .iter()
            .map(scope)
            .collect::<std::result::Result<_, _>>()?;
        let actor = Actor::ApiKey {
            id: grant.id,
            customer: grant.customer,
            scopes,
        };
        let read = (hash, grant.id, &actor);
        self.parts.keys.remember(ticket, read, (now, grant.lasts));
        Ok(Some(actor))
    }

    /// Looked up by its hash: the time of a lookup says nothing about a key that is only nearly right.
    async fn granted(&self, hash: &KeyHash) -> Result<Option<KeyGrant>> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::api_key::grant(&mut conn, hash).await?)
    }

    /// Forgets keys as other processes revoke and replace them. Returns only with the error that ends it.
    pub async fn follow_api_keys(&self) -> Result<()> {
        let mut changes = Changes::listen(self.pool()).await?;
        // What changed before we listened.
        self.parts.keys.forget_all(Instant::now());
        loop {
            match changes.next().await? {
                Some(id) => self.parts.keys.forget(id),
                None => self.parts.keys.forget_all(Instant::now()),
            }
        }
    }

    pub async fn revoke_api_key(&self, actor: &Actor, id: ApiKeyId) -> Result<()> {
        let scope = manages_keys(actor)?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::api_key::revoke(&mut tx, scope, id)
            .await?
            .ok_or(Error::NotFound("API key"))?;
        let entry = store::audit::NewEntry {
            id: mint(AuditEntryId::from_uuid),
            at: self.now(),
            actor: &actor.audit_name(),
            action: "api_key.revoked",
            customer,
            subject: &id.to_string(),
            detail: &serde_json::json!({}),
        };
        store::audit::insert(&mut tx, &[entry]).await?;
        store::api_key::announce(&mut tx, id).await?;
        store::commit(tx).await?;
        self.parts.keys.forget(id);
        Ok(())
    }

    /// The customer's keys, for an operator everybody's; newest first.
    pub async fn api_keys(&self, actor: &Actor) -> Result<Vec<ApiKeyRow>> {
        let scope = manages_keys(actor)?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::api_key::list(&mut conn, scope).await?)
    }
}

/// Whose keys the actor may see and make: one customer's, or all (none).
fn manages_keys(actor: &Actor) -> Result<Option<CustomerScope>> {
    match actor {
        Actor::Member {
            customer,
            role: MemberRole::Owner,
            ..
        } => Ok(Some(CustomerScope::of(*customer))),
        Actor::Staff {
            role: StaffRole::Admin,
            ..
        }
        | Actor::System => Ok(None),
        Actor::Anonymous => Err(Error::Unauthenticated),
        Actor::Member { .. }
        | Actor::Staff { .. }
        | Actor::ApiKey { .. }
        | Actor::Token { .. }
        | Actor::OnBehalf { .. } => Err(Error::Forbidden),
    }
}

/// A key to make.
struct Wanted<'a> {
    id: ApiKeyId,
    customer: Option<CustomerId>,
    name: &'a str,
    scopes: &'a [String],
    expires_at: Option<DateTime<Utc>>,
    replaces: Option<ApiKeyId>,
}

/// The key, and whether it is a new one.
async fn insert(conn: &mut PgConnection, wanted: &Wanted<'_>) -> Result<(CreatedApiKey, bool)> {
    let id = wanted.id;
    let secret = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let key = format!("{MARK}{secret}");
    let row = store::api_key::NewApiKey {
        id,
        customer: wanted.customer,
        name: wanted.name,
        prefix: &secret[..PREFIX_CHARS],
        hash: hash(&key),
        scopes: wanted.scopes,
        expires_at: wanted.expires_at,
        replaces: wanted.replaces,
    };
    let is_new = store::api_key::insert(conn, &row).await.map_err(|error| {
        if error.is_conflict_on(store::api_key::REPLACED) {
            Error::KeyReplaced
        } else {
            error.into()
        }
    })?;
    // Whoever clicked twice sees the second answer alone.
    if !is_new && !store::api_key::remake(conn, &row, AT_ONCE).await? {
        return Err(Error::ChangedMeanwhile);
    }
    let key = SecretString::from(key);
    Ok((CreatedApiKey { id, key }, is_new))
}

fn hash(key: &str) -> KeyHash {
    Sha256::digest(key.as_bytes()).into()
}
