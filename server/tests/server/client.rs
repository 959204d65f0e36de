//! Where a browser signs in from is what counts against it and what its session says.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use crate::http::Answer;
use crate::site::Site;

async fn sign_in(site: &Site, from: &str, email: &str, password: &str) -> Answer {
    let headers = [
        ("Origin", site.base_url.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "text/html"),
        ("X-Forwarded-For", from),
        ("User-Agent", "Test/1.0 (of the portal)"),
    ];
    let form = format!("email={email}&password={password}");
    site.send("POST", "/fn/sign-in", &headers, form.as_bytes()).await
}

#[sqlx::test(migrations = false)]
async fn tries_are_counted_where_the_proxy_saw_them_come_from(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    site.customer("lumen").await;
    let right = "correct+horse+battery";
    for n in 0..10 {
        // What a client sends in front changes nothing.
        let from = format!("203.0.113.{n}, 198.51.100.1");
        let wrong = sign_in(&site, &from, "ada@lumen.example", "wrong").await;
        assert_eq!(wrong.header("location"), Some("/?error=wrong_credentials"));
    }
    let late = sign_in(&site, "198.51.100.1", "ada@lumen.example", right).await;
    assert_eq!(late.header("location"), Some("/?error=too_many"));
    let elsewhere = sign_in(&site, "198.51.100.2", "ada@lumen.example", right).await;
    assert_eq!(elsewhere.header("location"), Some("/overview"));
}

#[sqlx::test(migrations = false)]
async fn a_session_says_from_where_and_with_what(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    site.customer("lumen").await;
    let right = "correct+horse+battery";
    sign_in(&site, "6.6.6.6, 198.51.100.1", "ada@lumen.example", right).await;
    let mut conn = database.connect().await.unwrap();
    let rows: Vec<(Option<String>, Option<String>)> =
        sqlx::query_as("SELECT address, agent FROM web_session")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    conn.close().await.unwrap();
    let (address, agent) = ("198.51.100.1".to_owned(), "Test/1.0 (of the portal)".to_owned());
    assert_eq!(rows, [(Some(address), Some(agent))]);
}
