//! Months of events.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::Result;

/// Makes the partition of the month, unless it exists or the month began in the default one. Waits a second at most for
/// those who read or write events.
pub async fn make_partition(conn: &mut PgConnection, month: NaiveDate) -> Result<()> {
    sqlx::query!("SELECT make_usage_partition($1)", month)
        .execute(conn)
        .await?;
    Ok(())
}
