//! `/v1/customers`: made, found, listed and changed; by whom, and whose.

use std::collections::BTreeSet;

use serde_json::json;
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said, text};
use crate::site::customer_id;

#[sqlx::test(migrations = false)]
async fn a_customer_is_made_read_and_changed(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let new = json!({
        "name": "Lumen Labs", "email": "billing@lumen.example", "external_id": "u-1",
        "time_zone": "Europe/Berlin", "metadata": { "tier": "gold", "region": "eu" },
    });
    let made = host.call("POST", "/v1/customers", new).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let mut expected = json!({
        "id": json(&made)["id"], "external_id": "u-1", "name": "Lumen Labs", "email": "billing@lumen.example",
        "currency": "USD", "time_zone": "Europe/Berlin", "net_days": null,
        "tax": { "region": null, "id": null, "exempt": false },
        "metadata": { "region": "eu", "tier": "gold" }, "created_at": json(&made)["created_at"],
    });
    assert_eq!(json(&made), expected);
    let path = format!("/v1/customers/{}", text(&expected["id"]));
    let read = host.get(&path).await;
    assert_eq!((read.status, json(&read)), (200, expected.clone()));
    assert_eq!(read.header("etag"), made.header("etag"));

    let change =
        json!({ "name": "Lumen", "external_id": null, "metadata": { "tier": null, "since": "2026" } });
    let changed = host.call("PATCH", &path, change).await;
    expected["name"] = json!("Lumen");
    expected["external_id"] = json!(null);
    expected["metadata"] = json!({ "region": "eu", "since": "2026" });
    assert_eq!((changed.status, json(&changed)), (200, expected));
    assert_ne!(changed.header("etag"), read.header("etag"));
    let nothing = host.call("PATCH", &path, json!({})).await;
    assert_eq!(nothing.header("etag"), changed.header("etag"));
}

#[sqlx::test(migrations = false)]
async fn an_external_id_is_one_customers(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let put = json!({ "name": "Lumen", "email": "a@lumen.example", "metadata": { "a": "1" } });
    let first = host.call("PUT", "/v1/customers/external/u%2F1", put).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = json!({ "name": "Lumen Labs", "email": "a@lumen.example", "metadata": { "b": "2" } });
    let second = host.call("PUT", "/v1/customers/external/u%2F1", again).await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(json(&first)["id"], json(&second)["id"]);
    assert_eq!(json(&second)["metadata"], json!({ "b": "2" }));
    let taken = json!({ "name": "Orbit", "email": "b@orbit.example", "external_id": "u/1" });
    let refused = host.call("POST", "/v1/customers", taken).await;
    assert_eq!(problem(&refused), said(409, "external_id_taken"));
    let found = json(&host.get("/v1/customers?external_id=u%2F1").await);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["name"], "Lumen Labs");
    let none = json(&host.get("/v1/customers?external_id=nobody").await);
    assert_eq!(
        none,
        json!({ "data": [], "has_more": false, "next_cursor": null })
    );
}

#[sqlx::test(migrations = false)]
async fn an_edit_of_what_changed_meanwhile_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let path = format!("/v1/customers/{}", host.customer("lumen").await);
    let seen = host.get(&path).await.header("etag").unwrap().to_owned();
    let edit = async |tag: &str, name: &str| {
        let body = json!({ "name": name }).to_string();
        host.call_with(&host.key, ("PATCH", &path), &[("If-Match", tag)], &body)
            .await
    };
    assert_eq!(edit(&seen, "first").await.status, 200);
    assert_eq!(
        problem(&edit(&seen, "second").await),
        said(412, "changed_meanwhile")
    );
    assert_eq!(json(&host.get(&path).await)["name"], "first");
    assert_eq!(edit("*", "third").await.status, 200);
    assert_eq!(
        problem(&edit("nonsense", "x").await),
        said(400, "invalid_if_match")
    );
}

#[sqlx::test(migrations = false)]
async fn a_put_of_what_changed_meanwhile_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let put = async |tag: &str, name: &str| {
        let body = json!({ "name": name, "email": "a@lumen.example" }).to_string();
        let call = ("PUT", "/v1/customers/external/u-1");
        host.call_with(&host.key, call, &[("If-Match", tag)], &body).await
    };
    let none = put("\"abc\"", "Lumen").await;
    assert_eq!(problem(&none), said(412, "changed_meanwhile"));
    let any = put("*", "Lumen").await;
    assert_eq!(problem(&any), said(412, "changed_meanwhile"));
    assert_eq!(json(&host.get("/v1/customers").await)["data"], json!([]));
    let body = json!({ "name": "Lumen", "email": "a@lumen.example" });
    let made = host.call("PUT", "/v1/customers/external/u-1", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let known = put("*", "Lumen").await;
    assert_eq!((known.status, &known.body), (200, &made.body));
    let seen = made.header("etag").unwrap();
    assert_eq!(put(seen, "first").await.status, 200);
    assert_eq!(
        problem(&put(seen, "second").await),
        said(412, "changed_meanwhile")
    );
    assert_eq!(problem(&put("x", "x").await), said(400, "invalid_if_match"));
    let found = json(&host.get("/v1/customers").await);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["name"], "first");
}

