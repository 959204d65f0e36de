//! `POST /v1/promotion_codes/validate`: the whole answer to each kind of request.

use billing::coupon::{CodeLimits, Discount, Duration, Percent};
use billing::id::PriceId;
use billing::money::{Currency, Money};
use billing::period::Interval;
use service::{Actor, MakeCodes, NewCoupon, NewPromotionCodes, Scope, StartCheckout};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::http::Answer;
use crate::site::{Site, customer_id};

/// A site with a customer, the host platform's key and some codes.
struct Host {
    site: Site,
    ada: Actor,
    key: String,
    starter: PriceId,
    professional: PriceId,
}

impl Host {
    async fn new(database: &PgConnectOptions) -> Self {
        let site = Site::start(database).await;
        let ada = site.customer("lumen").await;
        let key = site.api_key(&Actor::System, Scope::Read).await;
        let plans = site.billing.public_plans().await.unwrap();
        let price = |plan: &str| {
            let plan = plans.iter().find(|candidate| candidate.key == plan).unwrap();
            plan.price_for(Interval::Month, Currency::USD).unwrap().id
        };
        let (starter, professional) = (price("starter"), price("professional"));
        let host = Self {
            site,
            ada,
            key,
            starter,
            professional,
        };
        let fifth = Discount::Percent(Percent::new(20.into()).unwrap());
        host.code("Launch", "LAUNCH", fifth, CodeLimits::default()).await;
        host
    }

    async fn code(&self, name: &str, code: &str, discount: Discount, limits: CodeLimits) {
        let coupon = NewCoupon {
            name: name.to_owned(),
            discount,
            duration: Duration::Once,
            plans: None,
        };
        let coupon = self
            .site
            .billing
            .create_coupon(&Actor::System, coupon)
            .await
            .unwrap();
        let codes = NewPromotionCodes {
            coupon,
            campaign: None,
            make: MakeCodes::One(code.to_owned()),
            limits,
        };
        self.site
            .billing
            .create_codes(&Actor::System, codes)
            .await
            .unwrap();
    }

    async fn post(&self, body: &str) -> Answer {
        self.post_as(&self.key, body).await
    }

    async fn post_as(&self, key: &str, body: &str) -> Answer {
        let authorization = format!("Bearer {key}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
        ];
        let path = "/v1/promotion_codes/validate";
        self.site.send("POST", path, &headers, body.as_bytes()).await
    }

    fn asked(&self, code: &str, price: PriceId) -> String {
        let customer = customer_id(&self.ada);
        format!(r#"{{"code":"{code}","customer":"{customer}","price":"{price}"}}"#)
    }

    async fn ask(&self, code: &str) -> Answer {
        self.post(&self.asked(code, self.starter)).await
    }
}

/// Status and body of a problem.
fn problem(status: u16, title: &str, code: &str, detail: &str) -> (u16, String) {
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{status},"code":"{code}","detail":"{detail}"}}"#
    );
    (status, body)
}

fn conflict(code: &str, detail: &str) -> (u16, String) {
    problem(409, "Conflict", code, detail)
}

fn seen(answer: &Answer) -> (u16, String) {
    let problem = answer.status >= 400;
    let kind = if problem {
        "application/problem+json"
    } else {
        "application/json"
    };
    assert_eq!(answer.header("content-type"), Some(kind));
    (answer.status, answer.body.clone())
}

#[sqlx::test(migrations = false)]
async fn a_code_says_what_it_takes_off(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let expected = concat!(
        r#"{"code":"LAUNCH","name":"Launch","subtotal":{"amount":19900,"currency":"USD"},"#,
        r#""discount":{"amount":3980,"currency":"USD"},"tax":{"amount":0,"currency":"USD"},"#,
        r#""total":{"amount":15920,"currency":"USD"}}"#
    );
    let answer = host.ask(" launch ").await;
    assert_eq!(seen(&answer), (200, expected.to_owned()));
    // Nothing was redeemed by asking.
    assert_eq!(seen(&host.ask("LAUNCH").await), (200, expected.to_owned()));
}

