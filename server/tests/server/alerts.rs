//! `/v1/alerts`: the whole answer to each kind of request.

use serde_json::{Value, json};
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::http::Answer;
use crate::site::{Site, customer_id};

async fn ask(site: &Site, key: &str, (method, path): (&str, &str), body: Value) -> Answer {
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
    site.send(method, path, &headers, body.as_bytes()).await
}

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn code(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    (answer.status, json(answer)["code"].as_str().unwrap().to_owned())
}

#[sqlx::test(migrations = false)]
async fn the_host_says_something_and_somebody_looks_after_it(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let ada = site.customer("lumen").await;
    let bob = site.customer("other").await;
    let write = site.api_key(&Actor::System, Scope::Write).await;
    let read = site.api_key(&Actor::System, Scope::Read).await;
    let customer = customer_id(&ada);
    let new = json!({ "type": "node.down", "severity": "high", "title": "Two validators are down",
        "message": "eu-1, eu-2", "customer": customer });
    let made = ask(&site, &write, ("POST", "/v1/alerts"), new.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = json(&made);
    let id = made["id"].as_str().unwrap().to_owned();
    let expected = json!({
        "id": id, "rule": "host", "type": "node.down", "customer": customer, "severity": "high",
        "title": "Two validators are down", "message": "eu-1, eu-2", "state": "open", "snoozed_until": null,
        "opened_at": made["opened_at"], "acknowledged_at": null, "resolved_at": null,
    });
    assert_eq!(made, expected);
    // Said again, it is another one.
    let again = json(&ask(&site, &write, ("POST", "/v1/alerts"), new).await);
    assert_ne!(again["id"], made["id"]);
    let first = json(&ask(&site, &read, ("GET", "/v1/alerts?limit=1"), Value::Null).await);
    assert_eq!(
        (&first["data"][0]["id"], &first["has_more"]),
        (&again["id"], &json!(true))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = json(
        &ask(
            &site,
            &read,
            ("GET", &format!("/v1/alerts?cursor={cursor}")),
            Value::Null,
        )
        .await,
    );
    assert_eq!(
        rest,
        json!({ "data": [expected], "has_more": false, "next_cursor": null })
    );

    // A place in no list, and one in another customer's.
    let foreign = site.api_key(&bob, Scope::Read).await;
    let unknown = "alt_00000000000000000000000000000000";
    for (key, cursor) in [(&read, unknown), (&foreign, cursor)] {
        let path = format!("/v1/alerts?cursor={cursor}");
        let lost = ask(&site, key, ("GET", &path), Value::Null).await;
        assert_eq!(code(&lost), (400, "invalid_cursor".to_owned()), "{path}");
    }

    let path = format!("/v1/alerts/{id}");
    let seen = json(
        &ask(
            &site,
            &write,
            ("POST", &format!("{path}/acknowledge")),
            Value::Null,
        )
        .await,
    );
    assert_eq!(seen["state"], "acknowledged");
    let until = site.billing.now() + chrono::TimeDelta::days(1);
    let snoozed = ask(
        &site,
        &write,
        ("POST", &format!("{path}/snooze")),
        json!({ "until": until }),
    )
    .await;
    assert_eq!(json(&snoozed)["snoozed_until"], json!(until));
    let done = json(&ask(&site, &write, ("POST", &format!("{path}/resolve")), Value::Null).await);
    assert_eq!(done["state"], "resolved");
    let late = ask(
        &site,
        &write,
        ("POST", &format!("{path}/acknowledge")),
        Value::Null,
    )
    .await;
    assert_eq!(code(&late), (409, "alert_resolved".to_owned()));
    let open = json(&ask(&site, &read, ("GET", "/v1/alerts?state=open"), Value::Null).await);
    assert_eq!(open["data"].as_array().unwrap().len(), 1);

    // A customer's own key sees and says its own.
    let own = site.api_key(&ada, Scope::Read).await;
    assert_eq!(
        json(&ask(&site, &own, ("GET", &path), Value::Null).await)["state"],
        "resolved"
    );
    let theirs = site.api_key(&bob, Scope::Read).await;
    assert_eq!(
        code(&ask(&site, &theirs, ("GET", &path), Value::Null).await),
        (404, "not_found".to_owned())
    );
    let none = json(&ask(&site, &theirs, ("GET", "/v1/alerts"), Value::Null).await);
    assert_eq!(none["data"], json!([]));
    let theirs = site.api_key(&bob, Scope::Write).await;
    let about_ada = json!({ "type": "x", "severity": "info", "title": "x", "customer": customer });
    let foreign = ask(&site, &theirs, ("POST", "/v1/alerts"), about_ada).await;
    assert_eq!(code(&foreign), (404, "not_found".to_owned()));
    let foreign = ask(&site, &theirs, ("POST", &format!("{path}/resolve")), Value::Null).await;
    assert_eq!(code(&foreign), (404, "not_found".to_owned()));
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_said_is_refused_with_a_code(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let write = site.api_key(&Actor::System, Scope::Write).await;
    let read = site.api_key(&Actor::System, Scope::Read).await;
    let with = |field: &str, value: Value| {
        let mut alert = json!({ "type": "node.down", "severity": "high", "title": "Down" });
        alert[field] = value;
        alert
    };
    for (body, status, expected) in [
        (json!({}), 422, "invalid"),
        (with("severity", json!("loud")), 422, "invalid"),
        (with("title", json!("")), 422, "invalid"),
        (with("title", json!("x".repeat(151))), 422, "invalid"),
        (with("title", json!("a\nb")), 422, "invalid"),
        (with("message", json!("x".repeat(2_001))), 422, "invalid"),
        (with("message", json!("a\u{0}b")), 422, "invalid"),
        (with("type", json!("no spaces")), 422, "invalid"),
        (with("type", json!("x".repeat(61))), 422, "invalid"),
        (with("color", json!("red")), 422, "invalid"),
        (with("customer", json!("cus_1")), 404, "not_found"),
        (
            with("customer", json!("cus_00000000000000000000000000000000")),
            404,
            "not_found",
        ),
        (Value::Null, 400, "malformed_json"),
    ] {
        let answer = ask(&site, &write, ("POST", "/v1/alerts"), body.clone()).await;
        assert_eq!(code(&answer), (status, expected.to_owned()), "{body}");
    }
    let said = ask(&site, &read, ("POST", "/v1/alerts"), with("title", json!("x"))).await;
    assert_eq!(code(&said), (403, "forbidden".to_owned()));
    for (path, status, expected) in [
        ("/v1/alerts/alt_1", 404, "not_found"),
        ("/v1/alerts?state=loud", 400, "invalid_query"),
        ("/v1/alerts?limit=101", 400, "invalid_query"),
        ("/v1/alerts?cursor=x", 400, "invalid_cursor"),
        ("/v1/alerts?page=2", 400, "invalid_query"),
    ] {
        let answer = ask(&site, &read, ("GET", path), Value::Null).await;
        assert_eq!(code(&answer), (status, expected.to_owned()), "{path}");
    }
}
