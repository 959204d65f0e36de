//! Standalone plans sold at the command line, where prices are in several currencies.

use std::process::Output;

use secrecy::ExposeSecret;
use service::billing::invoice::PaymentTerms;
use service::{Actor, Billing, ServiceConfig};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::program::{Folder, command, stderr};
use crate::site::{Site, customer_id, database_url};

/// By the year in dollars alone.
const NODE: &str = r#"
[plan.node]
name = "Dedicated node"
standalone = true
prices = [{ interval = "month", amount = 400 }, { interval = "month", amount = 350, currency = "EUR" },
          { interval = "year", amount = 4000 }]
"#;

/// Who is sent invoices, so that no card is needed.
async fn sent_invoices(site: &Site, company: &str) -> String {
    let actor = site.customer(company).await;
    let Actor::Member { customer, .. } = actor else {
        panic!("{actor:?}")
    };
    let terms = PaymentTerms::net(30).unwrap();
    site.billing
        .set_payment_terms(&Actor::System, customer, terms)
        .await
        .unwrap();
    customer_id(&actor)
}

#[sqlx::test(migrations = false)]
async fn each_customer_pays_the_price_in_its_currency(_: PgPoolOptions, database: PgConnectOptions) {
    let site = Site::start(&database).await;
    let catalog = site.billing.export_catalog(&Actor::System).await.unwrap();
    let catalog = format!("{catalog}{NODE}");
    site.billing
        .apply_catalog(&Actor::System, &catalog)
        .await
        .unwrap();
    let dollars = sent_invoices(&site, "lumen").await;
    let abroad = ServiceConfig {
        currency: "EUR".parse().unwrap(),
        ..site.billing.config().clone()
    };
    let site = Site {
        billing: Billing::connect(abroad).await.unwrap(),
        ..site
    };
    let euros = sent_invoices(&site, "lumiere").await;

    let folder = Folder::new();
    let subscription = |args: &[&str]| -> Output {
        let url = database_url(&database);
        let mut command = command(folder.path(), &[&["subscription"], args].concat());
        command.env("DATABASE_URL", url.expose_secret()).output().unwrap()
    };
    let add = |customer: &str, interval: &str| {
        let of = ["add", "--plan", "node", "--customer", customer];
        subscription(&[&of[..], &["--interval", interval]].concat())
    };
    let wrong = add(&euros, "year");
    assert_eq!(wrong.status.code(), Some(1));
    assert_eq!(stderr(&wrong), "error: node has no price a year for them\n");
    for (customer, price) in [(&dollars, "400.00 USD"), (&euros, "350.00 EUR")] {
        let added = add(customer, "month");
        assert!(added.status.success(), "{}", stderr(&added));
        let id = String::from_utf8_lossy(&added.stdout);
        let listed = subscription(&["list", "--customer", customer]);
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let expected = format!(
            "{} node (standalone) 1 x {price} a month, active, renews ",
            id.trim()
        );
        assert!(listed.starts_with(&expected), "{listed}");
    }
    assert_eq!(site.billing.verify().await.unwrap().findings, []);
}
