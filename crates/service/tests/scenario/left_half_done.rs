//! What a crash or a customer who wanders off leaves half done never keeps anybody from paying, and nobody
//! pays for nothing.

use gateway::PaymentGateway;
use gateway::sandbox::{Authentication, SubmitOutcome};
use service::billing::credit::{GrantKind, GrantTerms};
use service::billing::id::{InvoiceId, PaymentAttemptId};
use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::invoice::LineKind;
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::{Status, StatusName};
use service::{
    Actor, ChangeOutcome, Error, GrantCredit, Intent, NewSubscription, Result, Subscribed, WantedPrice,
};
use sqlx::PgPool;

use crate::consolidated::{SUPPORT, stands};
use crate::play::{DECLINES_LATER, Play, VISA, bill, dated, play, utc};

const AUTHENTICATES: &str = "4000002500003155";

/// Past due since 1 May, with a card that refuses.
async fn past_due(pool: PgPool) -> (Play, InvoiceId) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let renewal = play.invoices().await.pop().unwrap().summary;
    assert_eq!(renewal.status, Open);
    (play, renewal.id)
}

async fn page_for(play: &Play, invoice: InvoiceId) -> String {
    let url = play.billing.start_payment(&play.actor, invoice).await.unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

async fn pay_on(play: &Play, page: &str) {
    assert!(matches!(
        play.submit(page, VISA).await,
        SubmitOutcome::Redirect { .. }
    ));
    play.billing.checkout_result(&play.actor, page).await.unwrap();
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_left_open_for_too_long_makes_way_for_another(pool: PgPool) {
    let (play, invoice) = past_due(pool).await;
    let first = page_for(&play, invoice).await;
    assert_eq!(page_for(&play, invoice).await, first);
    play.live_until("2026-05-02T00:00:00Z").await;
    let second = page_for(&play, invoice).await;
    assert_ne!(second, first);
    assert_eq!(play.submit(&first, VISA).await, SubmitOutcome::Expired);
    pay_on(&play, &second).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_sweep_closes_pages_whose_time_is_over(pool: PgPool) {
    let (play, invoice) = past_due(pool).await;
    let page = page_for(&play, invoice).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(play.submit(&page, VISA).await, SubmitOutcome::Expired);
    // The money is tried on the saved card again, or on a new page: nothing is under way.
    assert_ne!(page_for(&play, invoice).await, page);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_that_was_never_noted_makes_way_for_another(pool: PgPool) {
    let (play, invoice) = past_due(pool).await;
    let first = page_for(&play, invoice).await;
    // As a crash right before that line leaves it.
    forget_page(&play, &first).await;
    let second = page_for(&play, invoice).await;
    assert_ne!(second, first);
    pay_on(&play, &second).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_purchase_whose_page_was_never_noted_makes_way_for_another(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let first = play.checkout("starter", Month, false).await;
    forget_page(&play, &first).await;
    play.buy("starter", Month, VISA).await;
    let bills = [
        bill("INV-000001", "purchase", Void, 21_492),
        bill("INV-000002", "purchase", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_the_bank_approved_meanwhile_is_settled_before_paying_again(pool: PgPool) {
    let play = approving(pool).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let renewal = play.invoices().await.pop().unwrap().summary;
    let url = play.billing.start_payment(&play.actor, renewal.id).await.unwrap();
    approve(&play, &url).await;
    let again = play.billing.start_payment(&play.actor, renewal.id).await;
    assert!(matches!(again, Err(Error::NothingDue)), "{again:?}");
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_whose_charge_was_never_sent_runs_out(pool: PgPool) {
    let play = approving(pool).await;
    let outcome = play.change("professional", Month).await;
    assert!(
        matches!(outcome, ChangeOutcome::RequiresAction { .. }),
        "{outcome:?}"
    );
    // As a crash right before sending it leaves it.
    for forget in [
        "UPDATE payment_attempt SET status = 'created', action_url = NULL WHERE status = 'requires_action'",
        "DELETE FROM sandbox.charge WHERE status = 'requires_action'",
    ] {
        let done = sqlx::query(forget).execute(&play.pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }
    play.live_until("2026-04-03T00:00:00Z").await;
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "upgrade", Void, 86_400),
    ];
    assert_eq!(play.bills().await, bills);
    let parked: i64 = sqlx::query_scalar("SELECT count(*) FROM customer WHERE parked_reason IS NOT NULL")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    assert_eq!(parked, 0);
    play.ties().await;
}

/// The bank would have asked, and nobody here heard of it: what is called off where the card is charged is dunned from
/// then on.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_charge_that_is_called_off_begins_dunning(pool: PgPool) {
    let play = approving(pool).await;
    play.crash_at("payment_attempt", "NEW.status = 'requires_action'")
        .await;
    play.live_until("2026-05-01T00:00:00Z").await;
    play.start_again().await;
    assert_eq!(play.tries(2).await, [("05-01 00:00".to_owned(), "submitted")]);
    assert_eq!(play.standing().await, (Status::Active, None));
    let attempt: uuid::Uuid = sqlx::query_scalar("SELECT id FROM payment_attempt WHERE status = 'submitted'")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    let attempt = PaymentAttemptId::from_uuid(attempt);
    play.billing.sandbox().cancel_charge(attempt).await.unwrap();
    play.clock.advance_to(utc("2026-05-01T00:11:00Z"));
    assert_eq!(play.billing.sweep_attempts().await.unwrap(), 1);
    let since = utc("2026-05-01T00:11:00Z");
    assert_eq!(play.standing().await.0, Status::PastDue { since });
    // The card is tried again in office hours, and now the customer is asked.
    play.live_until("2026-05-02T09:00:00Z").await;
    let url: String =
        sqlx::query_scalar("SELECT action_url FROM payment_attempt WHERE action_url IS NOT NULL")
            .fetch_one(&play.pool)
            .await
            .unwrap();
    approve(&play, &url).await;
    play.clock.advance_to(utc("2026-05-02T09:11:00Z"));
    play.billing.sweep_attempts().await.unwrap();
    let tries = [
        ("05-01 00:00".to_owned(), "canceled"),
        ("05-02 09:00".to_owned(), "succeeded"),
    ];
    assert_eq!(play.tries(2).await, tries);
    assert_eq!(play.standing().await.0, Status::Active);
    let mails = [
        ("04-01 00:00", "Invoice INV-000001"),
        ("04-01 00:00", "Receipt for invoice INV-000001"),
        ("05-01 00:00", "Invoice INV-000002"),
        ("05-01 00:11", "Invoice INV-000002 could not be charged"),
        (
            "05-02 09:00",
            "The payment of invoice INV-000002 waits for your approval",
        ),
        ("05-02 09:11", "Receipt for invoice INV-000002"),
        ("05-02 09:11", "Everything is paid: your Starter plan goes on"),
    ];
    assert_eq!(play.mails().await, dated(&mails));
    play.retry_jobs().await;
    play.ties().await;
}

/// It was on its way to the gateway, and nobody knows whether it arrived.
async fn lose_the_last_charge(play: &Play) {
    for lose in [
        "UPDATE payment_attempt SET status = 'submitted', action_url = NULL
         WHERE id = (SELECT max(id::text)::uuid FROM payment_attempt) AND status = 'requires_action'",
        "DELETE FROM sandbox.charge c USING payment_attempt a
         WHERE a.status = 'submitted' AND c.status = 'requires_action' AND c.attempt = a.id",
    ] {
        let done = sqlx::query(lose).execute(&play.pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }
}

/// The run ends although the upgrade cannot be closed, and looks at it again later.
async fn run_ends(play: &Play, at: &str) {
    play.clock.advance_to(utc(at));
    let run = tokio::time::timeout(std::time::Duration::from_secs(60), play.billing.run_due());
    run.await.unwrap().unwrap();
    let due: bool = sqlx::query_scalar("SELECT due_at > $1::text::timestamptz FROM customer")
        .bind(at)
        .fetch_one(&play.pool)
        .await
        .unwrap();
    assert!(due, "looked at again later");
}

/// Whether its charge was made nobody knows: the run looks again later, also where credit expires in between.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_in_doubt_keeps_no_run_from_ending(pool: PgPool) {
    let play = approving(pool).await;
    let outcome = play.change("professional", Month).await;
    assert!(
        matches!(outcome, ChangeOutcome::RequiresAction { .. }),
        "{outcome:?}"
    );
    lose_the_last_charge(&play).await;
    let gift = GrantCredit {
        customer: play.customer(),
        terms: GrantTerms {
            kind: GrantKind::Promotional,
            expires_at: Some(utc("2026-04-02T00:00:00Z")),
            ..GrantTerms::paid(Money::new(500, Currency::USD))
        },
        reason: "A gift".to_owned(),
    };
    play.billing.grant_credit(&Actor::System, gift).await.unwrap();
    // An hour after the upgrade ran out, and after the gift did.
    run_ends(&play, "2026-04-02T00:30:00Z").await;
    assert_eq!(play.credit().await, 0);
}

/// Nor where a step of dunning is due behind it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn dunning_goes_on_beside_an_upgrade_in_doubt(pool: PgPool) {
    let play = approving(pool).await;
    play.live_until("2026-05-01T02:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    let outcome = play.change("professional", Month).await;
    assert!(
        matches!(outcome, ChangeOutcome::RequiresAction { .. }),
        "{outcome:?}"
    );
    lose_the_last_charge(&play).await;
    // It ran out at one; the retry is due at nine.
    run_ends(&play, "2026-05-02T10:00:00Z").await;
    let taken: Vec<(i32, String)> = sqlx::query_as("SELECT day, action FROM dunning_step ORDER BY 1, 2")
        .fetch_all(&play.pool)
        .await
        .unwrap();
    assert_eq!(taken, [(0, "fail".to_owned()), (1, "retry".to_owned())]);
}

/// As the host platform sells a plan beside the customer's.
async fn sell_support(play: &Play) -> Result<Subscribed> {
    let new = NewSubscription {
        customer: play.customer(),
        price: WantedPrice::Of {
            plan: SUPPORT.to_owned(),
            interval: Month,
        },
        quantity: 1,
        trial_days: None,
        starts_at: None,
        ends_at: None,
    };
    let selling = play
        .billing
        .create_subscription(&Actor::System, &new, Intent::new());
    selling.await
}

/// Whoever is told that a payment is under way has bought nothing.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nothing_is_sold_beside_an_upgrade_in_doubt(pool: PgPool) {
    let play = approving(pool).await;
    let outcome = play.change("professional", Month).await;
    assert!(
        matches!(outcome, ChangeOutcome::RequiresAction { .. }),
        "{outcome:?}"
    );
    lose_the_last_charge(&play).await;
    play.clock.advance_to(utc("2026-04-02T00:30:00Z"));
    let refused = sell_support(&play).await;
    assert!(matches!(refused, Err(Error::PaymentUnderWay)), "{refused:?}");
    assert_eq!(play.live_plans().await, [stands("starter", StatusName::Active)]);
}

/// What is sold is sold, though it cannot be billed this moment.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_sold_beside_the_plan_is_billed_later_where_it_cannot_be_at_once(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.crash_at("subscription", "NEW.standalone_plan_id IS NOT NULL")
        .await;
    let sold = sell_support(&play).await.unwrap();
    let status = sold.subscription.status.name();
    assert_eq!((sold.plan.key.as_str(), status), (SUPPORT, StatusName::Pending));
    play.start_again().await;
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Paid, 21_492)]);
    play.billing.run_due().await.unwrap();
    play.billing.drain_queue().await.unwrap();
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "purchase", Paid, 10_692),
    ];
    assert_eq!(play.bills().await, bills);
    let both = [
        stands("starter", StatusName::Active),
        stands(SUPPORT, StatusName::Active),
    ];
    assert_eq!(play.live_plans().await, both);
    play.ties().await;
}

