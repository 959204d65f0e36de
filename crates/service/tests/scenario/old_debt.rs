//! A customer who left owing a renewal comes back: the new purchase stands on its own.

use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::payment::dunning::DunningEnd;
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, VISA, bill, play, play_to};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_does_not_hold_up_a_new_purchase(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    play.billing.cancel(&play.actor, None).await.unwrap();
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));

    play.buy("professional", Month, VISA).await;
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    play.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Open, 21_492),
        bill("INV-000003", "purchase", Paid, 107_892),
        bill("INV-000004", "renewal", Paid, 107_892),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

/// Every open renewal counts, whichever is paid first; what was paid does not.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_overview_says_what_is_owed_in_all(pool: PgPool) {
    let play = play_to(pool, "2026-04-01T00:00:00Z", DunningEnd::Keep).await;
    let owed = async || {
        let overview = play.billing.overview(&play.actor).await.unwrap();
        let owed = overview.owed;
        owed.map(|owed| (owed.total.minor(), owed.count, owed.oldest.number.to_string()))
    };
    play.buy("starter", Month, DECLINES_LATER).await;
    assert_eq!(owed().await, None);
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(owed().await, Some((21_492, 1, "INV-000002".into())));
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(owed().await, Some((42_984, 2, "INV-000002".into())));
    play.billing.cancel(&play.actor, None).await.unwrap();
    play.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    assert_eq!(owed().await, Some((42_984, 2, "INV-000002".into())));
    play.ties().await;
}
