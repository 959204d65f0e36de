//! What must hold after the storm, told by Postgres in words of its own and not by the program's check.

use std::collections::BTreeMap;
use std::time::Duration;

use billing::id::CustomerId;
use sqlx::PgPool;
use sqlx::types::Uuid;

use crate::customer::{
    APPLIED, CANCEL_SCHEDULED, CANCEL_UNDONE, CHANGE_SCHEDULED, CHANGE_UNDONE, CHANGED, CONFIRMED, UPGRADED,
};
use crate::journal::{Count, Journal};

/// Each returns a text for every row that is wrong.
const RULES: &[(&str, &str)] = &[
    (
        "numbers of invoices and credit notes have no gaps",
        "SELECT n::text FROM generate_series(1, (SELECT max(number) FROM invoice)) n
         WHERE NOT EXISTS (SELECT FROM invoice WHERE number = n)",
    ),
    (
        "no line is billed twice",
        "SELECT subscription_item_id || ' ' || charge || ' ' || service_start FROM invoice_line
         WHERE NOT voided AND kind <> 'late_usage'
         GROUP BY subscription_item_id, kind, charge, service_start HAVING count(*) > 1",
    ),
    (
        "every instant of an item is billed once, up to the end of the period",
        "WITH edge AS (
            SELECT subscription_item_id AS item, edge.at,
                edge.step * (CASE kind WHEN 'proration_credit' THEN -1 ELSE 1 END) AS step
            FROM invoice_line, LATERAL (VALUES (service_start, 1), (service_end, -1)) edge (at, step)
            WHERE kind IN ('base', 'proration_charge', 'proration_credit') AND NOT voided),
         depth AS (
            SELECT item, at, sum(sum(step)) OVER (PARTITION BY item ORDER BY at) AS depth,
                lead(at) OVER (PARTITION BY item ORDER BY at) AS until
            FROM edge GROUP BY item, at)
         SELECT item || ' ' || at || ': ' || depth FROM depth
         JOIN subscription_item i ON i.id = item JOIN subscription s ON s.id = i.subscription_id
         WHERE (until IS NOT NULL AND depth < 1)
            -- A credit of less than half a cent, for a minute or so of the cheapest plan, has no line.
            OR (until IS NOT NULL AND depth > 1 AND until - at > interval '80 seconds')
            OR (until IS NULL AND i.ended_at IS NULL AND s.status IN ('active', 'past_due') AND at <> s.billing_end)",
    ),
    (
        "an attempt moves money once, and only if it succeeded",
        "SELECT a.id::text || ' ' || a.status FROM payment_attempt a
         LEFT JOIN (SELECT attempt, count(*) AS times, sum(amount_minor) AS taken FROM sandbox.charge
            WHERE status = 'succeeded' AND attempt IS NOT NULL GROUP BY 1) c ON c.attempt = a.id
         WHERE coalesce(times, 0) <> (CASE a.status WHEN 'succeeded' THEN 1 ELSE 0 END)
            OR (a.status = 'succeeded' AND taken <> a.amount_minor)",
    ),
    (
        "every charge belongs to an attempt",
        "SELECT charge_ref FROM sandbox.charge WHERE attempt IS NOT NULL
            AND NOT EXISTS (SELECT FROM payment_attempt WHERE id = attempt)",
    ),
    (
        "what was taken for an invoice is what was paid on it",
        "SELECT i.number || ': ' || coalesce(taken, 0) || ' taken, ' || i.paid_minor || ' paid, ' || i.status
         FROM invoice i
         LEFT JOIN (SELECT l.invoice_id, sum(l.amount_minor) AS taken FROM payment_allocation l
            JOIN sandbox.charge c ON c.attempt = l.attempt_id AND c.status = 'succeeded' GROUP BY 1) t
            ON t.invoice_id = i.id
         WHERE coalesce(taken, 0) <> i.paid_minor",
    ),
    (
        "all that was taken is cash in the books",
        "SELECT taken || ' taken, ' || booked || ' booked' FROM
            (SELECT coalesce(sum(amount_minor), 0) AS taken FROM sandbox.charge WHERE status = 'succeeded') t,
            (SELECT coalesce(sum(amount_minor), 0) AS booked FROM ledger_entry WHERE account = 'cash') b
         WHERE taken <> booked",
    ),
    ("nobody owes anything", "SELECT number || ' ' || customer_email FROM invoice WHERE status = 'open'"),
    ("nobody is parked", "SELECT email || ': ' || parked_reason FROM customer WHERE parked_reason IS NOT NULL"),
    (
        "nothing is overdue",
        "SELECT email FROM customer, clock
         WHERE due_at < now() + shift_us * interval '1 microsecond' - interval '1 minute'",
    ),
    (
        "no attempt waits for nobody",
        "SELECT id::text || ' ' || status FROM payment_attempt
         WHERE status IN ('created', 'submitted', 'processing', 'requires_action')",
    ),
    ("no job is left", "SELECT id::text FROM graphile_worker._private_jobs"),
    (
        "nobody gets the same letter about an invoice twice",
        "SELECT recipient || ': ' || subject FROM mail WHERE subject LIKE 'Invoice %' OR subject LIKE 'Receipt %'
         GROUP BY recipient, subject HAVING count(*) > 1",
    ),
    (
        "every audit entry is sealed",
        "SELECT id::text FROM audit_entry WHERE NOT EXISTS (SELECT FROM audit_seal WHERE entry_id = id)",
    ),
    (
        "events, hours and days add up to the same",
        "SELECT meter_id || ': ' || e.sum || ', ' || h.sum || ', ' || d.sum
         FROM (SELECT meter_id, sum(value) FROM usage_event GROUP BY 1) e
         FULL JOIN (SELECT meter_id, sum(sum) FROM usage_bucket GROUP BY 1) h USING (meter_id)
         FULL JOIN (SELECT meter_id, sum(sum) FROM usage_day GROUP BY 1) d USING (meter_id)
         WHERE e.sum IS DISTINCT FROM h.sum OR h.sum IS DISTINCT FROM d.sum",
    ),
];

