//! Where events are sent, and who decides it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::{OutboxEventId, WebhookDeliveryId, WebhookEndpointId, WebhookSecretId};
use billing::webhook::{EventKinds, TEST_KIND};
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::PgConnection;
use store::webhook::endpoint::{Edited, EndpointRow, NewEndpoint};
use store::webhook::publish::NewDelivery;

use super::deliver::LOST_AFTER;
use super::{DeliveryDetail, secret};
use crate::clock::real_now;
use crate::id::mint;
use crate::idempotency::Intent;
use crate::outgoing::check_url;
use crate::record::audit;
use crate::{Actor, Billing, Error, Result};

/// Each hears of everything: more of them multiply the work.
const MAX_ENDPOINTS: i64 = 20;
const MAX_DESCRIPTION_CHARS: usize = 200;
/// What was replaced signs on so long where nothing else is said, and at most.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
const MAX_OVERLAP: TimeDelta = TimeDelta::days(7);
/// Secrets that sign beside the newest: each makes every delivery a little longer.
const MAX_EXPIRING: i64 = 5;
/// What ended is kept as long as a request that made it may be sent again.
const ENDED_KEPT: TimeDelta = TimeDelta::hours(24);

#[derive(Debug, Clone)]
pub struct NewWebhookEndpoint {
    pub url: String,
    pub description: String,
    /// None named: all.
    pub kinds: Vec<String>,
    pub enabled: bool,
}

/// What is to change; none: stays.
#[derive(Debug, Clone, Default)]
pub struct EditWebhookEndpoint {
    pub url: Option<String>,
    pub description: Option<String>,
    pub kinds: Option<Vec<String>>,
    /// Turned on again it hears of what happens from now on; what it missed is replayed on request.
    pub enabled: Option<bool>,
    /// The revision that was seen: of another one nothing is changed.
    pub seen: Option<String>,
}

/// Names what somebody saw of an endpoint: another one once anything of that is different.
pub fn revision(endpoint: &EndpointRow) -> String {
    let kinds = endpoint.kinds.as_slice();
    let seen = json!([
        endpoint.id,
        endpoint.url,
        endpoint.description,
        kinds,
        endpoint.enabled
    ]);
    let digest = Sha256::digest(seen.to_string());
    URL_SAFE_NO_PAD.encode(&digest[..12])
}

/// An endpoint with its secret, which is never seen again.
#[derive(Debug)]
pub struct ShownOnce {
    pub endpoint: EndpointRow,
    pub secret: SecretString,
}

impl Billing {
    /// Made again under the same intent it is the same endpoint, with a secret that can be shown.
    pub async fn create_webhook_endpoint(
        &self,
        actor: &Actor,
        new: NewWebhookEndpoint,
        intent: Intent,
    ) -> Result<ShownOnce> {
        actor.manages_webhooks()?;
        let url = self.checked_url(&new.url)?;
        let description = checked_description(&new.description)?;
        let kinds = checked_kinds(new.kinds)?;
        let (id, now) = (intent.id(WebhookEndpointId::from_uuid), real_now());
        let mut tx = store::begin(self.pool()).await?;
        let since = store::webhook::publish::lock_cursor(&mut tx).await?;
        if let Some(endpoint) = store::webhook::endpoint::lock(&mut tx, id).await? {
            store::webhook::secret::expire(&mut tx, id, (now, now), MAX_EXPIRING).await?;
            let new = (id, mint(WebhookSecretId::from_uuid));
            let secret = secret::make(&mut tx, &self.parts.sealer, new, now).await?;
            store::commit(tx).await?;
            return Ok(ShownOnce { endpoint, secret });
        }
        if store::webhook::endpoint::count(&mut tx).await? >= MAX_ENDPOINTS {
            return Err(Error::TooManyEndpoints);
        }
        let row = NewEndpoint {
            id,
            url: &url,
            description,
            kinds: &kinds,
            enabled: new.enabled,
            created_by: &actor.audit_name(),
            created_at: now,
            since,
        };
        store::webhook::endpoint::insert(&mut tx, &row).await?;
        let first = (id, mint(WebhookSecretId::from_uuid));
        let secret = secret::make(&mut tx, &self.parts.sealer, first, now).await?;
        let detail = json!({ "url": url, "kinds": kinds.as_slice() });
        self.audit_endpoint(&mut tx, actor, ("webhook_endpoint.created", id), &detail)
            .await?;
        let endpoint = store::webhook::endpoint::find(&mut tx, id).await?;
        store::commit(tx).await?;
        let endpoint = endpoint.ok_or(Error::Internal("an endpoint that was just made"))?;
        Ok(ShownOnce { endpoint, secret })
    }

