//! What is written beside every change: audit, outbox, revenue movement and the next due instant.

use billing::id::{AuditEntryId, CustomerId, MovementId, OutboxEventId};
use billing::revenue::{customer_mrr, movement};
use billing::subscription::{Subscription, due_at};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use store::customer::CustomerRecord;
use store::revenue::{NewMovement, RecordedMrr};
use store::subscription::Update;
use store::{CustomerScope, PgConnection};

use crate::id::mint;
use crate::{Actor, Error, Result, usage};

/// What happened, to which record, because of whom.
#[derive(Debug)]
pub struct Note<'a> {
    pub actor: &'a Actor,
    pub at: DateTime<Utc>,
    /// Noun and past participle: `invoice.finalized`.
    pub what: &'static str,
    pub customer: CustomerId,
    pub subject: String,
    pub detail: Value,
}

/// The audit entry and the domain event of each change.
pub async fn note(conn: &mut PgConnection, notes: &[Note<'_>]) -> Result<()> {
    let actors: Vec<String> = notes.iter().map(|note| note.actor.audit_name()).collect();
    let entries: Vec<_> = notes
        .iter()
        .zip(&actors)
        .map(|(note, actor)| store::audit::NewEntry {
            id: mint(AuditEntryId::from_uuid),
            at: note.at,
            actor,
            action: note.what,
            customer: Some(note.customer),
            subject: &note.subject,
            detail: &note.detail,
        })
        .collect();
    store::audit::insert(conn, &entries).await?;
    let events: Vec<_> = notes
        .iter()
        .map(|note| store::outbox::NewEvent {
            id: mint(OutboxEventId::from_uuid),
            kind: note.what,
            customer: Some(note.customer),
            subject: &note.subject,
            occurred_at: note.at,
            payload: &note.detail,
        })
        .collect();
    store::outbox::insert(conn, &events).await?;
    Ok(())
}

/// The audit entry of what is no customer's.
pub async fn audit(
    conn: &mut PgConnection,
    (actor, at): (&Actor, DateTime<Utc>),
    (what, subject): (&str, &str),
    detail: &Value,
) -> Result<()> {
    let entry = store::audit::NewEntry {
        id: mint(AuditEntryId::from_uuid),
        at,
        actor: &actor.audit_name(),
        action: what,
        customer: None,
        subject,
        detail,
    };
    Ok(store::audit::insert(conn, &[entry]).await?)
}

/// A subscription to save, and why.
#[derive(Debug)]
pub struct Save<'a> {
    pub actor: &'a Actor,
    pub customer: &'a CustomerRecord,
    pub after: &'a Subscription,
    /// Noun and past participle: `subscription.renewed`.
    pub what: &'static str,
    pub at: DateTime<Utc>,
}

impl Save<'_> {
    /// The movement of the customer's MRR, which is what its live subscriptions come to: this one and those beside it.
    /// It is never before one that is recorded, nor, where the start was set back, before it was sold: a month that is
    /// over stays what it was.
    pub fn movement(&self, before: RecordedMrr, beside: &[&Subscription]) -> Result<Option<NewMovement>> {
        let customer = self.customer;
        let all = beside.iter().copied().chain([self.after]);
        let mrr_after = customer_mrr(customer.currency, all)?;
        let moved = movement(before.mrr, mrr_after, customer.ever_paid)?;
        let at = self.at.max(self.after.created_at);
        Ok(moved
            .zip(self.after.plan_item())
            .map(|(movement, item)| NewMovement {
                id: mint(MovementId::from_uuid),
                customer: customer.id,
                subscription: self.after.id,
                plan: item.plan,
                movement,
                mrr_after,
                at: before.moved_at.map_or(at, |moved_at| at.max(moved_at)),
            }))
    }

    fn note(&self) -> Note<'_> {
        Note {
            actor: self.actor,
            at: self.at,
            what: self.what,
            customer: self.customer.id,
            subject: self.after.id.to_string(),
            detail: json!({
                "status": self.after.status.name(),
                "price": self.after.plan_item().map(|item| item.price.id),
            }),
        }
    }
}

/// Saves the next version of a subscription with everything that stands beside it.
pub async fn save(conn: &mut PgConnection, save: Save<'_>) -> Result<()> {
    let (moved, due) = beside(conn, &save).await?;
    if !save.after.standalone {
        Box::pin(usage::move_counters(conn, save.after, save.at)).await?;
    }
    save_all(conn, &[save], moved.as_slice(), &[due]).await
}

/// When the customer is looked at next.
pub type NextDue = (CustomerId, Option<DateTime<Utc>>);

/// The same for many, whose movements are decided.
pub async fn save_all(
    conn: &mut PgConnection,
    saves: &[Save<'_>],
    movements: &[NewMovement],
    due: &[NextDue],
) -> Result<()> {
    let updates = saves.iter().map(|save| Update {
        after: save.after,
        at: save.at,
    });
    store::subscription::update(conn, &updates.collect::<Vec<_>>()).await?;
    saved(conn, saves, movements, due).await
}

/// Stores a new subscription with everything that stands beside it.
pub async fn create(conn: &mut PgConnection, save: Save<'_>) -> Result<()> {
    let (moved, due) = beside(conn, &save).await?;
    if !save.after.standalone {
        Box::pin(usage::move_counters(conn, save.after, save.at)).await?;
    }
    store::subscription::insert(conn, save.after).await?;
    saved(conn, &[save], moved.as_slice(), &[due]).await
}

/// What the customer's MRR and its next due instant are then, with its other subscriptions as they stand.
async fn beside(conn: &mut PgConnection, save: &Save<'_>) -> Result<(Option<NewMovement>, NextDue)> {
    let customer = save.customer;
    let mrr = store::revenue::mrr_of(conn, &[customer.id]).await?;
    let mrr = *mrr.get(&customer.id).ok_or(Error::NotFound("customer"))?;
    let live = store::subscription::all_live(conn, CustomerScope::of(customer.id)).await?;
    let beside: Vec<_> = live.iter().filter(|other| other.id != save.after.id).collect();
    let all = beside.iter().copied().chain([save.after]);
    let due = due_at(all, customer.zone);
    Ok((save.movement(mrr, &beside)?, (customer.id, due)))
}

async fn saved(
    conn: &mut PgConnection,
    saves: &[Save<'_>],
    movements: &[NewMovement],
    due: &[NextDue],
) -> Result<()> {
    store::revenue::insert(conn, movements).await?;
    store::customer::set_due_at(conn, due).await?;
    let notes: Vec<_> = saves.iter().map(Save::note).collect();
    note(conn, &notes).await
}
