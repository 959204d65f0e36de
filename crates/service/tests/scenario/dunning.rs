//! A renewal is declined on 1 May. What then happens day by day, by the clock alone or as somebody helps.

use gateway::sandbox::{Authentication, SubmitOutcome};
use service::billing::invoice::InvoiceStatus::{Open, Paid, Uncollectible, Void};
use service::billing::payment::dunning::DunningEnd;
use service::billing::period::Interval::Month;
use service::billing::subscription::{Status, StatusName};
use service::{Actor, ChangeOutcome, Error, TaxAddress, TaxExemption};
use sqlx::PgPool;

use crate::net_terms::{past_due, suspended};
use crate::play::{
    ASKS, CATALOG, DECLINES_LATER, DECLINES_TWICE, EXPIRES_LATER, Play, VISA, bill, dated, movement, play,
    utc,
};

/// Buys Starter on 1 April; the renewal a month later is declined.
async fn declined(pool: PgPool, card: &str) -> Play {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("starter", Month, card).await;
    play.live_until("2026-05-01T12:00:00Z").await;
    assert_eq!(play.standing().await.0, past_due("2026-05-01T12:00:00Z"));
    play
}

const BOUGHT: [(&str, &str); 2] = [
    ("04-01 12:00", "Invoice INV-000001"),
    ("04-01 12:00", "Receipt for invoice INV-000001"),
];
const FAILED: [(&str, &str); 2] = [
    ("05-01 12:00", "Invoice INV-000002"),
    ("05-01 12:00", "Payment of invoice INV-000002 was declined"),
];

