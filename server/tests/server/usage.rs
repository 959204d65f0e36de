//! `/v1/usage/*` and what a customer may do: the whole answer to each kind of request.

mod refused;

use billing::credit::GrantTerms;
use billing::entitlement::{Allowance, Override};
use billing::id::CustomerId;
use billing::invoice::PaymentTerms;
use billing::money::{Currency, Money};
use billing::period::Interval;
use service::{Actor, GrantCredit, Scope, SetOverride, StartCheckout};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::http::Answer;
use crate::site::{Site, customer_id};

/// A site, a customer on Starter, and the host platform's keys.
struct Host {
    site: Site,
    ada: Actor,
    customer: String,
    reads: String,
    writes: String,
}

impl Host {
    async fn new(database: &PgConnectOptions) -> Self {
        let site = Site::start(database).await;
        let ada = site.customer("lumen").await;
        let reads = site.api_key(&Actor::System, Scope::Read).await;
        let writes = site.api_key(&Actor::System, Scope::EventsWrite).await;
        let host = Self {
            customer: customer_id(&ada),
            site,
            ada,
            reads,
            writes,
        };
        host.subscribe().await;
        host
    }

    fn id(&self) -> CustomerId {
        self.customer.parse().unwrap()
    }

    /// Is sent invoices, so needs no card.
    async fn subscribe(&self) {
        let billing = &self.site.billing;
        let terms = PaymentTerms::net(30).unwrap();
        billing
            .set_payment_terms(&Actor::System, self.id(), terms)
            .await
            .unwrap();
        let plans = billing.public_plans().await.unwrap();
        let starter = plans.iter().find(|plan| plan.key == "starter").unwrap();
        let start = StartCheckout {
            price: starter.price_for(Interval::Month, Currency::USD).unwrap().id,
            trial: false,
            code: None,
        };
        billing.start_checkout(&self.ada, start).await.unwrap();
    }

    async fn send(&self, method: &str, path: &str, key: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {key}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
        ];
        self.site.billing.forget_checked();
        self.site.send(method, path, &headers, body.as_bytes()).await
    }

    /// The members after the customer's.
    async fn post(&self, path: &str, members: &str) -> (u16, String) {
        let key = if path.ends_with("check") {
            &self.reads
        } else {
            &self.writes
        };
        let body = format!(r#"{{"customer":"{}",{members}}}"#, self.customer);
        seen(&self.send("POST", path, key, &body).await)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let path = format!("/v1/customers/{}{path}", self.customer);
        let (status, body) = seen(&self.send("GET", &path, &self.reads, "").await);
        (status, without_time(&body, "reset_at"))
    }
}

fn seen(answer: &Answer) -> (u16, String) {
    let kind = if answer.status >= 400 {
        "application/problem+json"
    } else {
        "application/json"
    };
    assert_eq!(answer.header("content-type"), Some(kind), "{}", answer.body);
    (answer.status, answer.body.clone())
}

