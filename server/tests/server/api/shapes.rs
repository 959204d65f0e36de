//! What a request looks like: members are told by their names, cursors belong to their own list, and a body that says
//! nothing may be left out.

use serde_json::{Value, json};
use service::{Actor, NewApiKey, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said, text};
use crate::http::Answer;

impl Host {
    /// Without a body and without saying that there is one.
    async fn post_nothing(&self, path: &str) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        let headers = [("Authorization", authorization.as_str())];
        self.site.send("POST", path, &headers, b"").await
    }

    /// The cursor of a list's second page.
    async fn cursor(&self, list: &str) -> String {
        let page = json(&self.get(&format!("{list}?limit=1")).await);
        text(&page["next_cursor"])
    }

    async fn subscribed(&self, name: &str) -> String {
        let customer = self.customer(name).await;
        let plan = json!({ "customer": customer, "plan": "professional", "trial_days": 14 });
        let made = self.call("POST", "/v1/subscriptions", plan).await;
        assert_eq!(made.status, 201, "{}", made.body);
        text(&json(&made)["id"])
    }
}

#[sqlx::test(migrations = false)]
async fn members_are_told_by_their_names_alone(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let own = format!("/v1/customers/{customer}");
    for (method, path, body) in [
        ("POST", "/v1/customers", json!(["Lumen", "a@b.example"])),
        ("PATCH", own.as_str(), json!([])),
        ("POST", "/v1/usage/check", json!([customer, "api_requests", "1"])),
        (
            "POST",
            "/v1/usage/reserve",
            json!(["r1", customer, "api_requests", "1"]),
        ),
    ] {
        let refused = host.call(method, path, body).await;
        assert_eq!(problem(&refused), said(422, "invalid"), "{path}");
        let detail = "the body is an array, not an object";
        assert_eq!(json(&refused)["detail"], detail, "{path}");
    }
    let event = json!(["1.0", "e1", "host", "api_requests", customer]);
    let answer = json(&host.call("POST", "/v1/events", json!([event])).await);
    let rejected = json!({
        "index": 0, "id": null, "code": "invalid_event", "detail": "an event is an object, not an array",
    });
    let expected = json!({ "accepted": 0, "duplicates": 0, "rejected": [rejected] });
    assert_eq!(answer, expected);
}

#[sqlx::test(migrations = false)]
async fn a_cursor_is_none_in_another_list(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    for name in ["lumen", "orbit"] {
        host.subscribed(name).await;
    }
    let lists = ["/v1/customers", "/v1/subscriptions"];
    let foreign = [
        "/v1/invoices?cursor",
        "/v1/credit_notes?cursor",
        "/v1/events_feed?after",
    ];
    for (list, other) in [(lists[0], lists[1]), (lists[1], lists[0])] {
        let cursor = host.cursor(list).await;
        let next = host.get(&format!("{list}?cursor={cursor}")).await;
        assert_eq!(next.status, 200, "{}", next.body);
        let other = format!("{other}?cursor");
        for place in foreign.into_iter().chain([other.as_str()]) {
            let refused = host.get(&format!("{place}={cursor}")).await;
            assert_eq!(
                problem(&refused),
                said(400, "invalid_cursor"),
                "{list} in {place}"
            );
        }
    }
    let feed = json(&host.get("/v1/events_feed?limit=1").await);
    let cursor = text(&feed["next_cursor"]);
    for list in lists {
        let refused = host.get(&format!("{list}?cursor={cursor}")).await;
        assert_eq!(problem(&refused), said(400, "invalid_cursor"), "{list}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_body_that_says_nothing_may_be_left_out(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (_, subscription) = host.subscriber("lumen", "professional").await;
    let paused = host
        .post_nothing(&format!("/v1/subscriptions/{subscription}/pause"))
        .await;
    assert_eq!(paused.status, 200, "{}", paused.body);
    let url = json!({ "url": "https://hooks.example/billing" });
    let made = json(&host.call("POST", "/v1/webhook_endpoints", url).await);
    let path = format!("/v1/webhook_endpoints/{}/rotate_secret", text(&made["id"]));
    let rotated = host.post_nothing(&path).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    assert_ne!(json(&rotated)["secret"], made["secret"]);
}

/// It would be easy to take a budget away by mistake.
#[sqlx::test(migrations = false)]
async fn a_budget_goes_only_where_it_is_said_to_be_null(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let path = format!("/v1/customers/{customer}/budget");
    let amount = json!({ "amount": 7_000, "currency": "USD" });
    let set = host.call("PATCH", &path, json!({ "amount": amount })).await;
    assert_eq!(json(&set)["amount"], amount);
    let refused = host.call("PATCH", &path, json!({})).await;
    assert_eq!(problem(&refused), said(422, "invalid"));
    assert_eq!(json(&host.get(&path).await)["amount"], amount);
    let gone = host.call("PATCH", &path, json!({ "amount": null })).await;
    assert_eq!(json(&gone)["amount"], Value::Null);
}

#[sqlx::test(migrations = false)]
async fn below_the_api_there_are_no_pages(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    for path in [
        "/v1",
        "/v1/",
        "/v1/nothing",
        "/v1/customers/",
        "/v1/customers/x/nothing",
    ] {
        assert_eq!(problem(&host.get(path).await), said(404, "not_found"), "{path}");
        let posted = host.call("POST", path, json!({})).await;
        assert_eq!(problem(&posted), said(404, "not_found"), "POST {path}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_customer_s_own_key_counts_nothing_and_gives_no_money_back(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let new = |scopes: &[Scope]| NewApiKey {
        name: "own".to_owned(),
        customer: Some(customer.parse().unwrap()),
        scopes: scopes.to_vec(),
        expires_at: None,
    };
    let billing = &host.site.billing;
    for of_host in [Scope::EventsWrite, Scope::Money] {
        let refused = billing
            .create_api_key(&Actor::System, new(&[Scope::Read, of_host]))
            .await;
        assert_eq!(refused.unwrap_err().to_string(), "scopes is not valid");
    }
    billing
        .create_api_key(&Actor::System, new(&[Scope::Read]))
        .await
        .unwrap();
}
