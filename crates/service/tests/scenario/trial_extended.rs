//! 1 June: a trial of 14 days. 10 June: staff gives it until the 30th, which is the anchor then.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use service::{Actor, Error};
use sqlx::PgPool;

use crate::play::{VISA, bill, play, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_ends_when_staff_says(pool: PgPool) {
    let play = play(pool, "2026-06-01T08:00:00Z").await;
    let session_ref = play.checkout("starter", Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.live_until("2026-06-10T08:00:00Z").await;
    let ends_at = utc("2026-06-30T08:00:00Z");
    let extend = |actor: Actor, at| {
        let play = &play;
        async move { play.billing.extend_trial(&actor, play.customer(), at).await }
    };
    let own = extend(play.actor.clone(), ends_at).await;
    assert!(matches!(own, Err(Error::Forbidden)), "{own:?}");
    let past = extend(Actor::System, utc("2026-06-10T08:00:00Z")).await;
    assert!(matches!(past, Err(Error::Change(_))), "{past:?}");
    extend(Actor::System, ends_at).await.unwrap();
    play.live_until("2026-06-29T08:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Trialing));
    play.live_until("2026-07-30T08:00:00Z").await;
    let bills = [
        bill("INV-000001", "renewal", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}
