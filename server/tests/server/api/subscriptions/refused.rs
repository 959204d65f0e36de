//! What is not done: by other keys, after other changes, at impossible instants, of what is not sold.

use serde_json::json;
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::api::{Host, json, problem, said, text};

#[sqlx::test(migrations = false)]
async fn a_key_acts_for_its_own_customer_alone(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (_, foreign) = host.subscriber("orbit", "starter").await;
    let ada = host.site.customer("lumen").await;
    let key = host.site.api_key_of(&ada, &[Scope::Read, Scope::Write]).await;
    let foreign_path = format!("/v1/subscriptions/{foreign}");
    assert_eq!(
        problem(&host.get_with(&key, &foreign_path).await),
        said(404, "not_found")
    );
    let invoice = text(&json(&host.get("/v1/invoices").await)["data"][0]["id"]);
    assert_eq!(
        problem(&host.get_with(&key, &format!("/v1/invoices/{invoice}")).await),
        said(404, "not_found")
    );
    for path in ["/v1/subscriptions", "/v1/invoices", "/v1/credit_notes"] {
        assert_eq!(
            json(&host.get_with(&key, path).await)["data"],
            json!([]),
            "{path}"
        );
    }
    for (what, body) in [
        ("preview_change", json!({ "plan": "professional" })),
        ("change", json!({ "token": "x" })),
        ("undo_change", json!({})),
        ("cancel", json!({ "at": "now" })),
        ("keep", json!({})),
        ("pause", json!({})),
        ("resume", json!({})),
    ] {
        let call = format!("{foreign_path}/{what}");
        let refused = host
            .call_with(&key, ("POST", &call), &[], &body.to_string())
            .await;
        assert_eq!(problem(&refused), said(404, "not_found"), "{what}");
        let reader = host.site.api_key(&Actor::System, Scope::Read).await;
        if what != "preview_change" {
            let refused = host
                .call_with(&reader, ("POST", &call), &[], &body.to_string())
                .await;
            assert_eq!(problem(&refused), said(403, "forbidden"), "{what}");
        }
    }
    // What only the host decides, its own key does not.
    for (path, body) in [
        (
            "/v1/subscriptions".to_owned(),
            json!({ "customer": "cus_x", "plan": "starter" }),
        ),
        (format!("/v1/invoices/{invoice}/void"), json!({ "reason": "x" })),
        (
            "/v1/credit_notes".to_owned(),
            json!({ "invoice": invoice, "reason": "other" }),
        ),
        (
            "/v1/portal_sessions".to_owned(),
            json!({ "customer": "cus_x", "return_url": "https://x.example" }),
        ),
    ] {
        let refused = host
            .call_with(&key, ("POST", &path), &[], &body.to_string())
            .await;
        assert_eq!(problem(&refused), said(403, "forbidden"), "{path}");
    }
    let active = json(&host.get(&foreign_path).await);
    assert_eq!(active["status"], "active");
}

