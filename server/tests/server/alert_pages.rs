//! The pages of alerts: each sees and decides its own, by role, and what reaches a channel is shown to nobody.

use service::billing::alert::Severity;
use service::{Actor, AlertState, HostAlert, Intent, StaffRole};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::forms::{input, mark, post};
use crate::http::Answer;
use crate::operators::{cookies, signed_in};
use crate::receiver::Receiver;
use crate::site::Site;

/// The session of a customer that `Site::customer` signed up.
pub async fn session(site: &Site, company: &str) -> String {
    let form = format!("email=ada%40{company}.example&password=correct+horse+battery");
    cookies(&post(site, "/sign-in", "/fn/sign-in", "", &form).await)
}

pub async fn page(site: &Site, path: &str, cookie: &str) -> Answer {
    site.send("GET", path, &[("Cookie", cookie)], b"").await
}

/// Makes the company's member somebody who may only look.
pub async fn only_looks(database: &PgConnectOptions, company: &str) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(database.clone())
        .await
        .unwrap();
    let changed = sqlx::query("UPDATE member SET role = 'viewer' WHERE email = $1")
        .bind(format!("ada@{company}.example"))
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 1);
    pool.close().await;
}

async fn say(site: &Site, actor: Option<&Actor>, title: &str) -> service::AlertRow {
    let new = HostAlert {
        customer: actor.map(|actor| actor.reads_customer().unwrap().customer()),
        kind: "node.down".to_owned(),
        title: title.to_owned(),
        message: "<eu-1>".to_owned(),
        severity: Severity::High,
    };
    let intent = Intent::new();
    site.billing
        .create_alert(&Actor::System, new, intent)
        .await
        .unwrap()
}

const DECISIONS: [(&str, &str); 3] = [
    ("/fn/acknowledge-alert", ""),
    ("/fn/resolve-alert", ""),
    ("/fn/snooze-alert", "&days=3"),
];

#[sqlx::test(migrations = false)]
async fn nobody_sees_or_decides_another_customers_alerts(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let ada = site.customer("lumen").await;
    site.customer("other").await;
    let (own, other) = (session(&site, "lumen").await, session(&site, "other").await);
    let alert = say(&site, Some(&ada), "Two nodes are down").await;
    say(&site, None, "The deployment is slow").await;

    let shown = page(&site, "/alerts", &own).await;
    assert!(
        shown.body.contains("Two nodes are down") && shown.body.contains("&lt;eu-1&gt;"),
        "{}",
        shown.body
    );
    assert!(!shown.body.contains("The deployment is slow"));
    assert!(
        page(&site, "/overview", &own)
            .await
            .body
            .contains("Two nodes are down")
    );
    for path in ["/alerts", "/overview"] {
        let shown = page(&site, path, &other).await;
        assert_eq!(shown.status, 200);
        assert!(!shown.body.contains("Two nodes are down"), "{path}");
    }
    for (action, more) in DECISIONS {
        let form = format!("alert={}{more}", alert.id);
        let refused = post(&site, "/alerts", action, &other, &form).await;
        assert_eq!(
            refused.header("location"),
            Some("/alerts?error=not_found"),
            "{action}"
        );
        let refused = post(&site, "/alerts", action, "", &form).await;
        assert_eq!(
            refused.header("location"),
            Some("/sign-in?next=/alerts"),
            "{action}"
        );
    }
    let cursor = page(&site, &format!("/alerts?after={}", alert.id), &other).await;
    assert!(!cursor.body.contains("Two nodes are down"));
    assert_eq!(site.billing.alert(&ada, alert.id).await.unwrap(), alert);

    let form = format!("alert={}&days=91", alert.id);
    let refused = post(&site, "/alerts", "/fn/snooze-alert", &own, &form).await;
    assert_eq!(refused.header("location"), Some("/alerts?error=invalid"));
    let form = format!("alert={}", alert.id);
    let done = post(&site, "/alerts", "/fn/resolve-alert", &own, &form).await;
    assert_eq!(done.header("location"), Some("/alerts?done=alert_resolved"));
    let late = post(&site, "/alerts", "/fn/acknowledge-alert", &own, &form).await;
    assert_eq!(late.header("location"), Some("/alerts?error=alert_resolved"));
    let state = site.billing.alert(&ada, alert.id).await.unwrap().state;
    assert_eq!(state, AlertState::Resolved);
}

