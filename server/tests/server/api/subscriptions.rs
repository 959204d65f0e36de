//! `/v1/plans` and `/v1/subscriptions`: subscribed, changed, stopped, and by whose key.

mod refused;

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said, text};
use crate::http::Answer;

impl Host {
    /// A customer with a card on a plan.
    pub async fn subscriber(&self, name: &str, plan: &str) -> (String, String) {
        let customer = self.customer(name).await;
        self.add_card(&customer, "4242424242424242").await;
        let body = json!({ "customer": customer, "plan": plan });
        let made = self.call("POST", "/v1/subscriptions", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        self.site.billing.drain_queue().await.unwrap();
        (customer, text(&json(&made)["id"]))
    }

    pub async fn add_card(&self, customer: &str, number: &str) {
        let billing = &self.site.billing;
        let host = billing.api_key_actor(&self.key).await.unwrap();
        let owner = host.on_behalf_of(customer.parse().unwrap()).unwrap();
        let url = billing.start_add_card(&owner).await.unwrap();
        let reference = url.rsplit('/').next().unwrap();
        let card = service::sandbox::CardInput {
            number: number.to_owned(),
            exp_month: 12,
            exp_year: 2040,
            cvc: "123".to_owned(),
        };
        let now = billing.now();
        billing.sandbox().submit_card(reference, card, now).await.unwrap();
        billing.checkout_result(&owner, reference).await.unwrap();
    }

    async fn act(&self, subscription: &str, what: &str, body: Value) -> Answer {
        self.call("POST", &format!("/v1/subscriptions/{subscription}/{what}"), body)
            .await
    }
}

#[sqlx::test(migrations = false)]
async fn plans_are_read_by_key(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let plans = json(&host.get("/v1/plans").await);
    let keys: Vec<_> = plans["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| text(&plan["key"]))
        .collect();
    assert_eq!(keys, ["starter", "professional", "enterprise", "sovereign"]);
    let starter = json(&host.get("/v1/plans/starter").await);
    assert_eq!(starter, plans["data"][0]);
    assert_eq!(
        starter["prices"][0]["amount"],
        json!({ "amount": 19900, "currency": "USD" })
    );
    let by_id = host.get(&format!("/v1/plans/{}", text(&starter["id"]))).await;
    assert_eq!(json(&by_id), starter);
    assert_eq!(problem(&host.get("/v1/plans/none").await), said(404, "not_found"));
    let nobody = host
        .get("/v1/plans?customer=cus_00000000000000000000000000000000")
        .await;
    assert_eq!(problem(&nobody), said(404, "not_found"));
}

#[sqlx::test(migrations = false)]
async fn a_customer_is_subscribed_and_billed(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (customer, id) = host.subscriber("lumen", "starter").await;
    let found = json(&host.get(&format!("/v1/subscriptions/{id}")).await);
    assert_eq!(found["status"], "active");
    assert_eq!(found["customer"], json!(customer));
    assert_eq!(found["plan"]["key"], "starter");
    assert_eq!(found["price"]["interval"], "month");
    let invoices = json(&host.get(&format!("/v1/invoices?customer={customer}")).await);
    assert_eq!(invoices["data"].as_array().unwrap().len(), 1);
    assert_eq!(invoices["data"][0]["status"], "paid");
    let again = host
        .call(
            "POST",
            "/v1/subscriptions",
            json!({ "customer": customer, "plan": "starter" }),
        )
        .await;
    assert_eq!(problem(&again), said(409, "already_subscribed"));
    let listed = json(
        &host
            .get(&format!("/v1/subscriptions?customer={customer}&status=active"))
            .await,
    );
    assert_eq!(listed["data"][0]["id"], json!(id));
    let none = json(&host.get("/v1/subscriptions?status=paused").await);
    assert_eq!(none["data"], json!([]));
    let odd = host.get("/v1/subscriptions?status=nothing").await;
    assert_eq!(problem(&odd), said(400, "invalid_query"));
    let next = json(
        &host
            .get(&format!("/v1/customers/{customer}/upcoming_invoice"))
            .await,
    );
    assert_eq!(next["total"], json!({ "amount": 19900, "currency": "USD" }));
    assert_eq!(next["at"], found["billing_period"]["end"]);
    let cards = json(
        &host
            .get(&format!("/v1/customers/{customer}/payment_methods"))
            .await,
    );
    assert_eq!(cards["data"][0]["last4"], "4242");
    assert_eq!(cards["data"][0]["default"], true);
}

/// The answer to the first was lost: the second finds what it made.
#[sqlx::test(migrations = false)]
async fn subscribed_again_under_one_name_is_subscribed_once(
    options: PgPoolOptions,
    database: PgConnectOptions,
) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let body = json!({ "customer": customer, "plan": "starter", "trial_days": 14 }).to_string();
    let post = async || {
        let headers = [("Idempotency-Key", "k")];
        host.call_with(&host.key, ("POST", "/v1/subscriptions"), &headers, &body)
            .await
    };
    let first = post().await;
    assert_eq!(first.status, 201, "{}", first.body);
    let pool = options.connect_with(database).await.unwrap();
    sqlx::query("UPDATE idempotency_key SET status = NULL, answer = NULL, claimed_until = now()")
        .execute(&pool)
        .await
        .unwrap();
    let second = post().await;
    assert_eq!((second.status, &json(&second)["id"]), (201, &json(&first)["id"]));
    assert_eq!(json(&first)["trial"]["remaining_days"], 14);
}

#[sqlx::test(migrations = false)]
async fn a_trial_is_as_long_as_agreed_and_there_is_one(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let body = |days: u32| json!({ "customer": customer, "plan": "professional", "trial_days": days });
    for (days, status, code) in [
        (0, 422, "invalid"),
        (731, 422, "invalid"),
        (100_000, 422, "invalid"),
    ] {
        let refused = host.call("POST", "/v1/subscriptions", body(days)).await;
        assert_eq!(problem(&refused), said(status, code), "{days}");
    }
    let made = json(&host.call("POST", "/v1/subscriptions", body(30)).await);
    assert_eq!(made["status"], "trialing");
    assert_eq!(made["trial"]["remaining_days"], 30);
    let id = text(&made["id"]);
    let ended = host.act(&id, "cancel", json!({ "at": "now" })).await;
    assert_eq!(json(&ended)["status"], "canceled", "{}", ended.body);
    let again = host.call("POST", "/v1/subscriptions", body(14)).await;
    assert_eq!(problem(&again), said(409, "trial_used"));
}

#[sqlx::test(migrations = false)]
async fn what_a_preview_shows_is_what_a_change_does(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (customer, id) = host.subscriber("lumen", "starter").await;
    let preview = host
        .act(&id, "preview_change", json!({ "plan": "professional" }))
        .await;
    assert_eq!(preview.status, 200, "{}", preview.body);
    let preview = json(&preview);
    assert_eq!(
        (&preview["kind"], &preview["to"]["key"]),
        (&json!("upgrade"), &json!("professional"))
    );
    let due = preview["due_now"]["amount_due"]["amount"].as_i64().unwrap();
    assert!(due > 0, "{preview}");
    let token = json!({ "token": preview["token"] });
    let changed = json(&host.act(&id, "change", token.clone()).await);
    assert_eq!(changed["outcome"]["kind"], "applied", "{changed}");
    assert_eq!(changed["subscription"]["plan"]["key"], "professional");
    let invoice = text(&changed["outcome"]["invoice"]);
    let invoice = json(&host.get(&format!("/v1/invoices/{invoice}")).await);
    assert_eq!(invoice["paid"]["amount"], due);
    assert_eq!(invoice["customer"], json!(customer));
    assert!(
        invoice["lines"].as_array().unwrap().iter().all(|line| {
            line["computation"]["method"].is_string() && text(&line["id"]).starts_with("il_")
        })
    );
    // Once: it is on that plan by now.
    assert_eq!(
        problem(&host.act(&id, "change", token).await),
        said(409, "same_price")
    );

    let down = json(
        &host
            .act(&id, "preview_change", json!({ "plan": "starter" }))
            .await,
    );
    assert_eq!(down["kind"], "at_period_end");
    let later = json(&host.act(&id, "change", json!({ "token": down["token"] })).await);
    assert_eq!(later["outcome"], json!({ "kind": "scheduled", "at": down["at"] }));
    assert_eq!(later["subscription"]["pending_change"]["kind"], "at_period_end");
    let undone = json(&host.act(&id, "undo_change", json!({})).await);
    assert_eq!(undone["pending_change"], json!(null));
    for (body, status, code) in [
        (json!({}), 422, "invalid"),
        (json!({ "plan": "starter", "quantity": 2 }), 422, "invalid"),
        (json!({ "plan": "none" }), 404, "not_found"),
        (json!({ "plan": "starter", "interval": "day" }), 422, "invalid"),
        (json!({ "price": "price_x" }), 404, "not_found"),
        (json!({ "quantity": 0 }), 422, "invalid"),
        (json!({ "quantity": 4_294_967_295_u32 }), 422, "invalid"),
        (json!({ "plan": "professional" }), 409, "same_price"),
    ] {
        let refused = host.act(&id, "preview_change", body.clone()).await;
        assert_eq!(problem(&refused), said(status, code), "{body}");
    }
    assert_eq!(
        problem(&host.act(&id, "change", json!({ "token": "x" })).await),
        said(409, "quote_stale")
    );
}

#[sqlx::test(migrations = false)]
async fn stopped_kept_paused_and_resumed(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (_, id) = host.subscriber("lumen", "starter").await;
    let leaving = json!({ "at": "period_end", "reason": "too_expensive", "comment": "so it is" });
    let ending = json(&host.act(&id, "cancel", leaving).await);
    assert_eq!(ending["cancel_at"], ending["billing_period"]["end"]);
    let kept = json(&host.act(&id, "keep", json!({})).await);
    assert_eq!(
        (&kept["cancel_at"], &kept["status"]),
        (&json!(null), &json!("active"))
    );
    assert_eq!(
        problem(&host.act(&id, "keep", json!({})).await),
        said(409, "nothing_pending")
    );
    let paused = json(&host.act(&id, "pause", json!({})).await);
    assert_eq!(paused["subscription"]["status"], "paused", "{paused}");
    assert!(paused["credited"]["amount"].as_i64().unwrap() > 0);
    let resumed = json(&host.act(&id, "resume", json!({})).await);
    assert_eq!(resumed["subscription"]["status"], "active", "{resumed}");
    for body in [
        json!({ "at": "never" }),
        json!({ "at": "now", "unused": "keep" }),
        json!({ "at": "now", "reason": "bored" }),
        json!({ "at": "now", "comment": "no reason" }),
        json!({}),
    ] {
        assert_eq!(
            problem(&host.act(&id, "cancel", body.clone()).await),
            said(422, "invalid"),
            "{body}"
        );
    }
    let ended = json(
        &host
            .act(&id, "cancel", json!({ "at": "now", "unused": "forfeit" }))
            .await,
    );
    assert_eq!(ended["canceled"]["reason"], "requested");
    assert_eq!(
        problem(&host.act(&id, "cancel", json!({ "at": "now" })).await),
        said(409, "no_subscription")
    );
}

/// Usage that comes in all the time makes no preview old: stopping is one decision.
#[sqlx::test(migrations = false)]
async fn who_uses_all_the_time_can_be_stopped(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let mut subscribers = Vec::new();
    for n in 0..4 {
        subscribers.push(host.subscriber(&format!("c{n}"), "starter").await);
    }
    let over = AtomicBool::new(false);
    let use_it = async || {
        let mut n = 0_u32;
        while !over.load(Ordering::SeqCst) {
            n += 1;
            let event = |(customer, _): &(String, String)| {
                json!({
                    "id": format!("e{n}"), "source": "host", "type": "api_requests", "subject": customer,
                    "data": { "value": 1_000_000 },
                })
            };
            let events = subscribers.iter().map(event).collect();
            let sent = host.call("POST", "/v1/events", events).await;
            assert_eq!(sent.status, 200, "{}", sent.body);
        }
    };
    let stop = async || {
        let mut refused = Vec::new();
        for (n, (_, id)) in subscribers.iter().enumerate() {
            let (what, body) = match n % 2 {
                0 => ("pause", json!({})),
                _ => ("cancel", json!({ "at": "now" })),
            };
            let stopped = host.act(id, what, body).await;
            if stopped.status != 200 {
                refused.push((what, stopped.body));
            }
        }
        over.store(true, Ordering::SeqCst);
        refused
    };
    let ((), refused) = tokio::join!(use_it(), stop());
    assert!(refused.is_empty(), "{refused:?}");
}
