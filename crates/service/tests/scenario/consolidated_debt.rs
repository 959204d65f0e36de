//! A consolidated invoice that is not paid: all its subscriptions stand or fall with it.

use service::billing::coupon::{CodeLimits, Duration};
use service::billing::id::SubscriptionId;
use service::billing::invoice::InvoiceStatus::{Open, Paid, Uncollectible, Void};
use service::billing::payment::dunning::DunningEnd;
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::StatusName::{Active, PastDue, Suspended, Unpaid};
use service::billing::subscription::UnusedTime;
use service::{Actor, CancelWhen, Error};
use sqlx::PgPool;

use crate::consolidated::{SUPPORT, line, lines, stands};
use crate::coupon::{buy, launch, percent};
use crate::play::{DECLINES_LATER, Play, VISA, bill, movement, play, play_to, utc};
use crate::wallet::{grant, promotion};

/// Starter and, three hours later, Priority support since 1 April; the card of since then is declined on 1 May.
async fn fails(pool: PgPool, end: DunningEnd) -> (Play, SubscriptionId) {
    let play = play_to(pool, "2026-04-01T09:00:00Z", end).await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-01T12:00:00Z").await;
    let support = play.beside(SUPPORT, Month).await;
    play.add_card(DECLINES_LATER).await;
    play.live_until("2026-05-01T12:00:00Z").await;
    assert_eq!(play.live_plans().await, both(PastDue));
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "purchase", Paid, 10_692),
        bill("INV-000003", "renewal", Open, 32_184),
    ];
    assert_eq!(play.bills().await, bills);
    (play, support)
}

