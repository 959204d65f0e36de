//! Nothing helps: read-only after two weeks, and after thirty days what the policy ends with.

use service::Actor;
use service::billing::id::{MemberId, StaffId};
use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::payment::dunning::DunningEnd;
use service::billing::period::Interval::Month;
use service::billing::subscription::{Access, CancelReason, Status, StatusName};
use service::{MemberRole, StaffRole};
use sqlx::PgPool;
use uuid::Uuid;

use crate::net_terms::suspended;
use crate::play::{DECLINES_LATER, Play, VISA, bill, dated, movement, play_to, utc};

impl Play {
    /// What stands on each account of the ledger.
    async fn balances(&self) -> Vec<(String, i64)> {
        let query = "SELECT account, sum(amount_minor)::bigint FROM ledger_entry GROUP BY 1
            HAVING sum(amount_minor) <> 0 ORDER BY 1";
        sqlx::query_as(query).fetch_all(&self.pool).await.unwrap()
    }
}

/// Buys Starter on 1 April with a card that is declined from then on.
async fn fails(pool: PgPool, end: DunningEnd) -> Play {
    let play = play_to(pool, "2026-04-01T12:00:00Z", end).await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-31T12:59:00Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-05-15T13:00:00Z"));
    assert_eq!(play.subscription().await.status.access(), Access::ReadOnly);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play
}