#[sqlx::test(migrations = false)]
async fn a_refusal_says_why_and_tells_nothing_of_others(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let ten = Discount::Amount(Money::new(1_000, Currency::USD));
    let once = CodeLimits {
        max_redemptions: Some(1),
        ..CodeLimits::default()
    };
    let large = CodeLimits {
        minimum: Some(Money::new(50_000, Currency::USD)),
        ..CodeLimits::default()
    };
    host.code("One", "ONE-ONLY", ten, once).await;
    host.code("Large", "LARGE", ten, large).await;
    host.code("Over", "OVER", ten, CodeLimits::default()).await;
    host.site
        .billing
        .retire_code(&Actor::System, "OVER")
        .await
        .unwrap();
    let ben = host.site.customer("orbit").await;
    let start = StartCheckout {
        price: host.starter,
        trial: false,
        code: Some("ONE-ONLY".to_owned()),
    };
    host.site.billing.start_checkout(&ben, start).await.unwrap();

    let unknown = conflict("code_unknown", "there is no such promotion code");
    for code in [
        "NOBODY-KNOWS",
        "OVER",
        "x",
        "no such code",
        "'; DROP TABLE coupon",
    ] {
        assert_eq!(seen(&host.ask(code).await), unknown, "{code}");
    }
    assert_eq!(
        seen(&host.ask("ONE-ONLY").await),
        conflict("code_used_up", "the promotion code is used up")
    );
    let below = seen(&host.ask("LARGE").await);
    assert_eq!(
        (below.0, below.1.contains(r#""code":"code_below_minimum""#)),
        (409, true),
        "{below:?}"
    );
    let professional = host.post(&host.asked("LARGE", host.professional)).await;
    assert_eq!(professional.status, 200, "{}", professional.body);
    let pool = options.connect_with(database).await.unwrap();
    let (redemptions,): (i64,) = sqlx::query_as("SELECT count(*) FROM redemption")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(redemptions, 1, "asking redeems nothing");
}

#[sqlx::test(migrations = false)]
async fn a_key_has_ten_tries_a_minute(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    for n in 0..10 {
        let code = if n % 2 == 0 {
            "LAUNCH".to_owned()
        } else {
            format!("GUESS-{n}")
        };
        assert_ne!(host.ask(&code).await.status, 429, "{n}");
    }
    let slowed = problem(
        429,
        "Too Many Requests",
        "too_many",
        "too many tries: wait a little",
    );
    assert_eq!(seen(&host.ask("LAUNCH").await), slowed);
    assert_eq!(seen(&host.ask("GUESS").await), slowed);
    // Another key has its own, and so has the customer.
    let other = host.site.api_key(&Actor::System, Scope::Read).await;
    let answer = host.post_as(&other, &host.asked("LAUNCH", host.starter)).await;
    assert_eq!(answer.status, 200);
    let portal = host
        .site
        .billing
        .check_code(&host.ada, "LAUNCH", host.starter)
        .await;
    assert!(portal.is_ok());
}

#[sqlx::test(migrations = false)]
async fn only_a_key_that_may_read_asks_and_only_for_its_own(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let asked = host.asked("LAUNCH", host.starter);
    let (path, json) = (
        "/v1/promotion_codes/validate",
        ("Content-Type", "application/json"),
    );
    let nobody = host.site.send("POST", path, &[json], asked.as_bytes()).await;
    assert_eq!(nobody.status, 401);
    let events = host.site.api_key(&Actor::System, Scope::EventsWrite).await;
    let forbidden = problem(
        403,
        "Forbidden",
        "forbidden",
        "the key may not do this: it lacks the scope, or only the host platform's may",
    );
    assert_eq!(seen(&host.post_as(&events, &asked).await), forbidden);

    let own = host.site.api_key(&host.ada, Scope::Read).await;
    assert_eq!(host.post_as(&own, &asked).await.status, 200);
    let ben = host.site.customer("orbit").await;
    let theirs = host.site.api_key(&ben, Scope::Read).await;
    let missing = problem(404, "Not Found", "not_found", "there is no such customer");
    assert_eq!(seen(&host.post_as(&theirs, &asked).await), missing);
    let nobody = asked.replace(&customer_id(&host.ada), "cus_00000000000000000000000000000000");
    assert_eq!(seen(&host.post_as(&host.key, &nobody).await), missing);
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_read_is_told(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::new(&database).await;
    let no_price = host.asked("LAUNCH", host.starter).replace("price_", "plan_");
    assert_eq!(
        seen(&host.post(&no_price).await),
        problem(404, "Not Found", "not_found", "there is no such price")
    );
    for (body, status, code) in [
        ("", 400, "malformed_json"),
        ("{", 400, "malformed_json"),
        (r#"{"code":"LAUNCH"}"#, 422, "invalid"),
        (r#"{"code":1,"customer":"","price":""}"#, 422, "invalid"),
        (
            r#"{"code":"A","customer":"","price":"","more":1}"#,
            422,
            "invalid",
        ),
    ] {
        let answer = host.post(body).await;
        let said = format!(r#""code":"{code}""#);
        assert_eq!(
            (answer.status, answer.body.contains(&said)),
            (status, true),
            "{body}: {}",
            answer.body
        );
    }
    let long = format!(r#"{{"code":"{}"}}"#, "A".repeat(70_000));
    assert_eq!(host.post(&long).await.status, 413);
    let authorization = format!("Bearer {}", host.key);
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Type", "text/plain"),
    ];
    let text = host
        .site
        .send("POST", "/v1/promotion_codes/validate", &headers, b"{}")
        .await;
    assert_eq!(text.status, 415);
    let got = [("Authorization", authorization.as_str())];
    let get = host
        .site
        .send("GET", "/v1/promotion_codes/validate", &got, b"")
        .await;
    assert_eq!(get.status, 405);
}
