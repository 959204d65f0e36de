//! While the demo data are made: pages can be looked at, everything else says "in a few seconds".

use nix::sys::signal::Signal;
use service::{Actor, Scope};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use crate::http::Request;
use crate::program::{Folder, Server, wait_until};
use crate::site::Site;

#[sqlx::test(migrations = false)]
async fn changes_wait_until_the_demo_data_are_there(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let key = format!(
        "Bearer {}",
        site.api_key(&Actor::System, Scope::EventsWrite).await
    );
    site.preparing.set(true);
    assert_eq!(site.get("/sign-in").await.status, 200);
    assert_eq!(site.get("/readyz").await.status, 200);
    let ours = ("Origin", site.base_url.as_str());
    let form = site
        .send("POST", "/plan", &[ours, ("Accept", "text/html")], b"")
        .await;
    assert_eq!((form.status, form.header("retry-after")), (503, Some("5")));
    assert!(
        form.body
            .contains("Demo data are being prepared: try again in a few seconds."),
        "{}",
        form.body
    );
    let api = [
        ("Authorization", key.as_str()),
        ("Content-Type", "application/json"),
    ];
    let events = site.send("POST", "/v1/events", &api, b"[]").await;
    assert_eq!((events.status, events.header("retry-after")), (503, Some("5")));
    assert_eq!(
        events.body,
        r#"{"type":"about:blank","title":"Service Unavailable","status":503,"code":"preparing","detail":"demo data are being prepared: try again in a few seconds"}"#
    );
    // What there is not is not told apart meanwhile.
    let nothing = site.send("GET", "/v1/nothing", &api, b"").await;
    assert_eq!((nothing.status, nothing.body), (503, events.body));
    site.preparing.set(false);
    assert_eq!(site.send("POST", "/v1/events", &api, b"[]").await.status, 200);
}

#[sqlx::test(migrations = false)]
async fn a_form_is_led_back_to_its_page_with_the_reason(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    site.preparing.set(true);
    let (path, method) = leptos::server_fn::axum::server_fn_paths().next().unwrap();
    let referer = format!("{}/plan", site.base_url.as_str());
    let ours = ("Origin", site.base_url.as_str());
    let form = [ours, ("Accept", "text/html"), ("Referer", referer.as_str())];
    let led = site.send(method.as_str(), path, &form, b"a=1").await;
    assert_eq!(
        (led.status, led.header("location")),
        (303, Some("/plan?error=preparing"))
    );
    let called = site
        .send(
            method.as_str(),
            path,
            &[ours, ("Accept", "application/json")],
            b"a=1",
        )
        .await;
    assert_eq!(
        (called.status, called.header("retry-after"), called.body.as_str()),
        (503, Some("5"), "\"preparing\"")
    );
}

/// The database refuses the seed's first step: what it wrote before is removed and the site opens without it.
#[tokio::test]
async fn a_seed_that_fails_leaves_an_open_and_empty_site() {
    let data = Folder::new();
    let server = Server::start(data.path());
    let socket = data.path().join("postgres/socket");
    let own = PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .username("billing")
        .database("billing");
    let mut conn = own.connect().await.unwrap();
    sqlx::raw_sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$;
         CREATE TRIGGER refuse BEFORE UPDATE ON demo_seed FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait(), Some(0));

    let server = Server::start_with(data.path(), &[]);
    wait_until("the failure", || {
        server
            .get("/readyz")
            .is_some_and(|answer| answer.body.starts_with("ok, without demo data"))
    });
    let page = server.get("/sign-in").unwrap();
    assert!(
        page.status == 200 && !page.body.contains("demo-accounts"),
        "{}",
        page.body
    );
    let base_url = format!("http://{}", server.address);
    let sign_up = Request {
        method: "POST",
        path: "/fn/sign-up",
        headers: &[
            ("Origin", &base_url),
            ("Accept", "text/html"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ],
        body: b"company=Lumen&name=Ada&email=ada@lumen.example&password=correct+horse&time_zone=UTC&next=",
    };
    let answer = sign_up.send(server.address).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/overview"))
    );
}
