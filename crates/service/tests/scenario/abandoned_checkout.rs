//! A purchase nobody finishes is void after 23 hours; choosing another plan replaces it at once.

use service::CheckoutOutcome;
use service::billing::invoice::InvoiceStatus::{Paid, Void};
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use sqlx::PgPool;

use crate::play::{VISA, bill, play};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_expires(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("starter", Month, false).await;
    let open = play
        .billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    assert!(matches!(open.outcome, CheckoutOutcome::Open { .. }));
    play.live_until("2026-04-02T00:00:00Z").await;
    let expired = play
        .billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    assert_eq!(expired.outcome, CheckoutOutcome::Expired);
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Void, 21_492)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn another_choice_replaces_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let first = play.checkout("starter", Month, false).await;
    play.buy("professional", Month, VISA).await;
    let expired = play.billing.checkout_result(&play.actor, &first).await.unwrap();
    assert_eq!(expired.outcome, CheckoutOutcome::Expired);
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "purchase", Void, 21_492),
        bill("INV-000002", "purchase", Paid, 107_892),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn paid_and_never_returned_is_found_by_the_sweep(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("starter", Month, false).await;
    play.submit(&session_ref, VISA).await;
    play.clock.advance_to(crate::play::utc("2026-04-01T00:11:00Z"));
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    let overview = play.billing.overview(&play.actor).await.unwrap();
    assert_eq!(
        overview.payment_method.map(|card| card.last4),
        Some("4242".to_owned())
    );
    play.ties().await;
}
