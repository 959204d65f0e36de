//! `Idempotency-Key`: carried out once, answered as often as asked.

use std::io::Write;
use std::sync::{Arc, Mutex};

use billing::invoice::PaymentTerms;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use service::{Actor, Claim, Scope, SealedAnswer};
use sqlx::PgPool;
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

async fn answers(host: &Host, key: &str, (path, name): (&str, &str), body: &Value) -> Answer {
    let headers = [("Idempotency-Key", name)];
    host.call_with(key, ("POST", path), &headers, &body.to_string())
        .await
}

/// A server died after its work was done, before it kept the answers.
async fn forget(pool: &PgPool) {
    sqlx::query("UPDATE idempotency_key SET status = NULL, answer = NULL, claimed_until = now()")
        .execute(pool)
        .await
        .unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_key_that_takes_anothers_place_goes_on_under_its_names(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::start(&database).await;
    let first = post(&host, &host.key, "k", &lumen()).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let billing = &host.site.billing;
    let mut old = billing.api_key_actor(&host.key).await.unwrap();
    for _ in 0..2 {
        let Actor::ApiKey { id, .. } = old else {
            panic!("{old:?}")
        };
        let new = billing.rotate_api_key(&Actor::System, id).await.unwrap();
        let new = new.key.expose_secret().to_owned();
        let again = post(&host, &new, "k", &lumen()).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!((again.status, &again.body), (201, &first.body));
        old = billing.api_key_actor(&new).await.unwrap();
    }
    assert_eq!(customers(&host).await, 1);
}

#[sqlx::test(migrations = false)]
async fn a_long_address_has_a_name_too(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let path = format!("/v1/customers?{}", "x".repeat(6_000));
    let first = answers(&host, &host.key, (&path, "k"), &lumen()).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = answers(&host, &host.key, (&path, "k"), &lumen()).await;
    assert_eq!((again.status, again.body), (201, first.body));
}

/// What changes something says the same again, though it could not be done twice.
#[sqlx::test(migrations = false)]
async fn carried_out_again_a_change_finds_what_it_did(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (_, id) = host.subscriber("lumen", "starter").await;
    let pool = options.connect_with(database).await.unwrap();
    let path = |what: &str| format!("/v1/subscriptions/{id}/{what}");
    let preview = json!({ "plan": "professional" });
    let up = json(&host.call("POST", &path("preview_change"), preview).await);
    let up = json!({ "token": up["token"] });
    let mut invoices = 1;
    for (what, body, billed) in [
        ("change", up, 1),
        ("cancel", json!({ "at": "period_end" }), 0),
        ("keep", json!({}), 0),
        ("pause", json!({}), 0),
        ("resume", json!({}), 1),
        ("cancel", json!({ "at": "now" }), 0),
    ] {
        let name = format!("{what}-{invoices}-{}", body["at"]);
        let first = answers(&host, &host.key, (&path(what), &name), &body).await;
        assert_eq!(first.status, 200, "{what}: {}", first.body);
        forget(&pool).await;
        let again = answers(&host, &host.key, (&path(what), &name), &body).await;
        assert_eq!(again.header("idempotent-replayed"), None);
        assert_eq!((again.status, json(&again)), (200, json(&first)), "{what}");
        invoices += billed;
        let listed = json(&host.get("/v1/invoices?limit=100").await);
        assert_eq!(listed["data"].as_array().unwrap().len(), invoices, "{what}");
    }
    let done: i64 = sqlx::query_scalar("SELECT count(*) FROM request_done")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(done, 6);
}

/// Also where the card refused: what came of it is told, and the card is not asked again.
#[sqlx::test(migrations = false)]
async fn carried_out_again_a_declined_change_stays_declined(
    options: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::start(&database).await;
    let (customer, id) = host.subscriber("lumen", "starter").await;
    host.add_card(&customer, "4000000000000341").await;
    let pool = options.connect_with(database).await.unwrap();
    let preview = format!("/v1/subscriptions/{id}/preview_change");
    let up = json(
        &host
            .call("POST", &preview, json!({ "plan": "professional" }))
            .await,
    );
    let (path, body) = (
        format!("/v1/subscriptions/{id}/change"),
        json!({ "token": up["token"] }),
    );
    let first = answers(&host, &host.key, (&path, "k"), &body).await;
    assert_eq!(json(&first)["outcome"]["kind"], "declined", "{}", first.body);
    forget(&pool).await;
    let again = answers(&host, &host.key, (&path, "k"), &body).await;
    assert_eq!((again.status, json(&again)), (200, json(&first)));
}

#[sqlx::test(migrations = false)]
async fn carried_out_again_a_void_invoice_is_void(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let terms = PaymentTerms::net(30).unwrap();
    let billing = &host.site.billing;
    billing
        .set_payment_terms(&Actor::System, customer.parse().unwrap(), terms)
        .await
        .unwrap();
    let body = json!({ "customer": customer, "plan": "starter" });
    assert_eq!(host.call("POST", "/v1/subscriptions", body).await.status, 201);
    let open = json(&host.get("/v1/invoices?status=open").await)["data"][0]["id"].clone();
    let open = open.as_str().unwrap();
    let pool = options.connect_with(database).await.unwrap();
    let (path, body) = (
        format!("/v1/invoices/{open}/void"),
        json!({ "reason": "a mistake" }),
    );
    let first = answers(&host, &host.key, (&path, "k"), &body).await;
    assert_eq!(
        (first.status, &json(&first)["status"]),
        (200, &json!("void")),
        "{}",
        first.body
    );
    forget(&pool).await;
    let again = answers(&host, &host.key, (&path, "k"), &body).await;
    assert_eq!((again.status, json(&again)), (200, json(&first)));
    // Under another name it is another request.
    let other = answers(&host, &host.key, (&path, "k2"), &body).await;
    assert_eq!(problem(&other), said(409, "invoice_settled"));
}

/// What may be otherwise in a moment is not kept for a day.
#[sqlx::test(migrations = false)]
async fn a_refusal_that_passes_leaves_the_name_free(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (_, id) = host.subscriber("lumen", "starter").await;
    let path = format!("/v1/subscriptions/{id}/change");
    let stale = answers(&host, &host.key, (&path, "k"), &json!({ "token": "x" })).await;
    assert_eq!(problem(&stale), said(409, "quote_stale"));
    assert_eq!(stale.header("retry-after"), Some("5"));
    let preview = format!("/v1/subscriptions/{id}/preview_change");
    let up = json(
        &host
            .call("POST", &preview, json!({ "plan": "professional" }))
            .await,
    );
    let body = json!({ "token": up["token"] });
    let changed = answers(&host, &host.key, (&path, "k"), &body).await;
    assert_eq!(json(&changed)["outcome"]["kind"], "applied", "{}", changed.body);
}

/// Somebody slow, whose minute is over, says nothing any more about a name that is somebody else's.
#[sqlx::test(migrations = false)]
async fn who_lost_a_name_does_not_answer_for_it(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let billing = &host.site.billing;
    let actor = billing.api_key_actor(&host.key).await.unwrap();
    let sent = billing
        .name_request(&actor, ("/v1/x", "k"), [1; 32])
        .await
        .unwrap();
    let claim = async || match billing.claim_request(&sent).await.unwrap() {
        Claim::Ours(taken) => taken,
        other => panic!("{other:?}"),
    };
    let slow = claim().await;
    assert!(!slow.intent.is_again());
    let pool = options.connect_with(database).await.unwrap();
    forget(&pool).await;
    let second = claim().await;
    assert!(second.intent.is_again());
    assert_eq!(second.intent.name(), slow.intent.name());
    let answer = |status| SealedAnswer {
        status,
        body: Vec::new(),
    };
    billing.keep_answer(&sent, slow, &answer(500)).await.unwrap();
    billing.leave_request(&sent, slow).await.unwrap();
    billing.give_up_request(&sent, slow).await.unwrap();
    let standing = billing.claim_request(&sent).await.unwrap();
    assert!(matches!(standing, Claim::UnderWay { .. }), "{standing:?}");
    billing.keep_answer(&sent, second, &answer(201)).await.unwrap();
    assert_eq!(
        billing.claim_request(&sent).await.unwrap(),
        Claim::Answered(answer(201))
    );
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Also what is carried out beside the connection is logged as what it is.
#[sqlx::test(migrations = false)]
async fn what_goes_wrong_is_logged_with_its_request(options: PgPoolOptions, database: PgConnectOptions) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // Where there is one subscriber only, what another test's thread meets first is switched off for everybody.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    // This test is one thread.
    let _here = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    let host = Host::start(&database).await;
    let pool = options.connect_with(database).await.unwrap();
    sqlx::query("ALTER TABLE customer RENAME TO elsewhere")
        .execute(&pool)
        .await
        .unwrap();
    let headers = [("Idempotency-Key", "k"), ("X-Request-Id", "of-this-test")];
    let path = ("POST", "/v1/customers");
    let failed = host
        .call_with(&host.key, path, &headers, &lumen().to_string())
        .await;
    assert_eq!(problem(&failed), said(500, "storage_unavailable"));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = log
        .lines()
        .find(|line| line.contains("A request failed"))
        .unwrap();
    assert!(line.contains("of-this-test"), "{line}");
}
