//! `Idempotency-Key`: carried out once, answered as often as asked.

use serde_json::{Value, json};
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{ALL, Host, json, problem, said};
use crate::http::Answer;

async fn post(host: &Host, key: &str, name: &str, body: &Value) -> Answer {
    let headers = [("Idempotency-Key", name)];
    host.call_with(key, ("POST", "/v1/customers"), &headers, &body.to_string())
        .await
}

async fn customers(host: &Host) -> usize {
    let page = json(&host.get("/v1/customers?limit=100").await);
    page["data"].as_array().unwrap().len()
}

fn lumen() -> Value {
    json!({ "name": "Lumen", "email": "a@lumen.example" })
}

#[sqlx::test(migrations = false)]
async fn the_same_again_is_answered_and_not_done(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let first = post(&host, &host.key, "k1", &lumen()).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, None));
    let again = post(&host, &host.key, "k1", &lumen()).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["content-type", "etag"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(customers(&host).await, 1);
    // Without a name, and under another, it is another request.
    assert_eq!(host.call("POST", "/v1/customers", lumen()).await.status, 201);
    assert_eq!(post(&host, &host.key, "k2", &lumen()).await.status, 201);
    assert_eq!(customers(&host).await, 3);
    // A refusal that says how things stand is an answer too.
    let taken = json!({ "name": "x", "email": "x@x.example", "external_id": "u" });
    assert_eq!(post(&host, &host.key, "k3", &taken).await.status, 201);
    let refused = post(&host, &host.key, "k4", &taken).await;
    let again = post(&host, &host.key, "k4", &taken).await;
    assert_eq!(problem(&again), said(409, "external_id_taken"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body, refused.body);
}

#[sqlx::test(migrations = false)]
async fn a_name_stands_for_one_body_one_path_and_one_sender(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    assert_eq!(post(&host, &host.key, "k", &lumen()).await.status, 201);
    let other = json!({ "name": "Orbit", "email": "b@orbit.example" });
    let refused = post(&host, &host.key, "k", &other).await;
    assert_eq!(problem(&refused), said(422, "idempotency_key_reused"));
    let somebody = host.site.api_key_of(&Actor::System, &ALL).await;
    let theirs = post(&host, &somebody, "k", &other).await;
    assert_eq!((theirs.status, theirs.header("idempotent-replayed")), (201, None));
    let reader = host.site.api_key(&Actor::System, Scope::Read).await;
    assert_eq!(
        problem(&post(&host, &reader, "k", &lumen()).await),
        said(403, "forbidden")
    );
    let headers = [("Idempotency-Key", "k")];
    let path = ("POST", "/v1/promotion_codes/validate");
    let elsewhere = host
        .call_with(&host.key, path, &headers, &lumen().to_string())
        .await;
    assert_eq!(elsewhere.status, 422, "{}", elsewhere.body);
    assert_eq!(elsewhere.header("idempotent-replayed"), None);
    assert_eq!(customers(&host).await, 2);
}

#[sqlx::test(migrations = false)]
async fn what_could_not_be_begun_leaves_the_name_free(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let wrong = json!({ "name": "", "email": "a@lumen.example" });
    assert_eq!(post(&host, &host.key, "k", &wrong).await.status, 422);
    assert_eq!(post(&host, &host.key, "k", &json!([])).await.status, 422);
    assert_eq!(post(&host, &host.key, "k", &lumen()).await.status, 201);
    let longest = "k".repeat(255);
    assert_eq!(post(&host, &host.key, &longest, &lumen()).await.status, 201);
    for name in ["", "   ", &"k".repeat(256), "schlüssel"] {
        let refused = post(&host, &host.key, name, &lumen()).await;
        assert_eq!(problem(&refused), said(400, "invalid_idempotency_key"), "{name}");
    }
}

#[sqlx::test(migrations = false)]
async fn of_many_at_once_one_is_carried_out(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let body = lumen();
    let one = || post(&host, &host.key, "k", &body);
    let (a, b, c, d, e, f) = tokio::join!(one(), one(), one(), one(), one(), one());
    let answers = [a, b, c, d, e, f];
    let made = answers.iter().filter(|answer| answer.status == 201);
    assert!(made.clone().count() >= 1);
    let new = made.filter(|answer| answer.header("idempotent-replayed").is_none());
    assert_eq!(new.count(), 1);
    for waiting in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(problem(waiting), said(409, "request_under_way"));
        assert!(waiting.header("retry-after").is_some());
    }
    assert_eq!(customers(&host).await, 1);
}

/// A process that died after its work was done, before it kept the answer.
#[sqlx::test(migrations = false)]
async fn carried_out_again_a_request_makes_the_same(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let first = post(&host, &host.key, "k", &lumen()).await;
    let pool = options.connect_with(database).await.unwrap();
    let forget = "UPDATE idempotency_key SET status = NULL, answer = NULL, claimed_until = ";
    sqlx::query(sqlx::AssertSqlSafe(format!("{forget} now() + interval '20 s'")))
        .execute(&pool)
        .await
        .unwrap();
    let early = post(&host, &host.key, "k", &lumen()).await;
    assert_eq!(problem(&early), said(409, "request_under_way"));
    sqlx::query(sqlx::AssertSqlSafe(format!("{forget} now()")))
        .execute(&pool)
        .await
        .unwrap();
    let second = post(&host, &host.key, "k", &lumen()).await;
    assert_eq!((second.status, second.body), (201, first.body));
    assert_eq!(customers(&host).await, 1);
    // After a day the name is nobody's.
    let old = "UPDATE idempotency_key SET created_at = now() - interval '24 hours'";
    sqlx::query(old).execute(&pool).await.unwrap();
    let other = json!({ "name": "Orbit", "email": "b@orbit.example" });
    assert_eq!(post(&host, &host.key, "k", &other).await.status, 201);
    assert_eq!(customers(&host).await, 2);
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("SELECT answer FROM idempotency_key")
        .fetch_all(&pool)
        .await
        .unwrap();
    let seen = kept
        .iter()
        .any(|bytes| String::from_utf8_lossy(bytes).contains("Orbit"));
    assert!(!seen, "an answer is stored so that anybody can read it");
}
