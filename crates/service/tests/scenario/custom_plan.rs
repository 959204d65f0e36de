//! A plan made for one customer from another plan: sold to it alone, with versions as any other.

use service::billing::catalog::{Audience, Plan};
use service::billing::id::PriceId;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::Term;
use service::{Actor, Error, SetUp, StartCheckout};
use sqlx::PgPool;

use crate::catalog::{apply, refused};
use crate::play::{CATALOG, Play, VISA, bill, movement, play, utc};

/// Made from Professional: other prices, more of one meter, another word on support.
fn custom(play: &Play) -> String {
    format!(
        "{CATALOG}\n[plan.lumen]\nname = \"Lumen Custom\"\nbase = \"professional\"\ncustomer = \"{}\"\n\
         prices = [{{ interval = \"month\", amount = 2999 }}, {{ interval = \"year\", amount = 29_990 }}]\n\
         feature = {{ support = \"Dedicated\" }}\n\
         [plan.lumen.charge]\nstorage_gb = {{ included = 1000, scheme = \"per_unit\", amount = \"0.10\" }}\n",
        play.customer()
    )
}

async fn own_plan(play: &Play) -> Option<Plan> {
    let plans = play.billing.plans_for(&play.actor).await.unwrap();
    plans.into_iter().find(|plan| plan.key == "lumen")
}

async fn own_price(play: &Play) -> PriceId {
    let plan = own_plan(play).await.unwrap();
    let currency = play.billing.config().currency;
    plan.price_for(Month, currency).unwrap().id
}

