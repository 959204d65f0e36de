//! A host platform that adopts the layers of the SDK, against the real API.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use billing::id::CustomerId;
use billing::invoice::PaymentTerms;
use billing::money::Currency;
use billing::period::Interval;
use sdk::client::{Client, Patience, Reporter, ReporterSettings};
use sdk::tower::{Customer, RequireSubscription, TrackUsage, UsageLimit, WhenUnavailable};
use service::{Actor, Scope, StartCheckout};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::net::TcpListener;

use crate::http::{Answer, Request as Asked};
use crate::site::{Site, customer_id};

/// The host's own server, with everything a newcomer would write.
async fn host(billing: &Client, reporter: &Reporter) -> SocketAddr {
    let app = Router::new()
        .route("/chains", post(deploy))
        .route_layer(UsageLimit::new(
            billing.clone(),
            "chain_deployments",
            WhenUnavailable::Refuse,
        ))
        .route("/chains", get(async || "your chains"))
        .layer(TrackUsage::new(reporter.clone(), "api_requests", "host"))
        .layer(RequireSubscription::new(billing.clone(), WhenUnavailable::Refuse))
        .layer(from_fn(who));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn deploy(request: Request) -> axum::http::StatusCode {
    match request.headers().contains_key("x-fails") {
        true => axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        false => axum::http::StatusCode::CREATED,
    }
}

async fn who(mut request: Request, next: Next) -> Response {
    let named = request
        .headers()
        .get("x-customer")
        .and_then(|value| value.to_str().ok());
    if let Some(customer) = named.map(|id| Customer(id.to_owned())) {
        request.extensions_mut().insert(customer);
    }
    next.run(request).await
}

async fn ask(host: SocketAddr, method: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Asked {
        method,
        path: "/chains",
        headers,
        body: b"",
    };
    request.send(host).await
}

#[sqlx::test(migrations = false)]
async fn calls_are_gated_counted_and_refused_at_the_limit(
    options: PgPoolOptions,
    database: PgConnectOptions,
) {
    let site = Site::start(&database).await;
    let subscribed = subscribe(&site).await;
    let (url, key) = (
        format!("http://{}", site.address),
        site.api_key_of(&Actor::System, &[Scope::Read, Scope::EventsWrite])
            .await,
    );
    let billing = Client::new(&url, key).unwrap();
    let reporter = Reporter::start(billing.clone(), ReporterSettings::default());
    let host = host(&billing, &reporter).await;
    let customer = [("x-customer", subscribed.as_str())];
    // A deployment that fails takes nothing; the plan's one chain is left.
    let fails = ask(host, "POST", &[customer[0], ("x-fails", "1")]).await;
    assert_eq!(fails.status, 500);
    let pool = options.connect_with(database).await.unwrap();
    until(
        &pool,
        "SELECT count(*) = 0 FROM usage_reservation WHERE state = 'held'",
    )
    .await;
    assert_eq!(ask(host, "POST", &customer).await.status, 201);
    // Counted in the background: a moment earlier its unit is still reserved.
    billing.settled().await;
    let refused = ask(host, "POST", &customer).await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (429, Some("application/problem+json")),
        "{}",
        refused.body
    );
    let problem: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    let said = ["code", "used", "limit"].map(|member| problem[member].as_str());
    assert_eq!(said, [Some("limit_reached"), Some("1"), Some("1")]);
    assert_eq!(problem["allowed"], false);
    assert_eq!(ask(host, "GET", &customer).await.body, "your chains");
    reporter.flush().await.unwrap();
    let counted: Vec<(String, i64)> = sqlx::query_as(
        "SELECT m.key, count(*) FROM usage_event e JOIN meter m ON m.id = e.meter_id GROUP BY 1 ORDER BY 1",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let of = |meter: &str, count| (meter.to_owned(), count);
    assert_eq!(counted, [of("api_requests", 2), of("chain_deployments", 1)]);
}

#[sqlx::test(migrations = false)]
async fn who_has_no_subscription_or_is_nobody_does_not_come_through(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let site = Site::start(&database).await;
    let without = customer_id(&site.customer("orbit").await);
    let (url, key) = (
        format!("http://{}", site.address),
        site.api_key_of(&Actor::System, &[Scope::Read, Scope::EventsWrite])
            .await,
    );
    let billing = Client::new(&url, key).unwrap();
    let reporter = Reporter::start(billing.clone(), ReporterSettings::default());
    let host = host(&billing, &reporter).await;
    for (headers, status, code) in [
        (vec![("x-customer", without.as_str())], 402, "no_subscription"),
        (
            vec![("x-customer", "cus_00000000000000000000000000000007")],
            402,
            "no_subscription",
        ),
        (vec![], 500, "customer_unknown"),
    ] {
        let answer = ask(host, "GET", &headers).await;
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)));
    }
}

#[tokio::test]
async fn while_the_service_is_away_the_host_does_what_it_chose() {
    // Nobody listens there.
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let patience = Patience {
        tries: 1,
        ..Patience::default()
    };
    let billing = Client::new(&format!("http://{address}"), "cbk_none")
        .unwrap()
        .with_patience(patience);
    for (chosen, status) in [(WhenUnavailable::Allow, 200), (WhenUnavailable::Refuse, 503)] {
        let app = Router::new()
            .route("/chains", get(async || "your chains"))
            .route_layer(UsageLimit::new(billing.clone(), "deployments", chosen))
            .layer(RequireSubscription::new(billing.clone(), chosen))
            .layer(from_fn(who));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        let answer = ask(host, "GET", &[("x-customer", "cus_1")]).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("retry-after").is_some(), status == 503);
    }
}

/// A customer on the Starter plan, which has one chain; it is sent invoices, so needs no card.
async fn subscribe(site: &Site) -> String {
    let ada = site.customer("lumen").await;
    let id: CustomerId = customer_id(&ada).parse().unwrap();
    let terms = PaymentTerms::net(30).unwrap();
    site.billing
        .set_payment_terms(&Actor::System, id, terms)
        .await
        .unwrap();
    let plans = site.billing.public_plans().await.unwrap();
    let starter = plans.iter().find(|plan| plan.key == "starter").unwrap();
    let start = StartCheckout {
        price: starter.price_for(Interval::Month, Currency::USD).unwrap().id,
        trial: false,
        code: None,
    };
    site.billing.start_checkout(&ada, start).await.unwrap();
    id.to_string()
}

async fn until(pool: &sqlx::PgPool, happened: &'static str) {
    for _ in 0..500 {
        if sqlx::query_scalar::<_, bool>(happened)
            .fetch_one(pool)
            .await
            .unwrap()
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it did not happen: {happened}");
}