#[sqlx::test(migrations = false)]
async fn who_may_only_look_is_asked_nothing(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let ada = site.customer("lumen").await;
    let alert = say(&site, Some(&ada), "Two nodes are down").await;
    only_looks(&database, "lumen").await;
    let viewer = session(&site, "lumen").await;
    let shown = page(&site, "/alerts", &viewer).await;
    assert!(shown.body.contains("Two nodes are down"));
    assert!(shown.body.contains("Your role may look at alerts"));
    for action in [
        "acknowledge-alert",
        "resolve-alert",
        "snooze-alert",
        "set-budget",
        "set-thresholds",
    ] {
        assert!(!shown.body.contains(action), "{action}");
    }
    let forms = DECISIONS.map(|(action, more)| (action, format!("alert={}{more}", alert.id)));
    let budget = [
        ("/fn/set-budget", "amount=5".to_owned()),
        ("/fn/remove-budget", String::new()),
        ("/fn/set-thresholds", "meter=api_requests&levels=50".to_owned()),
        ("/fn/usual-thresholds", "meter=api_requests".to_owned()),
    ];
    for (action, form) in forms.iter().chain(&budget) {
        let refused = post(&site, "/alerts", action, &viewer, form).await;
        assert_eq!(
            refused.header("location"),
            Some("/alerts?error=forbidden"),
            "{action}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn operators_decide_unless_they_only_read(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let ada = site.customer("lumen").await;
    let alert = say(&site, Some(&ada), "Two nodes are down").await;
    let reader = signed_in(&site, StaffRole::ReadOnly).await;
    let shown = page(&site, "/admin/alerts", &reader).await;
    let customer = ada.reads_customer().unwrap().customer();
    let link = format!("href=\"/admin/usage/{customer}\"");
    assert!(shown.body.contains("Two nodes are down") && shown.body.contains(&link));
    assert!(shown.body.contains("lumen"), "by its name");
    assert!(!shown.body.contains("acknowledge-alert") && !shown.body.contains("add-channel"));
    let form = format!("alert={}", alert.id);
    let refused = post(&site, "/admin/alerts", "/fn/acknowledge-alert", &reader, &form).await;
    assert_eq!(refused.header("location"), Some("/admin/alerts?error=forbidden"));
    let customer = session(&site, "lumen").await;
    assert_eq!(page(&site, "/admin/alerts", &customer).await.status, 403);
}

#[sqlx::test(migrations = false)]
async fn a_decision_leads_back_to_the_list_it_came_from(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let alert = say(&site, None, "Two nodes are down").await;
    let support = signed_in(&site, StaffRole::Support).await;
    let form = format!("alert={}", alert.id);
    let list = "/admin/alerts?state=open&error=forbidden";
    let done = post(&site, list, "/fn/acknowledge-alert", &support, &form).await;
    assert_eq!(
        done.header("location"),
        Some("/admin/alerts?state=open&done=alert_acknowledged"),
        "to the list it was decided in"
    );
    let done = post(&site, "/admin/mail", "/fn/resolve-alert", &support, &form).await;
    assert_eq!(done.header("location"), Some("/admin/alerts?done=alert_resolved"));
}

const CHANNEL: &str = "form[kind]=slack&form[name]=On+call&form[severity]=high";

#[sqlx::test(migrations = false)]
async fn a_channel_is_added_tried_and_removed_and_its_address_seen_by_nobody(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let site = Site::start(&database).await;
    let receiver = Receiver::start().await;
    let admin = signed_in(&site, StaffRole::Admin).await;
    let wrong = format!("{CHANNEL}&address=not+an+address");
    let refused = post(&site, "/admin/alerts", "/fn/add-channel", &admin, &wrong).await;
    let back = refused.header("location").unwrap();
    assert_eq!(back, "/admin/alerts?error=invalid_channel");
    let kept = format!("{admin}; {}", cookies(&refused));
    let shown = page(&site, back, &kept).await;
    assert!(input(&shown, "form[name]").contains("value=\"On call\""));
    assert!(!input(&shown, "address").contains("value="));
    assert!(input(&shown, "address").contains("aria-invalid=\"true\""));
    assert!(
        shown
            .body
            .contains("It begins with https://hooks.slack.com/services/.")
    );

    let secret = receiver.url("/services/T0/B0/secret");
    let form = format!("{CHANNEL}&address={secret}");
    let form = format!("{form}&mark={}", mark(&shown));
    for click in ["first", "second"] {
        let added = post(&site, "/admin/alerts", "/fn/add-channel", &admin, &form).await;
        let location = added.header("location");
        assert_eq!(location, Some("/admin/alerts?done=channel_added"), "{click}");
    }
    let channels = site.billing.alert_channels(&Actor::System).await.unwrap();
    assert_eq!(channels.len(), 1, "a second click adds nothing");
    let form = format!("channel={}", channels[0].id);
    for (answer, said) in [
        (200, "The test reached On call"),
        (404, "The test did not reach On call"),
    ] {
        receiver.usually_answers(answer, "no_service");
        let tested = post(&site, "/admin/alerts", "/fn/test-channel", &admin, &form).await;
        let path = tested.header("location").unwrap();
        assert_eq!(path, "/admin/alerts?tested=1");
        let shown = page(&site, path, &format!("{admin}; {}", cookies(&tested))).await;
        assert!(shown.body.contains(said), "{said}: {}", shown.body);
        assert!(shown.body.contains("High and worse"));
        assert!(
            !shown.body.contains("/services/"),
            "its address is shown to nobody"
        );
    }
    let removed = post(&site, "/admin/alerts", "/fn/remove-channel", &admin, &form).await;
    assert_eq!(
        removed.header("location"),
        Some("/admin/alerts?done=channel_removed")
    );
    let again = post(&site, "/admin/alerts", "/fn/test-channel", &admin, &form).await;
    assert_eq!(again.header("location"), Some("/admin/alerts?error=not_found"));
}
