//! `POST /v1/events`: the whole answer to each kind of request.

use service::{Actor, Scope};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::http::Answer;
use crate::site::{Site, customer_id};

/// A site, a customer and the host platform's key.
struct Host {
    site: Site,
    customer: String,
    key: String,
}

impl Host {
    async fn new(database: &PgConnectOptions) -> Self {
        let site = Site::start(database).await;
        let customer = customer_id(&site.customer("lumen").await);
        let key = site.api_key(&Actor::System, Scope::EventsWrite).await;
        Self { site, customer, key }
    }

    async fn post(&self, body: &str) -> Answer {
        self.post_as(&self.key, body).await
    }

    async fn post_as(&self, key: &str, body: &str) -> Answer {
        self.post_to("/v1/events", key, "application/json", body).await
    }

    async fn post_to(&self, path: &str, key: &str, content_type: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {key}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", content_type),
        ];
        self.site.send("POST", path, &headers, body.as_bytes()).await
    }

    fn event(&self, id: &str, data: &str) -> String {
        let subject = &self.customer;
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"host","type":"api_requests","subject":"{subject}","data":{data}}}"#
        )
    }
}

async fn stored(pool: &PgPool) -> Vec<(String, String, String)> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT event_id, value::text, data::text FROM usage_event ORDER BY event_id")
            .fetch_all(pool)
            .await
            .unwrap();
    rows
}

