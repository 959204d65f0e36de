//! Senders that keep at it while the program is killed and its Postgres is stopped hard or stands still: what was acknowledged is
//! stored once, and events, hours, days and counters say the same.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sdk::events::Report;
use secrecy::ExposeSecret;
use serde_json::json;
use service::billing::id::CustomerId;
use service::{Actor, Billing, NewApiKey, Scope, ServiceConfig};
use sqlx::postgres::PgPoolOptions;
use sqlx::types::Uuid;
use sqlx::{Executor, PgPool};

use crate::http::{Answer, Request};
use crate::program::{Folder, Server, is_alive, postmaster, run, wait_until};

const SENDERS: u64 = 16;
const CUSTOMERS: i32 = 20;
const METERS: [&str; 4] = ["api_requests", "deployments", "storage_gb", "chain_deployments"];

/// How often the program is killed, and Postgres: in full with PROOF set.
fn blows() -> (u32, u32) {
    match std::env::var_os("PROOF").is_some() {
        true => (100, 20),
        false => (10, 3),
    }
}

/// What a sender was told is stored: each event with its value.
type Acknowledged = BTreeMap<(String, String), (&'static str, u32)>;

struct Storm {
    address: RwLock<SocketAddr>,
    api_key: String,
    customers: Vec<String>,
    over: AtomicBool,
    acknowledged: Mutex<Acknowledged>,
}

#[test]
fn acknowledged_events_survive_kills_and_count_once() {
    survive(|storm, data, server| storm.rage(data, server));
}

/// Stopped, not killed: connections stay, and nothing answers on them.
#[test]
fn acknowledged_events_survive_a_database_that_stands_still() {
    survive(|storm, data, server| {
        thread::sleep(Duration::from_secs(1));
        let stopped = stop(data);
        let asked = Instant::now();
        // Who needs the database for an answer is told to come back.
        let answer = ask_with_new_key(server.address);
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("5")),
            "{}",
            answer.body
        );
        thread::sleep(stand_still().saturating_sub(asked.elapsed()));
        for pid in stopped {
            let _ = kill(pid, Signal::SIGCONT);
        }
        let (before, since) = (storm.acknowledged.lock().unwrap().len(), Instant::now());
        // It goes on by itself, and soon.
        wait_until("a new acknowledgement", || {
            storm.acknowledged.lock().unwrap().len() > before + 100
        });
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "it took {:?}",
            since.elapsed()
        );
        wait_until("a storm", || storm.acknowledged.lock().unwrap().len() > 1_000);
        server
    });
}

fn ask_with_new_key(address: SocketAddr) -> Answer {
    let authorization = format!("Bearer cbk_{}", "A".repeat(43));
    let request = Request {
        method: "GET",
        path: "/v1/customers",
        headers: &[("Authorization", authorization.as_str())],
        body: b"",
    };
    request.send_blocking(address).unwrap()
}

/// How long Postgres stands still: in full with PROOF set.
fn stand_still() -> Duration {
    match std::env::var_os("PROOF").is_some() {
        true => Duration::from_secs(30),
        false => Duration::from_secs(12),
    }
}

/// Postgres and whatever it started.
fn stop(data: &Path) -> Vec<Pid> {
    let postgres = postmaster(data).unwrap();
    kill(postgres, Signal::SIGSTOP).unwrap();
    let started = |entry: fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = status.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        (postgres == Pid::from_raw(parent)).then(|| Pid::from_raw(pid))
    };
    let mut all: Vec<Pid> = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(started)
        .collect();
    for pid in &all {
        let _ = kill(*pid, Signal::SIGSTOP);
    }
    all.push(postgres);
    all
}

/// Senders keep at it while the blow falls; then what was acknowledged is what is stored.
fn survive(blow: impl FnOnce(&Storm, &Path, Server) -> Server) {
    let data = Folder::new();
    let server = Server::start(data.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (pool, billing) = runtime.block_on(door(data.path()));
    let storm = Arc::new(Storm {
        address: RwLock::new(server.address),
        api_key: runtime.block_on(api_key(&billing)),
        customers: runtime.block_on(customers(&pool)),
        over: AtomicBool::new(false),
        acknowledged: Mutex::default(),
    });
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let storm = storm.clone();
            thread::spawn(move || storm.send(number))
        })
        .collect();
    let server = blow(&storm, data.path(), server);
    storm.over.store(true, Ordering::SeqCst);
    for sender in senders {
        sender.join().unwrap();
    }
    runtime.block_on(async {
        billing.roll_up_usage().await.unwrap();
        let acknowledged = std::mem::take(&mut *storm.acknowledged.lock().unwrap());
        assert!(acknowledged.len() > 1_000, "the storm left no time to send");
        check(&pool, &acknowledged).await;
    });
    let verified = run(
        data.path(),
        &["verify", "--data-dir", data.path().to_str().unwrap()],
    );
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
    runtime.block_on(pool.close());
    drop(server);
}

impl Storm {
    fn send(&self, number: u64) {
        let mut chance = StdRng::seed_from_u64(number);
        for batch in 0_u32.. {
            if self.over.load(Ordering::SeqCst) {
                return;
            }
            // Mostly single ones, which share their transactions with others.
            let size = if chance.random_bool(0.8) {
                1
            } else {
                chance.random_range(2..40)
            };
            let events: Vec<_> = (0..size)
                .map(|place| {
                    let customer = &self.customers[chance.random_range(0..self.customers.len())];
                    let meter = METERS[chance.random_range(0..METERS.len())];
                    (
                        customer.clone(),
                        format!("{number}-{batch}-{place}"),
                        meter,
                        chance.random_range(1..100),
                    )
                })
                .collect();
            let body: Vec<_> = events
                .iter()
                .map(|(subject, id, meter, value)| {
                    json!({ "id": id, "source": "host", "type": meter, "subject": subject, "data": { "value": value } })
                })
                .collect();
            self.deliver(&serde_json::Value::from(body).to_string(), size);
            let mut acknowledged = self.acknowledged.lock().unwrap();
            let facts = events
                .into_iter()
                .map(|(customer, id, meter, value)| ((customer, id), (meter, value)));
            acknowledged.extend(facts);
        }
    }

