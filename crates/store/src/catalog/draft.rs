//! What each operator is about to make of the catalog.

use billing::id::StaffId;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

pub async fn draft(conn: &mut PgConnection, staff: StaffId) -> Result<Option<String>> {
    let text = sqlx::query_scalar!("SELECT text FROM catalog_draft WHERE staff_id = $1", staff.uuid())
        .fetch_optional(conn)
        .await?;
    Ok(text)
}

/// In place of the one before.
pub async fn save_draft(
    conn: &mut PgConnection,
    staff: StaffId,
    text: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO catalog_draft (staff_id, text, saved_at) VALUES ($1, $2, $3)
         ON CONFLICT (staff_id) DO UPDATE SET text = excluded.text, saved_at = excluded.saved_at",
        staff.uuid(),
        text,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn remove_draft(conn: &mut PgConnection, staff: StaffId) -> Result<()> {
    sqlx::query!("DELETE FROM catalog_draft WHERE staff_id = $1", staff.uuid())
        .execute(conn)
        .await?;
    Ok(())
}
