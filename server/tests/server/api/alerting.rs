//! Budgets, alert rules, channels and webhook endpoints, as the host platform sets them up: the whole answers.

use serde_json::{Value, json};
use service::Actor;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said};
use crate::http::Answer;
use crate::site::customer_id;

/// A key of one scope; of the host, or of a customer by its owner.
async fn key(host: &Host, owner: &Actor, scope: service::Scope) -> String {
    host.site.api_key(owner, scope).await
}

async fn edit(host: &Host, path: &str, tag: &str, body: &Value) -> Answer {
    let headers = [("If-Match", tag)];
    host.call_with(&host.key, ("PATCH", path), &headers, &body.to_string())
        .await
}

#[sqlx::test(migrations = false)]
async fn a_budget_is_set_changed_and_taken_away(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let owner = host.site.customer("lumen").await;
    let other = host.site.customer("orbit").await;
    let customer = customer_id(&owner);
    let path = format!("/v1/customers/{customer}/budget");
    let none = host.get(&path).await;
    assert_eq!(json(&none), json!({ "customer": customer, "amount": null }));
    let first = none.header("etag").unwrap().to_owned();
    let fifty = json!({ "amount": { "amount": 5_000, "currency": "USD" } });
    let set = edit(&host, &path, &first, &fifty).await;
    let expected = json!({ "customer": customer, "amount": { "amount": 5_000, "currency": "USD" } });
    assert_eq!((set.status, json(&set)), (200, expected.clone()));
    let shown = host.get(&path).await;
    assert_eq!(json(&shown), expected);
    assert_eq!(shown.header("etag"), set.header("etag"));
    // Whoever saw another one changes nothing.
    let late = edit(&host, &path, &first, &json!({ "amount": null })).await;
    assert_eq!(problem(&late), said(412, "changed_meanwhile"));
    assert_eq!(json(&host.get(&path).await), expected);

    for (wrong, status, code) in [
        (
            json!({ "amount": { "amount": 0, "currency": "USD" } }),
            422,
            "invalid",
        ),
        (
            json!({ "amount": { "amount": 5, "currency": "EUR" } }),
            422,
            "invalid",
        ),
        (
            json!({ "amount": { "amount": 5, "currency": "dollars" } }),
            422,
            "invalid",
        ),
        (json!({ "amount": 5 }), 422, "invalid"),
        (json!({ "limit": 5 }), 422, "invalid"),
    ] {
        let refused = host.call("PATCH", &path, wrong.clone()).await;
        assert_eq!(problem(&refused), said(status, code), "{wrong}");
    }

    // A customer's own key sets its own alone.
    let own = key(&host, &owner, service::Scope::Write).await;
    let theirs = key(&host, &other, service::Scope::Write).await;
    let body = json!({ "amount": { "amount": 7_000, "currency": "USD" } }).to_string();
    let foreign = host.call_with(&theirs, ("PATCH", &path), &[], &body).await;
    assert_eq!(problem(&foreign), said(404, "not_found"));
    let changed = host.call_with(&own, ("PATCH", &path), &[], &body).await;
    assert_eq!(json(&changed)["amount"]["amount"], 7_000);
    let reader = key(&host, &other, service::Scope::Read).await;
    assert_eq!(
        problem(&host.get_with(&reader, &path).await),
        said(404, "not_found")
    );
    let reader = key(&host, &owner, service::Scope::Read).await;
    let refused = host.call_with(&reader, ("PATCH", &path), &[], &body).await;
    assert_eq!(problem(&refused), said(403, "forbidden"));
    assert_eq!(
        json(&host.get_with(&reader, &path).await)["amount"]["amount"],
        7_000
    );

    let gone = host.call("PATCH", &path, json!({})).await;
    assert_eq!(json(&gone)["amount"], Value::Null);
    let nobody = host
        .get("/v1/customers/cus_00000000000000000000000000000000/budget")
        .await;
    assert_eq!(problem(&nobody), said(404, "not_found"));
}

