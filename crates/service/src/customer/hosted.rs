//! Customers that the host platform makes and keeps: found again by its own ids, with what it wants to remember.

use std::collections::BTreeMap;

use billing::id::CustomerId;
use billing::money::Currency;
use billing::period::Zone;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::CustomerScope;
use store::Tx;
use store::customer::NewCustomer;
use store::customer::hosted::{EXTERNAL_ID, HostedCustomer, Kept, Metadata};

use crate::auth::{email, name};
use crate::page::{Page, PageQuery};
use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Intent, Result};

const MAX_EXTERNAL_ID: usize = 100;
const MAX_METADATA: usize = 50;
const MAX_METADATA_KEY: usize = 40;
const MAX_METADATA_VALUE: usize = 500;
/// An id of the host's may pass from one customer to another between our look and the lock; not for ever.
const LOOKS: usize = 3;

/// A customer that the host platform makes.
#[derive(Debug, Clone)]
pub struct NewHosted {
    pub name: String,
    pub email: String,
    pub external_id: Option<String>,
    pub metadata: Metadata,
    /// The deployment's where none is said.
    pub currency: Option<Currency>,
    pub zone: Zone,
}

/// What is to be different; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct ChangeHosted {
    pub name: Option<String>,
    pub email: Option<String>,
    /// None inside: it has none any more.
    pub external_id: Option<Option<String>>,
    /// Each key that is named; none: it goes.
    pub metadata: BTreeMap<String, Option<String>>,
}

/// On what condition a customer is put.
#[derive(Debug, Clone, Copy)]
pub enum PutIf<'a> {
    Anyhow,
    /// There is one with this id.
    There,
    /// It is still what this names.
    Unchanged(&'a str),
}