#[sqlx::test(migrations = false)]
async fn pages_miss_nothing_and_repeat_nothing(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let mut before = BTreeSet::new();
    for n in 0..7 {
        before.insert(host.customer(&format!("c{n}")).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let path = match &cursor {
            Some(cursor) => format!("/v1/customers?limit=3&cursor={cursor}"),
            None => "/v1/customers?limit=3".to_owned(),
        };
        let page = json(&host.get(&path).await);
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| text(&row["id"])),
        );
        // Somebody comes in between two pages.
        host.customer(&format!("late{}", seen.len())).await;
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(page["has_more"].as_bool().unwrap(), cursor.is_some());
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), before);
    for (query, code) in [
        ("limit=0", "invalid_query"),
        ("limit=101", "invalid_query"),
        ("limit=x", "invalid_query"),
        ("what=1", "invalid_query"),
        ("cursor=x", "invalid_cursor"),
        ("external_id=%00", "invalid_query"),
    ] {
        let refused = host.get(&format!("/v1/customers?{query}")).await;
        assert_eq!(problem(&refused), said(400, code), "{query}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_customers_own_key_sees_itself_alone(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let other = host.customer("orbit").await;
    let ada = host.site.customer("lumen").await;
    let key = host.site.api_key_of(&ada, &[Scope::Read, Scope::Write]).await;
    let own = format!("/v1/customers/{}", customer_id(&ada));
    assert_eq!(host.get_with(&key, &own).await.status, 200);
    let foreign = host.get_with(&key, &format!("/v1/customers/{other}")).await;
    assert_eq!(problem(&foreign), said(404, "not_found"));
    // What the host keeps there is the host's.
    let kept = json!({ "external_id": "u-1", "metadata": { "risk": "high" } });
    let kept = host.call("PATCH", &own, kept).await;
    assert_eq!(json(&kept)["metadata"], json!({ "risk": "high" }));
    let (read, listed) = (
        host.get_with(&key, &own).await,
        json(&host.get_with(&key, "/v1/customers").await),
    );
    assert_eq!(listed["data"], json!([json(&read)]));
    assert_eq!(
        (&json(&read)["external_id"], &json(&read)["metadata"]),
        (&json!(null), &json!({}))
    );
    let other_kept = host
        .call("PATCH", &own, json!({ "metadata": { "risk": "low" } }))
        .await;
    assert_ne!(other_kept.header("etag"), kept.header("etag"));
    let unchanged = host.get_with(&key, &own).await;
    assert_eq!(unchanged.header("etag"), read.header("etag"));
    let guess = host.get_with(&key, "/v1/customers?external_id=u-1").await;
    assert_eq!(problem(&guess), said(403, "forbidden"));
    for (call, body) in [
        (("PATCH", own.as_str()), json!({ "name": "x" })),
        (
            ("POST", "/v1/customers"),
            json!({ "name": "x", "email": "x@x.example" }),
        ),
        (
            ("PUT", "/v1/customers/external/1"),
            json!({ "name": "x", "email": "x@x.example" }),
        ),
    ] {
        let refused = host.call_with(&key, call, &[], &body.to_string()).await;
        assert_eq!(problem(&refused), said(403, "forbidden"), "{call:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn each_scope_opens_its_own(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let path = format!("/v1/customers/{}", host.customer("lumen").await);
    let reader = host.site.api_key(&Actor::System, Scope::Read).await;
    let writer = host.site.api_key(&Actor::System, Scope::Write).await;
    assert_eq!(host.get_with(&reader, &path).await.status, 200);
    assert_eq!(
        problem(&host.get_with(&writer, &path).await),
        said(403, "forbidden")
    );
    let body = json!({ "name": "x" }).to_string();
    let refused = host.call_with(&reader, ("PATCH", &path), &[], &body).await;
    assert_eq!(problem(&refused), said(403, "forbidden"));
    // What is changed is shown: whoever may not look may not be shown it either.
    let put = json!({ "name": "x", "email": "x@x.example" }).to_string();
    for (call, body) in [
        (("PATCH", path.as_str()), &body),
        (("POST", "/v1/customers"), &put),
        (("PUT", "/v1/customers/external/1"), &put),
        // Before the body is looked at.
        (("POST", "/v1/customers"), &"{".to_owned()),
    ] {
        let refused = host.call_with(&writer, call, &[], body).await;
        assert_eq!(problem(&refused), said(403, "forbidden"), "{call:?}");
    }
    let both = host
        .site
        .api_key_of(&Actor::System, &[Scope::Read, Scope::Write])
        .await;
    let changed = host.call_with(&both, ("PATCH", &path), &[], &body).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    for unknown in ["cus_x", "inv_1", "%FF", "cus_00000000000000000000000000000000"] {
        let missing = host.get(&format!("/v1/customers/{unknown}")).await;
        assert_eq!(problem(&missing), said(404, "not_found"), "{unknown}");
    }
}
