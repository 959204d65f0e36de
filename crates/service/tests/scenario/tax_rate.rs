//! The tax rate changes while a month is paid for: what is given back carries the rate that was billed.

use service::billing::period::Interval::Month;
use service::billing::tax::TaxRate;
use service::{Actor, Billing, ServiceConfig};
use sqlx::PgPool;

use crate::play::{CATALOG, Play, VISA, play};

/// The same customer after the deployment's rate has changed.
fn at_rate(play: &Play, rate: &str) -> Play {
    let config = ServiceConfig {
        tax: TaxRate::new(rate.parse().unwrap()).unwrap().into(),
        ..play.billing.config().clone()
    };
    Play {
        billing: Billing::over(play.pool.clone(), play.clock.clone(), config),
        clock: play.clock.clone(),
        actor: play.actor.clone(),
        pool: play.pool.clone(),
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_gives_back_the_tax_that_was_billed(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let play = at_rate(&play, "0.19");
    play.change("professional", Month).await;
    let lines = play.invoices().await.pop().unwrap().lines;
    let taxes: Vec<_> = lines
        .iter()
        .map(|line| (line.draft.amount.minor(), line.tax.minor()))
        .collect();
    // 8 % of what comes back, 19 % of what is new.
    assert_eq!(taxes, [(-9_950, -796), (49_950, 9_491)]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_more_than_the_charge_becomes_credit(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let play = at_rate(&play, "0.99");
    play.buy("starter", Month, VISA).await;
    // A little dearer plan, and no tax any more: the invoice alone would pay money out.
    let cheap = CATALOG.replace("amount = 999 }", "amount = 200 }");
    play.billing.apply_catalog(&Actor::System, &cheap).await.unwrap();
    play.live_until("2026-04-16T00:00:00Z").await;
    let play = at_rate(&play, "0");
    play.change("professional", Month).await;
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 9_950, 9_851)]
    );
    let upgrade = play.invoices().await.pop().unwrap().summary;
    assert_eq!(
        (
            upgrade.total.minor(),
            upgrade.credit_applied.minor(),
            upgrade.paid.minor()
        ),
        (10_000, 10_000, 0)
    );
    assert_eq!(play.credit().await, 9_950 + 9_851 - 10_000);
    assert_eq!(play.status().await.0, Some("professional".into()));
    play.ties().await;
}
