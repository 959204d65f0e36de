//! What is given back of an invoice that nobody paid never turns into money.

use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::period::Interval::Month;
use service::billing::subscription::{StatusName, UnusedTime};
use service::{ChangeOutcome, Error, StopKind};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, EXPIRES_LATER, Play, VISA, bill, play, utc};

const WITH_CREDIT: StopKind = StopKind::Cancel {
    unused: UnusedTime::Credit,
};
const FORFEIT: StopKind = StopKind::Cancel {
    unused: UnusedTime::Forfeit,
};

async fn refused_while_paid(play: &Play) {
    let stopped = play.billing.preview_stop(&play.actor, WITH_CREDIT).await;
    assert!(matches!(stopped, Err(Error::PaymentUnderWay)), "{stopped:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_invoice_with_an_open_page_is_not_given_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("enterprise", Month, DECLINES_LATER).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let renewal = play.invoices().await.pop().unwrap().summary;
    play.billing.start_payment(&play.actor, renewal.id).await.unwrap();
    play.live_until("2026-05-01T01:00:00Z").await;
    refused_while_paid(&play).await;
    assert_eq!((play.credit().await, play.credit_notes().await), (0, vec![]));
    // The page's time is over: what is given back now reduces the debt, and nothing is left to spend.
    play.live_until("2026-05-02T00:00:00Z").await;
    play.billing.sweep_attempts().await.unwrap();
    play.stop(WITH_CREDIT).await;
    let credited = play.last_credit_note().await.unwrap().summary.total;
    let owed = play.invoices().await.pop().unwrap().summary;
    assert_eq!((owed.status, owed.offset), (Open, credited));
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nor_is_one_that_is_being_collected(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    // The renewal is made this moment, and the queue has not come to its charge.
    play.clock.advance_to(utc("2026-05-01T00:00:00Z"));
    refused_while_paid(&play).await;
    play.billing.drain_queue().await.unwrap();
    play.stop(WITH_CREDIT).await;
    assert_eq!(play.credit().await, 21_492);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn credit_waits_for_a_page_to_close_and_pays_then(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    play.stop(FORFEIT).await;
    // Another card that pays would be tried on the debt the next day.
    play.buy("professional", Month, EXPIRES_LATER).await;
    let debt = play.invoices().await.swap_remove(1).summary;
    // Half a month is given back; the debt of before is being paid somewhere else.
    play.live_until("2026-05-16T12:00:00Z").await;
    play.billing.start_payment(&play.actor, debt.id).await.unwrap();
    play.stop(WITH_CREDIT).await;
    assert_eq!(play.credit().await, 53_946);
    play.live_until("2026-05-18T00:00:00Z").await;
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(play.credit().await, 53_946 - 21_492);
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
        bill("INV-000003", "purchase", Paid, 107_892),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn usage_after_the_preview_makes_a_new_one(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("a", "deployments", 110, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let preview = play.billing.preview_stop(&play.actor, FORFEIT).await.unwrap();
    play.clock.advance_to(utc("2026-04-16T00:10:00Z"));
    play.use_meter("b", "deployments", 10, utc("2026-04-16T00:05:00Z"))
        .await;
    let confirmed = play.billing.confirm_stop(&play.actor, &preview.token, None).await;
    assert!(matches!(confirmed, Err(Error::QuoteStale)), "{confirmed:?}");
    let again = play.stop(FORFEIT).await;
    let more = again.draft.amount().minor() - preview.draft.amount().minor();
    // Ten more were used; of a hundred that the month includes, ten minutes more include one more.
    assert_eq!(more, 9 * 250);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_void_invoice_gives_its_credit_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, DECLINES_LATER).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    play.stop(WITH_CREDIT).await;
    play.checkout("starter", Month, false).await;
    let before = play.credit().await;
    assert_eq!(before, 71_928 - 21_492);
    let outcome = play.change("enterprise", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Declined { .. }), "{outcome:?}");
    assert_eq!(play.credit().await, before);
    let upgrade = play.invoices().await.pop().unwrap().summary;
    assert_eq!((upgrade.status, upgrade.credit_applied.minor()), (Void, 0));
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_who_stop_at_once_give_back_once(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let preview = play.billing.preview_stop(&play.actor, WITH_CREDIT).await.unwrap();
    let confirm = || play.billing.confirm_stop(&play.actor, &preview.token, None);
    let (one, other) = tokio::join!(confirm(), confirm());
    assert_eq!(
        [one.is_ok(), other.is_ok()].iter().filter(|done| **done).count(),
        1
    );
    assert_eq!(play.credit_notes().await, [("CN-000001".to_owned(), 9_950, 796)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_payment_that_arrives_as_service_stops_is_booked(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let renewal = play.invoices().await.pop().unwrap().summary.id;
    let url = play.billing.start_payment(&play.actor, renewal).await.unwrap();
    let page = url.rsplit('/').next().unwrap();
    play.submit(page, VISA).await;
    let preview = play.billing.preview_stop(&play.actor, FORFEIT).await.unwrap();
    let (stopped, paid) = tokio::join!(
        play.billing.confirm_stop(&play.actor, &preview.token, None),
        play.billing.checkout_result(&play.actor, page),
    );
    // Paid first, the subscription is another one than was shown.
    assert!(matches!(stopped, Ok(_) | Err(Error::QuoteStale)), "{stopped:?}");
    paid.unwrap();
    let expected = match stopped {
        Ok(_) => StatusName::Canceled,
        Err(_) => StatusName::Active,
    };
    assert_eq!(play.status().await.1, Some(expected));
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Paid, 21_492))
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