fn both(
    status: service::billing::subscription::StatusName,
) -> [(String, service::billing::subscription::StatusName); 2] {
    [stands("starter", status), stands(SUPPORT, status)]
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn both_are_past_due_and_active_again_once_it_is_paid(pool: PgPool) {
    let (play, _) = fails(pool, DunningEnd::Cancel).await;
    play.live_until("2026-05-15T13:00:00Z").await;
    assert_eq!(play.live_plans().await, both(Suspended));
    play.add_card(VISA).await;
    assert_eq!(play.live_plans().await, both(Active));
    assert_eq!(
        play.mails().await.pop().unwrap().1,
        "Everything is paid: your Starter plan goes on"
    );
    // MRR counted all along.
    let moved = [movement("new", 19_900), movement("expansion", 9_900)];
    assert_eq!(play.movements().await, moved);
    play.live_until("2026-06-01T12:00:00Z").await;
    let last = bill("INV-000004", "renewal", Paid, 32_184);
    assert_eq!(play.bills().await.pop(), Some(last));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn both_end_where_nobody_pays(pool: PgPool) {
    let (play, _) = fails(pool, DunningEnd::Cancel).await;
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.live_plans().await, []);
    // The hours that were billed of each and are not served are not owed.
    let notes = [
        ("CN-000001".to_owned(), 615, 49),
        ("CN-000002".to_owned(), 346, 28),
    ];
    assert_eq!(play.credit_notes().await, notes);
    let moved = [
        movement("new", 19_900),
        movement("expansion", 9_900),
        movement("contraction", -19_900),
        movement("churn", -9_900),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

/// Nobody could take up again what was sold beside a plan that is stopped.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_plan_is_left_unpaid_and_what_is_beside_it_ends(pool: PgPool) {
    let (play, _) = fails(pool, DunningEnd::Unpaid).await;
    play.live_until("2026-05-31T13:00:00Z").await;
    assert_eq!(play.live_plans().await, [stands("starter", Unpaid)]);
    play.add_card(VISA).await;
    assert_eq!(play.live_plans().await, [stands("starter", Active)]);
    play.live_until("2026-06-02T00:00:00Z").await;
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn both_go_on_where_access_is_kept(pool: PgPool) {
    let (play, _) = fails(pool, DunningEnd::Keep).await;
    play.live_until("2026-06-01T13:00:00Z").await;
    assert_eq!(play.live_plans().await, both(Suspended));
    play.add_card(VISA).await;
    assert_eq!(play.live_plans().await, both(Active));
    play.ties().await;
}

/// What the year beside the plan gives back on its end pays the rest of their debt: the plan owes nothing any more.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_given_back_of_one_pays_what_both_owe(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-01T12:00:00Z").await;
    let support = play.beside(SUPPORT, Year).await;
    play.add_card(DECLINES_LATER).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(
        play.live_plans().await,
        [stands("starter", PastDue), stands(SUPPORT, Active)]
    );
    let when = CancelWhen::Now {
        unused: UnusedTime::Credit,
    };
    let of = (play.customer(), support);
    play.billing
        .cancel_standalone_for(&Actor::System, of, when)
        .await
        .unwrap();
    assert_eq!(play.live_plans().await, [stands("starter", Active)]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// Coupon, credit and periods of both: the wallet gets back once what it paid, the coupon stays used, and what the
/// void invoice billed is billed by no other.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_is_void(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    launch(&play, percent(20), Duration::Periods(2), CodeLimits::default()).await;
    buy(&play, "starter", "LAUNCH").await;
    play.live_until("2026-04-01T12:00:00Z").await;
    play.beside(SUPPORT, Month).await;
    grant(&play, promotion(5_000, 50, None)).await.unwrap();
    play.add_card(DECLINES_LATER).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(play.live_plans().await, both(PastDue));
    let failed = play.invoices().await.pop().unwrap();
    let summary = &failed.summary;
    assert_eq!(
        (summary.total.minor(), summary.credit_applied.minor()),
        (27_886, 5_000)
    );
    assert_eq!(play.credit().await, 0);
    let (customer, id) = (play.customer(), summary.id);
    play.billing
        .void_invoice(&Actor::System, customer, id, "Agreed")
        .await
        .unwrap();
    assert_eq!(play.live_plans().await, both(Active));
    assert_eq!(play.credit().await, 5_000);
    let again = play
        .billing
        .void_invoice(&Actor::System, customer, id, "Agreed")
        .await;
    assert!(matches!(again, Err(Error::InvoiceSettled)), "{again:?}");
    play.add_card(VISA).await;
    play.live_until("2026-06-02T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 17_194),
        bill("INV-000002", "purchase", Paid, 10_692),
        bill("INV-000003", "renewal", Void, 27_886),
        bill("INV-000004", "renewal", Paid, 32_184),
    ];
    assert_eq!(play.bills().await, bills);
    let june = play.invoices().await.pop().unwrap();
    let expected = [
        line(
            "Starter, one month",
            "2026-06-01T09:00",
            "2026-07-01T09:00",
            [19_900, 0, 1_592],
        ),
        line(
            "Priority support, one month",
            "2026-06-01T12:00",
            "2026-07-01T12:00",
            [9_900, 0, 792],
        ),
    ];
    assert_eq!(lines(&june), expected);
    assert_eq!(june.summary.credit_applied.minor(), 5_000);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_is_written_off_and_paid_after_all(pool: PgPool) {
    let (play, _) = fails(pool, DunningEnd::Cancel).await;
    let invoice = play.invoices().await.pop().unwrap().summary.id;
    play.billing
        .write_off_invoice(&Actor::System, play.customer(), invoice, "Lost")
        .await
        .unwrap();
    assert_eq!(play.live_plans().await, both(Active));
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Uncollectible, 32_184))
    );
    play.pay(invoice).await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Paid, 32_184))
    );
    play.ties().await;
}

/// On net terms the one invoice is sent, overdue for both, and paid for both.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_is_sent(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    play.agree(14).await;
    let first = play.order("starter").await;
    play.pay(first.id).await;
    play.live_until("2026-04-01T12:00:00Z").await;
    play.beside(SUPPORT, Month).await;
    let second = play.invoices().await.pop().unwrap().summary;
    play.pay(second.id).await;
    play.live_until("2026-05-15T23:59:59Z").await;
    assert_eq!(play.live_plans().await, both(Active));
    play.live_until("2026-05-16T00:00:00Z").await;
    assert_eq!(play.live_plans().await, both(PastDue));
    let sent = play.invoices().await.pop().unwrap().summary;
    assert_eq!(
        (sent.total.minor(), sent.due_at),
        (32_184, utc("2026-05-15T09:00:00Z"))
    );
    play.pay(sent.id).await;
    assert_eq!(play.live_plans().await, both(Active));
    play.ties().await;
}
