//! Invoices that are dunned, and the steps taken of each. Under way is what is still open.

use std::collections::HashMap;

use billing::id::{CustomerId, InvoiceId};
use billing::payment::dunning::{Action, Step};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::row::column;
use crate::{CustomerScope, Result, row};

/// An invoice that no card pays, from this instant on.
#[derive(Debug, Clone, Copy)]
pub struct NewDunning {
    pub customer: CustomerId,
    pub invoice: InvoiceId,
    pub began_at: DateTime<Utc>,
    /// When the billing run is to look at it.
    pub next_at: DateTime<Utc>,
}

/// What happened to an invoice that is dunned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dunning {
    pub began_at: DateTime<Utc>,
    pub taken: Vec<Step>,
    /// When a saved card was tried for it, oldest first.
    pub tries: Vec<DateTime<Utc>>,
}

/// Begins to dun invoices; what is dunned already goes on as it is.
pub async fn begin(conn: &mut PgConnection, new: &[NewDunning]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO dunning (invoice_id, customer_id, began_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) ON CONFLICT DO NOTHING",
        &column(new, |n| n.invoice.uuid()),
        &column(new, |n| n.customer.uuid()),
        &column(new, |n| n.began_at),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE customer c SET dunning_at = least(c.dunning_at, n.next_at), due_at = least(c.due_at, n.next_at)
         FROM (SELECT id, min(next_at) AS next_at FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, next_at)
               GROUP BY id) n
         WHERE c.id = n.id",
        &column(new, |n| n.customer.uuid()),
        &column(new, |n| n.next_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a step; false if it was taken before.
pub async fn take(
    conn: &mut PgConnection,
    invoice: InvoiceId,
    step: Step,
    at: DateTime<Utc>,
) -> Result<bool> {
    let day = i32::try_from(step.day).unwrap_or(i32::MAX);
    let done = sqlx::query!(
        "INSERT INTO dunning_step (invoice_id, day, action, taken_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        invoice.uuid(),
        day,
        step.action.as_str(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// When the next step is due, and what happens by itself to the subscription before.
pub async fn schedule(
    conn: &mut PgConnection,
    scope: CustomerScope,
    next_at: Option<DateTime<Utc>>,
    subscription_due_at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET dunning_at = $2::timestamptz, due_at = least($2::timestamptz, $3) WHERE id = $1",
        scope.uuid(),
        next_at,
        subscription_due_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The open invoices of these customers that are dunned.
pub async fn under_way(
    conn: &mut PgConnection,
    customers: &[CustomerId],
) -> Result<HashMap<InvoiceId, Dunning>> {
    let rows = sqlx::query!(
        r#"SELECT d.invoice_id, d.began_at,
               ARRAY(SELECT s.day FROM dunning_step s WHERE s.invoice_id = d.invoice_id
                     ORDER BY s.day, s.action) AS "days!",
               ARRAY(SELECT s.action FROM dunning_step s WHERE s.invoice_id = d.invoice_id
                     ORDER BY s.day, s.action) AS "actions!",
               ARRAY(SELECT a.created_at FROM payment_allocation l JOIN payment_attempt a ON a.id = l.attempt_id
                     WHERE l.invoice_id = d.invoice_id AND a.payment_method_id IS NOT NULL
                     ORDER BY a.created_at) AS "tries!"
           FROM dunning d JOIN invoice i ON i.id = d.invoice_id
           WHERE d.customer_id = ANY($1) AND i.status = 'open'"#,
        &column(customers, |customer| customer.uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let taken = r.days.iter().zip(&r.actions).map(|(day, action)| {
                Ok(Step {
                    day: row::count("dunning_step", *day)?,
                    action: row::known("dunning_step", action, Action::parse)?,
                })
            });
            let dunning = Dunning {
                began_at: r.began_at,
                taken: taken.collect::<Result<_>>()?,
                tries: r.tries,
            };
            Ok((InvoiceId::from_uuid(r.invoice_id), dunning))
        })
        .collect()
}

/// Customers with open invoices that are dunned, and when the billing run looks at each.
pub async fn looked_at(
    conn: &mut PgConnection,
) -> Result<Vec<(CustomerId, Option<DateTime<Utc>>, Option<DateTime<Utc>>)>> {
    let rows = sqlx::query!(
        "SELECT id, dunning_at, due_at FROM customer c WHERE EXISTS (
             SELECT FROM dunning d JOIN invoice i ON i.id = d.invoice_id
             WHERE d.customer_id = c.id AND i.status = 'open')
         ORDER BY id"
    )
    .fetch_all(conn)
    .await?;
    let looked_at = rows
        .into_iter()
        .map(|r| (CustomerId::from_uuid(r.id), r.dunning_at, r.due_at));
    Ok(looked_at.collect())
}
