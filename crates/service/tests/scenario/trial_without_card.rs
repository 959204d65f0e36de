//! 1 June: starts a trial and leaves the card page. 15 June: paused. 20 June: buys after all.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use service::{Error, StartCheckout};
use sqlx::PgPool;

use crate::play::{VISA, bill, movement, play};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_pauses_and_the_trial_is_spent(pool: PgPool) {
    let play = play(pool, "2026-06-01T08:00:00Z").await;
    play.checkout("professional", Month, true).await;
    assert_eq!(play.status().await.1, Some(StatusName::Trialing));
    play.live_until("2026-06-15T08:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Paused));

    let price = play.price("starter", Month).await;
    let again = play
        .billing
        .start_checkout(
            &play.actor,
            StartCheckout {
                price,
                trial: true,
                code: None,
            },
        )
        .await;
    assert!(
        matches!(again, Err(Error::AlreadySubscribed | Error::TrialUsed)),
        "{again:?}"
    );

    play.live_until("2026-06-20T08:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Paid, 21_492)]);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn with_a_card_it_turns_into_a_paid_plan(pool: PgPool) {
    let play = play(pool, "2026-06-01T08:00:00Z").await;
    let session_ref = play.checkout("professional", Month, true).await;
    play.submit(&session_ref, VISA).await;
    let result = play
        .billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    assert_eq!(result.outcome, service::CheckoutOutcome::CardSaved);
    play.live_until("2026-07-15T08:00:00Z").await;
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "renewal", Paid, 107_892),
        bill("INV-000002", "renewal", Paid, 107_892),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.movements().await, [movement("new", 99_900)]);
    play.ties().await;
}
