//! Refunds whose end comes late: our own mistake holds them up, or the bank sends the money back.

use service::billing::credit::{PaidTo, Wanted};
use service::billing::period::Interval::Month;
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::credit_by_hand::{sums, usd};
use crate::play::{VISA, dated, play, utc};
use crate::refund::{refunds, sent_back};

/// To make credit of it could pay twice, so it waits until somebody mends what is wrong.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_our_own_mistake_stops_waits_and_is_shown(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary.id;
    // The provider knows no such charge: we hold the keys of another account, say.
    let charge_ref: String = sqlx::query_scalar("SELECT gateway_ref FROM payment_attempt")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    let known_as = async |charge_ref: &str| {
        sqlx::query("UPDATE payment_attempt SET gateway_ref = $1")
            .bind(charge_ref)
            .execute(&play.pool)
            .await
            .unwrap();
    };
    known_as("ch_of_another_account").await;
    let note = play
        .give_back(purchase, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(sums(&note), [19_900, 1_592, 0, 21_492, 0]);
    let waits = (vec![(21_492, "pending")], 0, 0);
    let stands = async || {
        (
            refunds(&play, &note).await,
            sent_back(&play).await,
            play.credit().await,
        )
    };
    assert_eq!(stands().await, waits);
    // Its job fails as well, and so does the sweep.
    play.billing.drain_queue().await.unwrap();
    play.clock.advance_to(utc("2026-04-01T00:11:00Z"));
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(stands().await, waits);
    let shown = play.billing.credit_notes_of(&play.actor, purchase).await.unwrap();
    let of_notes = shown.iter().flat_map(|note| &note.refunds);
    let shown: Vec<_> = of_notes
        .map(|refund| (refund.status.as_str(), refund.settled_at))
        .collect();
    assert_eq!(shown, [("pending", None)]);
    assert_eq!(play.billing.verify().await.unwrap().findings, []);

    known_as(&charge_ref).await;
    play.clock.advance_to(utc("2026-04-01T00:22:00Z"));
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(stands().await, (vec![(21_492, "succeeded")], 21_492, 0));
    play.retry_jobs().await;
    assert_eq!(sent_back(&play).await, 21_492);
    let mails = [
        ("04-01 00:00", "Invoice INV-000001"),
        ("04-01 00:00", "Receipt for invoice INV-000001"),
        ("04-01 00:00", "Credit note CN-000001"),
        ("04-01 00:22", "Your refund"),
    ];
    assert_eq!(play.mails().await, dated(&mails));
    play.ties().await;
}

/// It went out on the first, and is back on the fifth: the card's account was closed.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_the_bank_sends_back_is_credit(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary.id;
    let note = play.give_part(purchase, 10_000, PaidTo::Card).await.unwrap();
    play.live_until("2026-04-05T00:00:00Z").await;
    let stands = async || {
        (
            refunds(&play, &note).await,
            sent_back(&play).await,
            play.credit().await,
        )
    };
    assert_eq!(stands().await, (vec![(10_800, "succeeded")], 10_800, 0));
    let refund = note.refunds[0].id;
    // Asked before, nothing is new.
    play.billing.look_up_refund(refund).await.unwrap();
    assert_eq!(stands().await, (vec![(10_800, "succeeded")], 10_800, 0));
    sqlx::query("UPDATE sandbox.refund SET status = 'failed', failure_code = 'lost_or_stolen_card'")
        .execute(&play.pool)
        .await
        .unwrap();
    // The provider tells of it as often as it likes.
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let billing = play.billing.clone();
        tasks.spawn(async move { billing.look_up_refund(refund).await });
    }
    let told = tasks.join_all().await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(stands().await, (vec![(10_800, "failed")], 0, 10_800));
    let booked: Vec<(String, i64)> = sqlx::query_as(
        "SELECT p.kind, sum(e.amount_minor) FILTER (WHERE e.account = 'cash')::bigint FROM ledger_posting p
         JOIN ledger_entry e ON e.posting_id = p.id WHERE p.refund_id IS NOT NULL GROUP BY p.id ORDER BY p.id",
    )
    .fetch_all(&play.pool)
    .await
    .unwrap();
    let kinds = [("refund_paid", -10_800), ("refund_returned", 10_800)];
    assert_eq!(booked, kinds.map(|(kind, minor)| (kind.to_owned(), minor)));
    let mails = [
        ("04-01 00:00", "Invoice INV-000001"),
        ("04-01 00:00", "Receipt for invoice INV-000001"),
        ("04-01 00:00", "Credit note CN-000001"),
        ("04-01 00:00", "Your refund"),
        ("04-05 00:00", "Your refund could not be made"),
    ];
    assert_eq!(play.mails().await, dated(&mails));
    play.ties().await;
    // It pays the next invoice.
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(play.last_invoice().await.summary.credit_applied, usd(10_800));
    play.ties().await;
}