async fn change_to(play: &Play, price: PriceId) -> Vec<i64> {
    let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
    play.billing
        .confirm_change(&play.actor, &preview.token)
        .await
        .unwrap();
    let lines = preview.draft.lines().iter();
    lines.map(|line| line.draft.amount.minor()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_what_its_base_is_but_for_what_it_says(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let changes = apply(&play, &custom(&play)).await;
    let expected = [
        "+ plan lumen: version 1",
        "    trial days: 0 -> 14",
        "    price a month: 2999.00 USD",
        "    price a year: 29990.00 USD",
        "    charge chain_deployments: 5 included, no more",
        "    charge deployments: 500 included, then 1 each",
        "    charge storage_gb: 1000 included, then 0.1 each",
        "    charge api_requests: 1000000 included, then 0.4 per 1000",
        "    feature support: Dedicated",
        "    feature compliance: Standard",
    ];
    assert_eq!(changes[..10], expected);
    let plan = own_plan(&play).await.unwrap();
    assert_eq!(plan.audience, Audience::Customer(play.customer()));
    assert_eq!(apply(&play, &custom(&play)).await, [""; 0]);
    // What the base changes and the plan does not say, the plan changes too: as a version of its own.
    let base = custom(&play).replace("included = 5,", "included = 6,");
    let changes = apply(&play, &base).await;
    assert_eq!(
        changes,
        [
            "~ plan professional: version 2; version 1 archived",
            "    charge chain_deployments: 5 included, no more -> 6 included, no more",
            "~ plan lumen: version 2; version 1 archived",
            "    charge chain_deployments: 5 included, no more -> 6 included, no more",
        ]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_base_that_makes_no_sense_is_told(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    for (said, instead, told) in [
        (
            "base = \"professional\"",
            "base = \"gold\"",
            "plan.lumen.base: must be one of the file's plans",
        ),
        (
            "base = \"professional\"",
            "base = 1",
            "plan.lumen.base: must be the key of a plan, in quotes",
        ),
        (
            "base = \"professional\"",
            "base = \"lumen\"",
            "plan.lumen.base: must be a plan that has no base itself",
        ),
        (
            "base = \"professional\"",
            "base = \"professional\"\ncurrency = \"EUR\"",
            "plan.lumen.currency: must not be given: it is that of the base plan",
        ),
    ] {
        let file = custom(&play).replace(said, instead);
        let problems = refused(&play, &file).await;
        assert!(problems.iter().any(|problem| problem == told), "{problems:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_bought_and_renewed_at_its_version(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    apply(&play, &custom(&play)).await;
    let price = own_price(&play).await;
    let start = StartCheckout {
        price,
        trial: false,
        code: None,
    };
    let url = play.billing.start_checkout(&play.actor, start).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap().to_owned();
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.use_meter("s", "storage_gb", 1_200, utc("2026-04-01T00:00:00Z"))
        .await;
    // A new version is on sale to them; they stay on theirs until they are moved.
    let dearer = custom(&play).replace("amount = 2999 }", "amount = 3199 }");
    apply(&play, &dearer).await;
    assert_ne!(own_price(&play).await, price);
    play.live_until("2026-05-01T00:00:00Z").await;
    // 2,999.00 and 200 GB at 0.10, with tax.
    let renewal = play.bills().await.pop().unwrap();
    assert_eq!(renewal, bill("INV-000002", "renewal", Paid, 326_052));
    let report = play.billing.migrate_subscribers(&Actor::System, "lumen").await;
    assert_eq!(report.unwrap().moves.len(), 1);
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.bills().await.pop().unwrap().3, 347_652);
    // Archived, it goes on for its subscriber.
    apply(&play, CATALOG).await;
    assert_eq!(own_plan(&play).await, None);
    play.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(play.bills().await.pop().unwrap().3, 347_652);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// 15.5 of 31 days of Starter are given back, and as many of the custom plan are charged.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_upgraded_to_and_left_again(pool: PgPool) {
    let play = play(pool, "2026-05-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    apply(&play, &custom(&play)).await;
    play.live_until("2026-05-16T12:00:00Z").await;
    let price = own_price(&play).await;
    assert_eq!(change_to(&play, price).await, [-9_950, 149_950]);
    assert_eq!(play.status().await.0.as_deref(), Some("lumen"));
    play.change("professional", Month).await;
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.status().await.0.as_deref(), Some("professional"));
    assert_eq!(
        play.movements().await,
        [
            movement("new", 19_900),
            movement("expansion", 280_000),
            movement("contraction", -200_000)
        ]
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// Every use case that takes a price answers as it does to one that there is not.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_else_sees_or_buys_it(pool: PgPool) {
    let ada = play(pool, "2026-04-01T00:00:00Z").await;
    apply(&ada, &custom(&ada)).await;
    let price = own_price(&ada).await;
    let bob = ada.another().await;
    assert_eq!(own_plan(&bob).await, None);
    let public = bob.billing.public_plans().await.unwrap();
    assert!(public.iter().all(|plan| plan.key != "lumen"));

    let unknown = PriceId::from_uuid(uuid::Uuid::nil());
    let answers = async |price| {
        let b = &bob.billing;
        let start = |trial| StartCheckout {
            price,
            trial,
            code: None,
        };
        let term = Term {
            starts_at: utc("2026-05-01T00:00:00Z"),
            ends_at: None,
        };
        let set_up = SetUp {
            customer: bob.customer(),
            price,
            billing_time: None,
            term,
        };
        [
            ("buys", b.start_checkout(&bob.actor, start(false)).await.map(drop)),
            ("tries", b.start_checkout(&bob.actor, start(true)).await.map(drop)),
            (
                "asks for a code",
                b.check_code(&bob.actor, "LAUNCH", price).await.map(drop),
            ),
            (
                "is set up",
                b.set_up_subscription(&Actor::System, set_up).await.map(drop),
            ),
            ("changes", b.preview_change(&bob.actor, price).await.map(drop)),
        ]
    };
    let refused = |(what, answer): (&str, Result<(), Error>)| match answer {
        Err(Error::NotFound(noun)) => format!("{what}: no {noun}"),
        other => format!("{what}: {other:?}"),
    };
    let without = answers(price).await.map(refused);
    assert_eq!(without, answers(unknown).await.map(refused));
    assert_eq!(
        without[..4]
            .iter()
            .filter(|said| said.ends_with(": no price"))
            .count(),
        4,
        "{without:?}"
    );
    bob.buy("starter", Year, VISA).await;
    let changed = answers(price).await.map(refused);
    assert_eq!(changed, answers(unknown).await.map(refused));
    assert_eq!(changed[4], "changes: no price");
    // Who could be put on it is its own customer alone.
    let term = Term {
        starts_at: utc("2026-04-01T00:00:00Z"),
        ends_at: None,
    };
    let set_up = SetUp {
        customer: ada.customer(),
        price,
        billing_time: None,
        term,
    };
    ada.billing
        .set_up_subscription(&Actor::System, set_up)
        .await
        .unwrap();
    assert_eq!(ada.status().await.0.as_deref(), Some("lumen"));
}
