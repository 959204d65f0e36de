//! `billing_run_10k`, `billing_run_100k`, `billing_rerun`: the billing run beside one set-based statement a table that
//! writes the same rows. The last line printed is the answer; `DATABASE_URL` names an empty database.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::str::FromStr;
use std::time::Instant;

use billing::coupon::{Discount, Duration, Percent, Redemption};
use billing::id::{CouponId, RedemptionId};
use billing::tax::TaxRate;
use chrono::{DateTime, TimeDelta, Utc};
use service::{Billing, ServiceConfig};
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 3;
const SMALL: i32 = 10_000;
const LARGE: i32 = 100_000;
const RERUNS: usize = 300;

/// What a run adds rows to, in the order of their references. Everything in them comes from runs.
const WRITTEN: [&str; 13] = [
    "billing_claim",
    "billed_usage",
    "invoice",
    "invoice_line",
    "credit_use",
    "payment_attempt",
    "payment_allocation",
    "ledger_posting",
    "ledger_entry",
    "mail",
    "audit_entry",
    "outbox_event",
    "graphile_worker._private_jobs",
];

#[tokio::main]
async fn main() -> Result<()> {
    let figure = std::env::args().nth(1).ok_or("name a figure")?;
    let url = std::env::var("DATABASE_URL")?;
    let (value, unit, yardstick) = match figure.as_str() {
        "billing_run_10k" => against_statements(&url).await?,
        "billing_run_100k" => against_ten_small_ones(&url).await?,
        "billing_rerun" => against_the_due_query(&url).await?,
        other => return Err(format!("there is no figure {other}").into()),
    };
    println!(
        "{}",
        serde_json::json!({ "value": value, "unit": unit, "yardstick": yardstick })
    );
    Ok(())
}

/// Invoices a second.
async fn against_statements(url: &str) -> Result<(f64, &'static str, f64)> {
    let bench = Bench::prepare(url, SMALL).await?;
    // Until pools, plans and pages are what they are in a server that runs.
    bench.run().await?;
    bench.keep_rows().await?;
    let (mut ours, mut statements) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        bench.reset().await?;
        let run = bench.run().await?;
        bench.reset().await?;
        let wrote = bench.write_rows().await?;
        println!(
            "round {round}: {:.3} s, of it {:.2} s work of our process; the statements alone {wrote:.3} s",
            run.wall, run.own_cpu
        );
        ours.push(f64::from(SMALL) / run.wall);
        statements.push(f64::from(SMALL) / wrote);
    }
    Ok((median(ours), "inv/s", median(statements)))
}

/// Seconds.
async fn against_ten_small_ones(url: &str) -> Result<(f64, &'static str, f64)> {
    let beside = beside(url).await?;
    let large = Bench::prepare(url, LARGE).await?;
    let small = Bench::prepare(&beside, SMALL).await?;
    small.run().await?;
    large.run().await?;
    let (mut of_large, mut of_small) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        small.reset().await?;
        let tenth = small.run().await?.wall;
        large.reset().await?;
        let whole = large.run().await?.wall;
        println!("round {round}: {whole:.3} s; a tenth of the customers {tenth:.3} s");
        of_large.push(whole);
        of_small.push(10.0 * tenth);
    }
    Ok((median(of_large), "s", median(of_small)))
}

