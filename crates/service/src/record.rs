//! What is written beside every change: audit, outbox, revenue movement and the next due instant.

use billing::id::{AuditEntryId, CustomerId, MovementId, OutboxEventId};
use billing::revenue::{customer_mrr, movement};
use billing::subscription::Subscription;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use crate::id::mint;
use crate::{Actor, Result};

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

/// The audit entry and the domain event of a change.
pub async fn note(conn: &mut PgConnection, note: Note<'_>) -> Result<()> {
    let entry = store::audit::NewEntry {
        id: mint(AuditEntryId::from_uuid),
        at: note.at,
        actor: &note.actor.audit_name(),
        action: note.what,
        customer: Some(note.customer),
        subject: &note.subject,
        detail: note.detail.clone(),
    };
    store::audit::insert(conn, &entry).await?;
    let event = store::outbox::NewEvent {
        id: mint(OutboxEventId::from_uuid),
        kind: note.what,
        customer: Some(note.customer),
        subject: &note.subject,
        occurred_at: note.at,
        payload: note.detail,
    };
    store::outbox::insert(conn, &event).await?;
    Ok(())
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

/// Saves the next version of a subscription with everything that stands beside it.
pub async fn save(conn: &mut PgConnection, save: Save<'_>) -> Result<()> {
    store::subscription::update(conn, save.after).await?;
    saved(conn, save).await
}

/// Stores a new subscription with everything that stands beside it.
pub async fn create(conn: &mut PgConnection, save: Save<'_>) -> Result<()> {
    store::subscription::insert(conn, save.after).await?;
    saved(conn, save).await
}

async fn saved(conn: &mut PgConnection, save: Save<'_>) -> Result<()> {
    move_mrr(conn, &save).await?;
    let entry = Note {
        actor: save.actor,
        at: save.at,
        what: save.what,
        customer: save.customer.id,
        subject: save.after.id.to_string(),
        detail: json!({
            "status": save.after.status.name(),
            "price": save.after.plan_item().map(|item| item.price.id),
        }),
    };
    note(conn, entry).await
}

/// Records the movement of the customer's MRR, and when to look at the customer again.
async fn move_mrr(conn: &mut PgConnection, save: &Save<'_>) -> Result<()> {
    let customer = save.customer;
    let scope = CustomerScope::of(customer.id);
    let live = store::subscription::live_of(conn, &[customer.id]).await?;
    let before = store::revenue::mrr_of(conn, scope, customer.currency).await?;
    let after = customer_mrr(customer.currency, &live)?;
    let moved = movement(before, after, customer.ever_paid)?;
    if let (Some(movement), Some(item)) = (moved, save.after.plan_item()) {
        let new = store::revenue::NewMovement {
            id: mint(MovementId::from_uuid),
            customer: customer.id,
            subscription: save.after.id,
            plan: item.plan,
            movement,
            mrr_after: after,
            at: save.at,
        };
        store::revenue::insert(conn, &new).await?;
    }
    let due_at = live.iter().filter_map(Subscription::due_at).min();
    store::customer::set_due_at(conn, scope, due_at).await?;
    Ok(())
}