#[sqlx::test(migrations = false)]
async fn rules_are_shown_and_changed(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let step = |at: &str, severity: &str| json!({ "at": at, "severity": severity });
    let usual = json!([
        { "rule": "usage", "enabled": true,
          "steps": [step("0.8", "warning"), step("0.9", "critical"), step("1", "critical")] },
        { "rule": "budget", "enabled": true, "steps": [step("0.8", "warning"), step("1", "critical")] },
        { "rule": "high_bill", "enabled": true, "steps": [step("1000", "warning")] },
        { "rule": "overage", "enabled": true, "steps": [step("100", "warning"), step("500", "critical")] },
        { "rule": "trial_ending", "enabled": true,
          "steps": [step("1", "high"), step("3", "warning"), step("7", "info")] },
        { "rule": "card_expiring", "enabled": true, "steps": [step("7", "high"), step("30", "warning")] },
    ]);
    let listed = json(&host.get("/v1/alert_rules").await);
    assert_eq!(
        listed,
        json!({ "data": usual, "has_more": false, "next_cursor": null })
    );

    let path = "/v1/alert_rules/usage";
    let shown = host.get(path).await;
    assert_eq!(json(&shown), usual[0]);
    let tag = shown.header("etag").unwrap().to_owned();
    let half = json!({ "steps": [step("0.5", "info")] });
    let changed = edit(&host, path, &tag, &half).await;
    let expected = json!({ "rule": "usage", "enabled": true, "steps": [step("0.5", "info")] });
    assert_eq!((changed.status, json(&changed)), (200, expected.clone()));
    let late = edit(&host, path, &tag, &json!({ "enabled": false })).await;
    assert_eq!(problem(&late), said(412, "changed_meanwhile"));
    assert_eq!(json(&host.get(path).await), expected);
    let off = json(&host.call("PATCH", path, json!({ "enabled": false })).await);
    assert_eq!(
        off,
        json!({ "rule": "usage", "enabled": false, "steps": [step("0.5", "info")] })
    );

    for (path, wrong, status, code) in [
        (path, json!({ "steps": [] }), 422, "invalid"),
        (path, json!({ "steps": [step("much", "info")] }), 422, "invalid"),
        (path, json!({ "steps": [step("0.5", "loud")] }), 422, "invalid"),
        (
            "/v1/alert_rules/trial_ending",
            json!({ "steps": [step("1.5", "info")] }),
            422,
            "invalid",
        ),
        (
            "/v1/alert_rules/host",
            json!({ "enabled": false }),
            404,
            "not_found",
        ),
        ("/v1/alert_rules/weather", json!({}), 404, "not_found"),
    ] {
        let refused = host.call("PATCH", path, wrong.clone()).await;
        assert_eq!(problem(&refused), said(status, code), "{path} {wrong}");
    }
    assert_eq!(
        problem(&host.get("/v1/alert_rules/host").await),
        said(404, "not_found")
    );

    // Not a customer's business.
    let owner = host.site.customer("lumen").await;
    let reader = key(&host, &owner, service::Scope::Read).await;
    let writer = key(&host, &owner, service::Scope::Write).await;
    assert_eq!(
        problem(&host.get_with(&reader, "/v1/alert_rules").await),
        said(403, "forbidden")
    );
    assert_eq!(
        problem(&host.get_with(&reader, path).await),
        said(403, "forbidden")
    );
    let refused = host.call_with(&writer, ("PATCH", path), &[], "{}").await;
    assert_eq!(problem(&refused), said(403, "forbidden"));
    let alert = json!({ "type": "x", "severity": "critical", "title": "Wake up" }).to_string();
    let refused = host.call_with(&writer, ("POST", "/v1/alerts"), &[], &alert).await;
    assert_eq!(problem(&refused), said(403, "forbidden"));
}

