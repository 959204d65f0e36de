//! Customers with usage that may have come after its period was billed.

use std::collections::HashSet;

use billing::id::CustomerId;
use sqlx::PgConnection;

use crate::Result;
use crate::row::column;

/// In the transaction that writes the usage; sorted. Waits for a billing run that is looking at the customer: its
/// note is gone by then, or it is seen.
pub async fn note_late(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO late_usage (customer_id) SELECT * FROM unnest($1::uuid[])
         ON CONFLICT (customer_id) DO UPDATE SET noticed_at = now()",
        &column(customers, |id| id.uuid()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those of the customers who have some. Whoever bills it locks the notes first: usage that is noted later is
/// looked at the next time.
pub async fn late_of(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<HashSet<CustomerId>> {
    let found = sqlx::query_scalar!(
        "SELECT customer_id FROM late_usage WHERE customer_id = ANY($1)",
        &column(customers, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().map(CustomerId::from_uuid).collect())
}

/// The same, to the transaction's end.
pub async fn lock_late(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<HashSet<CustomerId>> {
    let found = sqlx::query_scalar!(
        "SELECT customer_id FROM late_usage WHERE customer_id = ANY($1) ORDER BY customer_id FOR UPDATE",
        &column(customers, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().map(CustomerId::from_uuid).collect())
}

/// It was looked at: of customers whose notes are locked.
pub async fn forget_late(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "DELETE FROM late_usage WHERE customer_id = ANY($1)",
        &column(customers, |id| id.uuid()),
    )
    .execute(conn)
    .await?;
    Ok(())
}
