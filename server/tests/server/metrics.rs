//! `GET /metrics`: what is counted to the last one, who sees it, and that nobody stands in it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api::Host;
use crate::http::Answer;
use crate::program::{Folder, Server};
use crate::site::{Site, database_url};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const NOBODY: &str = "cus_01900000000070008000000000000000";

/// Everything that is shown, by its name and labels.
type Shown = BTreeMap<String, f64>;

fn shown(answer: &Answer) -> Shown {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some(TEXT)),
        "{}",
        answer.body
    );
    let lines = answer.body.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// Families as they are announced, with the names of their labels.
fn announced(body: &str) -> BTreeSet<(String, String, String)> {
    let types = body.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            let counted = if kind == "histogram" { "_count{" } else { "{" };
            let labels = body
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(counted));
            let labels = labels.into_iter().flat_map(|labels| labels.split(','));
            let labels: Vec<_> = labels
                .map(|label| format!("`{}`", label.split_once('=').unwrap().0))
                .collect();
            (name.to_owned(), kind.to_owned(), labels.join(", "))
        })
        .collect()
}

async fn seen(site: &Site) -> Shown {
    shown(&site.get("/metrics").await)
}

/// By how much what is counted has risen.
fn risen(before: &Shown, after: &Shown) -> Vec<String> {
    let counted = |series: &&String| {
        let name = series.split('{').next().unwrap();
        name.ends_with("_total") || name.ends_with("_count")
    };
    let rises = after.keys().filter(counted).map(|series| {
        let rise = after[series] - before.get(series).unwrap_or(&0.0);
        format!("{series} {rise}")
    });
    rises.filter(|line| !line.ends_with(" 0")).collect()
}

/// Some of the lines of `risen`, which are sorted by name.
fn named<'a>(lines: &'a [String], name: &str) -> Vec<&'a str> {
    let named = lines.iter().filter_map(|line| line.strip_prefix(name));
    named.collect()
}

fn event(subject: &str, id: &str, kind: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"host","type":"{kind}","subject":"{subject}","data":{{"value":"1"}}}}"#
    )
}