fn mails(then: &[(&str, &str)]) -> Vec<(String, String)> {
    dated(&[&BOUGHT[..], &FAILED[..], then].concat())
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_second_retry_pays(pool: PgPool) {
    let play = declined(pool, DECLINES_TWICE).await;
    play.live_until("2026-05-02T23:00:00Z").await;
    assert_eq!(play.standing().await.0, past_due("2026-05-01T12:00:00Z"));
    play.live_until("2026-05-31T12:00:00Z").await;
    assert_eq!(play.standing().await.0, Status::Active);
    let tries = [
        ("05-01 12:00".to_owned(), "declined"),
        ("05-02 12:00".to_owned(), "declined"),
        ("05-04 12:00".to_owned(), "succeeded"),
    ];
    assert_eq!(play.tries(2).await, tries);
    // Paid before the second mail was due, so that it is never written.
    let then = [
        ("05-04 12:00", "Receipt for invoice INV-000002"),
        ("05-04 12:00", "Everything is paid: your Starter plan goes on"),
    ];
    assert_eq!(play.mails().await, mails(&then));
    let history = [
        ("04-01 12:00", "subscription.created"),
        ("04-01 12:00", "subscription.activated"),
        ("05-01 12:00", "subscription.renewed"),
        ("05-01 12:00", "subscription.past_due"),
        ("05-04 12:00", "subscription.recovered"),
    ];
    assert_eq!(play.history().await, dated(&history));
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_new_card_pays_on_day_six(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    play.live_until("2026-05-07T08:00:00Z").await;
    play.add_card(VISA).await;
    assert_eq!(play.standing().await.0, Status::Active);
    play.live_until("2026-05-31T12:00:00Z").await;
    let then = [
        ("05-04 13:00", "Invoice INV-000002 is still not paid"),
        ("05-07 08:00", "Receipt for invoice INV-000002"),
        ("05-07 08:00", "Everything is paid: your Starter plan goes on"),
    ];
    assert_eq!(play.mails().await, mails(&then));
    let tries = [
        ("05-01 12:00".to_owned(), "declined"),
        ("05-02 12:00".to_owned(), "declined"),
        ("05-04 12:00".to_owned(), "declined"),
        ("05-06 12:00".to_owned(), "declined"),
        ("05-07 08:00".to_owned(), "succeeded"),
    ];
    assert_eq!(play.tries(2).await, tries);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_declined_for_good_is_never_tried_again(pool: PgPool) {
    let play = declined(pool, EXPIRES_LATER).await;
    let shown = play.billing.overview(&play.actor).await.unwrap().dunning.unwrap();
    assert_eq!(shown.outlook.retry_at, None);
    assert_eq!(shown.outlook.suspended_at, Some(utc("2026-05-15T13:00:00Z")));
    assert_eq!(shown.end, DunningEnd::Cancel);
    play.live_until("2026-05-16T12:00:00Z").await;
    assert_eq!(play.tries(2).await, [("05-01 12:00".to_owned(), "declined")]);
    let then = [
        ("05-04 13:00", "Invoice INV-000002 is still not paid"),
        (
            "05-11 13:00",
            "Access stops on 15 May 2026: invoice INV-000002 is not paid",
        ),
        (
            "05-15 13:00",
            "Final notice: access is read-only, invoice INV-000002 is not paid",
        ),
    ];
    assert_eq!(play.mails().await, mails(&then));
    // Paid by hand, it is active at once.
    let debt = play.invoices().await.pop().unwrap().summary.id;
    play.pay(debt).await;
    assert_eq!(play.standing().await.0, Status::Active);
    play.ties().await;
}

/// What the page says is what then happens.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_next_retry_is_shown_before_it_is_made(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    let mut shown = Vec::new();
    while let Some(dunning) = play.billing.overview(&play.actor).await.unwrap().dunning
        && let Some(at) = dunning.outlook.retry_at
    {
        assert_eq!(dunning.outlook.suspended_at, Some(utc("2026-05-15T13:00:00Z")));
        shown.push(at.format("%m-%d %H:%M").to_string());
        play.live_until(&at.to_rfc3339()).await;
    }
    let made: Vec<_> = play
        .tries(2)
        .await
        .into_iter()
        .map(|(at, _)| at)
        .skip(1)
        .collect();
    assert_eq!(made, shown);
    assert_eq!(made.len(), 6);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_plan_stays_what_it_is_from_day_five_on(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    let price = play.price("professional", Month).await;
    let preview = async || {
        let preview = play.billing.preview_change(&play.actor, price).await;
        preview.map(drop).map_err(|error| error.code())
    };
    play.live_until("2026-05-06T11:59:00Z").await;
    assert_eq!(preview().await, Ok(()));
    let shown = play.billing.preview_change(&play.actor, price).await.unwrap();
    play.live_until("2026-05-06T12:00:00Z").await;
    assert_eq!(preview().await, Err("invoice_open"));
    let confirmed = play.billing.confirm_change(&play.actor, &shown.token).await;
    assert!(matches!(confirmed, Err(Error::Change(_))), "{confirmed:?}");
    let seats = play.billing.preview_quantity(&play.actor, 3).await;
    assert_eq!(seats.map(drop).map_err(|error| error.code()), Err("invoice_open"));
    let add_on = play.billing.add_ons(&play.actor).await.unwrap()[0].add_on.id;
    let more = play.billing.preview_add_on(&play.actor, add_on, 1).await;
    assert_eq!(more.map(drop).map_err(|error| error.code()), Err("invoice_open"));
    play.add_card(VISA).await;
    assert_eq!(preview().await, Ok(()));
    play.ties().await;
}

/// An upgrade in the first days leaves the debt what it is.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_before_pays_no_debt(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("starter", Month, DECLINES_TWICE).await;
    play.live_until("2026-05-02T13:00:00Z").await;
    // Two charges were declined; the third, for the upgrade, is not.
    let outcome = play.change("professional", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::PastDue))
    );
    play.live_until("2026-05-04T12:00:00Z").await;
    assert_eq!(play.standing().await.0, Status::Active);
    assert_eq!(
        play.movements().await,
        [movement("new", 19_900), movement("expansion", 80_000)]
    );
    play.ties().await;
}

/// Void or written off, a debt is none any more.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_staff_gives_up_is_owed_no_more(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    play.live_until("2026-05-16T12:00:00Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-05-15T13:00:00Z"));
    let debt = play.invoices().await.pop().unwrap().summary.id;
    play.billing
        .void_invoice(&Actor::System, play.customer(), debt, "our fault")
        .await
        .unwrap();
    assert_eq!(play.standing().await.0, Status::Active);

    play.live_until("2026-06-20T12:00:00Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-06-15T13:00:00Z"));
    let debt = play.invoices().await.pop().unwrap().summary.id;
    play.billing
        .write_off_invoice(&Actor::System, play.customer(), debt, "hopeless")
        .await
        .unwrap();
    assert_eq!(play.standing().await.0, Status::Active);
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Void, 21_492),
        bill("INV-000003", "renewal", Uncollectible, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}