/// What the storm met with: a storm over nothing proves nothing.
pub async fn print(pool: &PgPool, journal: &Journal, took: Duration) {
    let Journal {
        events,
        paid,
        answers,
        lost,
        clock_moves,
        ..
    } = journal;
    println!(
        "{answers} answers, {lost} lost; {} payments and {} events acknowledged; {clock_moves} moves of the clock; \
         {took:?}",
        paid.len(),
        events.len(),
    );
    let done: Vec<(String, i64)> = sqlx::query_as(
        "SELECT action, count(*) FROM audit_entry GROUP BY 1
         UNION ALL SELECT 'attempt ' || status, count(*) FROM payment_attempt GROUP BY 1
         UNION ALL SELECT 'page ' || purpose || ' ' || status, count(*) FROM checkout_session GROUP BY 1
         ORDER BY 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let done: Vec<String> = done
        .iter()
        .map(|(what, times)| format!("{what} {times}"))
        .collect();
    println!("{}", done.join(", "));
}

pub async fn check(pool: &PgPool, journal: &Journal) {
    let mut wrong = journal.faults.clone();
    for (rule, query) in RULES {
        let rows: Vec<Option<String>> = sqlx::query_scalar(*query).fetch_all(pool).await.unwrap();
        wrong.extend(
            rows.into_iter()
                .map(|row| format!("not so: {rule}: {}", row.unwrap_or_default())),
        );
    }
    wrong.extend(lost_events(pool, journal).await);
    wrong.extend(lost_sign_ups(pool, journal).await);
    wrong.extend(lost_payments(pool, journal).await);
    wrong.extend(miscounted_actions(pool, journal).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn lost_events(pool: &PgPool, journal: &Journal) -> Vec<String> {
    let stored: Vec<(Uuid, String, i64)> =
        sqlx::query_as("SELECT customer_id, event_id, count(*) FROM usage_event GROUP BY 1, 2")
            .fetch_all(pool)
            .await
            .unwrap();
    let stored: BTreeMap<(String, String), i64> = stored
        .into_iter()
        .map(|(customer, id, times)| ((CustomerId::from_uuid(customer).to_string(), id), times))
        .collect();
    let times = |event| stored.get(event).copied().unwrap_or(0);
    let wrong = journal.events.iter().filter(|event| times(event) != 1);
    wrong
        .map(|event| format!("event {event:?} is stored {} times", times(event)))
        .collect()
}

async fn lost_sign_ups(pool: &PgPool, journal: &Journal) -> Vec<String> {
    let emails: Vec<String> = sqlx::query_scalar("SELECT email FROM customer")
        .fetch_all(pool)
        .await
        .unwrap();
    let lost = journal.sign_ups.iter().filter(|email| !emails.contains(email));
    lost.map(|email| format!("the sign-up of {email} is lost"))
        .collect()
}

async fn lost_payments(pool: &PgPool, journal: &Journal) -> Vec<String> {
    let done: Vec<String> = sqlx::query_scalar(
        "SELECT c.gateway_ref FROM checkout_session c LEFT JOIN invoice i ON i.id = c.invoice_id
         WHERE c.status = 'completed' AND (i.id IS NULL OR i.status = 'paid')",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let lost = journal.paid.iter().filter(|page| !done.contains(page));
    lost.map(|page| format!("what was done on {page} is lost"))
        .collect()
}

/// Done at least as often as acknowledged, and at most as often as asked for.
async fn miscounted_actions(pool: &PgPool, journal: &Journal) -> Vec<String> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT c.email, a.action, count(*) FROM audit_entry a JOIN customer c ON c.id = a.customer_id GROUP BY 1, 2",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let audited = |email: &str, action: &str| {
        let found = rows.iter().find(|row| row.0 == email && row.1 == action);
        found.map_or(0, |row| u32::try_from(row.2).unwrap())
    };
    let mut wrong = Vec::new();
    for ((email, action), Count { sent, acknowledged }) in &journal.actions {
        let done = match *action {
            CONFIRMED => {
                audited(email, UPGRADED) + audited(email, CHANGE_SCHEDULED) + audited(email, CHANGED)
            }
            APPLIED => audited(email, UPGRADED) + audited(email, CHANGED),
            action => audited(email, action),
        };
        let asked = [CONFIRMED, CHANGE_UNDONE, CANCEL_SCHEDULED, CANCEL_UNDONE].contains(action);
        if done < *acknowledged || (asked && done > *sent) {
            wrong.push(format!(
                "{email} {action}: sent {sent}, acknowledged {acknowledged}, done {done}"
            ));
        }
    }
    wrong
}