    /// Oldest first.
    pub async fn webhook_endpoints(&self, actor: &Actor) -> Result<Vec<EndpointRow>> {
        actor.reads_webhooks()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::webhook::endpoint::list(&mut conn).await?)
    }

    pub async fn webhook_endpoint(&self, actor: &Actor, id: WebhookEndpointId) -> Result<EndpointRow> {
        actor.reads_webhooks()?;
        let mut conn = store::acquire(self.pool()).await?;
        let found = store::webhook::endpoint::find(&mut conn, id).await?;
        found.ok_or(Error::NotFound("webhook endpoint"))
    }

    pub async fn edit_webhook_endpoint(
        &self,
        actor: &Actor,
        id: WebhookEndpointId,
        edit: EditWebhookEndpoint,
    ) -> Result<EndpointRow> {
        actor.manages_webhooks()?;
        let url = edit.url.as_deref().map(|url| self.checked_url(url)).transpose()?;
        let description = edit.description.as_deref().map(checked_description).transpose()?;
        let kinds = edit.kinds.map(checked_kinds).transpose()?;
        let mut tx = store::begin(self.pool()).await?;
        // The cursor before the endpoint, as where it is made and where events are published.
        let cursor = store::webhook::publish::lock_cursor(&mut tx).await?;
        let before = lock(&mut tx, id).await?;
        if edit.seen.is_some_and(|seen| seen != revision(&before)) {
            return Err(Error::ChangedMeanwhile);
        }
        let enabled = edit.enabled.unwrap_or(before.enabled);
        let begins_anew =
            (enabled && !before.enabled) || kinds.as_ref().is_some_and(|new| *new != before.kinds);
        let edited = Edited {
            id,
            url: url.as_deref().unwrap_or(&before.url),
            description: description.unwrap_or(&before.description),
            kinds: kinds.as_ref().unwrap_or(&before.kinds),
            enabled,
            since: begins_anew.then_some(cursor),
        };
        store::webhook::endpoint::edit(&mut tx, &edited).await?;
        let detail = json!({ "url": edited.url, "kinds": edited.kinds.as_slice(), "enabled": enabled });
        self.audit_endpoint(&mut tx, actor, ("webhook_endpoint.changed", id), &detail)
            .await?;
        let after = store::webhook::endpoint::find(&mut tx, id).await?;
        store::commit(tx).await?;
        after.ok_or(Error::NotFound("webhook endpoint"))
    }

    pub async fn delete_webhook_endpoint(&self, actor: &Actor, id: WebhookEndpointId) -> Result<()> {
        actor.manages_webhooks()?;
        let mut tx = store::begin(self.pool()).await?;
        lock(&mut tx, id).await?;
        store::webhook::endpoint::delete(&mut tx, id, real_now()).await?;
        self.audit_endpoint(&mut tx, actor, ("webhook_endpoint.deleted", id), &json!({}))
            .await?;
        Ok(store::commit(tx).await?)
    }

    /// Makes a new secret. The old one signs beside it for a while, so that no delivery is refused meanwhile. Carried
    /// out again for the same intent, it finds the secret it made.
    pub async fn rotate_webhook_secret(
        &self,
        actor: &Actor,
        id: WebhookEndpointId,
        overlap: Option<Duration>,
        intent: Intent,
    ) -> Result<ShownOnce> {
        actor.manages_webhooks()?;
        let overlap = match overlap {
            None => OVERLAP,
            Some(asked) => TimeDelta::from_std(asked)
                .ok()
                .filter(|asked| *asked <= MAX_OVERLAP)
                .ok_or(Error::Invalid {
                    field: "overlap_hours",
                })?,
        };
        let (now, new) = (real_now(), (id, intent.id(WebhookSecretId::from_uuid)));
        let mut tx = store::begin(self.pool()).await?;
        let endpoint = lock(&mut tx, id).await?;
        if let Some(secret) = secret::made(&mut tx, &self.parts.sealer, new).await? {
            store::roll_back(tx).await?;
            return Ok(ShownOnce { endpoint, secret });
        }
        store::webhook::secret::delete_ended(&mut tx, id, now - ENDED_KEPT).await?;
        store::webhook::secret::expire(&mut tx, id, (now, now + overlap), MAX_EXPIRING).await?;
        let secret = secret::make(&mut tx, &self.parts.sealer, new, now).await?;
        let detail = json!({ "overlap_seconds": overlap.num_seconds() });
        self.audit_endpoint(&mut tx, actor, ("webhook_endpoint.secret_rotated", id), &detail)
            .await?;
        store::commit(tx).await?;
        Ok(ShownOnce { endpoint, secret })
    }

    /// Sends an event made for it to this endpoint alone, at once, and says what came of it.
    pub async fn test_webhook_endpoint(
        &self,
        actor: &Actor,
        id: WebhookEndpointId,
    ) -> Result<DeliveryDetail> {
        actor.manages_webhooks()?;
        let delivery = mint(WebhookDeliveryId::from_uuid);
        let mut tx = store::begin(self.pool()).await?;
        let endpoint = lock(&mut tx, id).await?;
        if !endpoint.enabled {
            return Err(Error::EndpointOff);
        }
        let event = mint(OutboxEventId::from_uuid);
        self.insert_test_event(&mut tx, event, id).await?;
        let new = NewDelivery {
            id: delivery,
            event,
            endpoint: id,
        };
        let now = real_now();
        store::webhook::publish::insert(&mut tx, &[new], now).await?;
        store::webhook::delivery::take(&mut tx, delivery, now + LOST_AFTER).await?;
        let sending = self.prepare(&mut tx, delivery, now).await?;
        self.audit_endpoint(&mut tx, actor, (TEST_KIND, id), &json!({ "event": event }))
            .await?;
        store::commit(tx).await?;
        // Whoever asked waits for the answer. Should this process die meanwhile, another makes the try.
        self.send(sending.ok_or(Error::EndpointOff)?).await?;
        self.delivery_detail(delivery).await
    }

    async fn insert_test_event(
        &self,
        conn: &mut PgConnection,
        event: OutboxEventId,
        endpoint: WebhookEndpointId,
    ) -> Result<()> {
        let event = store::outbox::NewEvent {
            id: event,
            kind: TEST_KIND,
            customer: None,
            subject: &endpoint.to_string(),
            occurred_at: self.now(),
            payload: &json!({}),
        };
        Ok(store::outbox::insert(conn, &[event]).await?)
    }

    async fn audit_endpoint(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        (what, id): (&str, WebhookEndpointId),
        detail: &serde_json::Value,
    ) -> Result<()> {
        audit(conn, (actor, self.now()), (what, &id.to_string()), detail).await
    }

    fn checked_url(&self, url: &str) -> Result<String> {
        let url = check_url(url, self.parts.outgoing.targets())?;
        Ok(url.into())
    }
}

async fn lock(conn: &mut PgConnection, id: WebhookEndpointId) -> Result<EndpointRow> {
    let found = store::webhook::endpoint::lock(conn, id).await?;
    found.ok_or(Error::NotFound("webhook endpoint"))
}

fn checked_description(text: &str) -> Result<&str> {
    let text = text.trim();
    if text.chars().count() > MAX_DESCRIPTION_CHARS || text.chars().any(char::is_control) {
        return Err(Error::Invalid { field: "description" });
    }
    Ok(text)
}

fn checked_kinds(mut kinds: Vec<String>) -> Result<EventKinds> {
    kinds.sort_unstable();
    kinds.dedup();
    EventKinds::new(kinds).map_err(|_| Error::Invalid { field: "kinds" })
}
