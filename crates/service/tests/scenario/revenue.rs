//! The figures of a month in which MRR moved in every way there is.

use service::billing::money::{Currency, Money};
use service::billing::period::Interval::{Month, Year};
use service::billing::revenue::{Bridge, Figures, Flows, GrossMargin, Standing};
use service::billing::subscription::UnusedTime;
use service::{Billing, Error, MonthRevenue, ServiceConfig, StopKind};
use sqlx::PgPool;

use crate::play::{Play, VISA, play};
use crate::support::sign_up;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Somebody else on the same system.
async fn another(play: &Play, name: &str) -> Play {
    let mut sign_up = sign_up(&format!("{}@story.example", name.to_lowercase()));
    sign_up.company = name.to_owned();
    let principal = play.billing.sign_up(sign_up).await.unwrap();
    Play {
        actor: play.billing.actor(principal).await.unwrap(),
        billing: play.billing.clone(),
        clock: play.clock.clone(),
        pool: play.pool.clone(),
    }
}

pub fn operator() -> service::Actor {
    service::Actor::Staff {
        id: service::billing::id::StaffId::from_uuid(uuid::Uuid::from_u128(9)),
        role: service::StaffRole::ReadOnly,
    }
}

pub async fn revenue(play: &Play, month: &str) -> MonthRevenue {
    let month = month.parse().unwrap();
    let overview = play.billing.admin_overview(&operator(), Some(month)).await;
    overview.unwrap().revenue
}

/// A system on which four fifths of revenue are left after costs.
async fn story(pool: PgPool, now: &str) -> Play {
    let play = play(pool, now).await;
    let config = ServiceConfig {
        gross_margin: "0.8".parse().unwrap(),
        ..play.billing.config().clone()
    };
    let billing = Billing::over(play.pool.clone(), play.clock.clone(), config);
    Play { billing, ..play }
}

