//! A cheaper year after a dearer month waits for the month's end, and its year begins there; back from a
//! year to a month waits for the year's end.

use service::ChangeOutcome;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::StatusName;
use sqlx::PgPool;

use crate::play::{VISA, bill, play, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn from_a_dear_month_to_a_cheap_year(pool: PgPool) {
    let play = play(pool, "2026-01-31T00:00:00Z").await;
    play.buy("enterprise", Month, VISA).await;
    let price = play.price("starter", Year).await;
    let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
    let next_bill = preview.next_bill.unwrap();
    assert_eq!(next_bill.0, utc("2026-02-28T00:00:00Z"));
    let outcome = play.change("starter", Year).await;
    assert_eq!(
        outcome,
        ChangeOutcome::Scheduled {
            at: utc("2026-02-28T00:00:00Z")
        }
    );
    play.live_until("2027-02-28T00:00:00Z").await;
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 539_892),
        bill("INV-000002", "renewal", Paid, 214_920),
        bill("INV-000003", "renewal", Paid, 214_920),
    ];
    assert_eq!(play.bills().await, bills);
    let lines = &play.invoices().await[1].lines;
    let year = lines[0].draft.period;
    assert_eq!(
        (year.start(), year.end()),
        (utc("2026-02-28T00:00:00Z"), utc("2027-02-28T00:00:00Z"))
    );
    assert_eq!(lines, next_bill.1.lines());
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn from_a_year_to_a_month(pool: PgPool) {
    let play = play(pool, "2025-08-31T00:00:00Z").await;
    play.buy("starter", Year, VISA).await;
    play.change("starter", Month).await;
    play.live_until("2026-09-30T00:00:00Z").await;
    let starts: Vec<_> = play
        .invoices()
        .await
        .iter()
        .map(|i| i.lines[0].draft.period.start().date_naive().to_string())
        .collect();
    assert_eq!(starts, ["2025-08-31", "2026-08-31", "2026-09-30"]);
    play.ties().await;
}