#[sqlx::test(migrations = false)]
async fn one_event_is_accepted_once(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let event = host.event(
        "e1",
        r#"{"value":"2.50","endpoint":"/api/chains","method":"POST"}"#,
    );
    let first = host.post(&event).await;
    assert_eq!(
        (first.status, first.body.as_str()),
        (200, r#"{"accepted":1,"duplicates":0,"rejected":[]}"#)
    );
    assert_eq!(first.header("content-type"), Some("application/json"));
    let again = host.post(&event).await;
    assert_eq!(
        (again.status, again.body.as_str()),
        (200, r#"{"accepted":0,"duplicates":1,"rejected":[]}"#)
    );
    let other = host.post(&host.event("e1", r#"{"value":"3"}"#)).await;
    assert_eq!(other.status, 409);
    assert_eq!(other.header("content-type"), Some("application/problem+json"));
    assert_eq!(
        other.body,
        r#"{"type":"about:blank","title":"Conflict","status":409,"code":"event_conflict","detail":"the id was used for an event with another body"}"#
    );
    let pool = options.connect_with(database).await.unwrap();
    let data = r#"{"method": "POST", "endpoint": "/api/chains"}"#;
    let [(id, value, kept)] = &stored(&pool).await[..] else {
        panic!("not one event")
    };
    assert_eq!(
        (
            id.as_str(),
            value
                .parse::<rust_decimal::Decimal>()
                .unwrap()
                .normalize()
                .to_string(),
            kept.as_str()
        ),
        ("e1", "2.5".to_owned(), data)
    );
}

#[sqlx::test(migrations = false)]
async fn a_single_event_that_is_wrong_says_so_itself(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let customer = &host.customer;
    let at = |time: &str| {
        format!(
            r#"{{"id":"t","source":"host","type":"api_requests","subject":"{customer}","time":"{time}"}}"#
        )
    };
    let ahead = (host.site.billing.now() + chrono::TimeDelta::minutes(61)).to_rfc3339();
    let old = (host.site.billing.now() - chrono::TimeDelta::days(36)).to_rfc3339();
    for (body, code, detail) in [
        (r#"{"id":"x"}"#.to_owned(), "invalid_event", "missing field `source`"),
        ("7".to_owned(), "invalid_event", "invalid type: integer `7`, expected struct Event"),
        (
            format!(r#"{{"id":"x","source":"host","type":"teleports","subject":"{customer}"}}"#),
            "unknown_meter",
            "no meter counts events of the type `teleports`",
        ),
        (
            r#"{"id":"x","source":"host","type":"api_requests","subject":"cus_00000000000000000000000000000007"}"#.to_owned(),
            "unknown_customer",
            "there is no customer cus_00000000000000000000000000000007",
        ),
        (at(&ahead), "in_future", "it is said to occur more than an hour from now"),
        (at(&old), "too_old", "it occurred more than 35 days ago, or more than ten years where history is sent (backfill=true)"),
    ] {
        let answer = host.post(&body).await;
        let expected = format!(
            r#"{{"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"{code}","detail":"{detail}"}}"#
        );
        assert_eq!((answer.status, answer.body), (422, expected), "{body}");
    }
}

#[sqlx::test(migrations = false)]
async fn an_array_is_answered_event_by_event(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let known = host.event("e1", r#"{"value":1}"#);
    assert_eq!(host.post(&known).await.status, 200);
    let body = format!(
        "[{},{},{},{},{},{},{}]",
        host.event("e2", "{}"),
        known,
        host.event("e1", r#"{"value":2}"#),
        r#"{"id":"e3","source":"host","type":"teleports","subject":"nobody"}"#,
        r#"{"id":5}"#,
        host.event("e4", r#"{"value":"a lot"}"#),
        host.event("e5", r#"{"value":0.1}"#),
    );
    let answer = host.post(&body).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        concat!(
            r#"{"accepted":2,"duplicates":1,"rejected":["#,
            r#"{"index":2,"id":"e1","code":"event_conflict","detail":"the id was used for an event with another body"},"#,
            r#"{"index":3,"id":"e3","code":"unknown_customer","detail":"subject is not the id of a customer, cus_..."},"#,
            r#"{"index":4,"id":null,"code":"invalid_event","detail":"invalid type: integer `5`, expected a string"},"#,
            r#"{"index":5,"id":"e4","code":"invalid_event","detail":"data.value cannot be counted: it is no decimal number"}"#,
            "]}"
        )
    );
    let pool = options.connect_with(database).await.unwrap();
    let ids: Vec<String> = stored(&pool).await.into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, ["e1", "e2", "e5"]);
}

#[sqlx::test(migrations = false)]
async fn a_batch_of_the_most_events_is_taken_and_one_more_is_not(
    options: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::new(&database).await;
    let batch = |count: usize| {
        let events: Vec<String> = (0..count).map(|n| host.event(&format!("e{n}"), "{}")).collect();
        format!("[{}]", events.join(","))
    };
    let too_many = host.post(&batch(10_001)).await;
    assert_eq!(too_many.status, 413);
    assert_eq!(
        too_many.body,
        r#"{"type":"about:blank","title":"Payload Too Large","status":413,"code":"too_large","detail":"a request carries at most 10000 events, not 10001"}"#
    );
    let pool = options.connect_with(database).await.unwrap();
    assert_eq!(stored(&pool).await.len(), 0);
    let most = host.post(&batch(10_000)).await;
    assert_eq!(
        (most.status, most.body.as_str()),
        (200, r#"{"accepted":10000,"duplicates":0,"rejected":[]}"#)
    );
    assert_eq!(
        host.post("[]").await.body,
        r#"{"accepted":0,"duplicates":0,"rejected":[]}"#
    );
}

#[sqlx::test(migrations = false)]
async fn lines_are_answered_line_by_line(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let lines = [
        host.event("e1", "{}"),
        String::new(),
        r#"{"id":"e2","#.to_owned(),
        host.event("e3", "{}"),
    ]
    .join("\r\n");
    for content_type in ["application/x-ndjson", "application/jsonl; charset=utf-8"] {
        let answer = host.post_to("/v1/events", &host.key, content_type, &lines).await;
        let (accepted, duplicates) = if content_type.contains("ndjson") {
            (2, 0)
        } else {
            (0, 2)
        };
        let expected = format!(
            r#"{{"accepted":{accepted},"duplicates":{duplicates},"rejected":[{{"index":1,"id":null,"code":"malformed_json","detail":"the line is not JSON"}}]}}"#
        );
        assert_eq!((answer.status, answer.body), (200, expected));
    }
}

#[sqlx::test(migrations = false)]
async fn an_event_takes_another_back_once(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let sent = host.event("e1", r#"{"value":7}"#);
    let back = |id: &str, of: &str| {
        let customer = &host.customer;
        format!(
            r#"{{"id":"{id}","source":"host","type":"api_requests","subject":"{customer}","reverses":"{of}"}}"#
        )
    };
    let none = host.post(&back("r0", "e1")).await;
    assert_eq!(
        (none.status, none.body.contains("unknown_event")),
        (422, true),
        "{}",
        none.body
    );
    assert_eq!(host.post(&sent).await.status, 200);
    for body in [&back("r1", "e1"), &back("r1", "e1")] {
        assert_eq!(host.post(body).await.status, 200);
    }
    let again = host.post(&back("r2", "e1")).await;
    assert_eq!(
        (again.status, again.body),
        (422, r#"{"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"already_reversed","detail":"the event was taken back before"}"#.to_owned())
    );
    let pool = options.connect_with(database).await.unwrap();
    let left: rust_decimal::Decimal = sqlx::query_scalar("SELECT sum(used) FROM usage_counter")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(left.is_zero(), "{left}");
}

#[sqlx::test(migrations = false)]
async fn history_is_taken_where_it_is_asked_for(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let customer = &host.customer;
    let old = format!(
        r#"{{"id":"old","source":"host","type":"api_requests","subject":"{customer}","time":"2024-02-29T12:00:00Z"}}"#
    );
    let to = async |path: &str, key: &str| host.post_to(path, key, "application/json", &old).await;
    assert_eq!(to("/v1/events?backfill=false", &host.key).await.status, 422);
    let answer = to("/v1/events?backfill=true", &host.key).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"accepted":1,"duplicates":0,"rejected":[]}"#)
    );
    for query in ["backfill=yes", "backfil=true"] {
        let answer = to(&format!("/v1/events?{query}"), &host.key).await;
        assert_eq!(
            (answer.status, answer.body.contains("invalid_query")),
            (400, true)
        );
    }
}