    /// The same bytes again until they are acknowledged.
    fn deliver(&self, body: &str, size: usize) {
        let authorization = format!("Bearer {}", self.api_key);
        let request = Request {
            method: "POST",
            path: "/v1/events",
            headers: &[
                ("Authorization", authorization.as_str()),
                ("Content-Type", "application/json"),
            ],
            body: body.as_bytes(),
        };
        loop {
            let address = *self.address.read().unwrap();
            match request.send_blocking(address) {
                Ok(answer) if answer.status == 200 => {
                    let report: Report = serde_json::from_str(&answer.body).unwrap();
                    assert_eq!(report.rejected, Vec::new());
                    assert_eq!(report.accepted + report.duplicates, size);
                    return;
                }
                Ok(answer) => {
                    let said = (answer.status, answer.header("retry-after").is_some());
                    assert_eq!(said, (503, true), "{}", answer.body);
                    thread::sleep(Duration::from_millis(50));
                }
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Kills at random moments; the program that runs at the end.
    fn rage(&self, data: &Path, mut server: Server) -> Server {
        let (of_program, of_postgres) = blows();
        let mut chance = StdRng::seed_from_u64(rand::random());
        let every = of_program / of_postgres;
        for number in 1..=of_program {
            thread::sleep(Duration::from_millis(chance.random_range(50..700)));
            server.signal(Signal::SIGKILL);
            server.wait();
            server = Server::start(data);
            *self.address.write().unwrap() = server.address;
            if number % every == 0 {
                thread::sleep(Duration::from_millis(chance.random_range(50..400)));
                let postgres = postmaster(data).unwrap();
                // Stopped hard: nothing is written any more.
                kill(postgres, Signal::SIGQUIT).unwrap();
                wait_until("the end of Postgres", || !is_alive(postgres));
                server.wait_until_ready();
            }
        }
        server
    }
}

/// Our own way to the program's database, over its socket.
async fn door(data: &Path) -> (PgPool, Billing) {
    let url = format!(
        "postgres://billing@localhost/billing?host={}",
        data.join("postgres/socket").display()
    );
    let config = ServiceConfig::usual(url.as_str(), "http://127.0.0.1", [7; 32]);
    let pool = PgPoolOptions::new().connect(&url).await.unwrap();
    (pool, Billing::connect(config).await.unwrap())
}

async fn api_key(billing: &Billing) -> String {
    let new = NewApiKey {
        name: "host".to_owned(),
        customer: None,
        scopes: vec![Scope::EventsWrite],
        expires_at: None,
    };
    let created = billing.create_api_key(&Actor::System, new).await.unwrap();
    created.key.expose_secret().to_owned()
}

async fn customers(pool: &PgPool) -> Vec<String> {
    let insert = sqlx::query(
        "INSERT INTO customer (id, name, email, currency, time_zone, created_at)
         SELECT gen_random_uuid(), 'Customer ' || n, 'c' || n || '@lumen.example', 'USD', 'UTC', now()
         FROM generate_series(1, $1) n",
    );
    pool.execute(insert.bind(CUSTOMERS)).await.unwrap();
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM customer ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap();
    ids.into_iter()
        .map(|id| CustomerId::from_uuid(id).to_string())
        .collect()
}

/// A customer's meter and what it came to.
type Totals = BTreeMap<(String, String), i64>;

async fn check(pool: &PgPool, acknowledged: &Acknowledged) {
    let stored: Vec<(Uuid, String, i64)> =
        sqlx::query_as("SELECT customer_id, event_id, value::bigint FROM usage_event")
            .fetch_all(pool)
            .await
            .unwrap();
    let count = stored.len();
    let stored: BTreeMap<(String, String), i64> = stored
        .into_iter()
        .map(|(customer, id, value)| ((CustomerId::from_uuid(customer).to_string(), id), value))
        .collect();
    // Nobody waits for an answer any more: what is stored and what was acknowledged are the same events.
    let said: BTreeMap<_, _> = acknowledged
        .iter()
        .map(|(key, (_, value))| (key.clone(), i64::from(*value)))
        .collect();
    assert_eq!(count, stored.len(), "an event is stored twice");
    assert!(
        stored == said,
        "{} stored, {} acknowledged",
        stored.len(),
        said.len()
    );
    let mut totals = Totals::new();
    for ((customer, _), (meter, value)) in acknowledged {
        *totals.entry((customer.clone(), (*meter).to_owned())).or_default() += i64::from(*value);
    }
    for (what, column) in [
        ("usage_bucket", "sum"),
        ("usage_day", "sum"),
        ("usage_counter", "used"),
    ] {
        assert!(
            summed(pool, what, column).await == totals,
            "{what} does not say the same"
        );
    }
}

async fn summed(pool: &PgPool, table: &'static str, column: &'static str) -> Totals {
    let sql = format!(
        "SELECT t.customer_id, m.key, sum(t.{column})::bigint FROM {table} t JOIN meter m ON m.id = t.meter_id
         GROUP BY 1, 2"
    );
    let rows: Vec<(Uuid, String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .fetch_all(pool)
        .await
        .unwrap();
    rows.into_iter()
        .map(|(customer, meter, sum)| ((CustomerId::from_uuid(customer).to_string(), meter), sum))
        .collect()
}