/// Names what somebody saw of a customer: another one once anything of that is different.
pub fn revision(customer: &HostedCustomer) -> String {
    let record = &customer.record;
    let seen = json!([
        record.id,
        record.name,
        record.email,
        record.currency.as_str(),
        record.zone.name(),
        record.terms.net_days(),
        record.tax.region.as_ref().map(|region| region.as_str()),
        record.tax.id.as_ref().map(|id| id.as_str()),
        record.tax.is_exempt,
        customer.external_id,
        customer.metadata,
    ]);
    let digest = Sha256::digest(seen.to_string().as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Billing {
    /// Carried out again for the same intent, it finds the customer it made.
    pub async fn create_customer(
        &self,
        actor: &Actor,
        new: &NewHosted,
        intent: Intent,
    ) -> Result<HostedCustomer> {
        actor.keeps_customers()?;
        let mut tx = store::begin(self.pool()).await?;
        let made = self.make(&mut tx, actor, new, intent).await?;
        store::commit(tx).await?;
        Ok(made)
    }

    /// Makes the customer of this id of the host's, or makes it what is said; and whether it was made. What is not
    /// said of the metadata goes; currency and time zone stay.
    pub async fn put_customer(
        &self,
        actor: &Actor,
        new: &NewHosted,
        wanted: PutIf<'_>,
    ) -> Result<(HostedCustomer, bool)> {
        actor.keeps_customers()?;
        let external_id = new.external_id.as_deref().map(external_id).transpose()?;
        let external_id = external_id.ok_or(Error::Invalid { field: "external_id" })?;
        for _ in 0..LOOKS {
            match self.put_once(actor, external_id, (new, wanted)).await {
                // Somebody made it this moment, or gave the id to another one.
                Err(Error::ExternalIdTaken) => {}
                put => return put,
            }
        }
        Err(Error::ExternalIdTaken)
    }

    async fn put_once(
        &self,
        actor: &Actor,
        external_id: &str,
        (new, wanted): (&NewHosted, PutIf<'_>),
    ) -> Result<(HostedCustomer, bool)> {
        let mut tx = store::begin(self.pool()).await?;
        let Some(id) = store::customer::hosted::by_external_id(&mut tx, external_id).await? else {
            let PutIf::Anyhow = wanted else {
                return Err(Error::ChangedMeanwhile);
            };
            let made = self.make(&mut tx, actor, new, Intent::new()).await?;
            store::commit(tx).await?;
            return Ok((made, true));
        };
        let before = locked(&mut tx, id).await?;
        // It was looked up before the lock.
        if before.external_id.as_deref() != Some(external_id) {
            return Err(Error::ExternalIdTaken);
        }
        if let PutIf::Unchanged(seen) = wanted {
            check(&before, Some(seen))?;
        }
        let unsaid = before.metadata.keys().map(|key| (key.clone(), None));
        let said = new.metadata.iter().map(|(k, v)| (k.clone(), Some(v.clone())));
        let change = ChangeHosted {
            name: Some(new.name.clone()),
            email: Some(new.email.clone()),
            external_id: None,
            metadata: unsaid.chain(said).collect(),
        };
        let after = self.keep(&mut tx, actor, before, change).await?;
        store::commit(tx).await?;
        Ok((after, false))
    }

    /// Changes it, if it is still what `seen` names; none: whatever it is.
    pub async fn update_customer(
        &self,
        actor: &Actor,
        id: CustomerId,
        change: ChangeHosted,
        seen: Option<&str>,
    ) -> Result<HostedCustomer> {
        actor.keeps_customers()?;
        let mut tx = store::begin(self.pool()).await?;
        let before = locked(&mut tx, id).await?;
        check(&before, seen)?;
        let after = self.keep(&mut tx, actor, before, change).await?;
        store::commit(tx).await?;
        Ok(after)
    }

    pub async fn hosted_customer(&self, actor: &Actor, id: CustomerId) -> Result<HostedCustomer> {
        let own = actor.reads_by_key()?;
        let mut conn = store::acquire(self.pool()).await?;
        let found = store::customer::hosted::find(&mut conn, CustomerScope::of(id)).await?;
        found
            .filter(|_| own.is_none_or(|own| own == id))
            .map(|found| as_seen_by(own, found))
            .ok_or(Error::NotFound("customer"))
    }

    /// Those the key speaks for, or the one with this id of the host's; newest first.
    pub async fn customers(
        &self,
        actor: &Actor,
        external_id: Option<&str>,
        query: PageQuery,
    ) -> Result<Page<HostedCustomer>> {
        let own = actor.reads_by_key()?;
        if own.is_some() && external_id.is_some() {
            // Whether a guess is right would say what it is.
            return Err(Error::Forbidden);
        }
        let reach = query.reach()?;
        let mut conn = store::acquire(self.pool()).await?;
        let which = (own.map(CustomerScope::of), external_id);
        let rows = store::customer::hosted::page(&mut conn, which, reach).await?;
        let rows = rows.into_iter().map(|found| as_seen_by(own, found));
        Ok(query.cut(rows.collect()))
    }

    async fn make(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        new: &NewHosted,
        intent: Intent,
    ) -> Result<HostedCustomer> {
        let id = intent.id(CustomerId::from_uuid);
        let scope = CustomerScope::of(id);
        if let Some(made) = store::customer::hosted::find(tx, scope).await? {
            return Ok(made);
        }
        let kept = Kept {
            name: name(&new.name, "name")?,
            email: email(&new.email)?,
            external_id: new.external_id.as_deref().map(external_id).transpose()?,
            metadata: checked(&new.metadata)?,
        };
        let created_at = self.now();
        let row = NewCustomer {
            id,
            name: kept.name,
            email: kept.email,
            currency: new.currency.unwrap_or(self.config().currency),
            zone: new.zone,
            created_at,
        };
        store::customer::hosted::insert(tx, &row, kept)
            .await
            .map_err(taken)?;
        let entry = Note {
            actor,
            at: created_at,
            what: "customer.created",
            customer: id,
            subject: id.to_string(),
            detail: json!({ "time_zone": new.zone.name(), "external_id": kept.external_id }),
        };
        note(tx, &[entry]).await?;
        let made = store::customer::hosted::find(tx, scope).await?;
        made.ok_or(Error::Internal("a customer was not written"))
    }

    async fn keep(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        before: HostedCustomer,
        change: ChangeHosted,
    ) -> Result<HostedCustomer> {
        let mut after = before.clone();
        if let Some(text) = &change.name {
            after.record.name = name(text, "name")?.to_owned();
        }
        if let Some(text) = &change.email {
            after.record.email = email(text)?.to_owned();
        }
        if let Some(id) = change.external_id {
            after.external_id = id.as_deref().map(external_id).transpose()?.map(str::to_owned);
        }
        for (key, value) in change.metadata {
            match value {
                Some(value) => drop(after.metadata.insert(key, value)),
                None => drop(after.metadata.remove(&key)),
            }
        }
        if after == before {
            return Ok(after);
        }
        let (id, kept) = (
            after.record.id,
            Kept {
                name: &after.record.name,
                email: &after.record.email,
                external_id: after.external_id.as_deref(),
                metadata: checked(&after.metadata)?,
            },
        );
        store::customer::hosted::keep(tx, CustomerScope::of(id), kept)
            .await
            .map_err(taken)?;
        // Which fields, never what stands in them: the log of changes is no copy of personal data.
        let changed = [
            ("name", before.record.name != after.record.name),
            ("email", before.record.email != after.record.email),
            ("external_id", before.external_id != after.external_id),
            ("metadata", before.metadata != after.metadata),
        ];
        let changed: Vec<&str> = changed
            .iter()
            .filter(|(_, is)| *is)
            .map(|(field, _)| *field)
            .collect();
        let entry = Note {
            actor,
            at: self.now(),
            what: "customer.updated",
            customer: id,
            subject: id.to_string(),
            detail: json!({ "changed": changed }),
        };
        note(tx, &[entry]).await?;
        Ok(after)
    }
}

fn check(before: &HostedCustomer, seen: Option<&str>) -> Result<()> {
    match seen {
        Some(seen) if seen != revision(before) => Err(Error::ChangedMeanwhile),
        _ => Ok(()),
    }
}

/// What the host keeps there is the host's alone.
fn as_seen_by(own: Option<CustomerId>, found: HostedCustomer) -> HostedCustomer {
    match own {
        None => found,
        Some(_) => HostedCustomer {
            external_id: None,
            metadata: Metadata::new(),
            ..found
        },
    }
}

async fn locked(tx: &mut Tx, id: CustomerId) -> Result<HostedCustomer> {
    let scope = CustomerScope::of(id);
    store::customer::lock(tx, scope)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let found = store::customer::hosted::find(tx, scope).await?;
    found.ok_or(Error::NotFound("customer"))
}

fn external_id(text: &str) -> Result<&str> {
    let fits = !text.is_empty()
        && text.chars().count() <= MAX_EXTERNAL_ID
        && text.trim() == text
        && !text.chars().any(char::is_control);
    if fits {
        Ok(text)
    } else {
        Err(Error::Invalid { field: "external_id" })
    }
}

fn checked(metadata: &Metadata) -> Result<&Metadata> {
    let fits = |text: &str, most: usize| text.chars().count() <= most && !text.contains('\0');
    let good = metadata.len() <= MAX_METADATA
        && metadata.iter().all(|(key, value)| {
            !key.is_empty() && fits(key, MAX_METADATA_KEY) && fits(value, MAX_METADATA_VALUE)
        });
    if good {
        Ok(metadata)
    } else {
        Err(Error::Invalid { field: "metadata" })
    }
}

fn taken(error: store::Error) -> Error {
    if error.is_conflict_on(EXTERNAL_ID) {
        Error::ExternalIdTaken
    } else {
        error.into()
    }
}
