//! Set up by staff: a start to come, a start that is past, and a term that ends in the middle of a period.

use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::period::Interval::Month;
use service::billing::subscription::{StatusName, Term};
use service::{Actor, Error, SetUp};
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, movement, play, utc};
use crate::revenue::revenue;

async fn set_up(play: &Play, starts_at: &str, ends_at: Option<&str>) -> Result<(), Error> {
    let command = SetUp {
        customer: play.customer(),
        price: play.price("starter", Month).await,
        billing_time: None,
        term: Term {
            starts_at: utc(starts_at),
            ends_at: ends_at.map(utc),
        },
    };
    play.billing
        .set_up_subscription(&Actor::System, command)
        .await
        .map(drop)
}

async fn save_card(play: &Play) {
    let url = play.billing.start_add_card(&play.actor).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap();
    play.submit(session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, session_ref)
        .await
        .unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_starts_when_it_should_and_ends_with_its_term(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    save_card(&play).await;
    let ends_at = Some("2026-06-16T00:00:00Z");
    set_up(&play, "2026-04-16T00:00:00Z", ends_at).await.unwrap();
    assert_eq!(play.status().await.1, Some(StatusName::Pending));
    let again = set_up(&play, "2026-04-16T00:00:00Z", None).await;
    assert!(matches!(again, Err(Error::AlreadySubscribed)), "{again:?}");
    play.live_until("2026-04-16T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    play.live_until("2026-12-01T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(
        play.movements().await,
        [movement("new", 19_900), movement("churn", -19_900)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_term_that_ends_within_a_period_is_billed_to_its_end(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    save_card(&play).await;
    let ends_at = Some("2026-05-11T00:00:00Z");
    set_up(&play, "2026-04-01T00:00:00Z", ends_at).await.unwrap();
    play.live_until("2026-05-06T00:00:00Z").await;
    // 10 of 31 days.
    let last = [("2026-05-01".to_owned(), "2026-05-11".to_owned(), 6_419)];
    assert_eq!(play.last_lines().await, last);
    // An upgrade reaches to the end of the term too: 5 of the 10 days paid for come back.
    play.change("professional", Month).await;
    let last = [
        ("2026-05-06".to_owned(), "2026-05-11".to_owned(), -3_210),
        ("2026-05-06".to_owned(), "2026-05-11".to_owned(), 16_113),
    ];
    assert_eq!(play.last_lines().await, last);
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_start_that_is_past_bills_each_period_since(pool: PgPool) {
    let play = play(pool, "2026-04-20T00:00:00Z").await;
    let refused = set_up(&play, "2025-04-01T00:00:00Z", None).await;
    assert!(
        matches!(refused, Err(Error::Invalid { field: "starts_at" })),
        "{refused:?}"
    );
    play.use_meter("early", "deployments", 7, utc("2026-04-12T00:00:00Z"))
        .await;
    set_up(&play, "2026-02-10T00:00:00Z", None).await.unwrap();
    // It was in the period that is the present one by now.
    assert_eq!(play.check("deployments", 1).await.used, 7.into());
    let bills = [
        bill("INV-000001", "purchase", Open, 21_492),
        bill("INV-000002", "renewal", Open, 21_492),
        bill("INV-000003", "renewal", Open, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    // Nobody has left a card.
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    // MRR moves when it is sold: the months before are over.
    for (month, new) in [("2026-02", 0), ("2026-03", 0), ("2026-04", 19_900)] {
        let bridge = revenue(&play, month).await.totals.bridge;
        assert_eq!(bridge.new.minor(), new, "{month}");
    }
    play.ties().await;
}
