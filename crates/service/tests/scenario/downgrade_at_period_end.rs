//! A downgrade waits for the period's end, can be undone before, and costs nothing.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use service::{ChangeOutcome, Error};
use sqlx::PgPool;

use crate::play::{VISA, bill, movement, play, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_waits_and_can_be_undone(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    assert_eq!(
        play.change("starter", Month).await,
        ChangeOutcome::Scheduled {
            at: utc("2026-05-01T00:00:00Z")
        }
    );
    play.billing.undo_change(&play.actor).await.unwrap();
    assert!(matches!(
        play.billing.undo_change(&play.actor).await,
        Err(Error::Change(_))
    ));
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.status().await.0, Some("professional".into()));

    play.change("starter", Month).await;
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 107_892),
        bill("INV-000002", "renewal", Paid, 107_892),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(
        play.movements().await,
        [movement("new", 99_900), movement("contraction", -80_000)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn cancelling_ends_what_is_paid_for(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.billing.cancel(&play.actor, None).await.unwrap();
    play.billing.undo_cancel(&play.actor).await.unwrap();
    play.billing.cancel(&play.actor, None).await.unwrap();
    play.live_until("2026-04-30T23:59:59Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    play.buy("professional", Month, VISA).await;
    let moves = [
        movement("new", 19_900),
        movement("churn", -19_900),
        movement("reactivation", 99_900),
    ];
    assert_eq!(play.movements().await, moves);
    play.ties().await;
}
