//! `/v1/webhook_endpoints`, their deliveries and `/v1/events_feed`: the whole answer to each kind of request.

use serde_json::{Value, json};
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::http::Answer;
use crate::receiver::Receiver;
use crate::site::{Site, customer_id};

struct Host {
    site: Site,
    read: String,
    write: String,
    receiver: Receiver,
}

impl Host {
    async fn new(database: &PgConnectOptions) -> Self {
        let site = Site::start(database).await;
        Self {
            read: site.api_key(&Actor::System, Scope::Read).await,
            write: site.api_key(&Actor::System, Scope::Write).await,
            site,
            receiver: Receiver::start().await,
        }
    }

    async fn ask(&self, (method, path): (&str, &str), body: Value) -> Answer {
        let key = if method == "GET" { &self.read } else { &self.write };
        self.ask_as(key, (method, path), body).await
    }

    async fn ask_as(&self, key: &str, (method, path): (&str, &str), body: Value) -> Answer {
        let authorization = format!("Bearer {key}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.site.send(method, path, &headers, body.as_bytes()).await
    }

    async fn create(&self) -> Value {
        let body = json!({ "url": self.receiver.url("/hooks"), "description": "host" });
        let made = self.ask(("POST", "/v1/webhook_endpoints"), body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        json(&made)
    }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn code(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    (answer.status, json(answer)["code"].as_str().unwrap().to_owned())
}

#[sqlx::test(migrations = false)]
async fn an_endpoint_is_made_shown_changed_and_deleted(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let mut made = host.create().await;
    let secret = made.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(secret.as_str().unwrap().starts_with("whsec_"));
    let id = made["id"].as_str().unwrap().to_owned();
    let created_at = made["created_at"].clone();
    let expected = json!({
        "id": id, "url": host.receiver.url("/hooks"), "description": "host", "kinds": [], "enabled": true,
        "disabled_reason": null, "failing_since": null, "last_success_at": null, "created_at": created_at,
    });
    assert_eq!(made, expected);
    let path = format!("/v1/webhook_endpoints/{id}");
    assert_eq!(json(&host.ask(("GET", &path), Value::Null).await), expected);
    let list = json(&host.ask(("GET", "/v1/webhook_endpoints"), Value::Null).await);
    assert_eq!(
        list,
        json!({ "data": [expected], "has_more": false, "next_cursor": null })
    );

    let edit = json!({ "kinds": ["invoice.*"], "enabled": false });
    let edited = json(&host.ask(("PATCH", &path), edit).await);
    assert_eq!(
        (&edited["kinds"], &edited["enabled"]),
        (&json!(["invoice.*"]), &json!(false))
    );
    assert_eq!(edited["description"], "host");
    let off = host.ask(("POST", &format!("{path}/test")), json!({})).await;
    assert_eq!(code(&off), (409, "endpoint_off".to_owned()));

    let rotated = host
        .ask(
            ("POST", &format!("{path}/rotate_secret")),
            json!({ "overlap_hours": 1 }),
        )
        .await;
    assert_eq!(rotated.status, 200);
    assert_ne!(json(&rotated)["secret"], secret);
    let deleted = host.ask(("DELETE", &path), Value::Null).await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    let gone = host.ask(("GET", &path), Value::Null).await;
    assert_eq!(code(&gone), (404, "not_found".to_owned()));
}

#[sqlx::test(migrations = false)]
async fn what_was_sent_is_listed_and_sent_again(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let made = host.create().await;
    let id = made["id"].as_str().unwrap();
    host.receiver.will_answer(&[(200, "thanks")]);
    let path = format!("/v1/webhook_endpoints/{id}/test");
    let tested = json(&host.ask(("POST", &path), Value::Null).await);
    assert_eq!(
        (&tested["state"], &tested["type"]),
        (&json!("success"), &json!("webhook_endpoint.test"))
    );
    assert_eq!(
        (&tested["log"][0]["status"], &tested["log"][0]["answer"]),
        (&json!(200), &json!("thanks"))
    );
    let received = host.receiver.take();
    assert_eq!(tested["body"], received[0].body);
    assert_eq!(tested["event"], received[0].header("webhook-id"));
    for _ in 0..2 {
        host.ask(("POST", &path), Value::Null).await;
    }
    let list = format!("/v1/webhook_endpoints/{id}/deliveries");
    let first = json(&host.ask(("GET", &format!("{list}?limit=2")), Value::Null).await);
    assert_eq!(
        (first["data"].as_array().unwrap().len(), &first["has_more"]),
        (2, &json!(true))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = json(
        &host
            .ask(("GET", &format!("{list}?limit=2&cursor={cursor}")), Value::Null)
            .await,
    );
    assert_eq!(
        (second["data"].as_array().unwrap().len(), &second["has_more"]),
        (1, &json!(false))
    );
    assert_eq!(second["data"][0]["id"], tested["id"]);
    // A place in no list, and one in another endpoint's.
    let other = host.create().await;
    let others = format!(
        "/v1/webhook_endpoints/{}/deliveries",
        other["id"].as_str().unwrap()
    );
    let unknown = "wd_00000000000000000000000000000000";
    for path in [
        format!("{list}?cursor={unknown}"),
        format!("{others}?cursor={cursor}"),
    ] {
        let lost = host.ask(("GET", &path), Value::Null).await;
        assert_eq!(code(&lost), (400, "invalid_cursor".to_owned()), "{path}");
    }
    let failed = json(
        &host
            .ask(("GET", &format!("{list}?state=failed")), Value::Null)
            .await,
    );
    assert_eq!(failed["data"], json!([]));

    let delivery = format!("/v1/webhook_deliveries/{}", tested["id"].as_str().unwrap());
    assert_eq!(json(&host.ask(("GET", &delivery), Value::Null).await), tested);
    let resent = json(
        &host
            .ask(("POST", &format!("{delivery}/resend")), Value::Null)
            .await,
    );
    assert_eq!(resent["state"], "pending");
    host.site.billing.drain_outgoing().await.unwrap();
    let after = json(&host.ask(("GET", &delivery), Value::Null).await);
    assert_eq!(
        (&after["state"], &after["attempts"]),
        (&json!("success"), &json!(2))
    );
    let replay = json!({ "since": "2026-01-01T00:00:00Z" });
    let replayed = host
        .ask(("POST", &format!("/v1/webhook_endpoints/{id}/replay")), replay)
        .await;
    assert_eq!(json(&replayed), json!({ "deliveries": 0, "has_more": false }));
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_is_refused_with_a_code(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let made = host.create().await;
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let endpoints = "/v1/webhook_endpoints";
    for (asked, body, status, expected) in [
        (("POST", endpoints), json!({}), 422, "invalid"),
        (
            ("POST", endpoints),
            json!({ "url": "ftp://example.com" }),
            422,
            "target_refused",
        ),
        (
            ("POST", endpoints),
            json!({ "url": "https://a:b@example.com" }),
            422,
            "target_refused",
        ),
        (
            ("POST", endpoints),
            json!({ "url": "https://x.example", "secret": "mine" }),
            422,
            "invalid",
        ),
        (
            ("POST", endpoints),
            json!({ "url": "https://x.example", "kinds": ["*"] }),
            422,
            "invalid",
        ),
        (("POST", endpoints), Value::Null, 400, "malformed_json"),
        (
            ("PATCH", &path),
            json!({ "url": "nowhere" }),
            422,
            "target_refused",
        ),
        (
            ("POST", &format!("{path}/rotate_secret")),
            json!({ "overlap_hours": 169 }),
            422,
            "invalid",
        ),
        (
            ("POST", &format!("{path}/replay")),
            json!({ "since": "yesterday" }),
            422,
            "invalid",
        ),
        (("POST", &format!("{path}/nothing")), json!({}), 404, "not_found"),
        (
            ("GET", "/v1/webhook_endpoints/we_1"),
            Value::Null,
            404,
            "not_found",
        ),
        (
            ("GET", "/v1/webhook_deliveries/wd_1"),
            Value::Null,
            404,
            "not_found",
        ),
        (
            ("GET", &format!("{path}/deliveries?limit=0")),
            Value::Null,
            400,
            "invalid_query",
        ),
        (
            ("GET", &format!("{path}/deliveries?state=lost")),
            Value::Null,
            400,
            "invalid_query",
        ),
        (
            ("GET", &format!("{path}/deliveries?page=2")),
            Value::Null,
            400,
            "invalid_query",
        ),
        (
            ("GET", "/v1/events_feed?after=nonsense"),
            Value::Null,
            400,
            "invalid_cursor",
        ),
        (
            ("GET", "/v1/events_feed?limit=501"),
            Value::Null,
            400,
            "invalid_query",
        ),
        (("PUT", endpoints), json!({}), 405, "method_not_allowed"),
    ] {
        let answer = host.ask(asked, body).await;
        assert_eq!(code(&answer), (status, expected.to_owned()), "{asked:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn keys_of_another_scope_or_of_a_customer_are_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let ada = host.site.customer("lumen").await;
    let made = host.create().await;
    let path = format!("/v1/webhook_endpoints/{}", made["id"].as_str().unwrap());
    let own_read = host.site.api_key(&ada, Scope::Read).await;
    let own_write = host.site.api_key(&ada, Scope::Write).await;
    let reads = [("GET", "/v1/webhook_endpoints"), ("GET", &path)];
    for (key, refused) in [
        (&own_read, "forbidden"),
        (&host.write, "forbidden"),
        (&"cbk_no".to_owned(), "unauthenticated"),
    ] {
        for asked in reads {
            assert_eq!(
                code(&host.ask_as(key, asked, Value::Null).await).1,
                refused,
                "{asked:?}"
            );
        }
    }
    for key in [&own_write, &host.read] {
        for asked in [
            ("POST", "/v1/webhook_endpoints"),
            ("PATCH", &path),
            ("POST", &format!("{path}/rotate_secret")),
        ] {
            let body = if asked.1.ends_with('s') {
                json!({ "url": "https://x.example" })
            } else {
                json!({})
            };
            assert_eq!(
                code(&host.ask_as(key, asked, body).await),
                (403, "forbidden".to_owned()),
                "{asked:?}"
            );
        }
        assert_eq!(host.ask_as(key, ("DELETE", &path), Value::Null).await.status, 403);
    }
}

#[sqlx::test(migrations = false)]
async fn the_feed_is_read_on_from_where_one_was(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let ada = host.site.customer("lumen").await;
    for kind in [
        "customer.terms_changed",
        "customer.dunning_end_changed",
        "customer.tax_changed",
    ] {
        let event = "INSERT INTO outbox_event (id, kind, customer_id, subject, occurred_at, payload)
            SELECT gen_random_uuid(), $1, id, wire_id('cus', id), '2026-03-01 12:00:00+00', '{\"net_days\":30}'
            FROM customer";
        let mut conn = sqlx::ConnectOptions::connect(&database).await.unwrap();
        sqlx::query(event).bind(kind).execute(&mut conn).await.unwrap();
    }
    let read = |path: String| {
        let host = &host;
        async move { json(&host.ask(("GET", &path), Value::Null).await) }
    };
    let mut page = read("/v1/events_feed?limit=2".to_owned()).await;
    for _ in 0..200 {
        if page["data"].as_array().unwrap().len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        page = read("/v1/events_feed?limit=2".to_owned()).await;
    }
    let first = &page["data"][0];
    assert_eq!(first["type"], "customer.terms_changed");
    assert_eq!(first["timestamp"], "2026-03-01T12:00:00Z");
    assert_eq!(first["subject"], customer_id(&ada));
    assert_eq!(first["customer"], customer_id(&ada));
    assert_eq!(first["data"]["name"], "lumen");
    assert_eq!(first["change"], json!({ "net_days": 30 }));
    let after = page["next_cursor"].as_str().unwrap().to_owned();
    let mut rest = read(format!("/v1/events_feed?after={after}")).await;
    for _ in 0..200 {
        if rest["data"].as_array().unwrap().len() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        rest = read(format!("/v1/events_feed?after={after}")).await;
    }
    assert_eq!(rest["data"][0]["type"], "customer.tax_changed");
    assert_eq!(rest["has_more"], false);
    let after = rest["next_cursor"].as_str().unwrap().to_owned();
    let nothing = read(format!("/v1/events_feed?after={after}")).await;
    assert_eq!(
        nothing,
        json!({ "data": [], "has_more": false, "next_cursor": after })
    );
}
