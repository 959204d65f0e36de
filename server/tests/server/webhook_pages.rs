//! The operators' pages of webhooks: an endpoint from its making to its end, its log, and who may do what.

use service::{Actor, StaffRole};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::alert_pages::{page, session};
use crate::forms::{input, mark, post};
use crate::operators::{cookies, signed_in};
use crate::receiver::Receiver;
use crate::site::Site;

const LIST: &str = "/admin/webhooks";

#[sqlx::test(migrations = false)]
async fn an_endpoint_is_made_tried_and_ended(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let receiver = Receiver::start().await;
    let admin = signed_in(&site, StaffRole::Admin).await;
    let form = format!(
        "form[url]={}&form[description]=Host&form[kinds]=invoice.*,+invoice.paid&mark={}",
        receiver.url("/hooks"),
        mark(&page(&site, LIST, &admin).await)
    );
    let first = post(&site, LIST, "/fn/create-endpoint", &admin, &form).await;
    let made = post(&site, LIST, "/fn/create-endpoint", &admin, &form).await;
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(
        first.header("location"),
        Some(path.as_str()),
        "a second click finds it"
    );
    let own = path.strip_suffix("?secret=new").unwrap();
    let id = own.strip_prefix("/admin/webhooks/").unwrap();
    let shown = page(&site, &path, &format!("{admin}; {}", cookies(&made))).await;
    assert!(shown.body.contains("whsec_"), "{}", shown.body);
    let later = page(&site, &path, &admin).await;
    assert!(later.body.contains("invoice.*, invoice.paid") && !later.body.contains("whsec_"));

    receiver.usually_answers(503, "come <later>");
    let form = format!("endpoint={id}");
    let tested = post(&site, own, "/fn/test-endpoint", &admin, &form).await;
    let delivery = tested.header("location").unwrap().to_owned();
    let shown = page(&site, &delivery, &admin).await;
    for words in ["503", "come &lt;later&gt;", "Waiting", "webhook_endpoint.test"] {
        assert!(shown.body.contains(words), "{words}: {}", shown.body);
    }
    assert!(!shown.body.contains("whsec_") && !shown.body.contains("v1,"));
    assert!(
        page(&site, own, &admin)
            .await
            .body
            .contains("Nothing was taken since")
    );
    receiver.usually_answers(200, "");
    let resend = format!(
        "delivery={}",
        delivery.strip_prefix("/admin/webhooks/deliveries/").unwrap()
    );
    let resent = post(&site, &delivery, "/fn/resend-delivery", &admin, &resend).await;
    assert_eq!(
        resent.header("location"),
        Some(format!("{delivery}?done=delivery_resent").as_str())
    );
    site.billing.drain_outgoing().await.unwrap();
    let shown = page(&site, &delivery, &admin).await;
    assert!(
        shown.body.contains("Taken") && shown.body.contains("Try 2"),
        "{}",
        shown.body
    );
    let failed = page(&site, &format!("{own}?state=failed"), &admin).await;
    assert!(failed.body.contains("No delivery is in this state."));
    assert_eq!(
        page(&site, &format!("{own}?state=lost"), &admin).await.status,
        404
    );
    assert_eq!(page(&site, &format!("{own}?after=x"), &admin).await.status, 404);

    let replay = |since: &str| format!("endpoint={id}&since={since}");
    for (since, code) in [
        ("2026-01-01T00:00", "done=replayed_none"),
        ("yesterday", "error=invalid_since"),
    ] {
        let answer = post(&site, own, "/fn/replay-endpoint", &admin, &replay(since)).await;
        assert_eq!(answer.header("location"), Some(format!("{own}?{code}").as_str()));
    }
    let off = format!("endpoint={id}&to=off");
    let off = post(&site, own, "/fn/switch-endpoint", &admin, &off).await;
    assert_eq!(
        off.header("location"),
        Some(format!("{own}?done=endpoint_off").as_str())
    );
    let tested = post(&site, own, "/fn/test-endpoint", &admin, &form).await;
    assert_eq!(
        tested.header("location"),
        Some(format!("{own}?error=endpoint_off").as_str())
    );
    let deleted = post(&site, own, "/fn/delete-endpoint", &admin, &form).await;
    assert_eq!(
        deleted.header("location"),
        Some("/admin/webhooks?done=endpoint_deleted")
    );
    assert_eq!(page(&site, own, &admin).await.status, 404);
    let shown = page(&site, &delivery, &admin).await;
    assert_eq!(shown.status, 200, "the log outlives its endpoint");
    assert!(!shown.body.contains("resend-delivery"));
}

