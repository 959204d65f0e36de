//! `POST /v1/events`: keys, types, sizes, and what is no event at all.

use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::site::Site;

fn problem(status: u16, title: &str, code: &str, detail: &str) -> String {
    format!(
        r#"{{"type":"about:blank","title":"{title}","status":{status},"code":"{code}","detail":"{detail}"}}"#
    )
}

#[sqlx::test(migrations = false)]
async fn without_a_good_key_nothing_is_read(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let reader = format!("Bearer {}", site.api_key(&Actor::System, Scope::Read).await);
    let unauthenticated = problem(
        401,
        "Unauthorized",
        "unauthenticated",
        "no key or token that is good: send Authorization: Bearer, with one that has not expired",
    );
    let json = ("Content-Type", "application/json");
    for headers in [
        &[json][..],
        &[json, ("Authorization", "Bearer cbk_wrong")],
        &[json, ("Authorization", "Basic YTpi")],
        &[json, ("Authorization", "Bearer ")],
        &[json, ("Cookie", "cosmos=AAAA")],
    ] {
        let answer = site.send("POST", "/v1/events", headers, b"{}").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (401, unauthenticated.as_str()),
            "{headers:?}"
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let answer = site
        .send("POST", "/v1/events", &[json, ("Authorization", &reader)], b"{}")
        .await;
    assert_eq!(
        (answer.status, answer.body),
        (
            403,
            problem(
                403,
                "Forbidden",
                "forbidden",
                "the key may not do this: it lacks the scope, or only the host platform's may"
            )
        )
    );
}

#[sqlx::test(migrations = false)]
async fn what_is_no_json_or_too_much_of_it_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let key = format!(
        "Bearer {}",
        site.api_key(&Actor::System, Scope::EventsWrite).await
    );
    let authorized = ("Authorization", key.as_str());
    let json = ("Content-Type", "application/json");
    for (body, detail) in [
        ("", "the body is not JSON: line 1, column 0"),
        ("{", "the body is not JSON: line 1, column 1"),
        ("[{}", "the body is not JSON: line 1, column 3"),
        ("{} {}", "the body is not JSON: line 1, column 4"),
        ("value=1", "the body is not JSON: line 1, column 1"),
    ] {
        let answer = site
            .send("POST", "/v1/events", &[authorized, json], body.as_bytes())
            .await;
        assert_eq!(
            (answer.status, answer.body),
            (400, problem(400, "Bad Request", "malformed_json", detail)),
            "{body}"
        );
    }
    let unsupported = problem(
        415,
        "Unsupported Media Type",
        "unsupported_media_type",
        "send one of application/json, application/cloudevents+json, application/cloudevents-batch+json, \
         application/x-ndjson, application/jsonl",
    );
    for headers in [&[authorized][..], &[authorized, ("Content-Type", "text/plain")]] {
        let answer = site.send("POST", "/v1/events", headers, b"{}").await;
        assert_eq!((answer.status, answer.body.as_str()), (415, unsupported.as_str()));
    }
    let other = (
        "Content-Type",
        "application/cloudevents-batch+json; charset=utf-8",
    );
    assert_eq!(
        site.send("POST", "/v1/events", &[authorized, other], b"[]")
            .await
            .status,
        200
    );
    // Said to be too long, it is not waited for.
    let length = ("Content-Length", "8388609");
    let answer = site
        .send("POST", "/v1/events", &[authorized, json, length], b"")
        .await;
    let too_large = problem(
        413,
        "Payload Too Large",
        "too_large",
        "a request carries at most 8388608 bytes",
    );
    assert_eq!((answer.status, answer.body), (413, too_large));
}

#[sqlx::test(migrations = false)]
async fn unknown_paths_and_methods_are_problems_too(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let answer = site.get("/v1/nothing").await;
    assert_eq!(
        (answer.status, answer.body),
        (
            404,
            problem(404, "Not Found", "not_found", "there is no such path")
        )
    );
    let answer = site.get("/v1/events").await;
    let detail = "this path does not know the method";
    assert_eq!(
        (answer.status, answer.body),
        (
            405,
            problem(405, "Method Not Allowed", "method_not_allowed", detail)
        )
    );
}
