//! Business time in several processes over one database.

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use service::Actor;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::program::{Folder, Server, wait_until};
use crate::site::{Site, database_url};

#[sqlx::test(migrations = false)]
async fn a_server_without_a_worker_follows_the_clock_another_moved(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let site = Site::start(&database).await;
    let data = Folder::new();
    let url = database_url(&database);
    let variables = [("DATABASE_URL", url.expose_secret())];
    let server = Server::start_in(data.path(), &["--no-worker"], &variables);
    let page = || server.get("/sign-in").unwrap().body;
    assert!(!page().contains("The test clock stands at"));
    let to = site.billing.now() + TimeDelta::days(40);
    site.billing.move_clock(&Actor::System, to).await.unwrap();
    wait_until("the move in the other process", || {
        page().contains("The test clock stands at")
    });
    site.billing
        .move_clock(&Actor::System, to + TimeDelta::days(400))
        .await
        .unwrap();
    let year = (to + TimeDelta::days(400)).format("%Y").to_string();
    wait_until("the second move", || page().contains(&year));
}
