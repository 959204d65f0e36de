//! 29 February 2024: buys Starter for a year; usage is counted by the month. Moves from month to year.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{Month, Year};
use sqlx::PgPool;

use crate::play::{VISA, bill, movement, play};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_leap_day_renews_on_the_28th(pool: PgPool) {
    let play = play(pool, "2024-02-29T00:00:00Z").await;
    play.buy("starter", Year, VISA).await;
    play.live_until("2025-02-28T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 214_920),
        bill("INV-000002", "renewal", Paid, 214_920),
    ];
    assert_eq!(play.bills().await, bills);
    // 1,990.00 over twelve.
    assert_eq!(play.movements().await, [movement("new", 16_583)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn from_month_to_year_starts_anew(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("starter", Year).await;
    // Half a month back, a whole year to pay: 1,990.00 - 99.50, and 8 % on each line.
    let upgrade = play.bills().await.pop();
    assert_eq!(upgrade, Some(bill("INV-000002", "upgrade", Paid, 204_174)));
    play.live_until("2027-04-16T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Paid, 214_920))
    );
    play.ties().await;
}
