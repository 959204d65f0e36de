//! Where a request comes from: the one place that decides it.

use std::net::SocketAddr;

use app::context::ClientAddress;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName};

use crate::config::TrustedProxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

pub fn locate(trusted: &TrustedProxies, request: &mut Request) {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        let client = trusted.client(peer.ip(), &forwarded(request.headers()));
        request.extensions_mut().insert(ClientAddress(client));
    }
}

/// Each proxy may have added a line of its own; together they are one list.
fn forwarded(headers: &HeaderMap) -> String {
    let lines = headers.get_all(FORWARDED_FOR).iter();
    let texts: Vec<&str> = lines.map(|line| line.to_str().unwrap_or("?")).collect();
    texts.join(",")
}