/// Sends the beginning of a body and nothing more.
async fn cut_off(host: &Host, path: &str) -> String {
    let mut stream = TcpStream::connect(host.site.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 60\r\n\r\n{{\"specversion\":",
        host.site.address, host.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

#[sqlx::test(migrations = false)]
async fn each_refusal_is_counted_by_its_code_and_route(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let reader = host.site.api_key(&Actor::System, Scope::Read).await;
    let stranger = format!("cbk_{}", "A".repeat(43));
    let before = seen(&host.site).await;
    let events = ("POST", "/v1/events");
    let one = async |key: &str, body: &str| host.call_with(key, events, &[], body).await.status;
    let good = event(&customer, "secret-event-1", "api_requests");
    // Wrong key, wrong scope, cut off and broken bodies, an unknown customer.
    assert_eq!(one(&stranger, &good).await, 401);
    assert_eq!(one("no key at all", &good).await, 401);
    assert_eq!(one(&reader, &good).await, 403);
    assert_eq!(one(&host.key, &good[..30]).await, 400);
    assert_eq!(cut_off(&host, "/v1/events").await, "400");
    assert_eq!(
        one(&host.key, &event(NOBODY, "secret-event-2", "api_requests")).await,
        422
    );
    assert_eq!(one(&host.key, r#"{"id":"secret-event-3"}"#).await, 422);
    let large = [("Content-Length", "104857600")];
    for path in ["/v1/events", "/v1/customers"] {
        let answer = host.call_with(&host.key, ("POST", path), &large, "").await;
        assert_eq!(answer.status, 413, "{path}");
    }
    let unknown = format!("/v1/customers/{NOBODY}");
    assert_eq!(host.get(&unknown).await.status, 404);
    assert_eq!(host.get("/v1/secret-path").await.status, 404);
    assert_eq!(host.call("BREW", "/v1/events", json!({})).await.status, 405);
    // What was refused under a name is refused again from memory.
    let body = json!({ "customer": NOBODY, "plan": "starter" }).to_string();
    for _ in 0..2 {
        let named = [("Idempotency-Key", "secret-name")];
        let call = ("POST", "/v1/subscriptions");
        let answer = host.call_with(&host.key, call, &named, &body).await;
        assert_eq!(answer.status, 404, "{}", answer.body);
    }
    let lines = risen(&before, &seen(&host.site).await);
    assert_eq!(
        named(&lines, "billing_refusals_total"),
        [
            r#"{code="forbidden",route="/v1/events"} 1"#,
            r#"{code="incomplete_body",route="/v1/events"} 1"#,
            r#"{code="invalid_event",route="/v1/events"} 1"#,
            r#"{code="malformed_json",route="/v1/events"} 1"#,
            r#"{code="method_not_allowed",route="/v1/events"} 1"#,
            r#"{code="not_found",route="/v1/customers/{id}"} 1"#,
            r#"{code="not_found",route="/v1/subscriptions"} 2"#,
            r#"{code="not_found",route="unmatched"} 1"#,
            r#"{code="too_large",route="/v1/customers"} 1"#,
            r#"{code="too_large",route="/v1/events"} 1"#,
            r#"{code="unauthenticated",route="/v1/events"} 2"#,
            r#"{code="unknown_customer",route="/v1/events"} 1"#,
        ]
    );
    assert_eq!(
        named(&lines, "billing_http_request_duration_seconds_count"),
        [
            r#"{method="GET",route="/metrics",status="2xx"} 1"#,
            r#"{method="GET",route="/v1/customers/{id}",status="4xx"} 1"#,
            r#"{method="GET",route="unmatched",status="4xx"} 1"#,
            r#"{method="POST",route="/v1/customers",status="4xx"} 1"#,
            r#"{method="POST",route="/v1/events",status="4xx"} 8"#,
            r#"{method="POST",route="/v1/subscriptions",status="4xx"} 2"#,
            r#"{method="other",route="/v1/events",status="4xx"} 1"#,
        ]
    );
    assert_eq!(
        named(&lines, "billing_usage_events_total"),
        [
            r#"{result="refused",reason="invalid_event"} 1"#,
            r#"{result="refused",reason="unknown_customer"} 1"#,
        ]
    );
    assert_eq!(lines.len(), 21, "{lines:?}");
    let body = host.site.get("/metrics").await.body;
    let shown_by = [&host.key, &reader, &stranger, "cbk_", "Bearer"];
    let of = [
        &customer,
        &customer["cus_".len()..],
        NOBODY,
        "cus_",
        "lumen",
        "secret",
        "BREW",
    ];
    for secret in shown_by.into_iter().chain(of) {
        assert!(!body.contains(secret), "{secret} is shown:\n{body}");
    }
}

#[sqlx::test(migrations = false)]
async fn events_and_decisions_are_counted_one_by_one(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (customer, _) = host.subscriber("lumen", "starter").await;
    let before = seen(&host.site).await;
    let of = |id: &str| event(&customer, id, "api_requests");
    let conflict = of("a").replace(r#""1""#, r#""2""#);
    let batch = format!(
        "[{},{},{},{{}},{conflict}]",
        of("a"),
        of("b"),
        event(&customer, "c", "moons")
    );
    for body in [&of("a"), &of("a"), &batch, &conflict] {
        host.call_with(&host.key, ("POST", "/v1/events"), &[], body).await;
    }
    let ask = async |what: &str, rest: &str| {
        let body = format!(r#"{{"customer":"{customer}","meter":"chain_deployments"{rest}}}"#);
        let path = format!("/v1/usage/{what}");
        host.call_with(&host.key, ("POST", &path), &[], &body)
            .await
            .status
    };
    assert_eq!(ask("check", "").await, 200);
    assert_eq!(ask("check", r#","quantity":2"#).await, 200);
    assert_eq!(ask("check", r#","quantity":3"#).await, 200);
    assert_eq!(ask("reserve", r#","id":"r1""#).await, 200);
    assert_eq!(ask("reserve", r#","id":"r2""#).await, 429);
    let lines = risen(&before, &seen(&host.site).await);
    assert_eq!(
        lines,
        [
            r#"billing_http_request_duration_seconds_count{method="GET",route="/metrics",status="2xx"} 1"#,
            r#"billing_http_request_duration_seconds_count{method="POST",route="/v1/events",status="2xx"} 3"#,
            r#"billing_http_request_duration_seconds_count{method="POST",route="/v1/events",status="4xx"} 1"#,
            r#"billing_http_request_duration_seconds_count{method="POST",route="/v1/usage/check",status="2xx"} 3"#,
            r#"billing_http_request_duration_seconds_count{method="POST",route="/v1/usage/reserve",status="2xx"} 1"#,
            r#"billing_http_request_duration_seconds_count{method="POST",route="/v1/usage/reserve",status="4xx"} 1"#,
            r#"billing_limit_decisions_total{ask="check",reason="allowed"} 1"#,
            r#"billing_limit_decisions_total{ask="check",reason="limit_reached"} 2"#,
            r#"billing_limit_decisions_total{ask="reserve",reason="allowed"} 1"#,
            r#"billing_limit_decisions_total{ask="reserve",reason="limit_reached"} 1"#,
            r#"billing_refusals_total{code="event_conflict",route="/v1/events"} 1"#,
            r#"billing_refusals_total{code="limit_reached",route="/v1/usage/reserve"} 1"#,
            r#"billing_usage_events_total{result="accepted",reason=""} 2"#,
            r#"billing_usage_events_total{result="duplicate",reason=""} 2"#,
            r#"billing_usage_events_total{result="refused",reason="event_conflict"} 2"#,
            r#"billing_usage_events_total{result="refused",reason="invalid_event"} 1"#,
            r#"billing_usage_events_total{result="refused",reason="unknown_meter"} 1"#,
        ]
    );
}

#[sqlx::test(migrations = false)]
async fn what_waits_and_what_runs_did_is_shown(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    host.subscriber("lumen", "starter").await;
    let parked = host.customer("umbra").await;
    let pool = options.connect_with(database).await.unwrap();
    for sql in [
        "UPDATE customer SET due_at = now() - interval '90 seconds' WHERE name = 'lumen'",
        "UPDATE customer SET parked_reason = 'for the test' WHERE name = 'umbra'",
        "UPDATE mail_sending SET since = '2020-01-01'",
        "UPDATE outbox_event SET recorded_at = now() - interval '5 minutes'",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox_event")
        .fetch_one(&pool)
        .await
        .unwrap();
    let letters: i64 = sqlx::query_scalar("SELECT count(*) FROM mail")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(told > 0 && letters > 0);
    let now = seen(&host.site).await;
    let of = |name: &str| -> Vec<String> {
        let of = now.iter().filter(|(series, _)| series.starts_with(name));
        of.map(|(series, value)| format!("{} {value}", &series[name.len()..]))
            .collect()
    };
    assert_eq!(
        of("billing_backlog{"),
        [
            r#"kind="alert_notification",state="due"} 0"#.to_owned(),
            r#"kind="alert_notification",state="later"} 0"#.to_owned(),
            r#"kind="billing_job",state="due"} 0"#.to_owned(),
            r#"kind="billing_job",state="given_up"} 0"#.to_owned(),
            r#"kind="billing_job",state="later"} 0"#.to_owned(),
            r#"kind="customer",state="due"} 1"#.to_owned(),
            r#"kind="customer",state="given_up"} 1"#.to_owned(),
            r#"kind="invoice",state="due"} 0"#.to_owned(),
            r#"kind="invoice",state="later"} 0"#.to_owned(),
            format!(r#"kind="mail",state="due"}} {letters}"#),
            format!(r#"kind="outbox_event",state="due"}} {told}"#),
            r#"kind="outgoing_job",state="due"} 0"#.to_owned(),
            r#"kind="outgoing_job",state="given_up"} 0"#.to_owned(),
            r#"kind="outgoing_job",state="later"} 0"#.to_owned(),
            r#"kind="webhook_delivery",state="due"} 0"#.to_owned(),
            r#"kind="webhook_delivery",state="later"} 0"#.to_owned(),
        ]
    );
    let late = |kind: &str| now[&format!(r#"billing_backlog_late_seconds{{kind="{kind}"}}"#)];
    assert!((90.0..150.0).contains(&late("customer")), "{}", late("customer"));
    assert!(
        (300.0..360.0).contains(&late("outbox_event")),
        "{}",
        late("outbox_event")
    );
    assert!((0.0..60.0).contains(&late("mail")), "{}", late("mail"));
    for kind in [
        "invoice",
        "webhook_delivery",
        "alert_notification",
        "billing_job",
        "outgoing_job",
    ] {
        assert_eq!(late(kind).to_bits(), 0, "{kind}");
    }
    assert_eq!(
        of("billing_charges_total{"),
        [
            r#"result="canceled"} 0"#,
            r#"result="declined"} 0"#,
            r#"result="processing"} 0"#,
            r#"result="requires_action"} 0"#,
            r#"result="succeeded"} 1"#,
        ]
    );
    let whole = |name: &str| format!("{}", now[name]);
    assert_eq!(whole("billing_db_up"), "1");
    assert_eq!(whole(r#"billing_db_connections_most{pool="all"}"#), "20");
    assert_eq!(whole(r#"billing_db_connections_most{pool="usage_writers"}"#), "8");
    assert_eq!(whole("billing_intake_events"), "0");
    let connections = now[r#"billing_db_connections{pool="all",state="in_use"}"#]
        + now[r#"billing_db_connections{pool="all",state="idle"}"#];
    assert!((1.0..=20.0).contains(&connections), "{connections}");
    assert!((0.0..2.0).contains(&now["billing_db_wait_seconds"]));

    // The run finds that nothing is due of the one and passes over the other.
    host.site.billing.run_due().await.unwrap();
    let parked = host
        .site
        .billing
        .unpark(&Actor::System, parked.parse().unwrap())
        .await;
    parked.unwrap();
    sqlx::query("UPDATE customer SET currency = 'XXX', due_at = now() WHERE name = 'umbra'")
        .execute(&pool)
        .await
        .unwrap();
    host.site.billing.run_due().await.unwrap();
    pool.close().await;
    let after = seen(&host.site).await;
    assert_eq!(
        named(&risen(&now, &after), "billing_run"),
        ["_parked_customers_total 1", r#"s_total{result="completed"} 2"#]
    );
}

#[sqlx::test(migrations = false)]
async fn where_the_database_cannot_say_the_rest_is_shown(options: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let pool = options.connect_with(database).await.unwrap();
    let rename = "ALTER TABLE webhook_cursor RENAME TO gone";
    sqlx::query(rename).execute(&pool).await.unwrap();
    site.get("/livez").await;
    let answer = site.get("/metrics").await;
    let now = shown(&answer);
    assert_eq!(now["billing_db_up"].to_bits(), 0);
    let reads = ["billing_backlog", "billing_db_wait"];
    assert!(
        !now.keys()
            .any(|series| reads.iter().any(|name| series.starts_with(name)))
    );
    let live = r#"billing_http_request_duration_seconds_count{method="GET",route="/livez",status="2xx"}"#;
    assert_eq!(format!("{}", now[live]), "1");
    assert!(!answer.body.contains("webhook_cursor"));
}

#[sqlx::test(migrations = false)]
async fn without_a_token_they_are_shown_on_this_machine_alone(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    for header in [
        ("X-Forwarded-For", "198.51.100.1"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
    ] {
        let answer = site.send("GET", "/metrics", &[header], b"").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (
                403,
                concat!(
                    r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden","#,
                    r#""detail":"without METRICS_TOKEN, metrics are shown on the server's own machine alone"}"#
                )
            ),
            "{header:?}"
        );
    }
    let now = seen(&site).await;
    assert_eq!(
        format!(
            "{}",
            now[r#"billing_refusals_total{code="forbidden",route="/metrics"}"#]
        ),
        "3"
    );
}

#[sqlx::test(migrations = false)]
async fn with_a_token_whoever_shows_it_sees_them(_: PgPoolOptions, database: PgConnectOptions) {
    use secrecy::ExposeSecret;
    const TOKEN: &str = "a-token-of-32-characters-or-more";
    let site = Site::start(&database).await;
    let key = site.api_key(&Actor::System, Scope::Read).await;
    let folder = Folder::new();
    let url = database_url(&database);
    let variables = [("METRICS_TOKEN", TOKEN), ("DATABASE_URL", url.expose_secret())];
    let server = Server::start_in(folder.path(), &["--no-demo", "--no-worker"], &variables);
    let send = async |authorization: &str| {
        let request = crate::http::Request {
            method: "GET",
            path: "/metrics",
            headers: &[
                ("Authorization", authorization),
                ("X-Forwarded-For", "198.51.100.1"),
            ],
            body: b"",
        };
        request.send(server.address).await
    };
    for wrong in [
        "",
        "Bearer ",
        "Bearer a-token-of-32-characters-or-mora",
        &format!("Bearer {key}"),
        TOKEN,
    ] {
        let answer = send(wrong).await;
        let said = r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"unauthenticated","detail":"no key or token that is good: send Authorization: Bearer, with one that has not expired"}"#;
        assert_eq!((answer.status, answer.body.as_str()), (401, said), "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let answer = send(&format!("Bearer {TOKEN}")).await;
    let refused = shown(&answer)[r#"billing_refusals_total{code="unauthenticated",route="/metrics"}"#];
    assert_eq!(format!("{refused}"), "5");
    assert!(!answer.body.contains(TOKEN) && !answer.body.contains("198.51.100.1"));
    // The same machine shows it too.
    assert_eq!(server.get("/metrics").unwrap().status, 401);
}

/// docs/monitoring.md has a row for each: name, type, unit, labels, what it says.
#[sqlx::test(migrations = false)]
async fn every_metric_is_described(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    site.get("/v1/customers").await;
    let described: BTreeSet<_> = include_str!("../../../docs/monitoring.md")
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split(" | ").collect();
            let [name, kind, _, labels, _] = cells[..] else {
                return None;
            };
            let name = name.strip_prefix("| `billing_")?.strip_suffix('`')?;
            let labels = labels.trim_matches('–');
            Some((format!("billing_{name}"), kind.to_owned(), labels.to_owned()))
        })
        .collect();
    assert_eq!(announced(&site.get("/metrics").await.body), described);
}
