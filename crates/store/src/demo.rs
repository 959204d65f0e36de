//! How far the demo data have come, and wiping what a seed that was cut off left behind.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::{Result, row};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    Done,
}

impl State {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "running" => Some(Self::Running),
            "done" => Some(Self::Done),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed {
    pub state: State,
    pub steps_done: u32,
    pub steps_total: u32,
    /// Whether it made a step of late.
    pub alive: bool,
}

pub async fn find(conn: &mut PgConnection) -> Result<Option<Seed>> {
    const TABLE: &str = "demo_seed";
    let seed = sqlx::query!(
        r#"SELECT state, steps_done, steps_total, beat_at > now() - interval '1 minute' AS "alive!" FROM demo_seed"#
    )
    .fetch_optional(conn)
    .await?;
    seed.map(|r| {
        Ok(Seed {
            state: row::known(TABLE, &r.state, State::parse)?,
            steps_done: row::count(TABLE, r.steps_done)?,
            steps_total: row::count(TABLE, r.steps_total)?,
            alive: r.alive,
        })
    })
    .transpose()
}

/// Whether nobody has signed up yet.
pub async fn is_empty(conn: &mut PgConnection) -> Result<bool> {
    let empty = sqlx::query_scalar!(
        r#"SELECT NOT EXISTS (SELECT FROM customer) AND NOT EXISTS (SELECT FROM staff) AS "empty!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(empty)
}

/// Whether there are customers that no seed made.
pub async fn has_others(conn: &mut PgConnection, demo_emails: &[String]) -> Result<bool> {
    let others = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM customer WHERE email <> ALL($1)) AS "others!""#,
        demo_emails
    )
    .fetch_one(conn)
    .await?;
    Ok(others)
}

pub async fn begin(conn: &mut PgConnection, today: NaiveDate, steps_total: u32) -> Result<()> {
    let total = i32::try_from(steps_total).unwrap_or(i32::MAX);
    sqlx::query!(
        "INSERT INTO demo_seed (state, steps_total, today) VALUES ('running', $1, $2)",
        total,
        today
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn progress(conn: &mut PgConnection, steps_done: u32) -> Result<()> {
    let done = i32::try_from(steps_done).unwrap_or(i32::MAX);
    sqlx::query!("UPDATE demo_seed SET steps_done = $1, beat_at = now()", done)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn finish(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("UPDATE demo_seed SET state = 'done'")
        .execute(conn)
        .await?;
    Ok(())
}

/// Empties everything a seed writes: our tables but for migrations and the clock, the sandbox's, the queue's.
pub async fn wipe(conn: &mut PgConnection) -> Result<()> {
    let tables: Vec<String> = sqlx::query_scalar!(
        r#"SELECT format('%I.%I', schemaname, tablename) AS "name!" FROM pg_tables
           WHERE (schemaname = 'public' AND tablename NOT IN ('_sqlx_migrations', 'clock', 'invoice_series', 'feed_offset'))
              OR (schemaname = 'sandbox' AND tablename <> 'migration')
              OR (schemaname = 'graphile_worker' AND tablename LIKE '\_private\_job%')"#
    )
    .fetch_all(&mut *conn)
    .await?;
    // The names come from the catalog, quoted by Postgres.
    let truncate = format!("TRUNCATE {}", tables.join(", "));
    sqlx::query(sqlx::AssertSqlSafe(truncate))
        .execute(&mut *conn)
        .await?;
    sqlx::query!("UPDATE invoice_series SET last_number = 0")
        .execute(&mut *conn)
        .await?;
    // Tables of one row, which came with them.
    for one_row in ["usage_roll_up", "alert_progress", "mail_sending"] {
        let insert = format!("INSERT INTO {one_row} DEFAULT VALUES");
        sqlx::query(sqlx::AssertSqlSafe(insert))
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query!(
        "INSERT INTO webhook_cursor (xid, event_id)
         VALUES (feed_horizon(), '00000000-0000-0000-0000-000000000000')"
    )
    .execute(conn)
    .await?;
    Ok(())
}