/// Milliseconds.
async fn against_the_due_query(url: &str) -> Result<(f64, &'static str, f64)> {
    let bench = Bench::prepare(url, SMALL).await?;
    bench.run().await?;
    bench.pool.execute("VACUUM ANALYZE customer").await?;
    let mut connection = bench.pool.acquire().await?;
    let (mut ours, mut query) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS * RERUNS {
        let begun = Instant::now();
        let report = bench.billing.run_due().await?;
        ours.push(begun.elapsed().as_secs_f64() * 1000.0);
        if report.processed != 0 {
            return Err("something was due in a finished run".into());
        }
        let begun = Instant::now();
        sqlx::query(
            "SELECT id, name, email, currency, time_zone, gateway_ref, created_at, ever_paid FROM customer
             WHERE due_at <= $1 AND parked_reason IS NULL ORDER BY due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED",
        )
        .bind(bench.billing.now())
        .fetch_all(&mut *connection)
        .await?;
        query.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    Ok((median(ours), "ms", median(query)))
}

struct Bench {
    billing: Billing,
    pool: PgPool,
    count: i32,
}

/// Seconds of a run, and of this process's own work in it.
struct Took {
    wall: f64,
    own_cpu: f64,
}

impl Bench {
    /// Customers who are all due, each taxed, discounted and with credit, and a copy of what a run changes.
    async fn prepare(url: &str, count: i32) -> Result<Self> {
        let config = ServiceConfig {
            tax: TaxRate::new("0.08".parse()?)?.into(),
            ..ServiceConfig::usual(url, "http://127.0.0.1:3000", [7; 32])
        };
        let billing = Billing::connect(config).await?;
        billing.migrate().await?;
        billing.ensure_catalog().await?;
        let pool = PgPool::connect(url).await?;
        let mut connection = pool.acquire().await?;
        connection
            .execute(include_str!("../tests/support/due_customers.sql"))
            .await?;
        sqlx::query("SELECT pg_temp.load_due_customers($1, date_trunc('hour', now()))")
            .bind(count)
            .execute(&mut *connection)
            .await?;
        connection
            .execute(include_str!("discounts_and_credit.sql"))
            .await?;
        sqlx::query("SELECT pg_temp.discount_and_credit($1, $2)")
            .bind(count)
            .bind(serde_json::to_value(tenth_off(billing.now())?)?)
            .execute(&mut *connection)
            .await?;
        connection
            .execute(
                "CREATE SCHEMA kept;
                 CREATE TABLE kept.credit_grant AS SELECT * FROM credit_grant;
                 CREATE TABLE kept.subscription AS SELECT * FROM subscription;
                 CREATE TABLE kept.customer AS SELECT id, due_at FROM customer",
            )
            .await?;
        connection.execute("VACUUM ANALYZE").await?;
        connection.execute("CHECKPOINT").await?;
        drop(connection);
        Ok(Self { billing, pool, count })
    }

    async fn run(&self) -> Result<Took> {
        let (begun, cpu) = (Instant::now(), own_cpu()?);
        let report = self.billing.run_due().await?;
        let took = Took {
            wall: begun.elapsed().as_secs_f64(),
            own_cpu: own_cpu()? - cpu,
        };
        if i64::from(report.processed) != i64::from(self.count) || report.parked != 0 {
            return Err(format!("not everybody was billed: {report:?}").into());
        }
        Ok(took)
    }

    /// The rows of the run that just ended, apart.
    async fn keep_rows(&self) -> Result<()> {
        for table in WRITTEN {
            let copy = format!("CREATE TABLE {} AS SELECT * FROM {table}", kept(table));
            self.pool.execute(AssertSqlSafe(copy)).await?;
        }
        self.pool
            .execute(
                "CREATE TABLE kept.subscription_after AS SELECT * FROM subscription;
                 CREATE TABLE kept.customer_after AS SELECT id, due_at FROM customer;
                 ANALYZE",
            )
            .await?;
        Ok(())
    }

    /// Seconds that one statement a table takes, in one transaction.
    async fn write_rows(&self) -> Result<f64> {
        let mut connection = self.pool.acquire().await?;
        let mut inserts = Vec::new();
        for table in WRITTEN {
            let columns = columns(&mut connection, table).await?;
            let overriding = if ["credit_use", "graphile_worker._private_jobs"].contains(&table) {
                "OVERRIDING SYSTEM VALUE"
            } else {
                ""
            };
            inserts.push(format!(
                "INSERT INTO {table} ({columns}) {overriding} SELECT {columns} FROM {}",
                kept(table)
            ));
        }
        let begun = Instant::now();
        let mut tx = connection.begin().await?;
        tx.execute(
            "UPDATE subscription s SET status = n.status, status_at = n.status_at, version = n.version,
                anchor = n.anchor, billing_start = n.billing_start, billing_end = n.billing_end,
                usage_start = n.usage_start, usage_end = n.usage_end, discounts = n.discounts
             FROM kept.subscription_after n WHERE s.id = n.id;
             UPDATE customer c SET due_at = n.due_at FROM kept.customer_after n WHERE c.id = n.id;
             UPDATE invoice_series SET last_number = (SELECT count(*) FROM kept.invoice) WHERE series = 'INV'",
        )
        .await?;
        for insert in inserts {
            tx.execute(AssertSqlSafe(insert)).await?;
        }
        tx.commit().await?;
        Ok(begun.elapsed().as_secs_f64())
    }

    /// Back to where everybody is due and nothing is written.
    async fn reset(&self) -> Result<()> {
        // With invoices goes what refers to them.
        let truncate = format!("TRUNCATE {} CASCADE", WRITTEN.join(", "));
        self.pool.execute(AssertSqlSafe(truncate)).await?;
        self.pool
            .execute("INSERT INTO credit_grant SELECT * FROM kept.credit_grant")
            .await?;
        self.pool
            .execute(
                "UPDATE subscription s SET version = k.version, billing_start = k.billing_start,
                    billing_end = k.billing_end, usage_start = k.usage_start, usage_end = k.usage_end,
                    status = k.status, status_at = k.status_at, discounts = k.discounts
                 FROM kept.subscription k WHERE k.id = s.id;
                 UPDATE customer c SET due_at = k.due_at FROM kept.customer k WHERE k.id = c.id;
                 UPDATE invoice_series SET last_number = 0",
            )
            .await?;
        for table in ["subscription", "customer", "credit_grant"] {
            let pack = format!("VACUUM (FULL, ANALYZE) {table}");
            self.pool.execute(AssertSqlSafe(pack)).await?;
        }
        self.pool.execute("CHECKPOINT").await?;
        Ok(())
    }
}

/// What discounts each of them, but for its ids.
fn tenth_off(now: DateTime<Utc>) -> Result<Redemption> {
    Ok(Redemption {
        id: RedemptionId::from_uuid(uuid::Uuid::nil()),
        coupon: CouponId::from_uuid(uuid::Uuid::nil()),
        name: "Partner".to_owned(),
        discount: Discount::Percent(Percent::new(10.into())?),
        duration: Duration::Forever,
        plans: None,
        redeemed_at: now - TimeDelta::days(40),
        used: 0,
        period: None,
    })
}

fn kept(table: &str) -> String {
    format!("kept.{}", table.rsplit('.').next().unwrap_or(table))
}

/// The columns that can be written.
async fn columns(connection: &mut PgConnection, table: &str) -> Result<String> {
    let columns = sqlx::query_scalar(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
    )
    .bind(table)
    .fetch_one(connection)
    .await?;
    Ok(columns)
}

/// A second database on the same server.
async fn beside(url: &str) -> Result<String> {
    let options = PgConnectOptions::from_str(url)?;
    let name = format!("{}_small", options.get_database().unwrap_or("bench"));
    let mut connection = PgConnection::connect(url).await?;
    let create = format!("CREATE DATABASE {name}");
    connection.execute(AssertSqlSafe(create)).await?;
    let mut url = url::Url::parse(url)?;
    url.set_path(&name);
    Ok(url.into())
}

/// Seconds of processor time of this process, in steps of a hundredth.
fn own_cpu() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|field| field.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    Ok((ticks(11) + ticks(12)) / 100.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
