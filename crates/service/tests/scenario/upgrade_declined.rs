//! An upgrade whose payment is declined: the invoice is void, the plan stays, nothing is owed.

use service::ChangeOutcome;
use service::billing::invoice::InvoiceStatus::{Paid, Void};
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, VISA, bill, movement, play};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_plan_stays(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    let outcome = play.change("professional", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Declined { .. }), "{outcome:?}");
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "upgrade", Void, 57_600),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);

    // With another card it goes through, and the credit is what it was: a void gives nothing back.
    let url = play.billing.start_add_card(&play.actor).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap();
    play.submit(session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, session_ref)
        .await
        .unwrap();
    let outcome = play.change("professional", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "upgrade", Paid, 57_600))
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_downgrade_scheduled_before_it_comes_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, DECLINES_LATER).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    play.change("starter", Month).await;
    let outcome = play.change("enterprise", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Declined { .. }), "{outcome:?}");
    let subscription = play.billing.overview(&play.actor).await.unwrap().subscription;
    assert!(subscription.unwrap().pending_change.is_some());
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.status().await.0, Some("starter".into()));
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
