//! A billing run that comes late, or to a pause of seconds, bills what is due and parks nobody.

use service::StopKind;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, play, utc};

async fn parked(play: &Play) -> Vec<String> {
    sqlx::query_scalar("SELECT parked_reason FROM customer WHERE parked_reason IS NOT NULL")
        .fetch_all(&play.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn after_a_pause_that_gave_nothing_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-30T23:59:30Z").await;
    // Half a minute of the month is worth less than half a cent.
    let resume_at = Some(utc("2026-04-30T23:59:50Z"));
    let preview = play.stop(StopKind::Pause { resume_at }).await;
    assert_eq!(preview.credit_note, None);
    play.live_until("2026-05-01T12:00:00Z").await;
    assert_eq!(parked(&play).await, [] as [String; 0]);
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "resume", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn after_an_outage_of_more_than_a_year(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.clock.advance_to(utc("2027-09-01T00:00:00Z"));
    play.billing.run_due().await.unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(parked(&play).await, [] as [String; 0]);
    assert_eq!(play.bills().await.len(), 1 + 17);
    play.ties().await;
}
