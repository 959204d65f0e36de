//! Notes on customers with usage that may have come after its period was billed.

use billing::id::CustomerId;
use sqlx::PgConnection;

use crate::Result;
use crate::row::column;

/// A note as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LateNote {
    id: i64,
    pub customer: CustomerId,
}

/// In the transaction that writes the usage.
pub async fn note_late(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<()> {
    if customers.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO late_usage (customer_id) SELECT * FROM unnest($1::uuid[])",
        &column(customers, |id| id.uuid()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is noted. Whoever bills it reads the notes before the usage: all that they tell of is seen then, and what
/// is noted later is looked at the next time.
pub async fn late_notes(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<Vec<LateNote>> {
    let found = sqlx::query!(
        "SELECT id, customer_id FROM late_usage WHERE customer_id = ANY($1)",
        &column(customers, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let notes = found.into_iter().map(|r| LateNote {
        id: r.id,
        customer: CustomerId::from_uuid(r.customer_id),
    });
    Ok(notes.collect())
}

/// These were looked at.
pub async fn forget_late(conn: &mut PgConnection, notes: &[LateNote]) -> Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "DELETE FROM late_usage WHERE id = ANY($1)",
        &column(notes, |note| note.id)
    )
    .execute(conn)
    .await?;
    Ok(())
}