/// Until March everybody buys; in it one of each kind moves, and Fay twice.
async fn until_april(gil: &Play) {
    let ada = another(gil, "Ada").await;
    let ben = another(gil, "Ben").await;
    let cy = another(gil, "Cy").await;
    let dee = another(gil, "Dee").await;
    let eve = another(gil, "Eve").await;
    let fay = another(gil, "Fay").await;
    gil.buy("starter", Month, VISA).await;
    ada.buy("starter", Month, VISA).await;
    ben.live_until("2026-01-10T00:00:00Z").await;
    ben.buy("professional", Month, VISA).await;
    cy.live_until("2026-01-12T00:00:00Z").await;
    cy.buy("starter", Month, VISA).await;
    dee.live_until("2026-01-15T00:00:00Z").await;
    dee.buy("starter", Month, VISA).await;
    fay.live_until("2026-01-20T00:00:00Z").await;
    fay.buy("starter", Month, VISA).await;
    dee.billing.cancel(&dee.actor, None).await.unwrap();

    fay.live_until("2026-03-02T00:00:00Z").await;
    ben.change("starter", Month).await;
    cy.billing.cancel(&cy.actor, None).await.unwrap();
    ada.live_until("2026-03-06T00:00:00Z").await;
    ada.change("professional", Month).await;
    fay.change("professional", Month).await;
    fay.live_until("2026-03-15T00:00:00Z").await;
    fay.stop(StopKind::Cancel {
        unused: UnusedTime::Credit,
    })
    .await;
    dee.live_until("2026-03-20T00:00:00Z").await;
    dee.buy("starter", Month, VISA).await;
    eve.live_until("2026-03-31T23:59:59Z").await;
    eve.buy("starter", Year, VISA).await;
    eve.live_until("2026-04-01T00:00:00Z").await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_figure_of_a_month_in_which_everything_moves(pool: PgPool) {
    let play = story(pool, "2026-01-05T00:00:00Z").await;
    Box::pin(until_april(&play)).await;
    let march = revenue(&play, "2026-03").await;
    let bridge = Bridge {
        start: usd(179_500),
        new: usd(16_583),
        reactivation: usd(19_900),
        expansion: usd(160_000),
        contraction: usd(80_000),
        churn: usd(119_800),
    };
    assert_eq!(march.totals.bridge, bridge);
    // Fay counts with what she had when March began.
    let cohort = Flows {
        start: usd(179_500),
        expansion: usd(80_000),
        contraction: usd(80_000),
        churn: usd(39_800),
    };
    assert_eq!(march.totals.cohort, cohort);
    let figures = Figures {
        mrr: usd(176_183),
        arr: usd(2_114_196),
        paying: 5,
        arpa: Some(usd(35_237)),
        net_new: usd(-3_317),
        net_retention: Some("77.8273".parse().unwrap()),
        gross_retention: Some("33.2591".parse().unwrap()),
        logo_churn: Some("40".parse().unwrap()),
        revenue_churn: Some("66.7409".parse().unwrap()),
        // 1,761.83 ÷ 5 × 0.8 ÷ (1,198 ÷ 1,795).
        ltv: Some(usd(42_237)),
        quick_ratio: Some("0.98".parse().unwrap()),
    };
    assert_eq!(march.figures, figures);
    let rows: Vec<_> = march.moved.iter().map(row).collect();
    let expected = [
        ("Ada", 19_900, 80_000, 99_900),
        ("Ben", 99_900, -80_000, 19_900),
        ("Cy", 19_900, -19_900, 0),
        ("Dee", 0, 19_900, 19_900),
        ("Fay", 19_900, -19_900, 0),
        ("Eve", 0, 16_583, 16_583),
    ];
    assert_eq!(rows, expected);

    // Later, asked again.
    play.live_until("2026-07-15T00:00:00Z").await;
    assert_eq!(revenue(&play, "2026-03").await, march);
    assert_eq!(
        revenue(&play, "2026-04").await.totals.bridge,
        Bridge::resting(usd(176_183))
    );
    play.ties().await;
}

/// Name, start, change and end.
fn row(customer: &service::MovedCustomer) -> (&str, i64, i64, i64) {
    let growth = customer.bridge.growth().unwrap();
    (
        customer.name.as_str(),
        customer.bridge.start.minor(),
        growth.growth.minor(),
        growth.end.minor(),
    )
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn months_begin_at_midnight_utc_and_end_with_now(pool: PgPool) {
    let play = story(pool, "2026-01-31T23:59:59Z").await;
    play.buy("starter", Month, VISA).await;
    assert_eq!(revenue(&play, "2026-01").await.totals.bridge.new, usd(19_900));
    play.live_until("2026-02-01T00:00:00Z").await;
    let ben = another(&play, "Ben").await;
    ben.buy("professional", Month, VISA).await;
    let january = revenue(&play, "2026-01").await;
    assert_eq!((january.figures.mrr, january.figures.paying), (usd(19_900), 1));
    assert_eq!(january.figures.net_retention, None, "there was nobody to keep");
    assert_eq!(january.figures.ltv, None, "nobody left");
    let february = revenue(&play, "2026-02").await;
    assert_eq!(february.totals.bridge.start, usd(19_900));
    assert_eq!(february.totals.bridge.new, usd(99_900));
    let present = play.billing.admin_overview(&operator(), None).await.unwrap();
    assert_eq!(present.revenue, february);
    assert_eq!(present.months.last().unwrap().mrr_end, february.figures.mrr);
    let march = play
        .billing
        .admin_overview(&operator(), Some("2026-03".parse().unwrap()))
        .await;
    assert!(
        matches!(march, Err(Error::Invalid { field: "month" })),
        "{march:?}"
    );
    let before = revenue(&play, "1999-12").await;
    assert_eq!(before.totals.bridge, Bridge::resting(usd(0)));
    play.ties().await;
}

/// What is brought in euros stands beside dollars, in no sum of them.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn currencies_are_counted_apart(pool: PgPool) {
    let play = story(pool, "2026-01-05T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let before = revenue(&play, "2026-01").await;
    let copy = "INSERT INTO revenue_movement (id, customer_id, subscription_id, kind, amount_minor, mrr_minor, currency,
            plan_id, occurred_at)
        SELECT gen_random_uuid(), customer_id, subscription_id, kind, 5000, 5000, 'EUR', plan_id, occurred_at
        FROM revenue_movement";
    sqlx::query(copy).execute(&play.pool).await.unwrap();
    assert_eq!(revenue(&play, "2026-01").await, before);
    play.ties().await;
}

/// A movement that does not lead where the levels say is found.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_month_that_does_not_tie_is_named(pool: PgPool) {
    let play = story(pool, "2026-01-05T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    // Beside the use cases, which cannot do this.
    let stray = "INSERT INTO revenue_movement (id, customer_id, subscription_id, kind, amount_minor, mrr_minor, currency,
            plan_id, occurred_at)
        SELECT gen_random_uuid(), customer_id, subscription_id, 'expansion', -100, 20000, currency, plan_id,
            occurred_at + interval '1 month' FROM revenue_movement";
    sqlx::query(stray).execute(&play.pool).await.unwrap();
    let findings = play.billing.verify().await.unwrap().findings;
    let of = |check: &str| {
        let found = findings.iter().filter(|finding| finding.check == check);
        found.map(|finding| finding.detail.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(
        of("MRR at a month's start and its movements make its end"),
        ["2026-02 in USD"]
    );
    assert_eq!(of("each movement is of the kind its amounts say").len(), 1);
    assert_eq!(of("movements add up to MRR").len(), 1);
}

/// What a month begins with is what the one before ended with, to the customer.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_month_begins_where_the_last_one_ended(pool: PgPool) {
    let play = story(pool, "2026-01-05T00:00:00Z").await;
    Box::pin(until_april(&play)).await;
    let mut end = Standing {
        mrr: usd(0),
        customers: 0,
    };
    for month in ["2026-01", "2026-02", "2026-03", "2026-04"] {
        let revenue = revenue(&play, month).await;
        let start = Standing {
            mrr: revenue.totals.bridge.start,
            customers: revenue.totals.customers_at_start,
        };
        assert_eq!(start, end, "{month}");
        end = Standing {
            mrr: revenue.figures.mrr,
            customers: revenue.figures.paying,
        };
    }
    let whole = GrossMargin::WHOLE;
    let march = revenue(&play, "2026-03").await;
    assert_ne!(march.totals.figures(whole).unwrap().ltv, march.figures.ltv);
}
