//! Usage beyond what a plan includes is billed in arrears, to the event, and explains itself.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::invoice::{Charge, LineKind};
use service::billing::period::Interval::{Month, Year};
use service::{Actor, EventOutcome};
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, play, utc};

async fn used(play: &Play, id: &str, meter: &str, value: i64, at: &str) {
    play.use_meter(id, meter, value, utc(at)).await;
}

/// Kind, charge and net of each line of the last invoice.
async fn last_lines(play: &Play) -> Vec<(LineKind, String, i64)> {
    let last = play.invoices().await.pop().unwrap();
    let lines = last.lines.iter();
    lines
        .map(|l| {
            (
                l.draft.kind,
                l.draft.charge.as_str().to_owned(),
                l.draft.amount.minor(),
            )
        })
        .collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_renewal_bills_the_ended_month(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-20T00:00:00Z").await;
    used(&play, "a", "api_requests", 60_000, "2026-04-01T00:00:00Z").await;
    used(&play, "b", "api_requests", 52_345, "2026-04-19T23:59:59Z").await;
    used(&play, "c", "deployments", 103, "2026-04-10T12:00:00Z").await;
    // 40 GB for the second half of the month: 20 on average, 10 beyond.
    used(&play, "d", "storage_gb", 40, "2026-04-16T00:00:00Z").await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let expected = [
        (
            LineKind::Usage,
            Charge::Meter("deployments".into()).as_str().to_owned(),
            750,
        ),
        (LineKind::Usage, "storage_gb".to_owned(), 250),
        (LineKind::Usage, "api_requests".to_owned(), 617),
        (LineKind::Base, "base".to_owned(), 19_900),
    ];
    assert_eq!(last_lines(&play).await, expected);
    // Net 215.17 and tax by line: 0.60 + 0.20 + 0.49 + 15.92.
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Paid, 23_238))
    );
    // The count starts anew; the level stays.
    play.live_until("2026-06-01T00:00:00Z").await;
    let expected = [
        (LineKind::Usage, "storage_gb".to_owned(), 750),
        (LineKind::Base, "base".to_owned(), 19_900),
    ];
    assert_eq!(last_lines(&play).await, expected);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_yearly_plan_is_billed_for_usage_by_the_month(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Year, VISA).await;
    used(&play, "a", "deployments", 101, "2026-04-01T00:00:00Z").await;
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        last_lines(&play).await,
        [(LineKind::Usage, "deployments".to_owned(), 250)]
    );
    assert_eq!(play.bills().await.len(), 2);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn changing_to_a_year_bills_what_was_used_so_far(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    used(&play, "a", "deployments", 110, "2026-04-01T00:00:00Z").await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("starter", Year).await;
    // Half the month includes half of a hundred deployments.
    let expected = [
        (LineKind::ProrationCredit, "base".to_owned(), -9_950),
        (LineKind::Usage, "deployments".to_owned(), 15_000),
        (LineKind::Base, "base".to_owned(), 199_000),
    ];
    assert_eq!(last_lines(&play).await, expected);
    play.live_until("2026-05-16T00:00:00Z").await;
    assert_eq!(play.bills().await.len(), 2);
    play.ties().await;
}

/// The largest number that is accepted is shown and billed like any other.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_most_there_can_be_is_billed(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    for (meter, most) in [
        ("api_requests", 1_000_000_000_000),
        ("deployments", 1_000_000_000_000),
        ("storage_gb", 1_000_000_000),
    ] {
        let event = |n: i32| play.event(&format!("{meter} {n}"), meter, most, utc("2026-04-01T00:00:00Z"));
        let events = (0..1_000).map(event).collect();
        let report = play.billing.ingest(&Actor::System, events).await.unwrap();
        assert!(
            report
                .outcomes
                .iter()
                .all(|outcome| *outcome == EventOutcome::Accepted)
        );
    }
    play.live_until("2026-04-20T00:00:00Z").await;
    play.billing.overview(&play.actor).await.unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    let parked: Vec<String> =
        sqlx::query_scalar("SELECT parked_reason FROM customer WHERE parked_reason IS NOT NULL")
            .fetch_all(&play.pool)
            .await
            .unwrap();
    assert_eq!(parked, [""; 0]);
    play.billing.overview(&play.actor).await.unwrap();
    let expected = [
        (LineKind::Usage, "deployments".to_owned(), 249_999_999_999_975_000),
        (LineKind::Usage, "storage_gb".to_owned(), 24_999_999_999_750),
        (LineKind::Usage, "api_requests".to_owned(), 49_999_999_995_000),
        (LineKind::Base, "base".to_owned(), 19_900),
    ];
    assert_eq!(last_lines(&play).await, expected);
    play.ties().await;
}
