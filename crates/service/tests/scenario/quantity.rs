//! More seats are charged for the rest of the period at once; fewer wait for its end.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::Month;
use service::{ChangeOutcome, Error};
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, movement, play, utc};

async fn seats(play: &Play, quantity: u32) -> ChangeOutcome {
    let preview = play
        .billing
        .preview_quantity(&play.actor, quantity)
        .await
        .unwrap();
    let outcome = play
        .billing
        .confirm_change(&play.actor, &preview.token)
        .await
        .unwrap();
    if let ChangeOutcome::Applied { invoice: Some(id) } = outcome {
        let charged = play.billing.invoice(&play.actor, id).await.unwrap();
        assert_eq!(charged.lines, preview.draft.lines());
    }
    outcome
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn several_changes_in_one_period(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    seats(&play, 3).await;
    // Two more for 20 of 30 days.
    let added = [("2026-04-11".to_owned(), "2026-05-01".to_owned(), 26_533)];
    assert_eq!(play.last_lines().await, added);
    play.live_until("2026-04-21T00:00:00Z").await;
    seats(&play, 4).await;
    let added = [("2026-04-21".to_owned(), "2026-05-01".to_owned(), 6_633)];
    assert_eq!(play.last_lines().await, added);
    let outcome = seats(&play, 2).await;
    let at = utc("2026-05-01T00:00:00Z");
    assert_eq!(outcome, ChangeOutcome::Scheduled { at });
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000004", "renewal", Paid, 42_984))
    );
    let moves = [
        movement("new", 19_900),
        movement("expansion", 39_800),
        movement("expansion", 19_900),
        movement("contraction", -39_800),
    ];
    assert_eq!(play.movements().await, moves);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_pause_gives_back_every_seat(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    seats(&play, 3).await;
    play.live_until("2026-04-21T00:00:00Z").await;
    play.pause().await;
    // A third of the first seat's month, half of what the other two were billed.
    let notes = play.credit_notes().await;
    assert_eq!(notes, [("CN-000001".to_owned(), 6_633 + 13_267, 531 + 1_061)]);
    play.live_until("2026-05-01T00:00:00Z").await;
    play.resume().await;
    let whole = [("2026-05-01".to_owned(), "2026-06-01".to_owned(), 59_700)];
    assert_eq!(play.last_lines().await, whole);
    for quantity in [0, 100_001] {
        let refused = play.billing.preview_quantity(&play.actor, quantity).await;
        assert!(
            matches!(refused, Err(Error::Invalid { field: "quantity" })),
            "{refused:?}"
        );
    }
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