#[sqlx::test(migrations = false)]
async fn what_was_seen_is_what_is_changed(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let admin = signed_in(&site, StaffRole::Developer).await;
    let wrong = "form[url]=https%3A%2F%2Fa.example&form[description]=Mine&form[kinds]=everything";
    let refused = post(&site, LIST, "/fn/create-endpoint", &admin, wrong).await;
    let back = refused.header("location").unwrap();
    assert_eq!(back, "/admin/webhooks?error=invalid_kinds");
    let shown = page(&site, back, &format!("{admin}; {}", cookies(&refused))).await;
    assert!(input(&shown, "form[url]").contains("value=\"https://a.example\""));
    assert!(input(&shown, "form[kinds]").contains("aria-invalid=\"true\""));

    let form = "form[url]=https%3A%2F%2Fa.example%2Fhooks&form[description]=&form[kinds]=";
    let made = post(&site, LIST, "/fn/create-endpoint", &admin, form).await;
    let own = made
        .header("location")
        .unwrap()
        .strip_suffix("?secret=new")
        .unwrap();
    let id = own.strip_prefix("/admin/webhooks/").unwrap();
    let shown = page(&site, own, &admin).await;
    let seen = shown.body.split("name=\"form[seen]\" value=\"").nth(1).unwrap();
    let seen = seen.split('"').next().unwrap();
    let edit = |kinds: &str| {
        format!(
            "form[endpoint]={id}&form[seen]={seen}&form[url]=https%3A%2F%2Fa.example%2Fhooks&form[description]=\
             &form[kinds]={kinds}"
        )
    };
    for (kinds, code) in [
        ("invoice.paid", "done=endpoint_changed"),
        ("invoice.void", "error=changed_meanwhile"),
    ] {
        let answer = post(&site, own, "/fn/edit-endpoint", &admin, &edit(kinds)).await;
        assert_eq!(answer.header("location"), Some(format!("{own}?{code}").as_str()));
    }
    let endpoint = site
        .billing
        .webhook_endpoint(&Actor::System, id.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(endpoint.kinds.as_slice(), ["invoice.paid"]);
}

#[sqlx::test(migrations = false)]
async fn readers_look_and_customers_do_not(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    site.customer("lumen").await;
    let new = service::NewWebhookEndpoint {
        url: "https://a.example/hooks".to_owned(),
        description: String::new(),
        kinds: Vec::new(),
        enabled: true,
    };
    let made = site
        .billing
        .create_webhook_endpoint(&Actor::System, new, service::Intent::new());
    let id = made.await.unwrap().endpoint.id;
    let own = format!("{LIST}/{id}");
    let reader = signed_in(&site, StaffRole::ReadOnly).await;
    let shown = page(&site, &own, &reader).await;
    assert!(shown.body.contains("https://a.example/hooks") && shown.body.contains("Your role may look"));
    let customer = session(&site, "lumen").await;
    for path in [LIST, &own] {
        assert_eq!(page(&site, path, &customer).await.status, 403, "{path}");
    }
    let endpoint = format!("endpoint={id}");
    for (action, form) in [
        ("create-endpoint", "form[url]=https%3A%2F%2Fb.example".to_owned()),
        ("edit-endpoint", format!("form[endpoint]={id}")),
        ("switch-endpoint", format!("{endpoint}&to=off")),
        ("delete-endpoint", endpoint.clone()),
        ("rotate-endpoint", format!("{endpoint}&hours=24")),
        ("test-endpoint", endpoint.clone()),
        ("replay-endpoint", format!("{endpoint}&since=2026-01-01T00:00")),
        (
            "resend-delivery",
            "delivery=wd_00000000000000000000000000000001".to_owned(),
        ),
    ] {
        assert!(!shown.body.contains(&format!("/fn/{action}")), "{action}");
        for session in [&reader, &customer] {
            let refused = post(&site, LIST, &format!("/fn/{action}"), session, &form).await;
            assert_eq!(
                refused.header("location"),
                Some("/admin/webhooks?error=forbidden"),
                "{action}"
            );
        }
    }
}
