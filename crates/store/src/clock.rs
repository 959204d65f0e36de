//! The shift between real and business time.

use chrono::TimeDelta;
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
