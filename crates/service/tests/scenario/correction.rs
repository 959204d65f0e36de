//! Invoices that will not be paid: void or written off.

use service::billing::id::InvoiceId;
use service::billing::invoice::InvoiceStatus::{Open, Paid, Uncollectible, Void};
use service::billing::period::Interval::Month;
use service::billing::subscription::UnusedTime;
use service::{Actor, Error, Result, StopKind};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, Play, VISA, bill, play};

async fn last(play: &Play) -> InvoiceId {
    play.invoices().await.pop().unwrap().summary.id
}

async fn void(play: &Play, invoice: InvoiceId) -> Result<()> {
    let (billing, customer) = (&play.billing, play.customer());
    billing
        .void_invoice(&Actor::System, customer, invoice, "asked for by mistake")
        .await
}

async fn write_off(play: &Play, invoice: InvoiceId) -> Result<()> {
    let (billing, customer) = (&play.billing, play.customer());
    billing
        .write_off_invoice(&Actor::System, customer, invoice, "nobody answers")
        .await
}

/// May is not paid, so the plan is past due.
async fn behind(pool: PgPool) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(status(&play).await, "past_due");
    play
}

async fn status(play: &Play) -> &'static str {
    play.status().await.1.unwrap().as_str()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_void_invoice_is_owed_no_more(pool: PgPool) {
    let play = behind(pool).await;
    let invoice = last(&play).await;
    void(&play, invoice).await.unwrap();
    assert_eq!(status(&play).await, "active");
    let expected = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Void, 21_492),
    ];
    assert_eq!(play.bills().await, expected);
    for again in [void(&play, invoice).await, write_off(&play, invoice).await] {
        assert!(matches!(again, Err(Error::InvoiceSettled)));
    }
    let paid = play.invoices().await[0].summary.id;
    assert!(matches!(void(&play, paid).await, Err(Error::InvoiceSettled)));
    // Nothing came of the void month, so nothing of it is given back.
    play.live_until("2026-05-10T00:00:00Z").await;
    let unused = UnusedTime::Credit;
    play.stop(StopKind::Cancel { unused }).await;
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_written_off_invoice_gives_nothing_back_and_may_be_paid_after_all(pool: PgPool) {
    let play = behind(pool).await;
    let invoice = last(&play).await;
    write_off(&play, invoice).await.unwrap();
    assert_eq!(status(&play).await, "active");
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Uncollectible, 21_492))
    );
    play.ties().await;
    play.live_until("2026-05-10T00:00:00Z").await;
    let unused = UnusedTime::Credit;
    play.stop(StopKind::Cancel { unused }).await;
    assert_eq!(play.credit().await, 0);
    let url = play.billing.start_payment(&play.actor, invoice).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap();
    play.submit(session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, session_ref)
        .await
        .unwrap();
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Paid, 21_492))
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_written_off_may_be_void_later(pool: PgPool) {
    let play = behind(pool).await;
    let invoice = last(&play).await;
    write_off(&play, invoice).await.unwrap();
    void(&play, invoice).await.unwrap();
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Void, 21_492))
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_void_gives_back_the_credit_it_took(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.pause().await;
    let credit = play.credit().await;
    assert_eq!(credit, 10_746);
    // Credit pays half of what going on costs; the card does not pay the rest.
    let preview = play.billing.preview_resume(&play.actor).await.unwrap();
    play.billing
        .confirm_resume(&play.actor, &preview.token)
        .await
        .unwrap();
    assert_eq!((play.credit().await, status(&play).await), (0, "past_due"));
    let invoice = last(&play).await;
    void(&play, invoice).await.unwrap();
    assert_eq!((play.credit().await, status(&play).await), (credit, "active"));
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_waits_for_its_payment_or_was_given_back_is_left_alone(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.checkout("starter", Month, false).await;
    // A page is open on which it may be paid this moment.
    let purchase = last(&play).await;
    for refused in [void(&play, purchase).await, write_off(&play, purchase).await] {
        assert!(matches!(refused, Err(Error::PaymentUnderWay)));
    }
    let reason = play
        .billing
        .void_invoice(&Actor::System, play.customer(), purchase, " ")
        .await;
    assert!(matches!(reason, Err(Error::Invalid { field: "reason" })));
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Open, 21_492)]);
}
