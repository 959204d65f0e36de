//! On one's own machine `localhost` and `127.0.0.1` are the same server but different sites to a browser: its
//! session and its forms belong to one of them. Whoever comes by the other name is sent to the right one.

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::config::BaseUrl;

pub async fn redirect(State(base_url): State<BaseUrl>, request: Request, next: Next) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if reading
        && base_url.is_loopback()
        && !base_url.is_https()
        && is_other_name(&base_url, request.headers())
    {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Redirect::temporary(&format!("{}{path}", base_url.as_str())).into_response();
    }
    next.run(request).await
}

/// Another port means a tunnel, whose other end we do not know.
fn is_other_name(base_url: &BaseUrl, headers: &HeaderMap) -> bool {
    const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let ours = base_url.as_str().trim_start_matches("http://");
    let (name, port) = split(host);
    host != ours && NAMES.contains(&name) && port == split(ours).1
}

fn split(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, port),
        _ => (host, "80"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_another_name_of_the_same_port_is_redirected() {
        let base_url: BaseUrl = "http://127.0.0.1:3000".parse().unwrap();
        let other = |host: &'static str| {
            is_other_name(
                &base_url,
                &HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]),
            )
        };
        assert!(other("localhost:3000"));
        assert!(other("[::1]:3000"));
        for host in [
            "127.0.0.1:3000",
            "localhost:8080",
            "localhost",
            "evil.example:3000",
            "[::1]",
        ] {
            assert!(!other(host), "{host}");
        }
        assert!(!is_other_name(&base_url, &HeaderMap::new()));
    }
}
