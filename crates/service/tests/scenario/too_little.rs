//! Amounts below what the payment provider charges: they wait for the next invoice.

use service::billing::credit::GrantTerms;
use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::period::Interval::Month;
use service::{Actor, AddOneOff, BillOneOff};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, Play, VISA, bill, play};
use crate::wallet::{grant, usd};

/// Bills at once; with 8 % tax.
async fn bill_once(play: &Play, minor: i64) {
    let command = AddOneOff {
        customer: play.customer(),
        description: "A little".to_owned(),
        quantity: 1,
        price: usd(minor),
        bill: BillOneOff::AtOnce,
    };
    play.billing.add_one_off(&Actor::System, command).await.unwrap();
    play.billing.drain_queue().await.unwrap();
}

/// Total, credit, carried, paid and what is due of the last invoice, and what waits after it.
async fn last(play: &Play) -> [i64; 6] {
    let i = play.invoices().await.pop().unwrap().summary;
    let amounts = [i.total, i.credit_applied, i.carried, i.paid, i.amount_due()];
    let [total, credit, carried, paid, due] = amounts.map(|amount| amount.minor());
    [total, credit, carried, paid, due, waits(play).await]
}

async fn waits(play: &Play) -> i64 {
    play.billing.credit(&play.actor).await.unwrap().carried.minor()
}

/// Starter is 214.92 a month with tax.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_closed_and_charged_with_the_next_one(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    bill_once(&play, 20).await;
    assert_eq!(last(&play).await, [22, 0, -22, 0, 0, 22]);
    bill_once(&play, 10).await;
    assert_eq!(last(&play).await, [11, 0, -11, 0, 0, 33]);
    let shown = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap()
        .draft;
    assert_eq!(
        (shown.carried().minor(), shown.amount_due().unwrap().minor()),
        (33, 21_525)
    );
    play.live_until("2026-05-01T12:00:00Z").await;
    assert_eq!(last(&play).await, [21_492, 0, 33, 21_525, 0, 0]);
    // Together they are enough.
    bill_once(&play, 30).await;
    bill_once(&play, 30).await;
    assert_eq!(last(&play).await, [32, 0, 32, 64, 0, 0]);
    assert!(play.bills().await.iter().all(|(_, _, status, _)| *status == Paid));
    assert_eq!(play.status().await.1.unwrap().as_str(), "active");
    play.ties().await;
}

/// What is shown before a change is what is charged for it, to the cent.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_change_is_charged_with_it_as_shown(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    bill_once(&play, 28).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let price = play.price("professional", Month).await;
    let shown = play.billing.preview_change(&play.actor, price).await.unwrap();
    let due = shown.draft.amount_due().unwrap();
    assert_eq!(due.minor() - shown.draft.total().minor(), 30);
    play.billing
        .confirm_change(&play.actor, &shown.token)
        .await
        .unwrap();
    assert_eq!(play.invoices().await.pop().unwrap().summary.paid, due);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_credit_leaves_is_too_little_too(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    grant(&play, GrantTerms::paid(usd(21_443))).await.unwrap();
    // Forty-nine cents are left of the purchase: no page is opened for them.
    let price = play.price("starter", Month).await;
    let start = service::StartCheckout {
        price,
        trial: false,
        code: None,
    };
    let url = play.billing.start_checkout(&play.actor, start).await.unwrap();
    assert!(url.contains("/invoices/inv_"), "{url}");
    assert_eq!(last(&play).await, [21_492, 21_443, -49, 0, 0, 49]);
    assert_eq!(play.status().await.1.unwrap().as_str(), "active");
    // New credit pays what is owed of the next invoice, what was carried included.
    grant(&play, GrantTerms::paid(usd(100))).await.unwrap();
    assert_eq!((play.credit().await, waits(&play).await), (100, 49));
    bill_once(&play, 47).await;
    assert_eq!(last(&play).await, [51, 100, 49, 0, 0, 0]);
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn credit_that_leaves_too_little_of_a_debt_closes_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    bill_once(&play, 20).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    let may = play.invoices().await.pop().unwrap().summary;
    assert_eq!(
        (may.status, may.carried.minor(), may.amount_due().minor()),
        (Open, 22, 21_514)
    );
    grant(&play, GrantTerms::paid(usd(21_500))).await.unwrap();
    assert_eq!(last(&play).await, [21_492, 21_500, 8, 0, 0, 14]);
    assert_eq!(play.status().await.1.unwrap().as_str(), "active");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_void_invoice_brought_along_waits_again(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    bill_once(&play, 20).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    let may = play.invoices().await.pop().unwrap().summary.id;
    assert_eq!(waits(&play).await, 0);
    let customer = play.customer();
    play.billing
        .void_invoice(&Actor::System, customer, may, "by mistake")
        .await
        .unwrap();
    assert_eq!(last(&play).await, [21_492, 0, 0, 0, 0, 22]);
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Void, 21_492))
    );
    // Written off, what was brought along is lost with it, and comes back with it.
    play.live_until("2026-06-02T00:00:00Z").await;
    let june = play.invoices().await.pop().unwrap().summary;
    assert_eq!(june.amount_due().minor(), 21_514);
    play.billing
        .write_off_invoice(&Actor::System, customer, june.id, "gone")
        .await
        .unwrap();
    assert_eq!(waits(&play).await, 0);
    play.ties().await;
    play.billing
        .void_invoice(&Actor::System, customer, june.id, "by mistake")
        .await
        .unwrap();
    assert_eq!(waits(&play).await, 22);
    play.ties().await;
}
