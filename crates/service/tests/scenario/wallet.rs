//! Credit in grants: promotional and paid, in the order they burn, until they expire.

use service::billing::credit::{GrantKind, GrantTerms, Priority};
use service::billing::id::CreditGrantId;
use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::Month;
use service::{Actor, Error, GrantCredit, GrantOrigin, Result, StopKind};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, Play, VISA, bill, play, utc};

pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// A grant by staff, as a story writes it: promotional until a day, or paid for ever.
pub fn promotion(minor: i64, priority: i64, expires_at: Option<&str>) -> GrantTerms {
    GrantTerms {
        kind: GrantKind::Promotional,
        priority: Priority::new(priority).unwrap(),
        amount: usd(minor),
        expires_at: expires_at.map(utc),
    }
}

pub async fn grant(play: &Play, terms: GrantTerms) -> Result<CreditGrantId> {
    let command = GrantCredit {
        customer: play.customer(),
        terms,
        reason: "because".to_owned(),
    };
    play.billing.grant_credit(&Actor::System, command).await
}

/// Kind and amount of what the last invoice took.
async fn last_taken(play: &Play) -> Vec<(GrantKind, i64)> {
    let last = play.invoices().await.pop().unwrap();
    let credits = last.credits.iter();
    credits.map(|taken| (taken.kind, taken.amount.minor())).collect()
}

/// What is left of each grant, the oldest first.
async fn left(play: &Play) -> Vec<i64> {
    let credit = play.billing.credit(&play.actor).await.unwrap();
    let grants = credit.grants.iter().rev();
    grants.map(|row| row.grant.left.minor()).collect()
}

const PROMOTIONAL: GrantKind = GrantKind::Promotional;
const PAID: GrantKind = GrantKind::Paid;

