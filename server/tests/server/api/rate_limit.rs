//! Whoever asks too fast waits; nobody else does.

use serde_json::json;
use server::api::rate_limit::Quotas;
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, problem, said};
use crate::site::Site;

async fn host(database: &PgConnectOptions, quotas: Quotas) -> Host {
    let site = Site::start_with(database, None, (quotas, None)).await;
    let key = site.api_key_of(&Actor::System, &super::ALL).await;
    Host { site, key }
}

#[sqlx::test(migrations = false)]
async fn a_key_has_its_burst_and_is_told_of_it(_: PgPoolOptions, database: PgConnectOptions) {
    let quotas = Quotas {
        key: 1,
        ..Quotas::default()
    };
    let host = host(&database, quotas).await;
    let first = host.get("/v1/customers").await;
    assert_eq!(first.header("ratelimit-policy"), Some("\"key\";q=5;w=5"));
    assert_eq!(first.header("ratelimit"), Some("\"key\";r=4;t=1"));
    let mut last = first;
    for _ in 0..8 {
        last = host.get("/v1/customers").await;
        if last.status == 429 {
            break;
        }
    }
    assert_eq!(problem(&last), said(429, "too_many"));
    assert_eq!(last.header("retry-after"), Some("1"));
    let other = host.site.api_key(&Actor::System, Scope::Read).await;
    assert_eq!(host.get_with(&other, "/v1/customers").await.status, 200);
    // Usage events have a rate of their own.
    let events = host.call("POST", "/v1/events", json!([])).await;
    assert_eq!(events.status, 200, "{}", events.body);
}

#[sqlx::test(migrations = false)]
async fn guesses_are_slowed_down_by_their_address(_: PgPoolOptions, database: PgConnectOptions) {
    let quotas = Quotas {
        address: 1,
        ..Quotas::default()
    };
    let host = host(&database, quotas).await;
    let ask = async |key: &str, from: &str| {
        let headers = [("X-Forwarded-For", from)];
        host.call_with(key, ("GET", "/v1/customers"), &headers, "").await
    };
    assert_eq!(ask(&host.key, "198.51.100.1").await.status, 200);
    // Longer than what the key stands for is remembered.
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    let mut statuses = Vec::new();
    for n in 0..10 {
        statuses.push(ask(&format!("cbk_{n:043}"), "198.51.100.1").await.status);
    }
    assert_eq!(statuses[..4], [401; 4]);
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    // A key that is known is not kept waiting by others at its address; a new one is.
    assert_eq!(ask(&host.key, "198.51.100.1").await.status, 200);
    assert_eq!(ask("cbk_x", "198.51.100.2").await.status, 401);
}

#[sqlx::test(migrations = false)]
async fn many_who_show_one_good_key_at_once_are_all_let_in(_: PgPoolOptions, database: PgConnectOptions) {
    let quotas = Quotas {
        address: 1,
        ..Quotas::default()
    };
    let host = host(&database, quotas).await;
    // The program has never seen the key, as after a start.
    let all = (0..64).map(|_| host.get("/v1/customers"));
    let statuses: Vec<u16> = futures::future::join_all(all)
        .await
        .iter()
        .map(|a| a.status)
        .collect();
    assert_eq!(statuses, [200; 64]);
}

#[sqlx::test(migrations = false)]
async fn of_many_guesses_at_once_no_more_are_looked_up(_: PgPoolOptions, database: PgConnectOptions) {
    let quotas = Quotas {
        address: 1,
        ..Quotas::default()
    };
    let host = host(&database, quotas).await;
    let guess = async |n: u32| {
        let key = format!("cbk_{n:043}");
        let answer = host.call_with(&key, ("GET", "/v1/customers"), &[], "").await;
        answer.status
    };
    let (a, b, c, d, e, f, g, h) = tokio::join!(
        guess(1),
        guess(2),
        guess(3),
        guess(4),
        guess(5),
        guess(6),
        guess(7),
        guess(8)
    );
    let statuses = [a, b, c, d, e, f, g, h];
    let looked_up = statuses.iter().filter(|status| **status == 401).count();
    assert!((5..=6).contains(&looked_up), "{statuses:?}");
}
