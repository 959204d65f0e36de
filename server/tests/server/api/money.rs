//! Invoices voided and given back, by a key that may decide about money.

use billing::invoice::PaymentTerms;
use serde_json::json;
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said, text};

#[sqlx::test(migrations = false)]
async fn an_open_invoice_is_voided_once(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let terms = PaymentTerms::net(30).unwrap();
    let billing = &host.site.billing;
    billing
        .set_payment_terms(&Actor::System, customer.parse().unwrap(), terms)
        .await
        .unwrap();
    let body = json!({ "customer": customer, "plan": "starter" });
    assert_eq!(host.call("POST", "/v1/subscriptions", body).await.status, 201);
    let open = json(&host.get("/v1/invoices?status=open").await);
    let id = text(&open["data"][0]["id"]);
    assert_eq!(open["data"][0]["amount_due"]["amount"], 19_900);
    let path = format!("/v1/invoices/{id}/void");
    let writer = host
        .site
        .api_key_of(&Actor::System, &[Scope::Read, Scope::Write])
        .await;
    let body = json!({ "reason": "made twice" }).to_string();
    let refused = host.call_with(&writer, ("POST", &path), &[], &body).await;
    assert_eq!(problem(&refused), said(403, "forbidden"));
    for reason in [json!(""), json!("   "), json!("x".repeat(501)), json!(1)] {
        let refused = host.call("POST", &path, json!({ "reason": reason })).await;
        assert_eq!(problem(&refused), said(422, "invalid"), "{reason}");
    }
    let void = host.call("POST", &path, json!({ "reason": "made twice" })).await;
    assert_eq!(
        (void.status, &json(&void)["status"]),
        (200, &json!("void")),
        "{}",
        void.body
    );
    let again = host.call("POST", &path, json!({ "reason": "made twice" })).await;
    assert_eq!(problem(&again), said(409, "invoice_settled"));
    assert_eq!(
        json(&host.get("/v1/invoices?status=open").await)["data"],
        json!([])
    );
}

#[sqlx::test(migrations = false)]
async fn a_credit_note_gives_back_lines_or_all_of_them(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (customer, _) = host.subscriber("lumen", "starter").await;
    let invoice = text(&json(&host.get("/v1/invoices").await)["data"][0]["id"]);
    let detail = json(&host.get(&format!("/v1/invoices/{invoice}")).await);
    let line = &detail["lines"][0]["id"];
    let some = json!({
        "invoice": invoice, "reason": "product_unsatisfactory", "memo": "sorry",
        "lines": [{ "line": line, "amount": { "amount": 5_000, "currency": "USD" } }], "paid_to": "credit",
    });
    let headers = [("Idempotency-Key", "k")];
    let post = async || {
        host.call_with(
            &host.key,
            ("POST", "/v1/credit_notes"),
            &headers,
            &some.to_string(),
        )
        .await
    };
    let issued = post().await;
    assert_eq!(issued.status, 201, "{}", issued.body);
    // Its answer lost, it is found by its name and not issued twice.
    let pool = options.connect_with(database).await.unwrap();
    sqlx::query("UPDATE idempotency_key SET status = NULL, answer = NULL, claimed_until = now()")
        .execute(&pool)
        .await
        .unwrap();
    let again = post().await;
    assert_eq!((again.status, &again.body), (201, &issued.body));
    let note = json(&issued);
    assert_eq!(
        (&note["total"]["amount"], &note["credit"]["amount"]),
        (&json!(5_000), &json!(5_000))
    );
    assert_eq!(note["lines"][0]["invoice_line"], *line);
    let read = host.get(&format!("/v1/credit_notes/{}", text(&note["id"]))).await;
    assert_eq!(json(&read), note);
    // A list of nothing is no list of everything.
    for (none, code) in [(json!([]), "line_missing"), (json!(null), "invalid")] {
        let body = json!({ "invoice": invoice, "reason": "other", "lines": none });
        let refused = host.call("POST", "/v1/credit_notes", body).await;
        assert_eq!(problem(&refused), said(422, code), "{none}");
    }
    let rest = json!({ "invoice": invoice, "reason": "other" });
    let rest = json(&host.call("POST", "/v1/credit_notes", rest).await);
    assert_eq!(
        (&rest["total"]["amount"], &rest["refund"]["amount"]),
        (&json!(14_900), &json!(14_900))
    );
    let listed = json(
        &host
            .get(&format!("/v1/credit_notes?customer={customer}&invoice={invoice}"))
            .await,
    );
    let ids: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| &note["id"])
        .collect();
    assert_eq!(ids, [&rest["id"], &note["id"]]);
    for (body, status, code) in [
        (
            json!({ "invoice": invoice, "reason": "other" }),
            409,
            "nothing_left",
        ),
        (json!({ "invoice": invoice, "reason": "pause" }), 422, "invalid"),
        (json!({ "invoice": "inv_x", "reason": "other" }), 404, "not_found"),
        (
            json!({ "invoice": invoice, "reason": "other", "lines": [{ "line": "il_x" }] }),
            404,
            "not_found",
        ),
        (
            json!({ "invoice": invoice, "reason": "other",
                "lines": [{ "line": line, "amount": { "amount": 1, "currency": "EUR" } }] }),
            422,
            "currency_mismatch",
        ),
        (
            json!({ "invoice": invoice, "reason": "other",
                "lines": [{ "line": line, "amount": { "amount": i64::MIN, "currency": "USD" } }] }),
            422,
            "invalid",
        ),
        (
            json!({ "invoice": invoice, "reason": "other",
                "lines": [{ "line": line, "amount": { "amount": 1.5, "currency": "USD" } }] }),
            422,
            "invalid",
        ),
    ] {
        let refused = host.call("POST", "/v1/credit_notes", body.clone()).await;
        assert_eq!(problem(&refused), said(status, code), "{body}");
    }
}
