//! Prices that hold their tax, where it changes while they are paid for: what was billed stays as it was billed.

use service::Actor;
use service::billing::invoice::InvoiceStatus::{Paid, Void};
use service::billing::period::Interval::{Month, Year};
use sqlx::PgPool;

use crate::play::{CATALOG, DECLINES_LATER, Play, VISA, bill, movement, play};
use crate::tax::australia;

/// MRR of a yearly price of so much that holds a tax of so many percent.
fn mrr(price: i64, percent: i64) -> i64 {
    let (numerator, denominator) = (price * 100, (100 + percent) * 12);
    (2 * numerator + denominator) / (2 * denominator)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn mrr_is_without_the_tax_that_was_billed(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    australia(&play, "0.1").await;
    play.buy("starter", Year, VISA).await;
    australia(&play, "0.25").await;
    play.use_meter("much", "deployments", 500, play.billing.now())
        .await;
    // The month's usage is billed with the new tax, the year was with the old one.
    play.live_until("2026-05-02T00:00:00Z").await;
    let starter = mrr(199_000, 10);
    assert_eq!(play.movements().await, [movement("new", starter)]);
    play.change("professional", Year).await;
    let professional = mrr(999_000, 25);
    let upgraded = [
        movement("new", starter),
        movement("expansion", professional - starter),
    ];
    assert_eq!(play.movements().await, upgraded);
    // What pauses gives all back; whoever goes on pays what is charged by then.
    play.pause().await;
    australia(&play, "0.05").await;
    play.resume().await;
    let resumed = [
        &upgraded[..],
        &[
            movement("churn", -professional),
            movement("reactivation", mrr(999_000, 5)),
        ],
    ];
    assert_eq!(play.movements().await, resumed.concat());
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_payment_page_adds_up(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    australia(&play, "0.1").await;
    let session_ref = play.checkout("starter", Month, false).await;
    let page = play
        .billing
        .sandbox()
        .checkout_page(&session_ref, play.billing.now())
        .await;
    let page = page.unwrap().unwrap();
    let lines: Vec<_> = page
        .lines
        .iter()
        .map(|line| (line.label.as_str(), line.amount.minor()))
        .collect();
    assert_eq!(lines, [("Starter, one month, tax included", 19_900)]);
    play.submit(&session_ref, VISA).await;
    let result = play
        .billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    assert_eq!(result.amount.map(|amount| amount.minor()), Some(19_900));
    play.ties().await;
}

/// Starter at a price whose tax, as all that is left of it, is not what its net amount would bear.
async fn odd_price(play: &Play) {
    let odd = CATALOG.replacen("amount = 199 }", "amount = \"199.01\" }", 1);
    assert_ne!(odd, CATALOG);
    play.billing.apply_catalog(&Actor::System, &odd).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_void_upgrade_gave_back_the_rest_too(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    odd_price(&play).await;
    australia(&play, "0.99").await;
    play.buy("starter", Month, VISA).await;
    play.add_card(DECLINES_LATER).await;
    // At the first instant of the month all of it is given back: 100.01 and 99.00, where 99 % would be 99.01.
    play.change("professional", Month).await;
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
    // The time that was given back by the next one overlaps.
    play.live_until("2026-04-11T00:00:00Z").await;
    play.add_card(VISA).await;
    play.change("professional", Month).await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 19_901),
        bill("INV-000002", "upgrade", Void, 99_900 - 19_901),
        bill("INV-000003", "upgrade", Paid, 66_600 - 13_267),
    ];
    assert_eq!(play.bills().await, bills);
    play.pause().await;
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
