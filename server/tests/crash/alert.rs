//! Usage is looked at within a second; what a kill kept from being looked at is found by the next start.

use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use serde_json::json;
use service::{Actor, NewApiKey, Scope};
use sqlx::PgPool;
use tokio::time::sleep;

use crate::customer::Customer;
use crate::database::Database;
use crate::http::exchange;
use crate::program::Program;
use crate::stage::Stage;

/// A second, and what a busy machine needs beside it.
const WITHIN: Duration = Duration::from_secs(4);

async fn told(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("SELECT step::text FROM alert WHERE rule = 'usage' ORDER BY step")
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn use_up(stage: &Stage, id: &str, value: u32) {
    let customer: String = sqlx::query_scalar("SELECT wire_id('cus', id) FROM customer")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    let body = json!({ "id": id, "source": "host", "type": "api_requests", "subject": customer,
        "data": { "value": value.to_string() } });
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
        stage.api_key
    );
    let sent = exchange(stage.address, "POST", "/v1/events", &headers, &body.to_string()).await;
    assert_eq!(sent.unwrap().status, 200);
}

#[tokio::test]
async fn a_limit_that_nears_is_told_within_a_second_and_after_a_kill() {
    let database = Database::create().await;
    let mut program = Program::new(database.url(), "alert");
    program.start().await;
    let (stage, billing) = Stage::set(&database, &program, 0).await;
    Customer::new(stage.clone(), 0).subscribe().await;
    let included: i64 = sqlx::query_scalar(
        "SELECT included::bigint FROM meter_charge c JOIN meter m ON m.id = c.meter_id
         JOIN price p ON p.plan_version_id = c.plan_version_id JOIN subscription_item i ON i.price_id = p.id
         WHERE m.key = 'api_requests'",
    )
    .fetch_one(&stage.pool)
    .await
    .unwrap();
    let part = |percent: i64| u32::try_from(included * percent / 100).unwrap();
    use_up(&stage, "e1", part(81)).await;
    let begun = Instant::now();
    while told(&stage.pool).await.is_empty() {
        assert!(begun.elapsed() < WITHIN, "nobody is told");
        sleep(Duration::from_millis(20)).await;
    }
    println!("told after {:?}", begun.elapsed());
    assert_eq!(told(&stage.pool).await, ["0.8"]);

    use_up(&stage, "e2", part(10)).await;
    program.kill();
    let looked_at_before = told(&stage.pool).await.len() > 1;
    program.start().await;
    let begun = Instant::now();
    while told(&stage.pool).await.len() < 2 {
        assert!(
            begun.elapsed() < Duration::from_secs(90),
            "nobody is told after the kill"
        );
        sleep(Duration::from_millis(50)).await;
    }
    println!(
        "told after the kill: {:?}, before it: {looked_at_before}",
        begun.elapsed()
    );
    assert_eq!(told(&stage.pool).await, ["0.8", "0.9"]);
    let key = NewApiKey {
        name: "reads".to_owned(),
        customer: None,
        scopes: vec![Scope::Read],
        expires_at: None,
    };
    let key = billing.create_api_key(&Actor::System, key).await.unwrap();
    let headers = format!("Authorization: Bearer {}\r\n", key.key.expose_secret());
    let listed = exchange(stage.address, "GET", "/v1/alerts?state=open", &headers, "")
        .await
        .unwrap();
    assert!(listed.body.contains("api_requests"), "{}", listed.body);
    program.stop().await;
    let (verified, report) = program.verify();
    assert!(verified, "{report}");
    drop(billing);
    database.drop().await;
}
