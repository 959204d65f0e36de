//! The document, as it is: what it says is what is served, and every change of it is seen.

use axum::http::Method;
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{json, problem, said};
use crate::site::Site;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/api/openapi.json");

/// Write it again with UPDATE_SNAPSHOTS=1, and look at the difference: clients do.
#[test]
fn the_document_is_as_it_was() {
    let document = server::api::v1::document().unwrap();
    let document = serde_json::to_string_pretty(&document).unwrap() + "\n";
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(SNAPSHOT, &document).unwrap();
    }
    let kept = std::fs::read_to_string(SNAPSHOT).unwrap_or_default();
    let first = document
        .lines()
        .zip(kept.lines())
        .position(|(new, old)| new != old);
    assert!(
        document == kept,
        "the document changed from line {first:?} on: write it again with UPDATE_SNAPSHOTS=1 and look at the difference"
    );
}

#[sqlx::test(migrations = false)]
async fn it_is_served_for_programs_and_people(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let served = site.get("/v1/openapi.json").await;
    assert_eq!(
        (served.status, served.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(json(&served), server::api::v1::document().unwrap());
    assert_eq!(json(&served)["openapi"], "3.1.0");
    let page = site.get("/v1/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!page.body.contains("<script") && !page.body.contains("style=\""));
    for (path, _) in json(&served)["paths"].as_object().unwrap() {
        assert!(
            page.body.contains(&format!("/v1{}<", path.replace('&', "&amp;"))),
            "{path}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn every_path_refuses_without_a_key(_: PgPoolOptions, database: PgConnectOptions) {
    let quotas = server::api::rate_limit::Quotas {
        address: 1_000,
        ..Default::default()
    };
    let site = Site::start_with(&database, None, (quotas, None)).await;
    let document = server::api::v1::document().unwrap();
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "cus_00000000000000000000000000000000");
        let path = format!("/v1{}", path.replace(['{', '}'], ""));
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            for headers in [
                &[][..],
                &[("Authorization", "Bearer x")],
                &[("Authorization", "Basic x")],
            ] {
                let answer = site.send(method.as_str(), &path, headers, b"").await;
                assert_eq!(problem(&answer), said(401, "unauthenticated"), "{method} {path}");
                asked += 1;
            }
        }
    }
    assert!(asked > 10);
}

/// Each operation says what it is called, what it gives back, and which problems it knows.
#[test]
fn every_operation_says_enough() {
    let document = server::api::v1::document().unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let text = |field: &str| operation[field].as_str().unwrap_or_default().to_owned();
            assert!(!text("summary").is_empty(), "{method} {path}");
            assert!(
                names.insert(text("operationId")),
                "{method} {path} has the name of another"
            );
            let statuses = operation["responses"].as_object().unwrap();
            for status in ["401", "403", "429", "503"] {
                assert!(statuses.contains_key(status), "{method} {path}: {status}");
            }
            assert!(
                statuses.keys().any(|status| status.starts_with('2')),
                "{method} {path}"
            );
            let tag = &operation["tags"][0];
            let tags = document["tags"].as_array().unwrap();
            assert!(
                tags.iter().any(|known: &Value| known["name"] == *tag),
                "{method} {path}: {tag}"
            );
        }
    }
}
