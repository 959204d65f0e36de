//! What operators' forms keep when they fail, and what their slips do to a price list.

use service::{Actor, NewStaff, SignUp, StaffRole};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::forms::{input, post};
use crate::http::Answer;
use crate::site::{Site, customer_id};

/// The session of an operator.
pub async fn signed_in(site: &Site, role: StaffRole) -> String {
    let new = NewStaff {
        email: "alex@operator.example".to_owned(),
        name: "Alex".to_owned(),
        password: "correct horse battery".into(),
        role,
    };
    site.billing.create_staff(&Actor::System, new).await.unwrap();
    let form = "email=alex%40operator.example&password=correct+horse+battery";
    let answer = post(site, "/sign-in", "/fn/sign-in", "", form).await;
    cookies(&answer)
}

/// As a browser sends them back.
pub fn cookies(answer: &Answer) -> String {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs: Vec<_> = set.filter_map(|(_, cookie)| cookie.split(';').next()).collect();
    pairs.join("; ")
}

#[sqlx::test(migrations = false)]
async fn a_coupon_that_is_refused_stands_in_its_form(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let session = signed_in(&site, StaffRole::Admin).await;
    let form = "form[name]=Too+much&form[kind]=percent&form[value]=101&form[lasts]=periods&form[count]=3\
                &form[plans][1]=professional";
    let failed = post(&site, "/admin/coupons", "/fn/create-coupon", &session, form).await;
    let back = failed.header("location").unwrap();
    assert_eq!(back, "/admin/coupons?error=invalid");
    let kept = format!("{session}; {}", cookies(&failed));
    let page = site.send("GET", back, &[("Cookie", &kept)], b"").await;
    assert!(input(&page, "form[name]").contains("value=\"Too much\""));
    assert!(input(&page, "form[value]").contains("value=\"101\""));
    assert!(input(&page, "form[value]").contains("aria-invalid=\"true\""));
    assert!(input(&page, "count").contains("value=\"3\""));
    assert!(page.body.contains("A number above 0, up to 100."));
    let chosen = |value: &str| {
        let at = page.body.find(value).unwrap();
        page.body[at..].split('>').next().unwrap().to_owned()
    };
    assert!(chosen("value=\"periods\"").contains("selected"));
    assert!(chosen("value=\"professional\"").contains("checked"));
    assert!(!chosen("value=\"starter\"").contains("checked"));
}

#[sqlx::test(migrations = false)]
async fn who_may_not_give_back_is_not_asked_for_a_number(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let session = signed_in(&site, StaffRole::ReadOnly).await;
    let page = site
        .send("GET", "/admin/invoices", &[("Cookie", &session)], b"")
        .await;
    assert!(
        page.body
            .contains("Only admins and finance can issue credit notes."),
        "{}",
        page.body
    );
    assert!(!page.body.contains("Invoice number"));
}

#[sqlx::test(migrations = false)]
async fn what_has_no_price_for_anybody_is_warned_of_and_not_listed(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let site = Site::start(&database).await;
    let catalog = site.billing.export_catalog(&Actor::System).await.unwrap();
    let slip = "[plan.euro]\nname = \"Euro only\"\ncurrency = \"EUR\"\n\
                prices = [{ interval = \"month\", amount = 99 }]\n";
    let told = site
        .billing
        .apply_catalog(&Actor::System, &format!("{catalog}\n{slip}"))
        .await
        .unwrap();
    let warning = "    warning: nobody can buy it, as no price is in what customers pay in (USD)";
    assert_eq!(told.last().map(String::as_str), Some(warning), "{told:?}");
    let page = site.get("/pricing").await;
    assert!(page.body.contains("Starter"));
    assert!(!page.body.contains("Euro only"));
}

#[sqlx::test(migrations = false)]
async fn what_is_sent_to_a_page_is_answered_in_words(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let answer = post(&site, "/pricing", "/pricing", "", "a=b").await;
    assert_eq!(answer.status, 405);
    assert!(answer.body.contains("Open it as a page."), "{}", answer.body);
}

/// Whoever signs up names itself, and operators read it in the title.
#[sqlx::test(migrations = false)]
async fn a_name_in_a_title_is_only_a_name(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let name = "</title><meta http-equiv=\"refresh\" content=\"0\">";
    let sign_up = SignUp {
        company: name.to_owned(),
        name: "Ada".to_owned(),
        email: "ada@lumen.example".to_owned(),
        password: "correct horse battery".into(),
        time_zone: "UTC".to_owned(),
        address: None,
    };
    let ada = site.billing.sign_up(sign_up).await.unwrap();
    let customer = customer_id(&site.billing.actor(ada).await.unwrap());
    let session = signed_in(&site, StaffRole::Admin).await;
    let path = format!("/admin/usage/{customer}");
    let page = site.send("GET", &path, &[("Cookie", &session)], b"").await;
    assert_eq!(page.status, 200);
    let title = "&lt;/title&gt;&lt;meta http-equiv=\"refresh\" content=\"0\"&gt;";
    assert!(page.body.contains(title), "{}", page.body);
    assert!(!page.body.contains("<meta http-equiv=\"refresh\""));
}
