//! How much of each kind waits to be done. No customer stands in it.

use billing::webhook::TEST_KIND;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

/// What of one kind waits.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Waiting {
    pub kind: String,
    /// Could be done now.
    pub due: i64,
    /// Is to be done at a time of its own; none where nobody plans that far.
    pub later: Option<i64>,
    /// Is not tried any more until somebody sees to it; none where nothing is given up.
    pub given_up: Option<i64>,
    /// For how many seconds the first of those that are due has been.
    pub late: f64,
}

/// By business time what belongs to it; while demo data are lived, no customer is due. Of events that nobody makes
/// deliveries of, no more are counted than one look may take.
pub async fn waiting(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Waiting>> {
    let waiting = sqlx::query_as!(
        Waiting,
        r#"SELECT 'customer' AS "kind!", count(*) FILTER (WHERE due_at <= $1 AND parked_reason IS NULL) AS "due!",
               NULL::bigint AS later, count(parked_reason) AS given_up,
               greatest(0, extract(epoch FROM $1 - min(due_at) FILTER (WHERE parked_reason IS NULL)))::float8 AS "late!"
           FROM customer
           WHERE (due_at <= $1 OR parked_reason IS NOT NULL)
             AND NOT EXISTS (SELECT FROM demo_seed WHERE state = 'running' AND beat_at > now() - interval '1 minute')
           UNION ALL
           SELECT 'invoice', count(*) FILTER (WHERE due_at <= $1), count(*) FILTER (WHERE due_at > $1), NULL,
               greatest(0, extract(epoch FROM $1 - min(due_at)))::float8
           FROM invoice WHERE status = 'open'
           UNION ALL
           SELECT 'outbox_event', count(*), NULL, NULL,
               greatest(0, extract(epoch FROM now() - min(recorded_at)))::float8
           FROM (SELECT recorded_at FROM outbox_event
                 WHERE (xid, id) > (SELECT c.xid, c.event_id FROM webhook_cursor c) AND kind <> $2
                 ORDER BY xid, id LIMIT 10000) AS behind
           UNION ALL
           SELECT 'webhook_delivery', count(*) FILTER (WHERE due_at <= now()), count(*) FILTER (WHERE due_at > now()), NULL,
               greatest(0, extract(epoch FROM now() - min(due_at)))::float8
           FROM webhook_delivery WHERE due_at IS NOT NULL AND state = 'pending'
           UNION ALL
           SELECT 'alert_notification', count(*) FILTER (WHERE due_at <= now()),
               count(*) FILTER (WHERE due_at > now()), NULL,
               greatest(0, extract(epoch FROM now() - min(due_at)))::float8
           FROM alert_notification WHERE due_at IS NOT NULL
           UNION ALL
           SELECT 'mail', count(*), NULL, NULL, greatest(0, extract(epoch FROM now() - min(recorded_at)))::float8
           FROM mail m JOIN mail_sending s ON m.recorded_at >= s.since WHERE m.queued_at IS NULL"#,
        now,
        TEST_KIND,
    )
    .fetch_all(conn)
    .await?;
    Ok(waiting)
}

/// The same of the queue's jobs, by their tasks.
pub async fn jobs(conn: &mut PgConnection, tasks: &[&str]) -> Result<Vec<Waiting>> {
    // The queue's own view; its schema is not ours, so the query is checked when it runs.
    let waiting = sqlx::query_as(
        "SELECT t.task AS kind,
             count(*) FILTER (WHERE j.locked_at IS NULL AND j.run_at <= now() AND j.attempts < j.max_attempts) AS due,
             count(*) FILTER (WHERE j.run_at > now() AND j.attempts < j.max_attempts) AS later,
             count(*) FILTER (WHERE j.locked_at IS NULL AND j.attempts >= j.max_attempts) AS given_up,
             greatest(0, extract(epoch FROM now() - min(j.run_at)
                 FILTER (WHERE j.locked_at IS NULL AND j.attempts < j.max_attempts)))::float8 AS late
         FROM unnest($1::text[]) AS t (task) LEFT JOIN graphile_worker.jobs j ON j.task_identifier = t.task
         GROUP BY t.task ORDER BY t.task",
    )
    .bind(tasks)
    .fetch_all(conn)
    .await?;
    Ok(waiting)
}
