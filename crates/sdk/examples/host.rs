//! A host platform's API that is gated and metered: the four layers below are all it takes.
//!
//! BILLING_URL (http://127.0.0.1:3000 where nothing is said) and BILLING_KEY say where the billing service is and with
//! which key; a request names its customer in the header `x-customer`, where a real host would know it by its own
//! sign-in. `POST /chains` deploys a chain, up to what the plan has; `GET /chains` is counted and never refused.
#![expect(clippy::print_stdout, reason = "says where it listens")]

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, serve};
use sdk::client::{Client, Reporter, ReporterSettings};
use sdk::tower::{Customer, RequireSubscription, TrackUsage, UsageLimit, WhenUnavailable};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Less than whoever stops servers waits before it kills them.
const LAST_WORDS: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Where troubles are heard of.
    tracing_subscriber::fmt::init();
    let url = std::env::var("BILLING_URL").unwrap_or_else(|_| "http://127.0.0.1:3000".to_owned());
    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3100".to_owned());

    let billing = Client::new(&url, std::env::var("BILLING_KEY")?)?;
    let reporter = Reporter::start(billing.clone(), ReporterSettings::default());
    let app = Router::new()
        .route("/chains", post(async || "deployed\n"))
        // One chain more for as long as it stands: past the plan's chains it is 429.
        .route_layer(UsageLimit::new(billing.clone(), "chain_deployments", WhenUnavailable::Refuse))
        .route("/chains", get(async || "your chains\n"))
        .layer(TrackUsage::new(reporter.clone(), "api_requests", "host"))
        .layer(RequireSubscription::new(billing.clone(), WhenUnavailable::Allow))
        .layer(from_fn(who));

    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    let stop = stop(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    serve(listener, app).with_graceful_shutdown(stop).await?;
    // What is not counted or sent yet is now.
    let told = async {
        billing.settled().await;
        reporter.flush().await
    };
    Ok(tokio::time::timeout(LAST_WORDS, told).await??)
}

async fn who(mut request: Request, next: Next) -> Response {
    let named = request.headers().get("x-customer").cloned();
    if let Some(Ok(id)) = named.as_ref().map(|name| name.to_str()) {
        request.extensions_mut().insert(Customer(id.to_owned()));
    }
    next.run(request).await
}

async fn stop(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