/// The worker was away over the end of two periods: they are billed before the change is priced.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_change_first_catches_up_with_the_periods_that_ended(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.clock.advance_to(utc("2026-06-03T00:00:00Z"));
    let outcome = play.change("starter", Year).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    play.billing.drain_queue().await.unwrap();
    let bases: Vec<_> = play
        .invoices()
        .await
        .iter()
        .flat_map(|invoice| &invoice.lines)
        .filter(|line| line.draft.kind == LineKind::Base)
        .map(|line| line.draft.period.start().to_string())
        .collect();
    assert_eq!(
        bases,
        [
            "2026-04-01 00:00:00 UTC",
            "2026-05-01 00:00:00 UTC",
            "2026-06-01 00:00:00 UTC",
            "2026-06-03 00:00:00 UTC"
        ]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_quote_from_before_the_periods_end_is_stale_after_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.clock.advance_to(utc("2026-04-30T23:59:50Z"));
    let price = play.price("professional", Month).await;
    let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
    play.clock.advance_to(utc("2026-05-01T00:00:10Z"));
    let confirmed = play.billing.confirm_change(&play.actor, &preview.token).await;
    assert!(matches!(confirmed, Err(Error::QuoteStale)), "{confirmed:?}");
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// On Starter since 1 April, with a card whose bank asks about every charge.
async fn approving(pool: PgPool) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let page = play.checkout("starter", Month, false).await;
    let SubmitOutcome::Authenticate { url } = play.submit(&page, AUTHENTICATES).await else {
        panic!("the bank does not ask")
    };
    approve(&play, &url).await;
    play.billing.checkout_result(&play.actor, &page).await.unwrap();
    play
}

async fn approve(play: &Play, url: &str) {
    let charge = url.rsplit('/').next().unwrap();
    let sandbox = play.billing.sandbox();
    sandbox
        .authenticate(charge, Authentication::Approve, play.billing.now())
        .await
        .unwrap();
}

async fn forget_page(play: &Play, session_ref: &str) {
    let done =
        sqlx::query("UPDATE checkout_session SET gateway_ref = NULL, url = NULL WHERE gateway_ref = $1")
            .bind(session_ref)
            .execute(&play.pool)
            .await
            .unwrap();
    assert_eq!(done.rows_affected(), 1);
}