/// Starter is 199.00 a month and 214.92 with tax.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn three_invoices_take_promotions_first_and_leave_what_expired(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    grant(&play, GrantTerms::paid(usd(30_000))).await.unwrap();
    grant(&play, promotion(5_000, 50, None)).await.unwrap();
    grant(&play, promotion(2_000, 50, Some("2026-06-15T00:00:00Z")))
        .await
        .unwrap();
    grant(&play, promotion(1_500, 50, Some("2026-05-01T00:00:00Z")))
        .await
        .unwrap();
    assert_eq!(play.credit().await, 38_500);
    let shown = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap()
        .draft;

    // The last one expires in the very instant in which May begins: it pays nothing of May.
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(left(&play).await, [15_508, 0, 0, 0]);
    let may = play.invoices().await.pop().unwrap();
    assert_eq!(may.credits.len(), 3);
    let as_shown = shown.credits().iter().map(|taken| (taken.grant, taken.amount));
    assert_eq!(
        may.credits
            .iter()
            .map(|taken| (taken.grant, taken.amount))
            .collect::<Vec<_>>(),
        as_shown.collect::<Vec<_>>(),
        "what was shown is what is taken"
    );
    assert_eq!(
        last_taken(&play).await,
        [(PROMOTIONAL, 2_000), (PROMOTIONAL, 5_000), (PAID, 14_492)]
    );

    grant(&play, promotion(1_000, 50, Some("2026-07-01T00:00:00Z")))
        .await
        .unwrap();
    grant(
        &play,
        GrantTerms {
            expires_at: Some(utc("2026-06-20T00:00:00Z")),
            ..GrantTerms::paid(usd(700))
        },
    )
    .await
    .unwrap();
    grant(&play, promotion(300, 1, None)).await.unwrap();
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        last_taken(&play).await,
        [
            (PROMOTIONAL, 300),
            (PAID, 700),
            (PROMOTIONAL, 1_000),
            (PAID, 15_508)
        ]
    );

    // A second of July is not paid from what June left.
    grant(&play, promotion(90_000, 50, Some("2026-06-30T23:59:59Z")))
        .await
        .unwrap();
    play.live_until("2026-07-02T00:00:00Z").await;
    assert_eq!(last_taken(&play).await, []);
    assert_eq!(play.credit().await, 0);
    let history = play.billing.credit(&play.actor).await.unwrap().history;
    let history: Vec<_> = history
        .iter()
        .rev()
        .map(|e| (e.kind.as_str(), e.amount.minor(), e.balance.minor()))
        .collect();
    assert_eq!(
        history,
        [
            ("credit_granted", 30_000, 30_000),
            ("credit_granted", 5_000, 35_000),
            ("credit_granted", 2_000, 37_000),
            ("credit_granted", 1_500, 38_500),
            ("credit_expired", -1_500, 37_000),
            ("credit_applied", -21_492, 15_508),
            ("credit_granted", 1_000, 16_508),
            ("credit_granted", 700, 17_208),
            ("credit_granted", 300, 17_508),
            ("credit_applied", -17_508, 0),
            ("credit_granted", 90_000, 90_000),
            ("credit_expired", -90_000, 0),
        ]
    );
    play.billing.run_due().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_expired_a_second_ago_is_not_used(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    grant(&play, promotion(50_000, 50, Some("2026-04-02T00:00:00Z")))
        .await
        .unwrap();
    play.clock.advance_to(utc("2026-04-02T00:00:01Z"));
    // Nobody ran what is due yet.
    assert_eq!(play.credit().await, 0);
    play.buy("starter", Month, VISA).await;
    assert_eq!(last_taken(&play).await, []);
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Paid, 21_492)]);
    for _ in 0..2 {
        play.billing.run_due().await.unwrap();
    }
    assert_eq!(left(&play).await, [0]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// The run was down when credit was good, and comes up when it is not: nobody loses by that.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_late_run_uses_what_was_good_at_the_boundary(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    grant(&play, promotion(1_000, 50, Some("2026-05-01T00:00:00Z")))
        .await
        .unwrap();
    grant(&play, promotion(2_000, 50, Some("2026-05-01T00:00:01Z")))
        .await
        .unwrap();
    play.clock.advance_to(utc("2026-05-04T00:00:00Z"));
    play.billing.run_due().await.unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(last_taken(&play).await, [(PROMOTIONAL, 2_000)]);
    assert_eq!(left(&play).await, [0, 0]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_void_gives_back_to_the_grants_and_what_expired_is_gone(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    grant(&play, GrantTerms::paid(usd(4_000))).await.unwrap();
    grant(&play, promotion(3_000, 50, Some("2026-05-03T00:00:00Z")))
        .await
        .unwrap();
    grant(&play, promotion(2_000, 50, Some("2026-05-20T00:00:00Z")))
        .await
        .unwrap();
    play.live_until("2026-05-04T00:00:00Z").await;
    let may = play.invoices().await.pop().unwrap().summary;
    assert_eq!((may.status, may.credit_applied.minor()), (Open, 9_000));
    assert_eq!(left(&play).await, [0, 0, 0]);
    play.billing
        .void_invoice(&Actor::System, play.customer(), may.id, "asked for by mistake")
        .await
        .unwrap();
    assert_eq!(left(&play).await, [4_000, 0, 2_000]);
    assert_eq!(play.credit().await, 6_000);
    let bills = play.bills().await;
    assert_eq!(bills.last(), Some(&bill("INV-000002", "renewal", Void, 21_492)));
    // What came back expires in its time.
    play.live_until("2026-05-21T00:00:00Z").await;
    assert_eq!(left(&play).await, [4_000, 0, 0]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn new_credit_pays_what_is_owed_first(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    grant(&play, promotion(30_000, 50, None)).await.unwrap();
    let expected = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, expected);
    assert_eq!(play.credit().await, 8_508);
    // A pause gives back what was paid, from credit too: a grant of the note's.
    let preview = play.stop(StopKind::Pause { resume_at: None }).await;
    let note = preview.credit_note.unwrap().total();
    let credit = play.billing.credit(&play.actor).await.unwrap();
    assert_eq!(credit.balance, usd(8_508).plus(note).unwrap());
    assert!(matches!(credit.grants[0].origin, GrantOrigin::CreditNote(_)));
    assert_eq!(credit.grants[0].number.as_ref().unwrap().to_string(), "CN-000001");
    let order: Vec<_> = credit.usable().iter().map(|row| row.grant.kind).collect();
    assert_eq!(order, [PROMOTIONAL, PAID]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_no_grant_is_refused_plainly(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let field = |result: Result<CreditGrantId>| match result {
        Err(Error::Invalid { field }) => field,
        other => panic!("{other:?}"),
    };
    for minor in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(field(grant(&play, promotion(minor, 50, None)).await), "amount");
    }
    for past in ["2026-04-01T00:00:00Z", "2020-01-01T00:00:00Z"] {
        assert_eq!(
            field(grant(&play, promotion(1, 50, Some(past))).await),
            "expires_at"
        );
    }
    let euro = GrantTerms::paid(Money::new(1, "EUR".parse().unwrap()));
    assert_eq!(field(grant(&play, euro).await), "currency");
    for reason in ["", " ", "a\0b"] {
        let command = GrantCredit {
            customer: play.customer(),
            terms: promotion(1, 50, None),
            reason: reason.to_owned(),
        };
        let refused = play.billing.grant_credit(&Actor::System, command).await;
        assert_eq!(field(refused), "reason");
    }
    assert!(left(&play).await.is_empty());
}

/// Whatever runs at once, the credit is taken once.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn thirty_two_at_once_never_overdraw(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    grant(&play, promotion(10_000, 50, Some("2026-05-01T00:00:00Z")))
        .await
        .unwrap();
    grant(&play, GrantTerms::paid(usd(10_000))).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..32 {
        let (billing, customer) = (play.billing.clone(), play.customer());
        tasks.spawn(async move {
            let command = service::AddOneOff {
                customer,
                description: format!("Item {n}"),
                quantity: 1,
                price: usd(1_000),
                bill: service::BillOneOff::AtOnce,
            };
            billing.add_one_off(&Actor::System, command).await
        });
    }
    let done = tasks.join_all().await;
    assert!(done.iter().all(std::result::Result::is_ok), "{done:?}");
    let taken: i64 = play
        .invoices()
        .await
        .iter()
        .map(|i| i.summary.credit_applied.minor())
        .sum();
    assert_eq!((taken, play.credit().await), (20_000, 0));
    assert_eq!(left(&play).await, [0, 0]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;

    // Whoever goes around the lock on the customer meets the constraint.
    grant(&play, promotion(700_000, 50, None)).await.unwrap();
    let rest = play.credit().await;
    let id: uuid::Uuid = sqlx::query_scalar("SELECT id FROM credit_grant WHERE left_minor > 0")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    let invoice = play.invoices().await[0].summary.id;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let pool = play.pool.clone();
        tasks.spawn(async move {
            let query = "INSERT INTO credit_use (grant_id, invoice_id, amount_minor, used_at) VALUES ($1, $2, $3, now())";
            let insert = sqlx::query(query).bind(id).bind(invoice.uuid()).bind(rest / 10);
            insert.execute(&pool).await.is_ok()
        });
    }
    let taken = tasks.join_all().await.into_iter().filter(|taken| *taken).count();
    let left = left(&play).await[2];
    assert_eq!((taken, left), (10, rest - 10 * (rest / 10)));
}

/// Credit pays some of it; the page says what was paid on it, and says so whatever is given back later.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_paid_on_a_page_is_less_than_the_invoice(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    grant(&play, promotion(5_000, 50, None)).await.unwrap();
    let session_ref = play.checkout("starter", Month, false).await;
    play.submit(&session_ref, VISA).await;
    let result = play.billing.checkout_result(&play.actor, &session_ref).await;
    assert_eq!(result.unwrap().amount, Some(usd(16_492)));
    play.ties().await;
}