/// Each invoice has steps of its own; access comes back when both are paid.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_invoices_are_owed(pool: PgPool) {
    let play = play(pool, "2026-01-01T12:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    // February has 28 days: the next renewal comes before the end.
    play.live_until("2026-03-02T20:00:00Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-02-15T13:00:00Z"));
    let owed = play.billing.overview(&play.actor).await.unwrap().owed.unwrap();
    assert_eq!((owed.count, owed.total.minor()), (2, 42_984));
    play.pay(owed.oldest.id).await;
    assert_eq!(play.standing().await.0, suspended("2026-02-15T13:00:00Z"));
    // The card that paid the first pays the second when that is tried next.
    play.live_until("2026-03-05T12:00:00Z").await;
    assert_eq!(play.standing().await.0, Status::Active);
    let mails = [
        ("01-01 12:00", "Invoice INV-000001"),
        ("01-01 12:00", "Receipt for invoice INV-000001"),
        ("02-01 12:00", "Invoice INV-000002"),
        ("02-01 12:00", "Payment of invoice INV-000002 was declined"),
        ("02-04 13:00", "Invoice INV-000002 is still not paid"),
        (
            "02-11 13:00",
            "Access stops on 15 February 2026: invoice INV-000002 is not paid",
        ),
        (
            "02-15 13:00",
            "Final notice: access is read-only, invoice INV-000002 is not paid",
        ),
        ("03-01 12:00", "Invoice INV-000003"),
        ("03-01 12:00", "Payment of invoice INV-000003 was declined"),
        ("03-02 20:00", "Receipt for invoice INV-000002"),
        ("03-04 12:00", "Receipt for invoice INV-000003"),
        ("03-04 12:00", "Everything is paid: your Starter plan goes on"),
    ];
    assert_eq!(play.mails().await, dated(&mails));
    // No invoice is tried because of the other one.
    let tries = [
        ("03-01 12:00".to_owned(), "declined"),
        ("03-02 12:00".to_owned(), "declined"),
        ("03-04 12:00".to_owned(), "succeeded"),
    ];
    assert_eq!(play.tries(3).await, tries);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}

/// Both of them on another card, at once.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_new_card_pays_all_that_is_owed(pool: PgPool) {
    let play = play(pool, "2026-01-01T12:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-03-02T20:00:00Z").await;
    play.add_card(VISA).await;
    assert_eq!(play.standing().await.0, Status::Active);
    let paid = play
        .bills()
        .await
        .into_iter()
        .all(|(.., status, _)| status == Paid);
    assert!(paid);
    play.ties().await;
}

/// Eight workers come to a step at once, a job is lost and done again, a crash forgets that it was looked at: the
/// card is tried once.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_step_is_taken_once(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    play.clock.advance_to(utc("2026-05-02T12:00:00Z"));
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let billing = play.billing.clone();
            tokio::spawn(async move { billing.run_due().await })
        })
        .collect();
    let mut processed = 0;
    for run in runs {
        let report = run.await.unwrap().unwrap();
        assert_eq!(report.parked, 0);
        processed += report.processed;
    }
    assert_eq!(processed, 1);
    for again in 0..3 {
        let forget =
            "UPDATE customer SET dunning_at = '2026-05-02T12:00:00Z', due_at = '2026-05-02T12:00:00Z'";
        sqlx::query(forget).execute(&play.pool).await.unwrap();
        assert_eq!(play.billing.run_due().await.unwrap().processed, 0, "{again}");
        play.billing.drain_queue().await.unwrap();
    }
    let tries = [
        ("05-01 12:00".to_owned(), "declined"),
        ("05-02 12:00".to_owned(), "declined"),
    ];
    assert_eq!(play.tries(2).await, tries);
    play.live_until("2026-05-04T14:00:00Z").await;
    let then = [("05-04 13:00", "Invoice INV-000002 is still not paid")];
    assert_eq!(play.mails().await, mails(&then));
    play.ties().await;
}

/// The program stood still for twenty days: what was missed is not made up for in one go.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_outage_is_caught_up_with_gently(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    play.clock.advance_to(utc("2026-05-21T08:00:00Z"));
    play.billing.run_due().await.unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(play.standing().await.0, suspended("2026-05-15T13:00:00Z"));
    let tries = [
        ("05-01 12:00".to_owned(), "declined"),
        ("05-21 08:00".to_owned(), "declined"),
    ];
    assert_eq!(play.tries(2).await, tries);
    let then = [(
        "05-21 08:00",
        "Final notice: access is read-only, invoice INV-000002 is not paid",
    )];
    assert_eq!(play.mails().await, mails(&then));
    play.ties().await;
}

