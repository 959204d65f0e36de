//! What no client of ours sends: a 4xx with a stable code, and nothing half-written.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Host, json, problem, said};

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
    let mut stream = TcpStream::connect(host.site.address).await.unwrap();
    let head = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 60\r\n\r\n{{",
        host.site.address, host.key
    );
    let started = Instant::now();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap()
        .unwrap();
    assert!(started.elapsed() >= Duration::from_secs(9));
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("slow_body"),
        "{answer}"
    );
}
