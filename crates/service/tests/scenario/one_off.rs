//! What is billed once, beside any plan.

use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::invoice::PaymentTerms;
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::Month;
use service::billing::subscription::UnusedTime;
use service::{Actor, AddOneOff, BillOneOff, Error, StopKind};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, Play, VISA, bill, play};

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn item(play: &Play, quantity: u32, price: Money, bill: BillOneOff) -> AddOneOff {
    AddOneOff {
        customer: play.customer(),
        description: "Migration of a chain".to_owned(),
        quantity,
        price,
        bill,
    }
}

async fn add(play: &Play, command: AddOneOff) {
    play.billing.add_one_off(&Actor::System, command).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_goes_on_the_next_invoice_once(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-10T00:00:00Z").await;
    add(&play, item(&play, 2, usd(7_550), BillOneOff::WithNextInvoice)).await;
    let other = item(&play, 1, usd(100), BillOneOff::WithNextInvoice);
    let (other, _) = play.billing.add_one_off(&Actor::System, other).await.unwrap();
    play.billing
        .remove_one_off(&Actor::System, play.customer(), other)
        .await
        .unwrap();
    let upcoming = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    play.live_until("2026-06-01T00:00:00Z").await;
    let invoices = play.invoices().await;
    assert_eq!(invoices[1].lines, upcoming.draft.lines());
    let lines: Vec<_> = invoices[1]
        .lines
        .iter()
        .map(|line| (line.draft.kind.as_str(), line.draft.amount.minor()))
        .collect();
    assert_eq!(lines, [("base", 19_900), ("one_off", 15_100)]);
    // 350.00 and 8 % of each line.
    let expected = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 37_800),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, expected);
    let removed = play
        .billing
        .remove_one_off(&Actor::System, play.customer(), other)
        .await;
    assert!(matches!(removed, Err(Error::NotFound(_))));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn at_once_it_is_an_invoice_of_its_own(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    // Nobody is subscribed, and there is no card.
    add(&play, item(&play, 1, usd(5_000), BillOneOff::AtOnce)).await;
    assert_eq!(play.bills().await, [bill("INV-000001", "one_off", Open, 5_400)]);
    let refused = item(&play, 1, usd(5_000), BillOneOff::WithNextInvoice);
    let refused = play.billing.add_one_off(&Actor::System, refused).await;
    assert!(matches!(refused, Err(Error::NoSubscription)));
    play.buy("starter", Month, VISA).await;
    add(&play, item(&play, 3, usd(1_000), BillOneOff::AtOnce)).await;
    play.billing.drain_queue().await.unwrap();
    let bills = play.bills().await;
    assert_eq!(bills[2], bill("INV-000003", "one_off", Paid, 3_240));
    // What is open beside the plan leaves the plan alone.
    play.live_until("2026-05-02T00:00:00Z").await;
    let (_, status) = play.status().await;
    assert_eq!(status.map(|status| status.as_str()), Some("active"));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_end_bills_what_waits(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    add(&play, item(&play, 1, usd(2_000), BillOneOff::WithNextInvoice)).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let unused = UnusedTime::Forfeit;
    play.stop(StopKind::Cancel { unused }).await;
    play.billing.drain_queue().await.unwrap();
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "cancel", Paid, 2_160))
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_no_item_is_refused_and_named(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let euro = Money::new(100, "EUR".parse().unwrap());
    for (quantity, price, field) in [
        (0, usd(100), "quantity"),
        (1, usd(0), "price"),
        (1, usd(-100), "price"),
        (1, euro, "currency"),
    ] {
        let refused = item(&play, quantity, price, BillOneOff::AtOnce);
        let refused = play.billing.add_one_off(&Actor::System, refused).await;
        assert!(matches!(refused, Err(Error::Invalid { field: named }) if named == field));
    }
    assert_eq!(play.bills().await, []);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_is_served_stands_or_falls_with_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    add(&play, item(&play, 1, usd(5_000), BillOneOff::AtOnce)).await;
    play.billing.drain_queue().await.unwrap();
    let status = || async { play.status().await.1.map(|status| status.as_str()) };
    assert_eq!(status().await, Some("past_due"));
    let invoice = play.invoices().await.pop().unwrap().summary.id;
    play.billing
        .void_invoice(&Actor::System, play.customer(), invoice, "a gift")
        .await
        .unwrap();
    assert_eq!(status().await, Some("active"));
    // Sent, it is waited for, and overdue in the end.
    play.billing
        .set_payment_terms(&Actor::System, play.customer(), PaymentTerms::net(10).unwrap())
        .await
        .unwrap();
    add(&play, item(&play, 1, usd(5_000), BillOneOff::AtOnce)).await;
    play.live_until("2026-04-11T23:00:00Z").await;
    assert_eq!(status().await, Some("active"));
    play.live_until("2026-04-12T00:00:00Z").await;
    assert_eq!(status().await, Some("past_due"));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_that_ends_bills_what_waits(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let page = play.checkout("starter", Month, true).await;
    play.submit(&page, VISA).await;
    play.billing.checkout_result(&play.actor, &page).await.unwrap();
    add(&play, item(&play, 1, usd(2_000), BillOneOff::WithNextInvoice)).await;
    play.billing.cancel(&play.actor, None).await.unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.bills().await, [bill("INV-000001", "renewal", Paid, 2_160)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_bill_after_a_change_shows_what_waits(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    add(&play, item(&play, 1, usd(2_000), BillOneOff::WithNextInvoice)).await;
    let price = play.price("professional", Month).await;
    let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
    let (at, next) = preview.next_bill.unwrap();
    play.billing
        .confirm_change(&play.actor, &preview.token)
        .await
        .unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    let billed = play.invoices().await.pop().unwrap();
    assert_eq!(billed.lines, next.lines());
    assert_eq!(billed.summary.issued_at, at);
    play.ties().await;
}