/// The body with a member's times, which are real here, left out.
fn without_time(body: &str, member: &str) -> String {
    let begins = format!(r#""{member}":"2"#);
    let mut rest = body;
    let mut shown = String::new();
    while let Some((before, after)) = rest.split_once(&begins) {
        let (time, after) = after.split_once('"').unwrap();
        assert!(
            format!("2{time}")
                .parse::<chrono::DateTime<chrono::Utc>>()
                .is_ok(),
            "{time}"
        );
        shown.push_str(&format!(r#"{before}"{member}":"…""#));
        rest = after;
    }
    shown + rest
}

#[sqlx::test(migrations = false)]
async fn a_check_says_how_things_stand(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let chains = |more: &str| format!(r#""meter":"chain_deployments"{more}"#);
    let check = async |members: &str| host.post("/v1/usage/check", members).await;
    let fine = concat!(
        r#"{"allowed":true,"reason":null,"warning":null,"used":"0","reserved":"0","limit":"1","#,
        r#""remaining":"1","usage_percentage":"0","reset_at":null}"#
    );
    assert_eq!(check(&chains("")).await, (200, fine.to_owned()));
    assert_eq!(check(&chains(r#","quantity":0"#)).await, (200, fine.to_owned()));
    let full = fine.replace(r#"true,"reason":null"#, r#"false,"reason":"limit_reached""#);
    for quantity in ["2", r#""1.000001""#] {
        let answer = check(&chains(&format!(r#","quantity":{quantity}"#))).await;
        assert_eq!(answer, (200, full.clone()), "{quantity}");
    }
    let (status, body) = check(r#""meter":"api_requests","quantity":"1000000""#).await;
    let included = concat!(
        r#"{"allowed":true,"reason":null,"warning":null,"used":"0","reserved":"0","limit":"100000","#,
        r#""remaining":"100000","usage_percentage":"0","reset_at":"…"}"#
    );
    assert_eq!(
        (status, without_time(&body, "reset_at")),
        (200, included.to_owned())
    );
}

#[sqlx::test(migrations = false)]
async fn units_are_held_committed_and_released(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let customer = &host.customer;
    let reserve = async |members: &str| host.post("/v1/usage/reserve", members).await;
    let (status, first) = reserve(r#""id":"call-1","meter":"storage_gb","quantity":"2.50""#).await;
    let held = format!(
        concat!(
            r#"{{"id":"call-1","customer":"{}","meter":"storage_gb","quantity":"2.5","expires_at":"…","allowed":true,"#,
            r#""reason":null,"warning":null,"used":"0","reserved":"2.5","limit":"10","remaining":"7.5","#,
            r#""usage_percentage":"0","reset_at":null}}"#
        ),
        customer
    );
    assert_eq!((status, without_time(&first, "expires_at")), (200, held));
    // The whole answer again, the time it ends at included.
    assert_eq!(
        reserve(r#""id":"call-1","quantity":2.5,"meter":"storage_gb""#).await,
        (200, first)
    );

    let commit = async |members: &str| host.post("/v1/usage/commit", members).await;
    let members = r#""id":"call-1","quantity":"1.5","data":{"region":"eu","size":1}"#;
    let committed = format!(
        r#"{{"id":"call-1","customer":"{customer}","meter":"storage_gb","quantity":"1.5","late":false}}"#
    );
    assert_eq!(commit(members).await, (200, committed.clone()));
    assert_eq!(commit(members).await, (200, committed));
    let (status, body) = commit(r#""id":"call-1","quantity":"1""#).await;
    assert_eq!(
        (status, body.contains(r#""code":"event_conflict""#)),
        (409, true),
        "{body}"
    );

    let release = async |members: &str| host.post("/v1/usage/release", members).await;
    reserve(r#""id":"call-2","meter":"storage_gb""#).await;
    let released =
        format!(r#"{{"id":"call-2","customer":"{customer}","meter":"storage_gb","quantity":"1"}}"#);
    assert_eq!(release(r#""id":"call-2""#).await, (200, released.clone()));
    assert_eq!(release(r#""id":"call-2""#).await, (200, released));
    for (answer, code) in [
        (release(r#""id":"call-1""#).await, "reservation_committed"),
        (commit(r#""id":"call-2""#).await, "reservation_released"),
        (
            reserve(r#""id":"call-2","meter":"api_requests""#).await,
            "reservation_conflict",
        ),
    ] {
        assert_eq!(
            (answer.0, answer.1.contains(&format!(r#""code":"{code}""#))),
            (409, true),
            "{}",
            answer.1
        );
    }
    let pool = options.connect_with(database).await.unwrap();
    let events: Vec<(String, String, String, String)> =
        sqlx::query_as("SELECT event_id, source, value::text, data::text FROM usage_event")
            .fetch_all(&pool)
            .await
            .unwrap();
    let data = r#"{"size": 1, "region": "eu"}"#;
    let event = ["call-1", "reservation", "1.5", data].map(str::to_owned);
    assert_eq!(events, [event.into()]);
    assert_eq!(host.site.billing.verify().await.unwrap().findings, []);
}

#[sqlx::test(migrations = false)]
async fn a_refusal_is_a_problem_with_the_whole_answer(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let reserve = async |id: &str, meter: &str| {
        let members = format!(r#""id":"{id}","meter":"{meter}""#);
        host.post("/v1/usage/reserve", &members).await
    };
    assert_eq!(reserve("a", "chain_deployments").await.0, 200);
    let expected = concat!(
        r#"{"type":"about:blank","title":"Too Many Requests","status":429,"code":"limit_reached","#,
        r#""detail":"the limit would be passed","allowed":false,"limit":"1","reason":"limit_reached","#,
        r#""remaining":"0","reserved":"1","reset_at":null,"usage_percentage":"0","used":"0","warning":null}"#
    );
    assert_eq!(
        reserve("b", "chain_deployments").await,
        (429, expected.to_owned())
    );

    let billing = &host.site.billing;
    let file = billing.export_catalog(&Actor::System).await.unwrap();
    let file =
        format!("{file}\n[meter.oracles]\nname = \"Oracles\"\nunit = \"call\"\naggregation = \"sum\"\n");
    billing.apply_catalog(&Actor::System, &file).await.unwrap();
    let (status, body) = reserve("c", "oracles").await;
    let nothing = r#""allowed":false,"limit":"0","reason":"not_in_plan","remaining":"0""#;
    assert_eq!((status, body.contains(nothing)), (403, true), "{body}");

    // Nothing is owed any more: who owes does not pause.
    let credit = GrantCredit {
        customer: host.id(),
        terms: GrantTerms::paid(Money::new(50_000, Currency::USD)),
        reason: "For the test".to_owned(),
    };
    billing.grant_credit(&Actor::System, credit).await.unwrap();
    let preview = billing
        .preview_stop(&host.ada, service::StopKind::Pause { resume_at: None })
        .await
        .unwrap();
    billing
        .confirm_stop(&host.ada, &preview.token, None)
        .await
        .unwrap();
    let (status, body) = reserve("d", "api_requests").await;
    let suspended = r#""code":"suspended","detail":"the subscription is suspended, unpaid or paused""#;
    assert_eq!((status, body.contains(suspended)), (402, true), "{body}");
    let (status, body) = host.post("/v1/usage/check", r#""meter":"api_requests""#).await;
    let said =
        r#"{"allowed":false,"reason":"suspended","warning":null,"used":"0","reserved":"0","limit":"100000""#;
    assert_eq!((status, body.starts_with(said)), (200, true), "{body}");

    let nobody = Host {
        customer: customer_id(&host.site.customer("orbit").await),
        ..host
    };
    let (status, body) = nobody
        .post("/v1/usage/reserve", r#""id":"a","meter":"api_requests""#)
        .await;
    let none = r#""code":"no_subscription","detail":"there is no subscription that is under way""#;
    assert_eq!((status, body.contains(none)), (402, true), "{body}");
}

#[sqlx::test(migrations = false)]
async fn entitlements_and_usage_are_listed(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    host.post("/v1/usage/reserve", r#""id":"a","meter":"chain_deployments""#)
        .await;
    host.post("/v1/usage/commit", r#""id":"a""#).await;
    let chains = concat!(
        r#""meter":"chain_deployments","allowed":false,"reason":"limit_reached","warning":"critical","used":"1","#,
        r#""reserved":"0","limit":"1","remaining":"0","usage_percentage":"100","reset_at":null}"#
    );
    let storage = concat!(
        r#""meter":"storage_gb","allowed":true,"reason":null,"warning":null,"used":"0","reserved":"0","#,
        r#""limit":"10","remaining":"10","usage_percentage":"0","reset_at":null}"#
    );
    let (status, usage) = host.get("/usage").await;
    let first = format!(r#"{{"meters":[{{{chains},{{"meter":"deployments","#);
    assert_eq!((status, usage.starts_with(&first)), (200, true), "{usage}");
    assert!(usage.contains(&format!("{{{storage}")), "{usage}");

    let support =
        r#"{"kind":"feature","feature":"support","allowed":true,"reason":null,"value":"Community"}"#;
    let (status, list) = host.get("/entitlements").await;
    let first = format!(r#"{{"entitlements":[{{"kind":"meter",{chains}"#);
    assert_eq!((status, list.starts_with(&first)), (200, true), "{list}");
    assert!(list.contains(support), "{list}");
    assert_eq!(host.get("/entitlements/support").await, (200, support.to_owned()));
    let one = format!(r#"{{"kind":"meter",{storage}"#);
    assert_eq!(host.get("/entitlements/storage_gb").await, (200, one));
    let missing = concat!(
        r#"{"type":"about:blank","title":"Not Found","status":404,"code":"not_found","#,
        r#""detail":"there is no such meter or feature"}"#
    );
    for key in ["teleports", "%00", "a%20b"] {
        assert_eq!(
            host.get(&format!("/entitlements/{key}")).await,
            (404, missing.to_owned()),
            "{key}"
        );
    }

    let agreed = SetOverride {
        customer: host.id(),
        agreed: Override::Meter {
            key: "chain_deployments".to_owned(),
            included: Allowance::Unlimited,
        },
        reason: "A launch".to_owned(),
    };
    host.site
        .billing
        .set_override(&Actor::System, agreed)
        .await
        .unwrap();
    let unlimited = concat!(
        r#"{"kind":"meter","meter":"chain_deployments","allowed":true,"reason":null,"warning":null,"used":"1","#,
        r#""reserved":"0","limit":"-1","remaining":null,"usage_percentage":null,"reset_at":null}"#
    );
    let answer = host.get("/entitlements/chain_deployments").await;
    assert_eq!(answer, (200, unlimited.to_owned()));
}
