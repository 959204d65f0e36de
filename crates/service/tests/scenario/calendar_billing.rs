//! Billed by the calendar and prorated by the day: periods end with the month, whatever day a customer comes,
//! changes, pauses or goes on.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::UnusedTime;
use service::{Actor, ChangeOutcome, StopKind};
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, play, utc};

const CATALOG: &str = r#"
    [meter.calls]
    name = "Calls"
    unit = "call"
    aggregation = "sum"

    [meter.space]
    name = "Space"
    unit = "GB"
    aggregation = "time_weighted"
    reset = "never"

    [plan.team]
    name = "Team"
    billing_time = "calendar"
    proration = "day"
    trial_days = 10
    prices = [{ interval = "month", amount = 310 }]
    charge.calls = { included = 310, scheme = "per_unit", amount = 1 }
    charge.space = { included = 10, scheme = "per_unit", amount = "0.25" }

    [plan.works]
    name = "Works"
    billing_time = "calendar"
    proration = "day"
    prices = [{ interval = "month", amount = 620 }, { interval = "year", amount = 7300 }]
"#;

async fn calendar(pool: PgPool, now: &str) -> Play {
    let play = play(pool, now).await;
    play.billing.apply_catalog(&Actor::System, CATALOG).await.unwrap();
    play
}

fn line(start: &str, end: &str, net: i64) -> (String, String, i64) {
    (start.to_owned(), end.to_owned(), net)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_first_period_costs_its_days(pool: PgPool) {
    let play = calendar(pool, "2026-03-10T12:00:00Z").await;
    play.buy("team", Month, VISA).await;
    // 10 to 31 March are 22 of 31 days of 310.00; with 8 % tax 237.60.
    assert_eq!(
        play.last_lines().await,
        [line("2026-03-10", "2026-04-01", 22_000)]
    );
    play.live_until("2026-03-20T00:00:00Z").await;
    play.use_meter("a", "calls", 225, utc("2026-03-20T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T09:00:00Z").await;
    // Included are 21.5 of 31 days of 310 calls, by the second: 215. Ten calls at 1.00 beyond, then April whole.
    let april = [
        line("2026-03-10", "2026-04-01", 1_000),
        line("2026-04-01", "2026-05-01", 31_000),
    ];
    assert_eq!(play.last_lines().await, april);
    let outcome = play.change("works", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    // 16 to 30 April, the day of the change included: 15 of 30 days of 310.00 back, of 620.00 charged.
    let change = [
        line("2026-04-16", "2026-05-01", -15_500),
        line("2026-04-16", "2026-05-01", 31_000),
    ];
    assert_eq!(play.last_lines().await, change);
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(
        play.last_lines().await,
        [line("2026-05-01", "2026-06-01", 62_000)]
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 23_760),
        bill("INV-000002", "renewal", Paid, 34_560),
        bill("INV-000003", "upgrade", Paid, 16_740),
        bill("INV-000004", "renewal", Paid, 66_960),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_level_is_weighed_over_the_whole_month(pool: PgPool) {
    let play = calendar(pool, "2026-03-10T12:00:00Z").await;
    play.buy("team", Month, VISA).await;
    play.use_meter("a", "space", 110, utc("2026-03-10T12:00:00Z"))
        .await;
    play.live_until("2026-04-01T00:00:00Z").await;
    // 110 GB for 21.5 of 31 days are 76.29…; included are 21.5 of 31 days of 10, rounded up: 7. The rest at 0.25.
    let april = [
        line("2026-03-10", "2026-04-01", 1_732),
        line("2026-04-01", "2026-05-01", 31_000),
    ];
    assert_eq!(play.last_lines().await, april);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_goes_on_meets_the_calendar_again(pool: PgPool) {
    let play = calendar(pool, "2026-05-01T00:00:00Z").await;
    play.buy("works", Month, VISA).await;
    assert_eq!(
        play.last_lines().await,
        [line("2026-05-01", "2026-06-01", 62_000)]
    );
    play.live_until("2026-05-05T10:00:00Z").await;
    // 6 to 31 May: 26 of 31 days of 620.00, and 8 % of it; the day it stops on is served.
    play.pause().await;
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 52_000, 4_160)]
    );
    play.live_until("2026-05-20T10:00:00Z").await;
    // 20 to 31 May: 12 of 31 days, all of it paid by the credit.
    assert_eq!(play.resume().await, 0);
    assert_eq!(
        play.last_lines().await,
        [line("2026-05-20", "2026-06-01", 24_000)]
    );
    assert_eq!(play.credit().await, 56_160 - 25_920);
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        play.last_lines().await,
        [line("2026-06-01", "2026-07-01", 62_000)]
    );
    play.ties().await;
}

/// Stopped late each day and gone on with early the next, it costs what it costs without.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_day_that_is_begun_is_paid_for(pool: PgPool) {
    let play = calendar(pool, "2026-05-01T00:00:00Z").await;
    play.buy("works", Month, VISA).await;
    let mut notes = Vec::new();
    for day in 1..=3_i64 {
        play.live_until(&format!("2026-05-{day:02}T23:30:00Z")).await;
        play.pause().await;
        // The days after this one, at 20.00 each.
        let net = (31 - day) * 2_000;
        notes.push((format!("CN-{day:06}"), net, net * 8 / 100));
        assert_eq!(play.credit_notes().await, notes);
        play.live_until(&format!("2026-05-{:02}T00:30:00Z", day + 1))
            .await;
        assert_eq!(play.resume().await, 0);
        assert_eq!(play.credit().await, 0, "a day was given away");
    }
    // On the last day nothing is left to give back.
    play.live_until("2026-05-31T23:00:00Z").await;
    let unused = UnusedTime::Credit;
    let preview = play.stop(StopKind::Cancel { unused }).await;
    assert_eq!(preview.credit_note, None);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_year_ends_with_the_year(pool: PgPool) {
    let play = calendar(pool, "2026-10-20T08:00:00Z").await;
    play.buy("works", Month, VISA).await;
    // 20 to 31 October: 12 of 31 days of 620.00.
    assert_eq!(
        play.last_lines().await,
        [line("2026-10-20", "2026-11-01", 24_000)]
    );
    play.live_until("2026-11-11T08:00:00Z").await;
    let outcome = play.change("works", Year).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    // 20 of November's 30 days back, 413.33; 51 of 365 days of 7,300.00 up to New Year.
    let change = [
        line("2026-11-11", "2026-12-01", -41_333),
        line("2026-11-11", "2027-01-01", 102_000),
    ];
    assert_eq!(play.last_lines().await, change);
    play.live_until("2027-01-01T00:00:00Z").await;
    assert_eq!(
        play.last_lines().await,
        [line("2027-01-01", "2028-01-01", 730_000)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_ends_when_it_ends(pool: PgPool) {
    let play = calendar(pool, "2026-02-10T00:00:00Z").await;
    let session_ref = play.checkout("team", Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.live_until("2026-02-20T00:00:00Z").await;
    // 20 to 28 February: 9 of 28 days of 310.00 are 99.642…
    assert_eq!(play.last_lines().await, [line("2026-02-20", "2026-03-01", 9_964)]);
    play.live_until("2026-03-01T00:00:00Z").await;
    assert_eq!(
        play.last_lines().await,
        [line("2026-03-01", "2026-04-01", 31_000)]
    );
    play.ties().await;
}
