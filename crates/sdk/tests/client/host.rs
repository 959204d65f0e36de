//! A host's own server, and its callers.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use sdk::tower::Customer;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Whoever calls says who it is.
pub async fn start(app: Router) -> SocketAddr {
    let app = app.layer(from_fn(who));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn who(mut request: Request, next: Next) -> Response {
    let customer = request.headers()["x-customer"].to_str().unwrap().to_owned();
    request.extensions_mut().insert(Customer(customer));
    next.run(request).await
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub retry_after: bool,
    /// Null where it is not JSON.
    pub body: Value,
    pub text: String,
}

/// A call under way; dropped, the caller hangs up.
pub struct Call(TcpStream);

pub async fn call(host: SocketAddr, customer: &str) -> Call {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head =
        format!("POST / HTTP/1.1\r\nhost: host\r\nconnection: close\r\nx-customer: {customer}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    Call(stream)
}

impl Call {
    pub async fn answer(mut self) -> Answer {
        let mut text = String::new();
        self.0.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            retry_after: head.contains("\r\nretry-after: "),
            body: serde_json::from_str(body).unwrap_or_default(),
            text,
        }
    }
}

pub async fn ask(host: SocketAddr, customer: &str) -> Answer {
    call(host, customer).await.answer().await
}