/// Nothing is charged while its customer pays on a page; the page that is left stands in nobody's way.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_pays_by_hand_is_not_charged_beside_it(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    play.live_until("2026-05-02T11:00:00Z").await;
    let debt = play.invoices().await.pop().unwrap().summary;
    let url = play.billing.start_payment(&play.actor, debt.id).await.unwrap();
    play.live_until("2026-05-02T12:00:00Z").await;
    play.submit(url.rsplit('/').next().unwrap(), VISA).await;
    play.billing
        .checkout_result(&play.actor, url.rsplit('/').next().unwrap())
        .await
        .unwrap();
    assert_eq!(play.standing().await.0, Status::Active);
    let tries = [
        ("05-01 12:00".to_owned(), "declined"),
        ("05-02 11:00".to_owned(), "succeeded"),
    ];
    assert_eq!(play.tries(2).await, tries);
    assert_eq!(play.bills().await[1], bill("INV-000002", "renewal", Paid, 21_492));
    play.ties().await;
}

/// Without a card it is dunned all the same, and nothing is tried.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn there_is_no_card(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    play.add_card(VISA).await;
    sqlx::query("UPDATE payment_method SET is_default = false, removed_at = now()")
        .execute(&play.pool)
        .await
        .unwrap();
    play.live_until("2026-06-05T12:00:00Z").await;
    let debt = play.invoices().await.pop().unwrap();
    assert_eq!((debt.summary.status, debt.attempts.len()), (Open, 0));
    assert_eq!(play.standing().await.0, past_due("2026-06-01T12:00:00Z"));
    let told: Vec<_> = play
        .mails()
        .await
        .into_iter()
        .map(|(_, subject)| subject)
        .skip(6)
        .collect();
    assert_eq!(
        told,
        [
            "Invoice INV-000003",
            "Invoice INV-000003 could not be charged",
            "Invoice INV-000003 is still not paid"
        ]
    );
    play.ties().await;
}

/// The bank asks and its card's owner does not answer: nothing is tried beside it, and in the end it is called off.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_payment_that_waits_for_approval_is_dunned(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let url = play.billing.start_add_card(&play.actor).await.unwrap();
    let page = url.rsplit('/').next().unwrap();
    let SubmitOutcome::Authenticate { url } = play.submit(page, ASKS).await else {
        panic!("the bank asks")
    };
    let (sandbox, bank) = (play.billing.sandbox(), url.rsplit('/').next().unwrap());
    sandbox
        .authenticate(bank, Authentication::Approve, play.billing.now())
        .await
        .unwrap();
    play.billing.checkout_result(&play.actor, page).await.unwrap();
    play.live_until("2026-05-31T12:59:00Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-05-15T13:00:00Z"));
    assert_eq!(
        play.tries(2).await,
        [("05-01 12:00".to_owned(), "requires_action")]
    );
    play.live_until("2026-05-31T13:00:00Z").await;
    assert_eq!(play.tries(2).await, [("05-01 12:00".to_owned(), "canceled")]);
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    let told: Vec<_> = play.mails().await.into_iter().skip(3).collect();
    let then = [
        (
            "05-01 12:00",
            "The payment of invoice INV-000002 waits for your approval",
        ),
        ("05-04 13:00", "Invoice INV-000002 is still not paid"),
        (
            "05-11 13:00",
            "Access stops on 15 May 2026: invoice INV-000002 is not paid",
        ),
        (
            "05-15 13:00",
            "Final notice: access is read-only, invoice INV-000002 is not paid",
        ),
        (
            "05-31 13:00",
            "Your Starter subscription has ended, because it was not paid",
        ),
        ("05-31 13:00", "Credit note CN-000001"),
    ];
    assert_eq!(told, dated(&then));
    play.ties().await;
}

/// Credit for time that nobody paid would pay the new plan and leave the debt.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_not_paid_pays_for_no_upgrade(pool: PgPool) {
    let play = declined(pool, DECLINES_LATER).await;
    let cheap = CATALOG.replace("amount = 999 }", "amount = 200 }");
    play.billing.apply_catalog(&Actor::System, &cheap).await.unwrap();
    let nowhere = TaxAddress {
        region: None,
        tax_id: None,
    };
    play.billing
        .set_customer_tax(&Actor::System, play.customer(), nowhere, TaxExemption::Exempt)
        .await
        .unwrap();
    // 200.00 without tax for the month, and 199.00 with it to give back: more than the new plan costs.
    let dearer = play.price("professional", Month).await;
    let refused = play.billing.preview_change(&play.actor, dearer).await;
    assert_eq!(refused.unwrap_err().code(), "invoice_open");
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}
