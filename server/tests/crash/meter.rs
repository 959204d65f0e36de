//! The host platform: sends events and does not let go of a batch before it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use billing::id::CustomerId;
use rand::RngExt;
use sdk::events::Report;
use serde_json::json;
use sqlx::types::Uuid;
use tokio::time::sleep;

use crate::http::exchange;
use crate::stage::Stage;

const METERS: [&str; 4] = ["api_requests", "deployments", "storage_gb", "chain_deployments"];
const LARGEST_BATCH: u32 = 20;

pub async fn send_events(stage: Arc<Stage>, number: u64) {
    let mut chance = stage.chance(1_000 + number);
    for batch in 0_u32.. {
        if stage.is_over() {
            return;
        }
        sleep(Duration::from_millis(chance.random_range(5..60))).await;
        let customers: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM customer ORDER BY id")
            .fetch_all(&stage.pool)
            .await
            .unwrap();
        if customers.is_empty() {
            continue;
        }
        let events: Vec<_> = (0..chance.random_range(1..=LARGEST_BATCH))
            .map(|place| {
                let customer = CustomerId::from_uuid(customers[chance.random_range(0..customers.len())]);
                let meter = METERS[chance.random_range(0..METERS.len())];
                let value = chance.random_range(1..100).to_string();
                (
                    customer.to_string(),
                    format!("{number}-{batch}-{place}"),
                    meter,
                    value,
                )
            })
            .collect();
        let body: Vec<_> = events
            .iter()
            .map(|(subject, id, meter, value)| {
                json!({ "id": id, "source": "host", "type": meter, "subject": subject, "data": { "value": value } })
            })
            .collect();
        deliver(&stage, &serde_json::Value::from(body).to_string(), events.len()).await;
        stage
            .journal()
            .events
            .extend(events.into_iter().map(|(subject, id, ..)| (subject, id)));
    }
}

/// The same bytes again until the answer says that every event is stored.
async fn deliver(stage: &Stage, body: &str, count: usize) {
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
        stage.api_key
    );
    loop {
        let answer = exchange(stage.address, "POST", "/v1/events", &headers, body).await;
        stage.note("/v1/events", &answer);
        match answer {
            Ok(answer) if answer.status == 200 => {
                let report: Report = serde_json::from_str(&answer.body).unwrap();
                assert_eq!(report.rejected, Vec::new(), "events were refused");
                assert_eq!(report.accepted + report.duplicates, count, "{report:?}");
                return;
            }
            Ok(answer) => assert!(answer.status >= 500, "{} {}", answer.status, answer.body),
            Err(_) => stage.answers().await,
        }
    }
}
