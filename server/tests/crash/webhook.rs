//! The program is killed while it sends webhooks: every event arrives, under its own name, whatever was cut off.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secrecy::ExposeSecret;
use serde_json::Value;
use service::{Actor, NewApiKey, Scope};
use sqlx::PgPool;
use sqlx::types::Uuid;
use tokio::time::sleep;

use crate::database::Database;
use crate::http::exchange;
use crate::program::Program;
use crate::receiver::Receiver;
use crate::stage::door;

const WRITERS: u64 = 4;
/// A dead worker's jobs are seen after fifteen seconds; what was refused at first is tried five seconds later. How many
/// wait by then is up to the machine, so that only a standstill counts.
const NEXT_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_though_the_sender_is_killed() {
    let database = Database::create().await;
    let mut program = Program::new(database.url(), "webhook");
    program.start().await;
    let receiver = Receiver::start().await;
    // Some are refused at first.
    receiver.will_answer(&[(500, ""); 25]);
    let key = api_key(&database, &program).await;
    let headers = format!("Authorization: Bearer {key}\r\nContent-Type: application/json\r\n");
    let body = format!(r#"{{"url":"{}"}}"#, receiver.url("/hooks"));
    let made = exchange(program.address, "POST", "/v1/webhook_endpoints", &headers, &body).await;
    assert_eq!(made.unwrap().status, 201);

    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(tell(database.pool.clone(), n)))
        .collect();
    let mut chance = StdRng::seed_from_u64(7);
    for _ in 0..kills() {
        sleep(Duration::from_millis(chance.random_range(300..1_500))).await;
        program.kill();
        program.start().await;
    }
    for writer in writers {
        writer.abort();
        let _ = writer.await;
    }
    let mut last = Instant::now();
    let (mut arrived, mut came) = (HashSet::new(), 0);
    loop {
        let received = receiver.take();
        came += received.len();
        if !received.is_empty() {
            last = Instant::now();
        }
        for one in received {
            let told: Value = one.json();
            assert_eq!(told["id"], one.header("webhook-id"));
            arrived.insert(one.header("webhook-id").to_owned());
        }
        let missing: HashSet<_> = told(&database.pool).await.difference(&arrived).cloned().collect();
        if missing.is_empty() && settled(&database.pool).await {
            break;
        }
        assert!(
            last.elapsed() < NEXT_WITHIN,
            "{} events do not arrive",
            missing.len()
        );
        sleep(Duration::from_millis(200)).await;
    }
    println!("{} events arrived by {came} deliveries", arrived.len());
    assert!(arrived.len() > 100, "{} events", arrived.len());
    assert_eq!(told(&database.pool).await, arrived);
    program.stop().await;
    let (verified, report) = program.verify();
    assert!(verified, "{report}");
    database.drop().await;
}

/// 6, or with PROOF set 40.
fn kills() -> u32 {
    if std::env::var_os("PROOF").is_some() {
        40
    } else {
        6
    }
}

/// Events one by one, some in transactions that end late.
async fn tell(pool: PgPool, writer: u64) {
    let mut chance = StdRng::seed_from_u64(writer);
    loop {
        let mut tx = pool.begin().await.unwrap();
        for _ in 0..chance.random_range(1..4) {
            sqlx::query(
                "INSERT INTO outbox_event (id, kind, subject, occurred_at, payload)
                 VALUES ($1, 'invoice.paid', 'inv_00000000000000000000000000000000', now(), '{}')",
            )
            .bind(Uuid::from_u128(chance.random()))
            .execute(&mut *tx)
            .await
            .unwrap();
            sleep(Duration::from_millis(chance.random_range(0..20))).await;
        }
        tx.commit().await.unwrap();
    }
}

async fn told(pool: &PgPool) -> HashSet<String> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT wire_id('evt', id) FROM outbox_event WHERE kind = 'invoice.paid'")
            .fetch_all(pool)
            .await
            .unwrap();
    ids.into_iter().collect()
}

async fn settled(pool: &PgPool) -> bool {
    sqlx::query_scalar("SELECT NOT EXISTS (SELECT FROM webhook_delivery WHERE state <> 'success')")
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn api_key(database: &Database, program: &Program) -> String {
    let billing = door(database, program).await;
    let new = NewApiKey {
        name: "host platform".to_owned(),
        customer: None,
        scopes: vec![Scope::Read, Scope::Write],
        expires_at: None,
    };
    let created = billing.create_api_key(&Actor::System, new).await.unwrap();
    created.key.expose_secret().to_owned()
}
