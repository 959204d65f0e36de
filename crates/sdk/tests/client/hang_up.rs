//! Callers who hang up before they have their answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use sdk::client::{Client, Reporter, ReporterSettings};
use sdk::tower::{TrackUsage, UsageLimit, WhenUnavailable};
use tokio::sync::Semaphore;

use crate::billing::{Billing, Reply, stored, until};
use crate::host::{self, call};
use crate::limit::{ended, held};

/// A handler that says when it has begun and when it is over or dropped, and ends when it is told to.
#[derive(Clone)]
struct Work {
    begun: Arc<Semaphore>,
    end: Arc<Semaphore>,
    over: Arc<Semaphore>,
}

struct Over(Arc<Semaphore>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Work {
    fn new() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Self {
            begun: none(),
            end: none(),
            over: none(),
        }
    }

    fn app(&self) -> Router {
        let Self { begun, end, over } = self.clone();
        let handler = async move || {
            let _over = Over(over);
            begun.add_permits(1);
            end.acquire().await.unwrap().forget();
            "done"
        };
        Router::new().route("/", post(handler))
    }
}

fn limited(client: &Client, app: Router) -> Router {
    app.layer(UsageLimit::new(client.clone(), "chains", WhenUnavailable::Refuse))
}

/// As the guide has it: what was begun is finished, and counted, when the caller hangs up.
async fn to_its_end(request: Request, next: Next) -> Response {
    let answer = tokio::spawn(next.run(request)).await;
    answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn billing() -> Billing {
    Billing::start(|asked| match asked.path.as_str() {
        "usage/reserve" => held(asked),
        "events" => stored(asked),
        _ => ended(asked),
    })
    .await
}

async fn begins_and_hangs_up(host: SocketAddr, work: &Work) {
    let call = call(host, "cus_1").await;
    work.begun.acquire().await.unwrap().forget();
    drop(call);
}

#[tokio::test]
async fn the_units_of_a_call_that_is_dropped_are_free_again_at_once() {
    let billing = billing().await;
    let (client, work) = (billing.client(), Work::new());
    let host = host::start(limited(&client, work.app())).await;
    begins_and_hangs_up(host, &work).await;
    let released = billing.body("usage/release").await;
    let reserved = billing.body("usage/reserve").await;
    assert_eq!(
        (&released["id"], &released["customer"]),
        (&reserved["id"], &reserved["customer"])
    );
    client.settled().await;
    assert_eq!((billing.asked().len(), billing.times("usage/commit")), (2, 0));
}

#[tokio::test]
async fn so_are_units_that_were_only_asked_for() {
    let billing = Billing::start(|asked| match asked.path.as_str() {
        "usage/reserve" => Reply::Never,
        _ => ended(asked),
    })
    .await;
    let (client, work) = (billing.client(), Work::new());
    let host = host::start(limited(&client, work.app())).await;
    let call = call(host, "cus_1").await;
    let reserved = billing.body("usage/reserve").await;
    drop(call);
    assert_eq!(billing.body("usage/release").await["id"], reserved["id"]);
}

#[tokio::test]
async fn a_call_that_runs_to_its_end_is_counted() {
    let billing = billing().await;
    let (client, work) = (billing.client(), Work::new());
    let app = limited(&client, work.app()).layer(from_fn(to_its_end));
    let host = host::start(app).await;
    begins_and_hangs_up(host, &work).await;
    // An orderly end waits for it.
    let settled = tokio::time::timeout(Duration::from_millis(200), client.settled());
    assert!(settled.await.is_err());
    work.end.add_permits(1);
    client.settled().await;
    assert_eq!(
        (billing.times("usage/commit"), billing.times("usage/release")),
        (1, 0)
    );
}

#[tokio::test]
async fn an_event_is_of_a_call_that_ended() {
    for runs_to_its_end in [false, true] {
        let billing = billing().await;
        let work = Work::new();
        let reporter = Reporter::start(billing.client(), ReporterSettings::default());
        let app = work
            .app()
            .layer(TrackUsage::new(reporter.clone(), "api_requests", "host"));
        let host = match runs_to_its_end {
            true => host::start(app.layer(from_fn(to_its_end))).await,
            false => host::start(app).await,
        };
        begins_and_hangs_up(host, &work).await;
        if runs_to_its_end {
            work.end.add_permits(1);
            // A second is the longest it waits for others.
            until("an event", || billing.times("events") == 1).await;
        } else {
            work.over.acquire().await.unwrap().forget();
            reporter.flush().await.unwrap();
            assert_eq!(billing.times("events"), 0);
        }
    }
}