/// What was seen of a subscription, and which one was meant, is compared under its lock.
#[sqlx::test(migrations = false)]
async fn a_change_of_what_changed_meanwhile_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (customer, id) = host.subscriber("lumen", "starter").await;
    let path = format!("/v1/subscriptions/{id}");
    let act = async |what: &str, tag: &str, body: &str| {
        let call = format!("{path}/{what}");
        host.call_with(&host.key, ("POST", &call), &[("If-Match", tag)], body)
            .await
    };
    let seen = host.get(&path).await.header("etag").unwrap().to_owned();
    let ending = act("cancel", &seen, r#"{"at":"period_end"}"#).await;
    assert_eq!(ending.status, 200, "{}", ending.body);
    assert_ne!(ending.header("etag"), Some(seen.as_str()));
    for (what, body) in [
        ("cancel", r#"{"at":"now"}"#),
        ("keep", "{}"),
        ("pause", "{}"),
        ("resume", "{}"),
        ("undo_change", "{}"),
    ] {
        for tag in [seen.as_str(), "\"x\""] {
            let refused = act(what, tag, body).await;
            let code = problem(&refused);
            // Going on is asked of what does not stand still: that comes first.
            let other = what == "resume" && code == said(409, "not_changeable");
            assert!(
                other || code == said(412, "changed_meanwhile"),
                "{what}: {code:?}"
            );
        }
        assert_eq!(
            problem(&act(what, "x", body).await),
            said(400, "invalid_if_match"),
            "{what}"
        );
    }
    let kept = act("keep", ending.header("etag").unwrap(), "{}").await;
    assert_eq!(json(&kept)["cancel_at"], json!(null), "{}", kept.body);
    // Of two subscriptions of one customer, the one that is named.
    assert_eq!(
        json(&act("cancel", "*", r#"{"at":"now"}"#).await)["status"],
        "canceled"
    );
    let body = json!({ "customer": customer, "plan": "starter" });
    let next = host.call("POST", "/v1/subscriptions", body).await;
    assert_eq!(next.status, 201, "{}", next.body);
    for (what, body) in [
        ("cancel", r#"{"at":"now"}"#),
        ("keep", "{}"),
        ("pause", "{}"),
        ("undo_change", "{}"),
    ] {
        let refused = act(what, "*", body).await;
        assert_eq!(problem(&refused), said(409, "no_subscription"), "{what}");
    }
    let next = host
        .get(&format!("/v1/subscriptions/{}", text(&json(&next)["id"])))
        .await;
    assert_eq!(json(&next)["status"], "active");
}

/// A year that nobody means is no instant; whatever is asked, nothing breaks.
#[sqlx::test(migrations = false)]
async fn instants_that_nobody_means_are_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (_, id) = host.subscriber("lumen", "starter").await;
    let zone = json!({ "name": "x", "email": "x@x.example", "time_zone": "Pacific/Kiritimati" });
    let customer = text(&json(&host.call("POST", "/v1/customers", zone).await)["id"]);
    for far in [
        "+262142-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "2050-01-01T00:00:00Z",
    ] {
        for body in [
            json!({ "customer": customer, "plan": "starter", "starts_at": far }),
            json!({ "customer": customer, "plan": "starter", "ends_at": far }),
        ] {
            let refused = host.call("POST", "/v1/subscriptions", body).await;
            assert_eq!(problem(&refused), said(422, "invalid"), "{far}");
        }
        let refused = host.act(&id, "pause", json!({ "resume_at": far })).await;
        assert_eq!(problem(&refused), said(422, "invalid"), "{far}");
    }
    let none = json(&host.get(&format!("/v1/subscriptions?customer={customer}")).await);
    assert_eq!(none["data"], json!([]));
}

#[sqlx::test(migrations = false)]
async fn lists_of_nobody_are_not_there(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    host.subscriber("lumen", "starter").await;
    let nobody = "cus_00000000000000000000000000000000";
    let nothing = "inv_00000000000000000000000000000000";
    for path in [
        format!("/v1/subscriptions?customer={nobody}"),
        format!("/v1/invoices?customer={nobody}"),
        format!("/v1/credit_notes?customer={nobody}"),
        format!("/v1/credit_notes?invoice={nothing}"),
    ] {
        assert_eq!(problem(&host.get(&path).await), said(404, "not_found"), "{path}");
    }
    let invoice = text(&json(&host.get("/v1/invoices").await)["data"][0]["id"]);
    let path = format!("/v1/credit_notes?invoice={invoice}");
    assert_eq!(json(&host.get(&path).await)["data"], json!([]));
    // An own key does not learn of others' invoices.
    let ada = host.site.customer("orbit").await;
    let key = host.site.api_key(&ada, Scope::Read).await;
    assert_eq!(problem(&host.get_with(&key, &path).await), said(404, "not_found"));
}

#[sqlx::test(migrations = false)]
async fn what_is_not_sold_any_more_is_not_sold_by_its_id_either(
    options: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::start(&database).await;
    let starter = json(&host.get("/v1/plans/starter").await);
    let price = text(&starter["prices"][0]["id"]);
    let pool = options.connect_with(database).await.unwrap();
    sqlx::query("UPDATE plan_version SET status = 'archived'")
        .execute(&pool)
        .await
        .unwrap();
    let customer = host.customer("lumen").await;
    let body = json!({ "customer": customer, "price": price, "trial_days": 14 });
    let refused = host.call("POST", "/v1/subscriptions", body).await;
    assert_eq!(problem(&refused), said(404, "not_found"));
}
