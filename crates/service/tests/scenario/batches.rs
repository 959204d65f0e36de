//! Hundreds of customers due at once: each is billed once whoever bills, and who cannot be billed is set
//! aside alone.

use service::Billing;
use service::clock::ManualClock;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};

use crate::play::{Play, config, play, utc};

const CUSTOMERS: i32 = 500;
const BOUNDARY: &str = "2026-03-15T00:00:00Z";

/// Everybody's month has ended.
async fn due(pool: PgPool) -> Play {
    let play = play(pool, BOUNDARY).await;
    load(&play.pool, CUSTOMERS).await;
    play
}

async fn load(pool: &PgPool, count: i32) {
    let mut connection = pool.acquire().await.unwrap();
    connection
        .execute(include_str!("../support/due_customers.sql"))
        .await
        .unwrap();
    sqlx::query("SELECT pg_temp.load_due_customers($1, $2)")
        .bind(count)
        .bind(utc(BOUNDARY))
        .execute(&mut *connection)
        .await
        .unwrap();
}

async fn all<Row>(pool: &PgPool, query: &'static str) -> Vec<Row>
where
    Row: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(query).fetch_all(pool).await.unwrap()
}

/// One process of several: a pool of its own.
async fn worker(play: &Play) -> Billing {
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect_with((*play.pool.connect_options()).clone())
        .await
        .unwrap();
    Billing::over(pool, ManualClock::at(utc(BOUNDARY)), config())
}

/// How many boundaries all of them processed, and how many customers they set aside.
async fn run_at_once(play: &Play, workers: usize) -> (u32, u32) {
    let mut runs = Vec::new();
    for _ in 0..workers {
        let billing = worker(play).await;
        runs.push(tokio::spawn(async move { billing.run_due().await }));
    }
    let (mut processed, mut parked) = (0, 0);
    for run in runs {
        let report = run.await.unwrap().unwrap();
        processed += report.processed;
        parked += report.parked;
    }
    (processed, parked)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn eight_workers_bill_everybody_once(pool: PgPool) {
    let play = due(pool).await;
    assert_eq!(run_at_once(&play, 8).await, (500, 0));
    let invoices =
        "SELECT count(*), count(DISTINCT customer_id), min(number), max(number), sum(total_minor)::bigint
        FROM invoice";
    // $199.00, 20 deployments for $2.50 and 50,500 requests for $0.50 a thousand, with 8 % tax.
    let each = 29_619;
    assert_eq!(
        all::<(i64, i64, i64, i64, i64)>(&play.pool, invoices).await,
        [(500, 500, 1, 500, 500 * each)]
    );
    let written = "SELECT (SELECT count(*) FROM invoice_line), (SELECT count(*) FROM ledger_entry),
        (SELECT count(*) FROM mail),
        (SELECT count(*) FROM audit_entry WHERE action IN ('subscription.renewed', 'invoice.finalized')),
        (SELECT count(*) FROM payment_allocation WHERE NOT settled), (SELECT count(*) FROM graphile_worker.jobs),
        (SELECT count(*) FROM billing_claim), (SELECT count(*) FROM revenue_movement)";
    assert_eq!(
        all::<(i64, i64, i64, i64, i64, i64, i64, i64)>(&play.pool, written).await,
        [(1500, 2500, 500, 1000, 500, 500, 500, 500)]
    );
    assert_eq!(run_at_once(&play, 2).await, (0, 0));
    play.billing.drain_queue().await.unwrap();
    assert_eq!(
        all::<(String, i64)>(&play.pool, "SELECT status, count(*) FROM invoice GROUP BY 1").await,
        [("paid".to_owned(), 500)]
    );
    play.ties().await;
}

/// Five who cannot be billed, each for a reason of its own, found at another step each.
const POISON: &str = "
    -- A customer, a subscription that make no sense as they are read.
    UPDATE customer SET time_zone = 'Mars/Olympus' WHERE email = 'customer100@due.example';
    UPDATE subscription SET pending_change = '{}'
        FROM customer c WHERE c.id = customer_id AND c.email = 'customer200@due.example';
    -- A price that leads nowhere, as it is decided.
    UPDATE subscription SET pending_change = jsonb_build_object('kind', 'at_period_end', 'at', billing_end,
            'plan', 'plan_' || repeat('0', 32), 'price', 'price_' || repeat('0', 32))
        FROM customer c WHERE c.id = customer_id AND c.email = 'customer300@due.example';
    -- Time that was billed before, as the bounds are checked.
    INSERT INTO invoice (id, customer_id, subscription_id, series, number, status, reason, currency, net_minor,
            tax_minor, total_minor, issued_at, due_at, overdue_at, settled_at, customer_name, customer_email)
        SELECT gen_random_uuid(), customer_id, s.id, 'INV', 1, 'paid', 'renewal', 'USD', 0, 0, 0, billing_start,
            billing_start, billing_start, billing_start, c.name, c.email
        FROM subscription s JOIN customer c ON c.id = customer_id WHERE c.email = 'customer400@due.example';
    UPDATE invoice_series SET last_number = 1 WHERE series = 'INV';
    INSERT INTO invoice_line (id, invoice_id, position, subscription_item_id, kind, charge, description, service_start,
            service_end, quantity, net_minor, tax_minor, explain)
        SELECT gen_random_uuid(), i.id, 1, t.id, 'base', 'base', 'Starter', s.billing_start, s.billing_end + '1 day',
            1, 0, 0, '{\"method\": \"flat\", \"price\": {\"amount\": 0, \"currency\": \"USD\"}, \"quantity\": 1}'
        FROM invoice i JOIN subscription s ON s.id = i.subscription_id JOIN subscription_item t ON t.subscription_id = s.id;
    -- A boundary that was processed, as it is written.
    INSERT INTO billing_claim SELECT s.id, billing_end FROM subscription s JOIN customer c ON c.id = customer_id
        WHERE c.email = 'customer500@due.example';";

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_cannot_be_billed_is_set_aside_alone(pool: PgPool) {
    let play = due(pool).await;
    play.pool.execute(POISON).await.unwrap();
    assert_eq!(run_at_once(&play, 8).await, (495, 5));
    let parked = "SELECT email, parked_reason FROM customer WHERE parked_reason IS NOT NULL ORDER BY 1";
    let reason = |number: u32, why: &str| (format!("customer{number}@due.example"), why.to_owned());
    assert_eq!(
        all::<(String, String)>(&play.pool, parked).await,
        [
            reason(
                100,
                "the database does not answer: table customer holds a row that makes no sense: Mars/Olympus"
            ),
            reason(
                200,
                "the database does not answer: table subscription holds a row that makes no sense: 019a0000-0003-7000-8000-0000000000c8"
            ),
            reason(300, "there is no such plan"),
            reason(
                400,
                "the billing run would charge too much: the time from 2026-03-14 08:06:40 UTC was billed before"
            ),
            reason(500, "internal error: a boundary came up twice"),
        ]
    );
    let invoices = "SELECT count(*), count(DISTINCT customer_id), min(number), max(number) FROM invoice
        WHERE reason = 'renewal' AND total_minor > 0";
    assert_eq!(
        all::<(i64, i64, i64, i64)>(&play.pool, invoices).await,
        [(495, 495, 2, 496)]
    );
    // Looked at again and still not billed; nobody else is.
    assert_eq!(run_at_once(&play, 1).await, (0, 0));
}
