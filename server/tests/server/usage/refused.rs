//! Calls about limits that are not answered: by other keys, of other customers, with what cannot be read.

use service::Scope;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::Host;

#[sqlx::test(migrations = false)]
async fn a_key_reaches_its_own_customer_alone(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let orbit = host.site.customer("orbit").await;
    let reads = host.site.api_key(&orbit, Scope::Read).await;
    let body = |members: &str| format!(r#"{{"customer":"{}",{members}}}"#, host.customer);
    let calls = [
        (
            "POST",
            "/v1/usage/check".to_owned(),
            body(r#""meter":"api_requests""#),
            Scope::Read,
        ),
        (
            "POST",
            "/v1/usage/reserve".to_owned(),
            body(r#""id":"a","meter":"api_requests""#),
            Scope::EventsWrite,
        ),
        (
            "POST",
            "/v1/usage/commit".to_owned(),
            body(r#""id":"a""#),
            Scope::EventsWrite,
        ),
        (
            "POST",
            "/v1/usage/release".to_owned(),
            body(r#""id":"a""#),
            Scope::EventsWrite,
        ),
        (
            "GET",
            format!("/v1/customers/{}/usage", host.customer),
            String::new(),
            Scope::Read,
        ),
        (
            "GET",
            format!("/v1/customers/{}/entitlements", host.customer),
            String::new(),
            Scope::Read,
        ),
        (
            "GET",
            format!("/v1/customers/{}/entitlements/support", host.customer),
            String::new(),
            Scope::Read,
        ),
    ];
    host.post("/v1/usage/reserve", r#""id":"a","meter":"api_requests""#)
        .await;
    for (method, path, body, scope) in calls {
        let missing = (404, r#""detail":"there is no such customer""#);
        // Only the host's keys hold and count.
        let (own, other, refused) = match scope {
            Scope::Read => (&host.reads, &host.writes, missing),
            _ => (&host.writes, &host.reads, (403, r#""code":"forbidden""#)),
        };
        let answer = host.send(method, &path, &reads, &body).await;
        assert_eq!(
            (answer.status, answer.body.contains(refused.1)),
            (refused.0, true),
            "{path}: {}",
            answer.body
        );
        let answer = host.send(method, &path, other, &body).await;
        assert_eq!(answer.status, 403, "{path}");
        let nobody = host
            .site
            .send(
                method,
                &path,
                &[("Content-Type", "application/json")],
                body.as_bytes(),
            )
            .await;
        assert_eq!(nobody.status, 401, "{path}");
        let nowhere = body.replace(&host.customer, "cus_00000000000000000000000000000000");
        let nowhere_path = path.replace(&host.customer, "cus_00000000000000000000000000000000");
        let answer = host.send(method, &nowhere_path, own, &nowhere).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
    }
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_read_is_told(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    for (path, members, status, code) in [
        ("check", r#""meter":"teleports""#, 404, "not_found"),
        ("check", r#""meter":"api_requests","quantity":-1"#, 422, "invalid"),
        (
            "check",
            r#""meter":"api_requests","quantity":"many""#,
            422,
            "invalid",
        ),
        (
            "check",
            r#""meter":"api_requests","quantity":NaN"#,
            400,
            "malformed_json",
        ),
        ("check", r#""meter":"api_requests","more":1"#, 422, "invalid"),
        ("check", r#""meter":7"#, 422, "invalid"),
        ("reserve", r#""meter":"api_requests""#, 422, "invalid"),
        ("reserve", r#""id":"","meter":"api_requests""#, 422, "invalid"),
        (
            "reserve",
            r#""id":"\u0000","meter":"api_requests""#,
            422,
            "invalid",
        ),
        (
            "reserve",
            r#""id":"a","meter":"api_requests","quantity":0"#,
            422,
            "invalid",
        ),
        (
            "reserve",
            r#""id":"a","meter":"api_requests","quantity":0.0000001"#,
            422,
            "invalid",
        ),
        (
            "reserve",
            r#""id":"a","meter":"api_requests","quantity":"1e30""#,
            422,
            "invalid",
        ),
        ("reserve", r#""id":"a","meter":"teleports""#, 404, "not_found"),
        ("commit", r#""id":"nothing""#, 404, "not_found"),
        ("commit", r#""id":"\u0000""#, 422, "invalid"),
        ("commit", r#""id":"nothing","data":[1]"#, 422, "invalid"),
        (
            "commit",
            r#""id":"nothing","data":{"a":"\u0000"}"#,
            422,
            "invalid",
        ),
        ("release", r#""id":"nothing""#, 404, "not_found"),
        ("release", r#""id":"\u0000""#, 422, "invalid"),
    ] {
        let (found, body) = host.post(&format!("/v1/usage/{path}"), members).await;
        let said = format!(r#""code":"{code}""#);
        assert_eq!(
            (found, body.contains(&said)),
            (status, true),
            "{path} {members}: {body}"
        );
    }
    for body in ["", "{", "[]", "7"] {
        let answer = host.send("POST", "/v1/usage/check", &host.reads, body).await;
        assert!([400, 422].contains(&answer.status), "{body}: {}", answer.status);
    }
    let long = format!(r#""meter":"{}""#, "a".repeat(70_000));
    assert_eq!(host.post("/v1/usage/check", &long).await.0, 413);
    let authorization = format!("Bearer {}", host.reads);
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "text/plain"),
    ];
    let text = host.site.send("POST", "/v1/usage/check", &headers, b"{}").await;
    assert_eq!(text.status, 415);
    let got = host.site.send("GET", "/v1/usage/check", &headers[..1], b"").await;
    assert_eq!(got.status, 405);
}
