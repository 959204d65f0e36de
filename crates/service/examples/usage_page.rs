//! `usage_page`, `admin_totals`: what pages read of the usage of 1,000 customers and 10 million events, beside the
//! plain queries of the daily roll-up. The last line printed is the answer; `DATABASE_URL` names an empty database.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::time::Instant;

use billing::catalog::Meter;
use billing::id::CustomerId;
use billing::money::Currency;
use billing::revenue::GrossMargin;
use billing::tax::TaxRate;
use billing::usage::hour_of;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use service::{Billing, ServiceConfig};
use sqlx::Executor;
use sqlx::postgres::{PgConnection, PgPool};
use store::CustomerScope;
use store::usage::{DaysOf, daily, report};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 3;
/// A page is read in less than a millisecond.
const PAGES: usize = 400;
const TOTALS: usize = 10;
const DAYS: TimeDelta = TimeDelta::days(30);

#[tokio::main]
async fn main() -> Result<()> {
    let figure = std::env::args().nth(1).ok_or("name a figure")?;
    let bench = Bench::prepare(&std::env::var("DATABASE_URL")?).await?;
    let (value, yardstick) = match figure.as_str() {
        "usage_page" => bench.usage_page().await?,
        "admin_totals" => bench.admin_totals().await?,
        other => return Err(format!("there is no figure {other}").into()),
    };
    let answer = serde_json::json!({ "value": value, "unit": "ms", "yardstick": yardstick });
    println!("{answer}");
    Ok(())
}

struct Bench {
    pool: PgPool,
    customers: Vec<CustomerId>,
    meters: Vec<Meter>,
    now: DateTime<Utc>,
}

impl Bench {
    async fn prepare(url: &str) -> Result<Self> {
        let config = ServiceConfig {
            database_url: url.into(),
            base_url: "http://127.0.0.1:3000".to_owned(),
            currency: Currency::USD,
            tax: TaxRate::new("0.08".parse()?)?.into(),
            gross_margin: GrossMargin::WHOLE,
            quote_key: [7; 32],
            usage_tracking: true,
            usage_thresholds: Default::default(),
            dunning_end: service::billing::payment::dunning::DunningEnd::default(),
            outgoing: service::OutgoingConfig::new([7; 32]),
        };
        let billing = Billing::connect(config).await?;
        billing.migrate().await?;
        billing.ensure_catalog().await?;
        let pool = store::connect(url).await?;
        pool.execute(include_str!("usage_page.sql")).await?;
        pool.execute("VACUUM ANALYZE usage_bucket").await?;
        billing.roll_up_usage().await?;
        pool.execute("VACUUM ANALYZE usage_day").await?;
        let customers: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM customer")
            .fetch_all(&pool)
            .await?;
        let meters = store::catalog::meters(&mut *pool.acquire().await?).await?;
        let (events, days): (i64, i64) = sqlx::query_as(
            "SELECT sum(event_count)::bigint, (SELECT count(*) FROM usage_day) FROM usage_bucket",
        )
        .fetch_one(&pool)
        .await?;
        println!("{events} events in {days} days of customers and meters");
        Ok(Self {
            customers: customers.into_iter().map(CustomerId::from_uuid).collect(),
            meters,
            now: billing.now(),
            pool,
        })
    }

    fn days(&self) -> (NaiveDate, NaiveDate) {
        let today = self.now.date_naive();
        (today + TimeDelta::days(1) - DAYS, today)
    }

    /// One customer's page after the other, each time another's.
    async fn usage_page(&self) -> Result<(f64, f64)> {
        let mut conn = self.pool.acquire().await?;
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let (mut own, mut query) = (Vec::new(), Vec::new());
            for customer in self.customers.iter().cycle().skip(round * PAGES).take(PAGES) {
                query.push(self.plain_page(&mut conn, *customer).await?);
                own.push(self.page(&mut conn, *customer).await?);
            }
            let (own, query) = (median(own), median(query));
            // The first round warms what a server that runs has warm.
            if round > 0 {
                println!("round {round}: {own:.3} ms; the roll-up's query {query:.3} ms");
                ours.push(own);
                plain.push(query);
            }
        }
        Ok((median(ours), median(plain)))
    }

    async fn page(&self, conn: &mut PgConnection, customer: CustomerId) -> Result<f64> {
        let (first, today) = self.days();
        let days = DaysOf {
            from: hour_of(first.and_time(chrono::NaiveTime::MIN).and_utc()),
            until: hour_of(self.now) + TimeDelta::hours(2),
            fresh_from: today - TimeDelta::days(1),
        };
        let begun = Instant::now();
        let found = daily(conn, CustomerScope::of(customer), &self.meters, days).await?;
        let took = millis(begun);
        let days: usize = found.values().map(Vec::len).sum();
        if days != 30 * self.meters.len() {
            return Err(format!("a page of {days} days").into());
        }
        Ok(took)
    }

    async fn plain_page(&self, conn: &mut PgConnection, customer: CustomerId) -> Result<f64> {
        let (first, today) = self.days();
        let begun = Instant::now();
        let sql = "SELECT meter_id, day, sum FROM usage_day WHERE customer_id = $1 AND day BETWEEN $2 AND $3";
        let rows: Vec<(Uuid, NaiveDate, rust_decimal::Decimal)> = sqlx::query_as(sql)
            .bind(customer.uuid())
            .bind(first)
            .bind(today)
            .fetch_all(conn)
            .await?;
        let took = millis(begun);
        if rows.len() != 30 * self.meters.len() {
            return Err(format!("{} days", rows.len()).into());
        }
        Ok(took)
    }

    async fn admin_totals(&self) -> Result<(f64, f64)> {
        let mut conn = self.pool.acquire().await?;
        let (first, today) = self.days();
        let (mut ours, mut plain) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let (mut own, mut query) = (Vec::new(), Vec::new());
            for _ in 0..TOTALS {
                let begun = Instant::now();
                let sql = "SELECT customer_id, meter_id, sum(sum), sum(event_count)::bigint FROM usage_day
                           WHERE day BETWEEN $1 AND $2 GROUP BY customer_id, meter_id";
                let rows: Vec<(Uuid, Uuid, rust_decimal::Decimal, i64)> = sqlx::query_as(sql)
                    .bind(first)
                    .bind(today)
                    .fetch_all(&mut *conn)
                    .await?;
                query.push(millis(begun));
                let begun = Instant::now();
                let sums = report::totals(&mut conn, (first, today + TimeDelta::days(1))).await?;
                own.push(millis(begun));
                let customers: i64 = sums.iter().map(|sum| sum.customers).sum();
                if usize::try_from(customers)? != rows.len() {
                    return Err(format!("{customers} customers instead of {}", rows.len()).into());
                }
            }
            let (own, query) = (median(own), median(query));
            if round > 0 {
                println!("round {round}: {own:.1} ms; the roll-up's query {query:.1} ms");
                ours.push(own);
                plain.push(query);
            }
        }
        Ok((median(ours), median(plain)))
    }
}

fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
