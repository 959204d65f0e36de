//! What no client of ours sends: a 4xx with a stable code, and nothing half-written.

use std::time::{Duration, Instant};

use serde_json::json;
use service::{Actor, Scope};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ALL, Host, json, problem, said, text};

#[sqlx::test(migrations = false)]
async fn bodies_that_make_no_sense(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let long = format!(r#"{{"name":"{}","email":"a@b.example"}}"#, "a".repeat(201));
    let many = (0..51)
        .map(|n| (n.to_string(), json!("x")))
        .collect::<serde_json::Map<_, _>>();
    let many = json!({ "name": "x", "email": "a@b.example", "metadata": many }).to_string();
    let deep = "[".repeat(10_000);
    for (body, status, code) in [
        ("", 400, "malformed_json"),
        ("{", 400, "malformed_json"),
        (r#"{"name":"x","email":"a@b.exa"#, 400, "malformed_json"),
        ("name=x&email=a@b.example", 400, "malformed_json"),
        (r#"{"name":NaN,"email":"a@b.example"}"#, 400, "malformed_json"),
        (r#"{"name":"x","email":"a@b.example"} {}"#, 400, "malformed_json"),
        (
            "{\"name\":\"\u{0}\",\"email\":\"a@b.example\"}",
            400,
            "malformed_json",
        ),
        (&deep, 422, "invalid"),
        ("null", 422, "invalid"),
        ("[]", 422, "invalid"),
        (r#"{"name":1,"email":"a@b.example"}"#, 422, "invalid"),
        (r#"{"name":1e999,"email":"a@b.example"}"#, 400, "malformed_json"),
        (
            r#"{"name":99999999999999999999,"email":"a@b.example"}"#,
            422,
            "invalid",
        ),
        (r#"{"name":"x"}"#, 422, "invalid"),
        (
            r#"{"name":"x","email":"a@b.example","admin":true}"#,
            422,
            "invalid",
        ),
        (
            r#"{"name":"x","email":"a@b.example","metadata":{"a":1}}"#,
            422,
            "invalid",
        ),
        (
            r#"{"name":"x","email":"a@b.example","metadata":{"":"1"}}"#,
            422,
            "invalid",
        ),
        (
            r#"{"name":"x","email":"a@b.example","metadata":{"a":"\u0000"}}"#,
            422,
            "invalid",
        ),
        (
            r#"{"name":"x","email":"a@b.example","currency":"dollars"}"#,
            422,
            "invalid",
        ),
        (
            r#"{"name":"x","email":"a@b.example","time_zone":"Mars/Base"}"#,
            422,
            "invalid",
        ),
        (r#"{"name":"x","email":"nobody"}"#, 422, "invalid"),
        (
            r#"{"name":"x","email":"a@b.example","external_id":" x"}"#,
            422,
            "invalid",
        ),
        (&long, 422, "invalid"),
        (&many, 422, "invalid"),
    ] {
        let answer = host
            .call_with(&host.key, ("POST", "/v1/customers"), &[], body)
            .await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!(problem(&answer), said(status, code), "{shown}");
    }
    let page = json(&host.get("/v1/customers").await);
    assert_eq!(page["data"], json!([]), "something was written");
}

#[sqlx::test(migrations = false)]
async fn types_sizes_and_methods_that_are_not_wanted(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let key = format!("Bearer {}", host.key);
    let body = json!({ "name": "x", "email": "a@b.example" }).to_string();
    for kind in [&[][..], &[("Content-Type", "text/plain")]] {
        let mut headers = vec![("Authorization", key.as_str())];
        headers.extend(kind);
        let answer = host
            .site
            .send("POST", "/v1/customers", &headers, body.as_bytes())
            .await;
        assert_eq!(problem(&answer), said(415, "unsupported_media_type"));
    }
    let json_type = ("Content-Type", "application/json");
    let large = format!(r#"{{"name":"{}"}}"#, "a".repeat(70_000));
    let answer = host
        .call_with(&host.key, ("POST", "/v1/customers"), &[], &large)
        .await;
    assert_eq!(problem(&answer), said(413, "too_large"));
    // 100 MB: said to be that long it is not waited for; sent in pieces, it is read no further than the limit.
    let huge = ("Content-Length", "104857600");
    let headers = [("Authorization", key.as_str()), json_type, huge];
    let answer = host.site.send("POST", "/v1/customers", &headers, b"{").await;
    assert_eq!(problem(&answer), said(413, "too_large"));
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    let headers = [
        ("Authorization", key.as_str()),
        json_type,
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", ""),
    ];
    let headers = &headers[..3];
    let mut stream = TcpStream::connect(host.site.address).await.unwrap();
    let mut head = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
        host.site.address
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut sent = 0;
    while sent < 1_600 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    assert!(sent < 1_600, "a body of 100 MB was read to its end");
    for method in ["DELETE", "PUT"] {
        let answer = host.call(method, "/v1/customers", json!({})).await;
        assert_eq!(problem(&answer), said(405, "method_not_allowed"));
    }
}

#[sqlx::test(migrations = false)]
async fn a_body_that_dribbles_in_is_not_waited_for(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    tokio::join!(
        dribble(&host, "/v1/customers"),
        dribble(&host, "/v1/events"),
        dribble(&host, "/v1/usage/check"),
    );
}

async fn dribble(host: &Host, path: &str) {
    let mut stream = TcpStream::connect(host.site.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 60\r\n\r\n{{",
        host.site.address, host.key
    );
    let started = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(20), read).await;
    assert!(matches!(read, Ok(Ok(_))), "{path}: {read:?}");
    assert!(started.elapsed() >= Duration::from_secs(9));
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("slow_body"),
        "{path}: {answer}"
    );
}

/// Whoever may not ask is told so before what is asked is looked at; nothing is written, whoever asks.
#[sqlx::test(migrations = false)]
async fn callers_who_may_not_ask(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let pool = options.connect_with(database).await.unwrap();
    let (customer, subscription) = host.subscriber("lumen", "starter").await;
    let invoice = text(&json(&host.get("/v1/invoices").await)["data"][0]["id"]);
    let of = |subscription: &str, what: &str| format!("/v1/subscriptions/{subscription}/{what}");
    let calls = [
        ("POST", "/v1/customers".to_owned()),
        ("PATCH", format!("/v1/customers/{customer}")),
        ("PUT", "/v1/customers/external/u-1".to_owned()),
        ("POST", "/v1/subscriptions".to_owned()),
        ("POST", of(&subscription, "preview_change")),
        ("POST", of(&subscription, "change")),
        ("POST", of(&subscription, "undo_change")),
        ("POST", of(&subscription, "cancel")),
        ("POST", of(&subscription, "keep")),
        ("POST", of(&subscription, "pause")),
        ("POST", of(&subscription, "resume")),
        ("POST", format!("/v1/invoices/{invoice}/void")),
        ("POST", "/v1/credit_notes".to_owned()),
        ("POST", "/v1/portal_sessions".to_owned()),
        ("POST", "/v1/promotion_codes/validate".to_owned()),
        ("POST", "/v1/alerts".to_owned()),
        ("POST", "/v1/webhook_endpoints".to_owned()),
        ("POST", "/v1/events".to_owned()),
        ("POST", "/v1/usage/check".to_owned()),
        ("POST", "/v1/usage/reserve".to_owned()),
    ];
    let written = async || -> i64 {
        let sql = "SELECT count(*) FROM audit_entry WHERE action NOT LIKE 'api_key.%'";
        sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
    };
    let before = written().await;
    let nobody = format!("cbk_{}", "A".repeat(43));
    let (revoked, expired) = (
        bad_key(&host, &pool, "revoked_at").await,
        bad_key(&host, &pool, "expires_at").await,
    );
    // Each scope but the one that is needed.
    let blind = host.site.api_key(&Actor::System, Scope::Money).await;
    let usage = host.site.api_key(&Actor::System, Scope::EventsWrite).await;
    let mut address = 0_u8;
    for (method, path) in &calls {
        address += 1;
        for key in [nobody.as_str(), &revoked, &expired, "", "x.y.z"] {
            // From so many places that none of them asks too much.
            let from = format!("198.51.100.{address}");
            let from = ("X-Forwarded-For", from.as_str());
            for headers in [&[from][..], &[from, ("Idempotency-Key", "k")]] {
                let answer = host.call_with(key, (method, path), headers, "{").await;
                assert_eq!(problem(&answer), said(401, "unauthenticated"), "{method} {path}");
            }
        }
        let metering = path.starts_with("/v1/events") || path.starts_with("/v1/usage/reserve");
        let money = path.contains("/void") || path == "/v1/credit_notes";
        let key = if metering || money {
            &host.site.api_key(&Actor::System, Scope::Read).await
        } else {
            &blind
        };
        let answer = host.call_with(key, (method, path), &[], "{").await;
        assert_eq!(problem(&answer), said(403, "forbidden"), "{method} {path}");
        if !metering {
            let answer = host.call_with(&usage, (method, path), &[], "{").await;
            assert_eq!(problem(&answer), said(403, "forbidden"), "{method} {path}");
        }
        // Whoever may is told what is wrong with the body.
        // Where all of it may be left out, null is no mistake.
        let wrong = if path.ends_with("/pause") {
            json!(7)
        } else {
            json!(null)
        };
        let answer = host.call(method, path, wrong).await;
        let bodiless = ["undo_change", "keep", "resume"]
            .iter()
            .any(|end| path.ends_with(end));
        assert!(
            bodiless || matches!(answer.status, 400 | 422),
            "{method} {path}: {}",
            answer.body
        );
        if !bodiless {
            let cut = host.call_with(&host.key, (method, path), &[], "{").await;
            assert_eq!(problem(&cut), said(400, "malformed_json"), "{method} {path}");
        }
    }
    assert_eq!(written().await, before);
}

/// Also of what is behind the question mark, and of what goes by a name in the path.
#[sqlx::test(migrations = false)]
async fn whoever_may_not_read_hears_nothing_else(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let blind = host.site.api_key(&Actor::System, Scope::Money).await;
    let lists = [
        "customers",
        "plans",
        "subscriptions",
        "invoices",
        "credit_notes",
        "alerts",
        "events_feed",
        "webhook_endpoints/we_00000000000000000000000000000000/deliveries",
    ];
    for list in lists {
        let path = format!("/v1/{list}?what=1");
        let refused = host.get_with(&blind, &path).await;
        assert_eq!(problem(&refused), said(403, "forbidden"), "{path}");
        let told = host.get(&path).await;
        assert_eq!(problem(&told), said(400, "invalid_query"), "{path}");
    }
    for name in ["plans/%00", "alert_rules/%00"] {
        let refused = host.get_with(&blind, &format!("/v1/{name}")).await;
        assert_eq!(problem(&refused), said(403, "forbidden"), "{name}");
        let told = host.get(&format!("/v1/{name}")).await;
        assert_eq!(problem(&told), said(404, "not_found"), "{name}");
    }
    for (method, path) in [("PATCH", "/v1/alert_rules/%00"), ("POST", "/v1/events?what=1")] {
        let refused = host.call_with(&blind, (method, path), &[], "{}").await;
        assert_eq!(problem(&refused), said(403, "forbidden"), "{path}");
    }
}

/// A key whose time is over by this column.
async fn bad_key(host: &Host, pool: &PgPool, column: &str) -> String {
    let key = host.site.api_key_of(&Actor::System, &ALL).await;
    let sql = format!("UPDATE api_key SET {column} = now() WHERE prefix = $1");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&key["cbk_".len()..][..8])
        .execute(pool)
        .await
        .unwrap();
    key
}

/// Numbers beyond what anything can be.
#[sqlx::test(migrations = false)]
async fn numbers_that_are_none(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (customer, id) = host.subscriber("lumen", "starter").await;
    let invoice = text(&json(&host.get("/v1/invoices").await)["data"][0]["id"]);
    let detail = json(&host.get(&format!("/v1/invoices/{invoice}")).await);
    let line = text(&detail["lines"][0]["id"]);
    let preview = format!("/v1/subscriptions/{id}/preview_change");
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1",
        "0",
        "1.5",
        "4294967296",
        "18446744073709551616",
        "-9223372036854775808",
        "\"1\"",
        "null",
        "[]",
    ] {
        for (path, body) in [
            (preview.as_str(), format!("{{\"quantity\":{number}}}")),
            (
                "/v1/subscriptions",
                format!(
                    "{{\"customer\":\"{customer}\",\"plan\":\"starter\",\"quantity\":1,\"trial_days\":{number}}}"
                ),
            ),
            (
                "/v1/credit_notes",
                format!(
                    "{{\"invoice\":\"{invoice}\",\"reason\":\"other\",\"paid_to\":\"credit\",\"lines\":[{{\"line\":\"{line}\",\
                     \"amount\":{{\"amount\":{number},\"currency\":\"USD\"}}}}]}}"
                ),
            ),
        ] {
            let call = ("POST", path);
            let answer = host.call_with(&host.key, call, &[], &body).await;
            // A number all the same: no trial of a plan that is there already, more than the line has.
            let none = matches!(problem(&answer).1.as_str(), "already_subscribed" | "beyond_line");
            assert!(
                none || matches!(answer.status, 400 | 422),
                "{body}: {} {}",
                answer.status,
                answer.body
            );
            let code = problem(&answer).1;
            let stable = ["malformed_json", "invalid", "already_subscribed"];
            let of_credit = code.starts_with("amount_") || code == "beyond_line";
            assert!(of_credit || stable.contains(&code.as_str()), "{body}: {code}");
        }
    }
    assert_eq!(json(&host.get("/v1/credit_notes").await)["data"], json!([]));
}

/// In pieces it is read no further than whole: also where it has a name, and is read for that first.
#[sqlx::test(migrations = false)]
async fn a_long_body_in_pieces_is_too_long(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    for name in ["", "Idempotency-Key: k\r\n"] {
        let mut stream = TcpStream::connect(host.site.address).await.unwrap();
        let piece = "a".repeat(0x4000);
        let mut sent = format!(
            "POST /v1/customers HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\n{name}Transfer-Encoding: chunked\r\n\r\n",
            host.site.address, host.key
        );
        for _ in 0..5 {
            sent.push_str(&format!("4000\r\n{piece}\r\n"));
        }
        sent.push_str("0\r\n\r\n");
        let _ = stream.write_all(sent.as_bytes()).await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(
            answer.starts_with("HTTP/1.1 413") && answer.contains("too_large"),
            "{answer}"
        );
    }
}
