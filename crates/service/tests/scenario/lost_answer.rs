//! The provider charges and its answer is lost: looked up under the same attempt, charged once.

use service::ChangeOutcome;
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use sqlx::PgPool;

use crate::play::{TIMES_OUT, play};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_charged_once(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, TIMES_OUT).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    let outcome = play.change("professional", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    let attempts: Vec<usize> = play
        .invoices()
        .await
        .iter()
        .map(|invoice| invoice.attempts.len())
        .collect();
    assert_eq!(attempts, [1, 1, 1]);
    play.ties().await;
}
