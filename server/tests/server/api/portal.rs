//! Links by which a host sends its users into the portal.

use serde_json::{Value, json};
use service::{Actor, Principal, SignIn, SignUp};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, json, problem, said, text};
use crate::http::Answer;
use crate::site::customer_id;

impl Host {
    async fn session(&self, body: Value) -> Answer {
        self.call("POST", "/v1/portal_sessions", body).await
    }

    /// Looks at a link, as browsers and programs do.
    async fn look(&self, method: &str, url: &str) -> Answer {
        let path = url.strip_prefix(self.site.base_url.as_str()).unwrap();
        self.site.send(method, path, &[], b"").await
    }

    /// Follows a link and presses its button; the cookie it came with is sent along.
    async fn follow(&self, url: &str, cookie: &str) -> Answer {
        let path = url.strip_prefix(self.site.base_url.as_str()).unwrap();
        let headers = [("Cookie", cookie), ("Origin", self.site.base_url.as_str())];
        self.site.send("POST", path, &headers, b"").await
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
    // Where it leads back to is known to the session alone by now.
    let kept: String = sqlx::query_scalar("SELECT return_url FROM portal_link")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, "");
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
        let url = format!("{}/portal/{secret}", host.site.base_url.as_str());
        let answer = host.follow(&url, "").await;
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
        ("payment_methods", "/overview#card"),
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

/// Browsers fetch ahead and mail programs look at links: neither uses one up.
#[sqlx::test(migrations = false)]
async fn looking_at_a_link_does_not_use_it_up(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let customer = host.customer("lumen").await;
    let body = json!({ "customer": customer, "return_url": "https://host.example/" });
    let url = text(&json(&host.session(body).await)["url"]);
    for method in ["HEAD", "GET", "GET"] {
        let looked = host.look(method, &url).await;
        assert_eq!(
            (looked.status, looked.header("set-cookie")),
            (200, None),
            "{method}"
        );
        let policy = looked.header("content-security-policy").unwrap();
        assert!(
            policy.contains("form-action 'self'; script-src 'sha256-"),
            "{policy}"
        );
        assert_eq!(looked.header("cache-control"), Some("no-store"));
    }
    let page = host.look("GET", &url).await.body;
    assert!(
        page.contains("<form method=\"post\"><button>Open the portal</button></form>"),
        "{page}"
    );
    // Nor does another site press the button.
    let path = url.strip_prefix(host.site.base_url.as_str()).unwrap();
    let other = [("Origin", "https://evil.example")];
    assert_eq!(host.site.send("POST", path, &other, b"").await.status, 403);
    assert_eq!(host.follow(&url, "").await.status, 303);
    assert_eq!(host.follow(&url, "").await.status, 410);
}

/// Somebody has a login with the customer's address: it stays theirs, opens nothing else, and shuts nobody out.
#[sqlx::test(migrations = false)]
async fn an_address_that_is_a_login_elsewhere_is_no_matter(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let ada = host.site.customer("lumen").await;
    let Actor::Member { id: adas, .. } = ada else {
        panic!("{ada:?}")
    };
    let mut made = Vec::new();
    for name in ["Copy", "Another"] {
        let body = json!({ "name": name, "email": "ada@lumen.example" });
        let copy = text(&json(&host.call("POST", "/v1/customers", body).await)["id"]);
        let body = json!({ "customer": copy, "return_url": "https://host.example/" });
        let (first, second) = (
            json(&host.session(body.clone()).await),
            json(&host.session(body).await),
        );
        assert_eq!(first["member"], second["member"]);
        assert_ne!(first["member"], json!(adas));
        made.push(text(&first["member"]));
        // It opens the customer the link is of, and no other.
        let session = cookie(&host.follow(&text(&first["url"]), "").await);
        let page = host.page("/overview", &session).await.body;
        assert!(page.contains(name), "{page}");
    }
    made.dedup();
    assert_eq!(made.len(), 2);
    // Her password opens what it opened before.
    let sign_in = || SignIn {
        email: "ada@lumen.example".to_owned(),
        password: "correct horse battery".into(),
        address: None,
    };
    let billing = &host.site.billing;
    assert_eq!(billing.sign_in(sign_in()).await.unwrap(), Principal::Member(adas));
    // And whose address a host gave first may still sign up with it.
    let body = json!({ "name": "New", "email": "bob@orbit.example" });
    let new = text(&json(&host.call("POST", "/v1/customers", body).await)["id"]);
    let body = json!({ "customer": new, "return_url": "https://host.example/" });
    let linked = text(&json(&host.session(body).await)["member"]);
    let sign_up = SignUp {
        company: "Orbit".to_owned(),
        name: "Bob".to_owned(),
        email: "bob@orbit.example".to_owned(),
        password: "correct horse battery".into(),
        time_zone: "UTC".to_owned(),
        address: None,
    };
    let Principal::Member(bob) = billing.sign_up(sign_up).await.unwrap() else {
        panic!("no member")
    };
    assert_ne!(bob.to_string(), linked);
}
