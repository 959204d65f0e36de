//! No other site changes anything: every path that takes a change is tried.

use leptos::server_fn::axum::server_fn_paths;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::site::Site;

#[sqlx::test(migrations = false)]
async fn every_path_that_changes_something_refuses_other_sites(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let functions: Vec<(String, String)> = server_fn_paths()
        .map(|(path, method)| (method.to_string(), path.to_owned()))
        .collect();
    assert!(!functions.is_empty(), "the app has no server functions");
    let pages = [
        "/",
        "/sign-in",
        "/plan",
        "/no/such/page",
        "/livez",
        "/pkg/portal.0123.js",
        "/robots.txt",
        "/v1x",
    ];
    let methods = ["POST", "PUT", "PATCH", "DELETE"];
    let others = pages
        .iter()
        .flat_map(|path| methods.map(|method| (method.to_owned(), (*path).to_owned())));
    for (method, path) in functions.into_iter().chain(others) {
        assert_ne!(method, "GET", "{path} would change something on a link");
        for headers in [
            &[("Origin", "https://evil.example")][..],
            &[("Origin", "null")],
            &[("Sec-Fetch-Site", "cross-site")],
            &[("Referer", "https://evil.example/")],
            &[],
        ] {
            let answer = site.send(&method, &path, headers, b"").await;
            assert_eq!(answer.status, 403, "{method} {path} with {headers:?}");
        }
        let ours = [("Origin", site.base_url.as_str())];
        assert_ne!(
            site.send(&method, &path, &ours, b"").await.status,
            403,
            "{method} {path} from our own pages"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn a_form_may_have_two_megabytes_and_no_more(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let length = (2 * 1024 * 1024 + 1).to_string();
    let headers = [
        ("Origin", site.base_url.as_str()),
        ("Content-Length", length.as_str()),
    ];
    let (path, method) = server_fn_paths().next().unwrap();
    assert_eq!(site.send(method.as_str(), path, &headers, b"").await.status, 413);
}
