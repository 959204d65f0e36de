//! 31 January: buys Starter with a card that is declined from then on. 28 February: past due. 5 March: a new
//! card, and the open invoice is collected at once.

use gateway::sandbox::SubmitOutcome;
use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;

use sqlx::PgPool;

use crate::play::{DECLINES_LATER, VISA, bill, movement, play};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_new_card_brings_it_up_to_date(pool: PgPool) {
    let play = play(pool, "2026-01-31T12:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-02-28T12:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    let renewal = play.invoices().await.pop().unwrap();
    assert_eq!(renewal.summary.status, Open);
    assert_eq!(renewal.attempts.len(), 1);
    assert!(renewal.attempts[0].decline_code.is_some());

    play.live_until("2026-03-05T09:00:00Z").await;
    let url = play.billing.start_add_card(&play.actor).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap();
    play.submit(session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, session_ref)
        .await
        .unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(play.status().await.1, Some(StatusName::Active));

    play.live_until("2026-03-31T12:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}

/// Paid on the hosted page and never returned from it: the billing page finds it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn paid_and_never_returned_is_found_by_the_billing_page(pool: PgPool) {
    let play = play(pool, "2026-01-31T12:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-02-28T12:00:00Z").await;
    let renewal = play.invoices().await.pop().unwrap();
    let url = play
        .billing
        .start_payment(&play.actor, renewal.summary.id)
        .await
        .unwrap();
    play.submit(url.rsplit('/').next().unwrap(), VISA).await;
    assert_eq!(play.bills().await.pop().unwrap().2, Open);
    let overview = play.billing.overview(&play.actor).await.unwrap();
    assert!(overview.owed.is_none());
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

/// A payment page that was left stands in nobody's way: another card pays what is owed.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_new_card_pays_what_a_page_was_left_for(pool: PgPool) {
    let play = play(pool, "2026-01-31T12:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-02-28T12:00:00Z").await;
    let renewal = play.invoices().await.pop().unwrap().summary.id;
    let left = play.billing.start_payment(&play.actor, renewal).await.unwrap();
    let url = play.billing.start_add_card(&play.actor).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap();
    play.submit(session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, session_ref)
        .await
        .unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    assert_eq!(play.bills().await[1], bill("INV-000002", "renewal", Paid, 21_492));
    // The page that was left takes no money any more.
    let left = left.rsplit('/').next().unwrap();
    let late = play.submit(left, VISA).await;
    assert!(!matches!(late, SubmitOutcome::Redirect { .. }), "{late:?}");
    play.ties().await;
}
