//! The shift between real and business time.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::Result;

pub async fn shift(conn: &mut PgConnection) -> Result<TimeDelta> {
    let micros = sqlx::query_scalar!("SELECT shift_us FROM clock")
        .fetch_one(conn)
        .await?;
    Ok(TimeDelta::microseconds(micros))
}

/// Forward only: a smaller shift than the stored one changes nothing.
pub async fn advance_shift(conn: &mut PgConnection, shift: TimeDelta) -> Result<()> {
    let micros = shift.num_microseconds().unwrap_or(0);
    sqlx::query!("UPDATE clock SET shift_us = greatest(shift_us, $1)", micros)
        .execute(conn)
        .await?;
    Ok(())
}

/// All that a billing run with nothing to do asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    pub shift: TimeDelta,
    /// Demo data are being lived: business time is theirs.
    pub seeding: bool,
    /// The earliest instant at which anything happens by itself to anyone.
    pub next_due: Option<DateTime<Utc>>,
}

pub async fn outlook(conn: &mut PgConnection) -> Result<Outlook> {
    let row = sqlx::query!(
        r#"SELECT (SELECT shift_us FROM clock) AS "shift_us!",
               EXISTS (SELECT FROM demo_seed WHERE state = 'running' AND beat_at > now() - interval '1 minute') AS "seeding!",
               (SELECT min(due_at) FROM customer WHERE parked_reason IS NULL) AS next_due"#
    )
    .fetch_one(conn)
    .await?;
    Ok(Outlook {
        shift: TimeDelta::microseconds(row.shift_us),
        seeding: row.seeding,
        next_due: row.next_due,
    })
}
