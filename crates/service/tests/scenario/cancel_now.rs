//! Ending at once: the rest comes back as credit or is forfeited, and the last usage is billed.

use service::billing::invoice::Explain;
use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::period::Interval::Month;
use service::billing::proration::Share;
use service::billing::subscription::{Feedback, FeedbackReason, StatusName, UnusedTime};
use service::{Error, StopKind};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, VISA, bill, movement, play, utc};

const WITH_CREDIT: StopKind = StopKind::Cancel {
    unused: UnusedTime::Credit,
};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_rest_comes_back_and_is_there_when_the_customer_is(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    // Upgraded on the 11th, ended on the 21st: two lines were billed for this month, one is wholly given back.
    play.change("enterprise", Month).await;
    play.use_meter("a", "storage_gb", 900, utc("2026-04-11T00:00:00Z"))
        .await;
    play.live_until("2026-04-21T00:00:00Z").await;
    play.stop(WITH_CREDIT).await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    // Half of 3,332.67 and 8 %.
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 166_634, 13_331)]
    );
    let again = play.billing.preview_stop(&play.actor, WITH_CREDIT).await;
    assert!(matches!(again, Err(Error::NoSubscription)), "{again:?}");
    let left = play.credit().await;
    assert_eq!(left, 166_634 + 13_331);
    play.live_until("2026-06-01T00:00:00Z").await;
    play.checkout("starter", Month, false).await;
    assert_eq!(play.credit().await, left - 21_492);
    let moves = [
        movement("new", 99_900),
        movement("expansion", 400_000),
        movement("churn", -499_900),
        movement("reactivation", 19_900),
    ];
    assert_eq!(play.movements().await, moves);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn forfeited_nothing_comes_back_and_usage_is_due(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("a", "deployments", 110, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let unused = UnusedTime::Forfeit;
    play.stop(StopKind::Cancel { unused }).await;
    play.billing.drain_queue().await.unwrap();
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "cancel", Paid, 16_200),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_hour_that_is_paid_for_includes_an_hours_use(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play.use_meter("a", "deployments", 500, utc("2026-04-01T00:30:00Z"))
        .await;
    play.live_until("2026-04-01T01:00:00Z").await;
    let preview = play.stop(WITH_CREDIT).await;
    // One of 720 hours is kept of 999.00; of 500 deployments it includes 0.69, so one: 499 cost 1.00 each.
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 99_761, 7_981)]
    );
    let line = preview.draft.lines().first().unwrap();
    let Explain::Rated {
        included,
        included_part: Some(part),
        ..
    } = &line.draft.explain
    else {
        panic!("{line:?}")
    };
    let served = Share {
        seconds: 3_600,
        of_seconds: 2_592_000,
    };
    assert_eq!(
        (*included, part.whole, part.served),
        (1.into(), 500.into(), served)
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 107_892),
        bill("INV-000002", "cancel", Paid, 53_892),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.credit().await, 107_742 - 53_892);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_given_back_lowers_what_is_owed_first(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-11T08:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    play.stop(WITH_CREDIT).await;
    // Of the month that was never paid, what was served is still owed.
    let last = play.invoices().await.pop().unwrap().summary;
    let credited = play.last_credit_note().await.unwrap().summary.total;
    assert_eq!((last.status, last.offset), (Open, credited));
    assert_eq!(last.amount_due().minor(), 21_492 - credited.minor());
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn why_is_kept_and_a_new_start_takes_up_the_old(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let feedback = |comment: &str| {
        let (reason, comment) = (FeedbackReason::TooExpensive, comment.to_owned());
        Some(Feedback { reason, comment })
    };
    let said = || async {
        let said = "SELECT reason, comment FROM cancellation_feedback";
        sqlx::query_as::<_, (String, String)>(said)
            .fetch_all(&play.pool)
            .await
            .unwrap()
    };
    let long = play
        .billing
        .cancel(&play.actor, feedback(&"x".repeat(1_001)))
        .await;
    assert!(
        matches!(long, Err(Error::Invalid { field: "comment" })),
        "{long:?}"
    );
    play.billing
        .cancel(&play.actor, feedback(" for now "))
        .await
        .unwrap();
    assert_eq!(said().await, [("too_expensive".to_owned(), "for now".to_owned())]);
    play.billing.undo_cancel(&play.actor).await.unwrap();
    assert_eq!(said().await, []);
    let preview = play.billing.preview_stop(&play.actor, WITH_CREDIT).await.unwrap();
    play.billing
        .confirm_stop(&play.actor, &preview.token, feedback("for good"))
        .await
        .unwrap();
    assert_eq!(
        said().await,
        [("too_expensive".to_owned(), "for good".to_owned())]
    );
    play.live_until("2026-05-01T00:00:00Z").await;
    play.checkout("starter", Month, false).await;
    let follows: Vec<bool> =
        sqlx::query_scalar("SELECT follows_id IS NOT NULL FROM subscription ORDER BY created_at")
            .fetch_all(&play.pool)
            .await
            .unwrap();
    assert_eq!(follows, [false, true]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_cent_of_tax_that_follows_from_nothing_is_found(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    play.stop(WITH_CREDIT).await;
    play.ties().await;
    for change in [
        "ALTER TABLE credit_note_line DISABLE TRIGGER credit_note_line_immutable",
        "UPDATE credit_note_line SET tax_minor = tax_minor + 1,
            taxes = jsonb_set(taxes, '{0,amount,amount}', to_jsonb(tax_minor + 1))",
    ] {
        sqlx::query(change).execute(&play.pool).await.unwrap();
    }
    let found = play.billing.verify().await.unwrap().findings;
    assert!(
        found
            .iter()
            .any(|finding| finding.check == "credits follow from what explains them"),
        "{found:?}"
    );
}
