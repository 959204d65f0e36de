//! One-off items that wait for an invoice, and those that have one.

use std::collections::HashMap;

use billing::id::{CustomerId, InvoiceId, OneOffId};
use billing::invoice::OneOff;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "one_off";

#[derive(Debug, Clone, Copy)]
pub struct NewOneOff<'a> {
    pub id: OneOffId,
    pub item: &'a OneOff,
    pub added_at: DateTime<Utc>,
    pub added_by: &'a str,
}

/// One that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingOneOff {
    pub id: OneOffId,
    pub item: OneOff,
    pub added_at: DateTime<Utc>,
}

pub async fn insert_one_off(conn: &mut PgConnection, scope: CustomerScope, new: NewOneOff<'_>) -> Result<()> {
    let currency = new.item.price().currency();
    let quantity = i32::try_from(new.item.quantity()).map_err(|_| Error::corrupt(TABLE, new.id))?;
    sqlx::query!(
        "INSERT INTO one_off (id, customer_id, description, quantity, price_minor, currency, added_at, added_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.id.uuid(),
        scope.uuid(),
        new.item.description(),
        quantity,
        new.item.price().minor(),
        currency.as_str(),
        new.added_at,
        new.added_by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back one that waits; false if there is none.
pub async fn remove_one_off(conn: &mut PgConnection, scope: CustomerScope, id: OneOffId) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM one_off WHERE id = $1 AND customer_id = $2 AND invoice_id IS NULL",
        id.uuid(),
        scope.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those that wait, of each customer in the order added.
pub async fn waiting_one_offs(
    conn: &mut PgConnection,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Vec<WaitingOneOff>>> {
    let rows = sqlx::query!(
        "SELECT id, customer_id, description, quantity, price_minor, currency, added_at FROM one_off
         WHERE customer_id = ANY($1) AND invoice_id IS NULL ORDER BY customer_id, id",
        &column(customers, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for r in rows {
        let price = row::money(TABLE, r.price_minor, &r.currency)?;
        let quantity = row::count(TABLE, r.quantity)?;
        let item = OneOff::new(&r.description, quantity, price, price.currency());
        found
            .entry(CustomerId::from_uuid(r.customer_id))
            .or_default()
            .push(WaitingOneOff {
                id: OneOffId::from_uuid(r.id),
                item: item.map_err(|_| Error::corrupt(TABLE, r.id))?,
                added_at: r.added_at,
            });
    }
    Ok(found)
}

/// These are on an invoice now. Each is billed once: one that was billed or removed meanwhile is a fault.
pub async fn bill_one_offs(conn: &mut PgConnection, billed: &[(OneOffId, InvoiceId)]) -> Result<()> {
    if billed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = column(billed, |(id, _)| id.uuid());
    let done = sqlx::query!(
        "UPDATE one_off o SET invoice_id = n.invoice_id FROM unnest($1::uuid[], $2::uuid[]) AS n (id, invoice_id)
         WHERE o.id = n.id AND o.invoice_id IS NULL",
        &ids,
        &column(billed, |(_, invoice)| invoice.uuid()),
    )
    .execute(conn)
    .await?;
    if done.rows_affected() != ids.len() as u64 {
        return Err(Error::corrupt(TABLE, "billed twice"));
    }
    Ok(())
}
