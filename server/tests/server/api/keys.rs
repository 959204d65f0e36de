//! Keys that are good for nothing any more, and those that take their place.

use billing::id::ApiKeyId;
use secrecy::ExposeSecret;
use service::{Actor, Billing, NewApiKey, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{Host, problem, said};
use crate::program::{Folder, command, stderr};
use crate::site::database_url;

const PATH: &str = "/v1/customers";

async fn key(host: &Host) -> (ApiKeyId, String) {
    let new = NewApiKey {
        name: "test".to_owned(),
        customer: None,
        scopes: vec![Scope::Read],
        expires_at: None,
    };
    let created = host
        .site
        .billing
        .create_api_key(&Actor::System, new)
        .await
        .unwrap();
    (created.id, created.key.expose_secret().to_owned())
}

#[sqlx::test(migrations = false)]
async fn a_revoked_key_opens_nothing_at_once(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (id, key) = key(&host).await;
    assert_eq!(host.get_with(&key, PATH).await.status, 200);
    host.site
        .billing
        .revoke_api_key(&Actor::System, id)
        .await
        .unwrap();
    let refused = host.get_with(&key, PATH).await;
    assert_eq!(problem(&refused), said(401, "unauthenticated"));
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
}

/// Another process revokes it: this one hears of it, or has forgotten it within five seconds.
#[sqlx::test(migrations = false)]
async fn a_key_revoked_elsewhere_opens_nothing_here(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let elsewhere = Billing::connect(host.site.billing.config().clone())
        .await
        .unwrap();
    let ((told, told_key), (untold, untold_key)) = (key(&host).await, key(&host).await);
    assert_eq!(host.get_with(&untold_key, PATH).await.status, 200);
    elsewhere.revoke_api_key(&Actor::System, untold).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    assert_eq!(host.get_with(&untold_key, PATH).await.status, 401);

    let listening = host.site.billing.clone();
    let listening = tokio::spawn(async move { listening.follow_api_keys().await });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(host.get_with(&told_key, PATH).await.status, 200);
    elsewhere.revoke_api_key(&Actor::System, told).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(host.get_with(&told_key, PATH).await.status, 401);
    listening.abort();
}

#[sqlx::test(migrations = false)]
async fn a_rotated_key_goes_on_for_a_day(options: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let (id, old) = key(&host).await;
    let rotated = host
        .site
        .billing
        .rotate_api_key(&Actor::System, id)
        .await
        .unwrap();
    let new = rotated.key.expose_secret().to_owned();
    for key in [&old, &new] {
        assert_eq!(host.get_with(key, PATH).await.status, 200);
    }
    let twice = host.site.billing.rotate_api_key(&Actor::System, id).await;
    assert_eq!(twice.unwrap_err().code(), "key_replaced");
    let pool = options.connect_with(database).await.unwrap();
    let soon: bool = sqlx::query_scalar(
        "SELECT expires_at BETWEEN now() + interval '23 hours 59 minutes' AND now() + interval '24 hours'
         FROM api_key WHERE id = $1",
    )
    .bind(id.uuid())
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(soon);
    // Its time is over, whatever this process knew of it.
    sqlx::query("UPDATE api_key SET expires_at = now() + interval '1 second' WHERE id = $1")
        .bind(id.uuid())
        .execute(&pool)
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5_100)).await;
    assert_eq!(host.get_with(&old, PATH).await.status, 401);
    assert_eq!(host.get_with(&new, PATH).await.status, 200);
}

#[sqlx::test(migrations = false)]
async fn an_operator_makes_lists_rotates_and_revokes_keys(_: PgPoolOptions, database: PgConnectOptions) {
    let host = Host::start(&database).await;
    let folder = Folder::new();
    let url = database_url(&database);
    let run = |args: &[&str]| {
        let mut command = command(folder.path(), args);
        let output = command.env("DATABASE_URL", url.expose_secret()).output().unwrap();
        let stdout = String::from_utf8(output.stdout.clone()).unwrap();
        (output.status.code(), stdout.trim().to_owned(), stderr(&output))
    };
    let (code, made, said) = run(&[
        "api-key",
        "--name",
        "ci",
        "--scopes",
        "read",
        "--expires-in",
        "90",
    ]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(host.get_with(&made, PATH).await.status, 200);
    let (_, listed, _) = run(&["api-key", "list"]);
    let line = listed.lines().find(|line| line.ends_with(": ci")).unwrap();
    assert!(
        line.contains(" host read expires ") && !line.contains(&made),
        "{line}"
    );
    let id = line.split(' ').next().unwrap();
    let (code, new, said) = run(&["api-key", "rotate", id]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(host.get_with(&new, PATH).await.status, 200);
    assert_eq!(run(&["api-key", "rotate", id]).0, Some(1));
    let (code, told, said) = run(&["api-key", "revoke", id]);
    assert_eq!(
        (code, told),
        (Some(0), format!("{id} opens nothing any more")),
        "{said}"
    );
    for wrong in [
        &["api-key", "--scopes", "admin"][..],
        &["api-key", "revoke", "cus_1"],
        &["api-key", "--name", "x", "list"],
        &["api-key", "--expires-in", "0"],
    ] {
        assert_eq!(run(wrong).0, Some(2), "{wrong:?}");
    }
    let (code, document, _) = run(&["openapi"]);
    assert_eq!(code, Some(0));
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document, server::api::v1::document().unwrap());
}
