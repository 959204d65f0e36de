//! What is sent and not paid is dunned by the customer's calendar, without charges, also when the customer has left.

use service::StopKind;
use service::billing::invoice::InvoiceStatus::Open;
use service::billing::subscription::{Status, StatusName, UnusedTime};
use sqlx::PgPool;

use crate::net_terms::{net, past_due, suspended};
use crate::play::{dated, movement, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn days_are_those_of_auckland(pool: PgPool) {
    let play = net(pool, "2026-05-01T00:00:00Z", 10).await;
    sqlx::query("UPDATE customer SET time_zone = 'Pacific/Auckland'")
        .execute(&play.pool)
        .await
        .unwrap();
    // There it is noon, twelve hours later than in UTC.
    let first = play.order("starter").await;
    assert_eq!(first.due_at, utc("2026-05-11T00:00:00Z"));
    assert_eq!(first.overdue_at, utc("2026-05-11T12:00:00Z"));
    play.live_until("2026-05-11T11:59:59Z").await;
    assert_eq!(play.standing().await, (Status::Active, Some(first.overdue_at)));
    play.live_until("2026-05-11T12:00:00Z").await;
    assert_eq!(play.standing().await.0, past_due("2026-05-11T12:00:00Z"));
    let shown = play.billing.overview(&play.actor).await.unwrap().dunning.unwrap();
    assert_eq!(shown.outlook.retry_at, None, "what is sent is not charged");
    play.live_until("2026-06-10T21:59:59Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-05-25T22:00:00Z"));
    play.live_until("2026-07-15T00:00:00Z").await;
    let history = [
        ("05-01 00:00", "subscription.activated"),
        ("05-11 12:00", "subscription.past_due"),
        ("05-25 22:00", "subscription.suspended"),
        ("06-01 00:00", "subscription.renewed"),
        ("06-10 22:00", "subscription.canceled"),
    ];
    assert_eq!(play.history().await, dated(&history));
    // The renewal of before the end is asked for after it.
    let mails = [
        ("05-01 00:00", "Invoice INV-000001"),
        ("05-11 12:00", "Invoice INV-000001 is overdue"),
        ("05-14 22:00", "Invoice INV-000001 is still not paid"),
        (
            "05-21 22:00",
            "Access stops on 26 May 2026: invoice INV-000001 is not paid",
        ),
        (
            "05-25 22:00",
            "Final notice: access is read-only, invoice INV-000001 is not paid",
        ),
        ("06-01 00:00", "Invoice INV-000002"),
        (
            "06-10 22:00",
            "Your Starter subscription has ended, because it was not paid",
        ),
        ("06-10 22:00", "Credit note CN-000001"),
        ("06-11 12:00", "Invoice INV-000002 is overdue"),
        ("06-14 22:00", "Invoice INV-000002 is still not paid"),
        ("06-21 22:00", "Last reminder: invoice INV-000002 is not paid"),
        ("06-25 22:00", "Final notice: invoice INV-000002 is not paid"),
    ];
    assert_eq!(play.mails().await, dated(&mails));
    for invoice in play.invoices().await {
        assert_eq!((invoice.summary.status, invoice.attempts.len()), (Open, 0));
    }
    assert_eq!(
        play.movements().await,
        [movement("new", 19_900), movement("churn", -19_900)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_leaves_is_still_asked_to_pay(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 30).await;
    let first = play.order("starter").await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let unused = UnusedTime::Forfeit;
    play.stop(StopKind::Cancel { unused }).await;
    play.live_until("2026-06-10T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    play.pay(first.id).await;
    play.live_until("2026-07-01T00:00:00Z").await;
    let mails = [
        ("04-01 00:00", "Invoice INV-000001"),
        ("04-16 00:00", "Your Starter subscription has ended"),
        ("05-02 00:00", "Invoice INV-000001 is overdue"),
        ("05-05 10:00", "Invoice INV-000001 is still not paid"),
        ("05-12 10:00", "Last reminder: invoice INV-000001 is not paid"),
        ("05-16 10:00", "Final notice: invoice INV-000001 is not paid"),
        ("06-10 00:00", "Receipt for invoice INV-000001"),
    ];
    assert_eq!(play.mails().await, dated(&mails));
    play.ties().await;
}