#[sqlx::test(migrations = false)]
async fn channels_are_made_tried_and_ended_and_never_show_their_address(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::start(&database).await;
    let receiver = crate::receiver::Receiver::start().await;
    let address = receiver.url("/services/T0/B0/secret");
    let new = json!({ "kind": "slack", "name": "on call", "address": address, "severity": "high" });
    let headers = [("Idempotency-Key", "k")];
    let post = ("POST", "/v1/alert_channels");
    let made = host.call_with(&host.key, post, &headers, &new.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(!made.body.contains("secret"));
    let made = json(&made);
    let (id, created_at) = (
        made["id"].as_str().unwrap().to_owned(),
        made["created_at"].clone(),
    );
    let expected = json!({
        "id": id, "kind": "slack", "name": "on call", "severity": "high", "created_at": created_at,
    });
    assert_eq!(made, expected);
    let again = host.call_with(&host.key, post, &headers, &new.to_string()).await;
    assert_eq!(json(&again), expected);
    let listed = json(&host.get("/v1/alert_channels").await);
    assert_eq!(
        listed,
        json!({ "data": [expected], "has_more": false, "next_cursor": null })
    );

    receiver.will_answer(&[(200, "ok"), (404, "no_service")]);
    let test = format!("/v1/alert_channels/{id}/test");
    let told = json(&host.call("POST", &test, Value::Null).await);
    assert_eq!(told, json!({ "told": true, "error": null }));
    let not = json(&host.call("POST", &test, Value::Null).await);
    assert_eq!(not, json!({ "told": false, "error": "404: no_service" }));

    for (field, wrong) in [
        ("kind", "pigeon"),
        ("severity", "loud"),
        ("name", " "),
        ("address", "ftp://x.example/"),
    ] {
        let mut body = new.clone();
        body[field] = json!(wrong);
        let refused = host.call("POST", "/v1/alert_channels", body).await;
        assert_eq!(refused.status, 422, "{field} {}", refused.body);
    }
    let owner = host.site.customer("lumen").await;
    let own = host
        .site
        .api_key_of(&owner, &[service::Scope::Read, service::Scope::Write])
        .await;
    assert_eq!(
        problem(&host.get_with(&own, "/v1/alert_channels").await),
        said(403, "forbidden")
    );
    let refused = host.call_with(&own, post, &[], &new.to_string()).await;
    assert_eq!(problem(&refused), said(403, "forbidden"));

    let path = format!("/v1/alert_channels/{id}");
    let gone = host.call("DELETE", &path, Value::Null).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    let twice = host.call("DELETE", &path, Value::Null).await;
    assert_eq!(problem(&twice), said(404, "not_found"));
}

#[sqlx::test(migrations = false)]
async fn a_rotation_carried_out_again_shows_the_secret_it_made(
    options: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::start(&database).await;
    let new = json!({ "url": "https://host.example.com/hooks" });
    let made = json(&host.call("POST", "/v1/webhook_endpoints", new).await);
    let path = format!(
        "/v1/webhook_endpoints/{}/rotate_secret",
        made["id"].as_str().unwrap()
    );
    let rotate = async |name: &str| {
        let headers = [("Idempotency-Key", name)];
        let body = json!({ "overlap_hours": 2 }).to_string();
        host.call_with(&host.key, ("POST", &path), &headers, &body).await
    };
    let pool = options.connect_with(database).await.unwrap();
    let signing = async || -> i64 {
        let sql = "SELECT count(*) FROM webhook_secret WHERE expires_at IS NULL OR expires_at > now()";
        sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
    };
    let first = rotate("k").await;
    assert_eq!((first.status, signing().await), (200, 2), "{}", first.body);
    // The server died before it kept the answer.
    sqlx::query("UPDATE idempotency_key SET status = NULL, answer = NULL, claimed_until = now()")
        .execute(&pool)
        .await
        .unwrap();
    let again = rotate("k").await;
    assert_eq!(again.header("idempotent-replayed"), None);
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(signing().await, 2);
    // Under another name it is another one; whoever knows the oldest alone is signed for.
    let other = rotate("k2").await;
    assert_ne!(json(&other)["secret"], json(&first)["secret"]);
    assert_eq!(signing().await, 3);
}

#[sqlx::test(migrations = false)]
async fn an_endpoint_asked_for_twice_is_one_with_one_secret(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let new = json!({ "url": "https://host.example.com/hooks" }).to_string();
    let headers = [("Idempotency-Key", "k")];
    let post = ("POST", "/v1/webhook_endpoints");
    let first = host.call_with(&host.key, post, &headers, &new).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = host.call_with(&host.key, post, &headers, &new).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (201, &first.body));
    let listed = json(&host.get("/v1/webhook_endpoints").await);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    // Whoever saw an older version changes nothing.
    let path = format!("/v1/webhook_endpoints/{}", json(&first)["id"].as_str().unwrap());
    let tag = first.header("etag").unwrap().to_owned();
    let changed = edit(&host, &path, &tag, &json!({ "description": "host" })).await;
    assert_eq!(
        (changed.status, &json(&changed)["description"]),
        (200, &json!("host"))
    );
    let late = edit(&host, &path, &tag, &json!({ "enabled": false })).await;
    assert_eq!(problem(&late), said(412, "changed_meanwhile"));
}
