//! Credit that customers buy: there once it is paid, void where it is not.

use rust_decimal::Decimal;
use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::invoice::PaymentTerms;
use service::billing::money::Currency;
use service::billing::period::Interval::Month;
use service::clock::ManualClock;
use service::{Actor, Billing, CheckoutOutcome, CreditOverview, Error, GrantOrigin, ServiceConfig};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, Play, VISA, bill, config, play, utc};
use crate::support::sign_up;

/// Declined on the page itself.
const DECLINED: &str = "4000000000000002";

async fn begin(play: &Play, amount: &str) -> String {
    let amount: Decimal = amount.parse().unwrap();
    let url = play.billing.top_up(&play.actor, amount).await.unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

async fn credit(play: &Play) -> CreditOverview {
    play.billing.credit(&play.actor).await.unwrap()
}

async fn come_back(play: &Play, session_ref: &str) -> CheckoutOutcome {
    let result = play.billing.checkout_result(&play.actor, session_ref).await;
    result.unwrap().outcome
}

/// In another currency than the dollar.
async fn play_in(pool: PgPool, currency: &str) -> Play {
    let clock = ManualClock::at(utc("2026-04-01T00:00:00Z"));
    let config = ServiceConfig {
        currency: currency.parse().unwrap(),
        ..config()
    };
    let billing = Billing::over(pool.clone(), clock.clone(), config);
    billing.migrate().await.unwrap();
    let principal = billing.sign_up(sign_up("ada@lumen.example")).await.unwrap();
    let actor = billing.actor(principal).await.unwrap();
    Play {
        billing,
        clock,
        actor,
        pool,
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_paid_is_credit_untaxed_and_pays_the_next_invoice(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = begin(&play, "50").await;
    let open = credit(&play).await.top_up.unwrap();
    assert_eq!((open.amount.minor(), play.credit().await), (5_000, 0));
    assert_eq!(play.bills().await, [bill("INV-000001", "top_up", Open, 5_000)]);
    play.submit(&session_ref, VISA).await;
    for _ in 0..2 {
        assert_eq!(come_back(&play, &session_ref).await, CheckoutOutcome::Paid);
    }
    let after = credit(&play).await;
    assert_eq!((after.balance.minor(), after.top_up), (5_000, None));
    assert_eq!(after.grants[0].origin, GrantOrigin::TopUp(open.invoice));
    let invoice = play.billing.invoice(&play.actor, open.invoice).await.unwrap();
    assert_eq!(
        (
            invoice.summary.tax.minor(),
            invoice.summary.credit_applied.minor()
        ),
        (0, 0)
    );

    // Whoever bought credit first comes for the first time all the same, and is taxed on what it pays for.
    play.buy("starter", Month, VISA).await;
    let first = play.invoices().await.pop().unwrap().summary;
    assert_eq!(
        (
            first.tax.minor(),
            first.credit_applied.minor(),
            first.paid.minor()
        ),
        (1_592, 5_000, 16_492)
    );
    assert_eq!(play.movements().await.len(), 1);
    assert_eq!(play.movements().await[0].0, "new");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn declined_or_left_it_is_void_and_gives_no_credit(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let first = begin(&play, "20").await;
    play.submit(&first, DECLINED).await;
    assert!(matches!(
        come_back(&play, &first).await,
        CheckoutOutcome::Open { .. }
    ));
    assert_eq!(play.credit().await, 0);
    // Another one makes way for it.
    let second = begin(&play, "30").await;
    assert_eq!(come_back(&play, &first).await, CheckoutOutcome::Expired);
    let expected = [
        bill("INV-000001", "top_up", Void, 2_000),
        bill("INV-000002", "top_up", Open, 3_000),
    ];
    assert_eq!(play.bills().await, expected);
    // Left for a day: whoever opens the wallet finds it void, and so does the sweep.
    play.clock.advance_to(utc("2026-04-02T00:00:00Z"));
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(play.bills().await[1], bill("INV-000002", "top_up", Void, 3_000));
    assert_eq!(come_back(&play, &second).await, CheckoutOutcome::Expired);
    assert_eq!(credit(&play).await.top_up, None);
    let third = begin(&play, "40").await;
    play.clock.advance_to(utc("2026-04-04T00:00:00Z"));
    assert_eq!((play.credit().await, credit(&play).await.top_up), (0, None));
    assert_eq!(play.bills().await[2], bill("INV-000003", "top_up", Void, 4_000));
    assert_eq!(come_back(&play, &third).await, CheckoutOutcome::Expired);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_pays_and_closes_the_page_finds_the_credit(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = begin(&play, "25").await;
    play.submit(&session_ref, VISA).await;
    assert_eq!(play.credit().await, 2_500);
    // Paid, and another is begun before anybody looked: both are there.
    let session_ref = begin(&play, "25").await;
    play.submit(&session_ref, VISA).await;
    let third = begin(&play, "10").await;
    assert_eq!(play.credit().await, 5_000);
    assert_eq!(play.bills().await[2], bill("INV-000003", "top_up", Open, 1_000));
    play.submit(&third, VISA).await;
    assert_eq!(come_back(&play, &third).await, CheckoutOutcome::Paid);
    assert_eq!(play.credit().await, 6_000);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_no_debt_and_pays_debts(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    let open = begin(&play, "300").await;
    // Open, it makes nobody past due; a card that is saved does not pay it; credit does not either.
    play.live_until("2026-04-01T12:00:00Z").await;
    let overview = play.billing.overview(&play.actor).await.unwrap();
    assert!(overview.owed.is_none());
    assert_eq!(play.status().await.1.unwrap().as_str(), "active");
    play.submit(&open, DECLINES_LATER).await;
    assert_eq!(play.credit().await, 30_000);
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(play.credit().await, 30_000 - 21_492);
    play.live_until("2026-06-02T00:00:00Z").await;
    assert_eq!(play.status().await.1.unwrap().as_str(), "past_due");
    let june = play.invoices().await.pop().unwrap().summary;
    assert_eq!((june.status, june.amount_due().minor()), (Open, 12_984));
    let session_ref = begin(&play, "150").await;
    play.submit(&session_ref, VISA).await;
    assert_eq!(come_back(&play, &session_ref).await, CheckoutOutcome::Paid);
    assert_eq!(play.credit().await, 15_000 - 12_984);
    assert_eq!(play.status().await.1.unwrap().as_str(), "active");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn net_terms_do_not_lend_credit(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let terms = PaymentTerms::net(30).unwrap();
    let customer = play.customer();
    play.billing
        .set_payment_terms(&Actor::System, customer, terms)
        .await
        .unwrap();
    let session_ref = begin(&play, "50").await;
    let invoice = play.invoices().await.pop().unwrap().summary;
    assert!(!invoice.due_date().is_sent());
    play.submit(&session_ref, VISA).await;
    assert_eq!(come_back(&play, &session_ref).await, CheckoutOutcome::Paid);
    assert_eq!(play.bills().await, [bill("INV-000001", "top_up", Paid, 5_000)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_amount_out_of_bounds_is_refused_and_leaves_what_is_open(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    begin(&play, "20").await;
    for wrong in ["0", "-20", "4.99", "10000.01", "20.005"] {
        let refused = play.billing.top_up(&play.actor, wrong.parse().unwrap()).await;
        assert!(
            matches!(refused, Err(Error::Invalid { field: "amount" })),
            "{wrong}"
        );
    }
    assert_eq!(play.bills().await, [bill("INV-000001", "top_up", Open, 2_000)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn yen_have_no_decimals(pool: PgPool) {
    let play = play_in(pool, "JPY").await;
    let bounds = credit(&play).await.bounds;
    assert_eq!((bounds.min.minor(), bounds.max.minor()), (500, 1_000_000));
    let half = play.billing.top_up(&play.actor, "500.5".parse().unwrap()).await;
    assert!(matches!(half, Err(Error::Invalid { field: "amount" })));
    let session_ref = begin(&play, "500").await;
    play.submit(&session_ref, VISA).await;
    assert_eq!(play.credit().await, 500);
    let yen: Currency = "JPY".parse().unwrap();
    assert_eq!(credit(&play).await.grants[0].amount.currency(), yen);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn dinars_have_three(pool: PgPool) {
    let play = play_in(pool, "KWD").await;
    let bounds = credit(&play).await.bounds;
    assert_eq!((bounds.min.minor(), bounds.max.minor()), (5_000, 10_000_000));
    let session_ref = begin(&play, "12.345").await;
    play.submit(&session_ref, VISA).await;
    assert_eq!(play.credit().await, 12_345);
    play.ties().await;
}
