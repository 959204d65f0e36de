//! Links by which a host sends its users into the portal.

use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said, text};
use crate::http::Answer;
use crate::site::customer_id;

impl Host {
    async fn session(&self, body: Value) -> Answer {
        self.call("POST", "/v1/portal_sessions", body).await
    }

    /// Follows a link; the cookie it came with is sent along.
    async fn follow(&self, url: &str, cookie: &str) -> Answer {
        let path = url.strip_prefix(self.site.base_url.as_str()).unwrap();
        self.site.send("GET", path, &[("Cookie", cookie)], b"").await
    }

    async fn page(&self, path: &str, cookie: &str) -> Answer {
        let headers = [("Cookie", cookie), ("Accept", "text/html")];
        self.site.send("GET", path, &headers, b"").await
    }
}

fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").unwrap();
    set.split(';').next().unwrap().to_owned()
}

#[sqlx::test(migrations = false)]
async fn a_link_signs_in_once_and_shows_the_way_back(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let body = json!({ "customer": customer, "return_url": "https://host.example/settings?tab=billing" });
    let made = host.session(body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let url = text(&json(&made)["url"]);
    let entered = host.follow(&url, "").await;
    assert_eq!(
        (entered.status, entered.header("location")),
        (303, Some("/overview"))
    );
    let session = cookie(&entered);
    let page = host.page("/overview", &session).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body
            .contains("href=\"https://host.example/settings?tab=billing\"")
    );
    assert!(page.body.contains("Back to host.example"));
    // Used up, for this browser and any other.
    for cookie in [session.as_str(), ""] {
        let again = host.follow(&url, cookie).await;
        assert_eq!(again.status, 410);
        assert!(again.body.contains("used before, or is older than five minutes"));
        assert_eq!(again.header("set-cookie"), None);
    }
    assert_eq!(host.page("/overview", &session).await.status, 200);
    let secret = url.rsplit('/').next().unwrap();
    let pool = options.connect_with(database).await.unwrap();
    let stored: Vec<String> = sqlx::query_scalar("SELECT portal_link::text FROM portal_link")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert!(!stored.concat().contains(secret) && secret.len() == 43);
}

#[sqlx::test(migrations = false)]
async fn of_two_who_follow_it_at_once_one_comes_in(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let made = host
        .session(json!({ "customer": customer, "return_url": "https://host.example/" }))
        .await;
    let url = text(&json(&made)["url"]);
    let (a, b, c) = tokio::join!(
        host.follow(&url, ""),
        host.follow(&url, ""),
        host.follow(&url, "")
    );
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410, 410]);
}

#[sqlx::test(migrations = false)]
async fn a_late_link_and_a_made_up_one_lead_nowhere(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let made = host
        .session(json!({ "customer": customer, "return_url": "https://host.example/" }))
        .await;
    let url = text(&json(&made)["url"]);
    let pool = options.connect_with(database).await.unwrap();
    sqlx::query("UPDATE portal_link SET expires_at = now()")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(host.follow(&url, "").await.status, 410);
    for secret in ["x", &"A".repeat(43), "%FF", "%00", "..%2F..%2Foverview"] {
        let answer = host.page(&format!("/portal/{secret}"), "").await;
        assert!(matches!(answer.status, 404 | 410), "{secret}: {}", answer.status);
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[sqlx::test(migrations = false)]
async fn it_opens_where_the_host_says(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    for (flow, path) in [
        ("plan_change", "/plan"),
        ("cancel", "/plan/cancel"),
        ("payment_methods", "/overview"),
        ("invoices", "/invoices"),
    ] {
        let body = json!({ "customer": customer, "return_url": "https://host.example/", "flow": flow });
        let url = text(&json(&host.session(body).await)["url"]);
        let entered = host.follow(&url, "").await;
        assert_eq!(entered.header("location"), Some(path), "{flow}");
    }
    for body in [
        json!({ "customer": customer, "return_url": "https://host.example/", "flow": "admin" }),
        json!({ "customer": customer, "return_url": "javascript:alert(1)" }),
        json!({ "customer": customer, "return_url": "http://host.example/" }),
        json!({ "customer": customer, "return_url": "https://user:secret@host.example/" }),
        json!({ "customer": customer }),
    ] {
        assert_eq!(
            problem(&host.session(body.clone()).await),
            said(422, "invalid"),
            "{body}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn it_signs_in_a_member_of_the_customer_alone(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (ada, bob) = (
        host.site.customer("lumen").await,
        host.site.customer("orbit").await,
    );
    let service::Actor::Member { id: bobs, .. } = bob else {
        panic!("{bob:?}")
    };
    let service::Actor::Member { id: adas, .. } = ada else {
        panic!("{ada:?}")
    };
    let lumen = customer_id(&ada);
    let body = |member: Option<String>| json!({ "customer": lumen, "member": member, "return_url": "https://host.example/" });
    let owner = json(&host.session(body(None)).await);
    assert_eq!(owner["member"], json!(adas));
    let named = json(&host.session(body(Some(adas.to_string()))).await);
    assert_eq!(named["member"], json!(adas));
    for member in [bobs.to_string(), "mem_x".to_owned()] {
        assert_eq!(
            problem(&host.session(body(Some(member))).await),
            said(404, "not_found")
        );
    }
    let nobody =
        json!({ "customer": "cus_00000000000000000000000000000000", "return_url": "https://x.example/" });
    assert_eq!(problem(&host.session(nobody).await), said(404, "not_found"));
    // Somebody else has the address: then it is said who is to be signed in.
    let taken = json!({ "name": "Copy", "email": "ada@lumen.example" });
    let copy = text(&json(&host.call("POST", "/v1/customers", taken).await)["id"]);
    let refused = host
        .session(json!({ "customer": copy, "return_url": "https://x.example/" }))
        .await;
    assert_eq!(problem(&refused), said(409, "email_taken"));
    // Whoever was signed in before in the browser is not any more.
    let first = host.follow(&text(&owner["url"]), "").await;
    let orbit = json!({ "customer": customer_id(&bob), "return_url": "https://host.example/" });
    let second = json(&host.session(orbit).await);
    let second = host.follow(&text(&second["url"]), &cookie(&first)).await;
    assert_ne!(cookie(&second), cookie(&first));
    assert_eq!(host.page("/overview", &cookie(&first)).await.status, 302);
    assert!(
        host.page("/overview", &cookie(&second))
            .await
            .body
            .contains("orbit")
    );
}
