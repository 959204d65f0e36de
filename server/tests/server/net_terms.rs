//! What the portal says to a customer on net terms, under a clock that runs, and the command that agrees on them.

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use service::billing::invoice::PaymentTerms;
use service::billing::money::Currency;
use service::billing::period::Interval;
use service::{Actor, StartCheckout};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::program::{Folder, command, stderr};
use crate::site::{Site, customer_id, database_url};

async fn signed_in(site: &Site) -> String {
    let headers = [
        ("Origin", site.base_url.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Accept", "text/html"),
    ];
    let form = b"email=ada@lumen.example&password=correct+horse+battery";
    let answer = site.send("POST", "/fn/sign-in", &headers, form).await;
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let cookies = cookies.map(|(_, value)| value.split(';').next().unwrap());
    cookies.collect::<Vec<_>>().join("; ")
}

#[sqlx::test(migrations = false)]
async fn the_portal_says_by_when_to_pay(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let actor = site.customer("lumen").await;
    let cookie = signed_in(&site).await;
    let page = async |path: &str| {
        let answer = site.send("GET", path, &[("Cookie", &cookie)], b"").await;
        assert_eq!(answer.status, 200, "{path}");
        answer.body
    };
    let billing = &site.billing;
    let Actor::Member { customer, .. } = actor else {
        panic!("{actor:?}")
    };
    let terms = PaymentTerms::net(30).unwrap();
    billing
        .set_payment_terms(&Actor::System, customer, terms)
        .await
        .unwrap();
    let plans = billing.public_plans().await.unwrap();
    let price = |key: &str| {
        let plan = plans.iter().find(|plan| plan.key == key).unwrap();
        plan.price_for(Interval::Month, Currency::USD).unwrap().id
    };
    let start = StartCheckout {
        price: price("starter"),
        trial: false,
        code: None,
    };
    billing.start_checkout(&actor, start).await.unwrap();

    let overview = page("/overview").await;
    assert!(overview.contains("You are sent an invoice, due within 30 days."));
    assert!(!overview.contains("No card on file."));
    let change = page(&format!("/plan/change?price={}", price("professional"))).await;
    assert!(change.contains("Due within 30 days"), "{change}");
    assert!(change.contains("no card is charged") && !change.contains("is charged now"));
    assert!(change.contains(">Confirm<"));
    let preview = billing
        .preview_change(&actor, price("professional"))
        .await
        .unwrap();
    billing.confirm_change(&actor, &preview.token).await.unwrap();
    assert!(page("/invoices").await.contains("Due on "));

    billing
        .move_clock(&Actor::System, billing.now() + TimeDelta::days(32))
        .await
        .unwrap();
    let overview = page("/overview").await;
    assert!(overview.contains("An invoice is overdue") || overview.contains("is due on 2 invoices"));
    assert!(!overview.contains("Your last payment failed"));
    let invoices = page("/invoices").await;
    assert!(invoices.contains("Overdue since ") && invoices.contains("Due on "));
    let oldest = billing.invoices(&actor).await.unwrap().pop().unwrap();
    let detail = page(&format!("/invoices/{}", oldest.id)).await;
    assert!(detail.contains("Overdue since ") && detail.contains("Pay $"));
    assert_eq!(billing.verify().await.unwrap().findings, []);
}

#[sqlx::test(migrations = false)]
async fn an_operator_agrees_on_terms_at_the_command_line(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let actor = site.customer("lumen").await;
    let customer = customer_id(&actor);
    let folder = Folder::new();
    let terms = |customer: &str, days: &str| {
        let args = ["customer", "terms", "--customer", customer, "--net-days", days];
        let url = database_url(&database);
        let mut command = command(folder.path(), &args);
        command.env("DATABASE_URL", url.expose_secret()).output().unwrap()
    };
    for (days, net_days) in [("30", Some(30)), ("0", None)] {
        let done = terms(&customer, days);
        assert!(done.status.success(), "{}", stderr(&done));
        let terms = site.billing.customer(&actor).await.unwrap().terms;
        assert_eq!(terms.net_days(), net_days);
    }
    let wrong = terms(&customer, "181");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stderr(&wrong).contains("net_days must be from 1 to 180, not 181"),
        "{}",
        stderr(&wrong)
    );
    let nobody = terms("cus_00000000000000000000000000000001", "30");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        stderr(&nobody).contains("there is no such customer"),
        "{}",
        stderr(&nobody)
    );
}

#[sqlx::test(migrations = false)]
async fn an_operator_agrees_on_the_end_of_dunning(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let customer = customer_id(&site.customer("lumen").await);
    let folder = Folder::new();
    let ends = |end: &str| {
        let args = ["customer", "dunning", "--customer", &customer, "--end", end];
        let url = database_url(&database);
        let mut command = command(folder.path(), &args);
        command.env("DATABASE_URL", url.expose_secret()).output().unwrap()
    };
    for end in ["unpaid", "keep", "default"] {
        let done = ends(end);
        assert!(done.status.success(), "{}", stderr(&done));
    }
    let wrong = ends("forgive");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        stderr(&wrong).contains("give cancel, unpaid, keep or default"),
        "{}",
        stderr(&wrong)
    );
}
