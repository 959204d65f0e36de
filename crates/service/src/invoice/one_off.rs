//! Billing something once, beside any plan: on the next invoice or at once.

use billing::id::{CustomerId, InvoiceId, OneOffId};
use billing::invoice::{DueDate, OneOff};
use billing::money::Money;
use billing::subscription::{Status, Subscription, fall_behind};
use chrono::{DateTime, Utc};
use serde_json::json;
use store::customer::CustomerRecord;
use store::invoice::{NewOneOff, WaitingOneOff};
use store::{CustomerScope, PgConnection, Tx};

use super::{Finalize, finalize};
use crate::id::mint;
use crate::payment::{BeginAttempt, Cause, begin_attempts, waits};
use crate::record::{Note, Save, note, save};
use crate::{Actor, Billing, Error, Result, credit};

/// More than this wait for no invoice: an invoice of them could be read by nobody.
const MAX_WAITING: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillOneOff {
    /// A live subscription has one.
    WithNextInvoice,
    AtOnce,
}

#[derive(Debug, Clone)]
pub struct AddOneOff {
    pub customer: CustomerId,
    pub description: String,
    pub quantity: u32,
    /// Of one.
    pub price: Money,
    pub bill: BillOneOff,
}

impl Billing {
    /// Gives the invoice where it is billed at once.
    pub async fn add_one_off(
        &self,
        actor: &Actor,
        command: AddOneOff,
    ) -> Result<(OneOffId, Option<InvoiceId>)> {
        actor.decides_about_money()?;
        let (scope, now) = (CustomerScope::of(command.customer), self.now());
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let AddOneOff {
            description,
            quantity,
            price,
            ..
        } = &command;
        let item = OneOff::new(description, *quantity, *price, customer.currency)
            .map_err(|error| Error::Invalid { field: error.field() })?;
        if command.bill == BillOneOff::WithNextInvoice {
            may_wait(&mut tx, scope).await?;
        }
        let (id, added_by) = (mint(OneOffId::from_uuid), actor.audit_name());
        let new = NewOneOff {
            id,
            item: &item,
            added_at: now,
            added_by: &added_by,
        };
        store::invoice::insert_one_off(&mut tx, scope, new).await?;
        let entry = Note {
            actor,
            at: now,
            what: "one_off.added",
            customer: customer.id,
            subject: id.to_string(),
            detail: json!({
                "description": item.description(), "quantity": item.quantity(), "price": item.price()
            }),
        };
        note(&mut tx, &[entry]).await?;
        if command.bill == BillOneOff::WithNextInvoice {
            store::commit(tx).await?;
            return Ok((id, None));
        }
        let invoice = self.bill_at_once(&mut tx, actor, &customer, (id, &item)).await?;
        store::commit(tx).await?;
        Ok((id, Some(invoice)))
    }

    /// An invoice of its own, charged where there is a card.
    async fn bill_at_once(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: &CustomerRecord,
        (id, item): (OneOffId, &OneOff),
    ) -> Result<InvoiceId> {
        let (scope, now) = (CustomerScope::of(customer.id), self.now());
        let draft = self.draft(customer, vec![item.line(now)?], &[])?;
        let mut wallet = credit::wallet(tx, scope, customer.currency).await?;
        let draft = draft.settle(&mut wallet, now)?;
        let invoice = mint(InvoiceId::from_uuid);
        // Whoever is served stands or falls with it as with any other invoice.
        let live = store::subscription::all_live(tx, scope).await?;
        let served = live.into_iter().find(|live| live.status.counts_as_recurring());
        let f = Finalize {
            id: invoice,
            actor,
            customer,
            subscription: served.as_ref().map(|served| served.id),
            draft: &draft,
            one_offs: &[id],
            reason: "one_off",
            at: now,
        };
        finalize(tx, &[f], self.base_url()).await?;
        let due = draft.amount_due()?;
        let charges = due.is_positive() && !customer.terms.is_net();
        let method = store::payment::default_method(tx, scope).await?;
        if let Some(method) = method.as_ref().filter(|_| charges) {
            let begin = BeginAttempt {
                customer: customer.id,
                invoice,
                amount: due,
                method,
                cause: Cause::First,
                at: now,
            };
            begin_attempts(self, tx, &[begin]).await?;
        } else if charges {
            no_card(tx, customer, (invoice, served), now).await?;
        }
        Ok(invoice)
    }

    /// Takes back what waits for an invoice still.
    pub async fn remove_one_off(&self, actor: &Actor, customer: CustomerId, id: OneOffId) -> Result<()> {
        actor.decides_about_money()?;
        let scope = CustomerScope::of(customer);
        let mut tx = store::begin(self.pool()).await?;
        store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        if !store::invoice::remove_one_off(&mut tx, scope, id).await? {
            return Err(Error::NotFound("one-off item"));
        }
        let entry = Note {
            actor,
            at: self.now(),
            what: "one_off.removed",
            customer,
            subject: id.to_string(),
            detail: json!({}),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// In the order added.
    pub async fn waiting_one_offs(&self, actor: &Actor, customer: CustomerId) -> Result<Vec<WaitingOneOff>> {
        actor.decides_about_money()?;
        let mut conn = store::acquire(self.pool()).await?;
        let mut waiting = store::invoice::waiting_one_offs(&mut conn, &[customer]).await?;
        Ok(waiting.remove(&customer).unwrap_or_default())
    }
}

/// There is nothing to charge: owed at once.
async fn no_card(
    tx: &mut Tx,
    customer: &CustomerRecord,
    (invoice, served): (InvoiceId, Option<Subscription>),
    now: DateTime<Utc>,
) -> Result<()> {
    let due = DueDate::new(customer.terms, now, customer.zone);
    store::dunning::begin(tx, &[waits(customer, invoice, due)]).await?;
    let Some(active) = served.filter(|served| served.status == Status::Active) else {
        return Ok(());
    };
    let saved = Save {
        actor: &Actor::System,
        customer,
        after: &fall_behind(active, now)?,
        what: "subscription.past_due",
        at: now,
    };
    save(tx, saved).await
}

/// What waits for the customer's next invoice, in the order added.
pub async fn waiting(conn: &mut PgConnection, customer: &CustomerRecord) -> Result<Vec<WaitingOneOff>> {
    let mut waiting = store::invoice::waiting_one_offs(conn, &[customer.id]).await?;
    Ok(waiting.remove(&customer.id).unwrap_or_default())
}

async fn may_wait(tx: &mut Tx, scope: CustomerScope) -> Result<()> {
    let live = store::subscription::all_live(tx, scope).await?;
    // A purchase that nobody pays for ends without an invoice that could take it.
    let mut bill = live
        .iter()
        .filter(|live| !matches!(live.status, Status::Incomplete { .. }));
    bill.next().ok_or(Error::NoSubscription)?;
    let waiting = store::invoice::waiting_one_offs(tx, &[scope.customer()]).await?;
    match waiting.get(&scope.customer()) {
        Some(waiting) if waiting.len() >= MAX_WAITING => Err(Error::TooMany),
        _ => Ok(()),
    }
}
