//! A billing service that keeps what it is asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use sdk::client::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Longer than anything here takes, slow machines included.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Billing {
    pub address: SocketAddr,
    kept: Kept,
}

type Kept = Arc<Mutex<Vec<Asked>>>;

/// One request: its path without `/v1/`, and its body.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub path: String,
    pub body: Value,
}

pub enum Reply {
    /// Null is no body at all.
    Now(u16, Value),
    After(Duration, u16, Value),
    /// The connection stays open and nothing comes.
    Never,
}

type Answers = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

impl Billing {
    pub async fn start(answers: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let answers: Answers = Arc::new(answers);
        let kept = Kept::default();
        let app = Router::new()
            .fallback(answer)
            .with_state((Arc::clone(&kept), answers));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, kept }
    }

    pub fn client(&self) -> Client {
        Client::new(&format!("http://{}", self.address), "cbk_secret").unwrap()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.kept.lock().unwrap().clone()
    }

    /// How often this was asked for.
    pub fn times(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }

    /// The first body that is sent there, as soon as it is.
    pub async fn body(&self, path: &str) -> Value {
        let mut body = None;
        until(path, || {
            body = self.asked().into_iter().find(|asked| asked.path == path);
            body.is_some()
        })
        .await;
        body.unwrap().body
    }
}

async fn answer(State((kept, answers)): State<(Kept, Answers)>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches("/v1/").to_owned();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX)
        .await
        .unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let asked = Asked { path, body };
    let reply = answers(&asked);
    kept.lock().unwrap().push(asked);
    let (status, body) = match reply {
        Reply::Now(status, body) => (status, body),
        Reply::After(pause, status, body) => {
            tokio::time::sleep(pause).await;
            (status, body)
        }
        Reply::Never => std::future::pending().await,
    };
    let status = StatusCode::from_u16(status).unwrap();
    match body {
        Value::Null => status.into_response(),
        body => (status, axum::Json(body)).into_response(),
    }
}

/// A problem document, as far as it matters.
pub fn problem(status: u16, code: &str) -> Reply {
    Reply::Now(status, json!({ "status": status, "code": code }))
}

/// All events are taken.
pub fn stored(asked: &Asked) -> Reply {
    let accepted = asked.body.as_array().map_or(1, Vec::len);
    Reply::Now(
        200,
        json!({ "accepted": accepted, "duplicates": 0, "rejected": [] }),
    )
}

/// Waits until it is so.
pub async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < PATIENCE, "it did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