const UNTIL_THE_END: [(&str, &str); 7] = [
    ("04-01 12:00", "Invoice INV-000001"),
    ("04-01 12:00", "Receipt for invoice INV-000001"),
    ("05-01 12:00", "Invoice INV-000002"),
    ("05-01 12:00", "Payment of invoice INV-000002 was declined"),
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

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_ends_on_the_thirtieth_day(pool: PgPool) {
    let play = fails(pool, DunningEnd::Cancel).await;
    play.live_until("2026-05-31T13:00:00Z").await;
    let status = Status::Canceled {
        reason: CancelReason::Unpaid,
        at: utc("2026-05-31T13:00:00Z"),
    };
    assert_eq!(play.subscription().await.status, status);
    // The 23 hours that were billed and are not served are not owed.
    assert_eq!(play.credit_notes().await, [("CN-000001".to_owned(), 615, 49)]);
    play.live_until("2026-08-01T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Open, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    let tries: Vec<_> = play.tries(2).await.into_iter().map(|(at, _)| at).collect();
    assert_eq!(
        tries,
        [
            "05-01 12:00",
            "05-02 12:00",
            "05-04 12:00",
            "05-06 12:00",
            "05-08 12:00",
            "05-11 12:00",
            "05-15 12:00"
        ]
    );
    let history = [
        ("04-01 12:00", "subscription.created"),
        ("04-01 12:00", "subscription.activated"),
        ("05-01 12:00", "subscription.renewed"),
        ("05-01 12:00", "subscription.past_due"),
        ("05-15 13:00", "subscription.suspended"),
        ("05-31 13:00", "subscription.canceled"),
    ];
    assert_eq!(play.history().await, dated(&history));
    let mails = [
        &UNTIL_THE_END[..],
        &[
            (
                "05-31 13:00",
                "Your Starter subscription has ended, because it was not paid",
            ),
            ("05-31 13:00", "Credit note CN-000001"),
        ],
    ];
    assert_eq!(play.mails().await, dated(&mails.concat()));
    assert_eq!(
        play.movements().await,
        [movement("new", 19_900), movement("churn", -19_900)]
    );
    let balances = [
        ("cash", 21_492),
        ("deferred_revenue", -39_185),
        ("receivable", 20_828),
        ("tax_payable", -3_135),
    ];
    assert_eq!(
        play.balances().await,
        balances.map(|(account, minor)| (account.to_owned(), minor))
    );
    // What is left may still be paid, and a new plan be bought.
    let debt = play.billing.overview(&play.actor).await.unwrap().owed.unwrap();
    assert_eq!(debt.total.minor(), 20_828);
    play.pay(debt.oldest.id).await;
    play.buy("professional", Month, VISA).await;
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    play.ties().await;
}

/// A month later was billed by then: what is given back of that makes its own invoice less, not the older one.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_given_back_lowers_its_own_invoice(pool: PgPool) {
    let play = play_to(pool, "2026-01-01T12:00:00Z", DunningEnd::Cancel).await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-03-03T13:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    // 28 days and 23 hours of March's 31 days.
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 18_589, 1_487)]
    );
    let due: Vec<_> = play
        .invoices()
        .await
        .iter()
        .map(|invoice| invoice.summary.amount_due().minor())
        .collect();
    assert_eq!(due, [0, 21_492, 1_416]);
    assert_eq!(play.credit().await, 0);
    let told: String = sqlx::query_scalar("SELECT body FROM mail WHERE subject = 'Credit note CN-000001'")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    assert!(
        told.contains("$200.76 less is owed of invoice INV-000003"),
        "{told}"
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_stays_unpaid_and_can_go_on_once_it_is_paid(pool: PgPool) {
    let play = fails(pool, DunningEnd::Unpaid).await;
    play.live_until("2026-06-20T12:00:00Z").await;
    let since = utc("2026-05-31T13:00:00Z");
    assert_eq!(play.standing().await.0, Status::Unpaid { since });
    assert_eq!(play.subscription().await.status.access(), Access::None);
    // Nothing is billed meanwhile.
    assert_eq!(play.bills().await.len(), 2);
    let debt = play.billing.overview(&play.actor).await.unwrap().owed.unwrap();
    assert_eq!(debt.total.minor(), 21_492);
    play.pay(debt.oldest.id).await;
    // Its period is over: going on costs the next one, and nobody is charged that unasked.
    let at = utc("2026-06-20T12:00:00Z");
    let paused = Status::Paused {
        since: at,
        resume_at: None,
    };
    assert_eq!(play.standing().await.0, paused);
    play.add_card(VISA).await;
    assert_eq!(play.resume().await, 21_492);
    assert_eq!(
        play.subscription().await.billing_period.end(),
        utc("2026-07-20T12:00:00Z")
    );
    let mails = [
        &UNTIL_THE_END[..],
        &[
            (
                "05-31 13:00",
                "Your plan is stopped: invoice INV-000002 is not paid",
            ),
            ("06-20 12:00", "Receipt for invoice INV-000002"),
            ("06-20 12:00", "Everything is paid: your Starter plan can go on"),
            ("06-20 12:00", "Invoice INV-000003"),
            ("06-20 12:00", "Receipt for invoice INV-000003"),
        ],
    ];
    assert_eq!(play.mails().await, dated(&mails.concat()));
    assert_eq!(
        play.movements().await,
        [
            movement("new", 19_900),
            movement("churn", -19_900),
            movement("reactivation", 19_900)
        ]
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// As long as its period lasts it goes on where it was.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_unpaid_plan_that_is_paid_for_goes_on(pool: PgPool) {
    let play = fails(pool, DunningEnd::Unpaid).await;
    play.live_until("2026-06-01T08:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Unpaid));
    play.add_card(VISA).await;
    assert_eq!(play.standing().await.0, Status::Active);
    play.live_until("2026-06-01T12:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    let moved: Vec<_> = play.movements().await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(moved, ["new", "churn", "reactivation"]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_kept_suspended_and_billed_on(pool: PgPool) {
    let play = fails(pool, DunningEnd::Keep).await;
    play.live_until("2026-06-01T12:00:00Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-05-15T13:00:00Z"));
    let mails = [
        &UNTIL_THE_END[..],
        &[
            (
                "05-31 13:00",
                "Your access stays read-only: invoice INV-000002 is not paid",
            ),
            ("06-01 12:00", "Invoice INV-000003"),
            ("06-01 12:00", "Payment of invoice INV-000003 was declined"),
        ],
    ];
    assert_eq!(play.mails().await, dated(&mails.concat()));
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    // Whoever has enough of it leaves.
    play.billing.cancel(&play.actor, None).await.unwrap();
    play.live_until("2026-07-01T12:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    play.ties().await;
}

/// What is agreed with a customer goes before what holds for everybody.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn another_end_may_be_agreed(pool: PgPool) {
    let play = fails(pool, DunningEnd::Cancel).await;
    let set = async |actor: &Actor, end| {
        let set = play.billing.set_dunning_end(actor, play.customer(), end).await;
        set.map_err(|error| error.code())
    };
    let id = Uuid::from_u128(9);
    let staff = |role| Actor::Staff {
        id: StaffId::from_uuid(id),
        role,
    };
    let owner = Actor::Member {
        id: MemberId::from_uuid(id),
        customer: play.customer(),
        role: MemberRole::Owner,
    };
    assert_eq!(set(&owner, Some(DunningEnd::Keep)).await, Err("forbidden"));
    assert_eq!(
        set(&staff(StaffRole::Support), Some(DunningEnd::Keep)).await,
        Err("forbidden")
    );
    assert_eq!(
        set(&staff(StaffRole::Finance), Some(DunningEnd::Unpaid)).await,
        Ok(())
    );
    assert_eq!(
        set(&staff(StaffRole::Finance), Some(DunningEnd::Unpaid)).await,
        Ok(())
    );
    assert_eq!(play.count("customer.dunning_end_changed").await, 1);
    play.live_until("2026-05-31T13:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Unpaid));
    play.ties().await;
}

/// A page that is open at the end takes no money any more: the debt is smaller by then.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_that_is_left_open_does_not_hold_up_the_end(pool: PgPool) {
    let play = fails(pool, DunningEnd::Cancel).await;
    let debt = play.invoices().await.pop().unwrap().summary;
    let left = play.billing.start_payment(&play.actor, debt.id).await.unwrap();
    play.live_until("2026-05-31T13:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    let late = play.submit(left.rsplit('/').next().unwrap(), VISA).await;
    assert!(
        !matches!(late, gateway::sandbox::SubmitOutcome::Redirect { .. }),
        "{late:?}"
    );
    assert_eq!(
        play.invoices().await.pop().unwrap().summary.amount_due().minor(),
        20_828
    );
    play.ties().await;
}

/// Paid on the page in the last minute, and never returned from it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_payment_in_the_last_minute_is_found_before_the_end(pool: PgPool) {
    let play = fails(pool, DunningEnd::Cancel).await;
    let debt = play.invoices().await.pop().unwrap().summary;
    let page = play.billing.start_payment(&play.actor, debt.id).await.unwrap();
    play.submit(page.rsplit('/').next().unwrap(), VISA).await;
    play.live_until("2026-05-31T13:00:00Z").await;
    assert_eq!(play.standing().await.0, Status::Active);
    assert_eq!(play.bills().await[1], bill("INV-000002", "renewal", Paid, 21_492));
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.ties().await;
}
