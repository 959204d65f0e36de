//! Usage that is reported after its period was billed is billed with the next bill, for its own period.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::invoice::{Explain, LineKind};
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::UnusedTime;
use service::{ChangeOutcome, StopKind};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, Play, VISA, bill, play, utc};

/// From when to when, kind, meter and net of the lines of the last invoice that bill usage.
async fn usage_lines(play: &Play) -> Vec<(String, LineKind, String, i64)> {
    let last = play.invoices().await.pop().unwrap();
    let lines = last.lines.into_iter().map(|line| line.draft);
    let usage = lines.filter(|line| matches!(line.kind, LineKind::Usage | LineKind::LateUsage));
    usage
        .map(|line| {
            assert_eq!(line.explain.amount(), Ok(line.amount));
            let days = format!(
                "{}..{}",
                line.period.start().format("%m-%d"),
                line.period.end().format("%m-%d")
            );
            (
                days,
                line.kind,
                line.charge.as_str().to_owned(),
                line.amount.minor(),
            )
        })
        .collect()
}

fn late(days: &str, meter: &str, net: i64) -> (String, LineKind, String, i64) {
    (days.to_owned(), LineKind::LateUsage, meter.to_owned(), net)
}

fn usage(days: &str, meter: &str, net: i64) -> (String, LineKind, String, i64) {
    (days.to_owned(), LineKind::Usage, meter.to_owned(), net)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_billed_for_its_own_period(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("a", "deployments", 90, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-05-10T00:00:00Z").await;
    assert_eq!(play.bills().await.len(), 2);
    // 90 of 100 included were known; now it is 112, and May has 5 of its own.
    play.use_meter("b", "deployments", 22, utc("2026-04-28T10:00:00Z"))
        .await;
    play.use_meter("c", "deployments", 5, utc("2026-05-02T10:00:00Z"))
        .await;
    let upcoming = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        usage_lines(&play).await,
        [late("04-01..05-01", "deployments", 3_000)]
    );
    // Net 30.00 and 199.00, taxed by line.
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Paid, 3_240 + 21_492))
    );
    let billed = play.invoices().await.pop().unwrap();
    assert_eq!(billed.lines, upcoming.draft.lines());
    let Explain::LateUsage { used, known, .. } = &billed.lines[0].draft.explain else {
        panic!("{:?}", billed.lines[0])
    };
    assert_eq!((*used, *known), (112.into(), 90.into()));
    // The same again changes nothing; more of it is billed on top, so long as it is taken at all.
    play.use_meter("d", "deployments", 1, utc("2026-04-30T10:00:00Z"))
        .await;
    play.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(
        usage_lines(&play).await,
        [late("04-01..05-01", "deployments", 250)]
    );
    play.live_until("2026-08-01T00:00:00Z").await;
    assert_eq!(usage_lines(&play).await, []);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_level_that_was_higher_earlier_changes_each_period_since(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-05-16T00:00:00Z").await;
    // 40 GB since the middle of April: 20 on average in April and 40 in May, 10 are included.
    play.use_meter("a", "storage_gb", 40, utc("2026-04-16T00:00:00Z"))
        .await;
    play.live_until("2026-06-01T00:00:00Z").await;
    let expected = [
        usage("05-01..06-01", "storage_gb", 750),
        late("04-01..05-01", "storage_gb", 250),
    ];
    assert_eq!(usage_lines(&play).await, expected);
    // Less than was billed gives nothing back.
    play.use_meter("b", "storage_gb", -40, utc("2026-05-30T00:00:00Z"))
        .await;
    play.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(usage_lines(&play).await, []);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_billed_by_the_terms_of_its_period(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("a", "deployments", 100, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-05-10T00:00:00Z").await;
    let outcome = play.change("professional", Month).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }));
    play.use_meter("b", "deployments", 10, utc("2026-04-20T00:00:00Z"))
        .await;
    play.live_until("2026-06-01T00:00:00Z").await;
    // Professional includes 500, Starter charged 2.50 beyond 100.
    assert_eq!(
        usage_lines(&play).await,
        [late("04-01..05-01", "deployments", 2_500)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_billed_after_a_pause_and_before_an_end(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("a", "deployments", 50, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    // Half the month includes 50.
    play.pause().await;
    play.use_meter("b", "deployments", 4, utc("2026-04-10T00:00:00Z"))
        .await;
    play.live_until("2026-04-20T00:00:00Z").await;
    play.resume().await;
    play.live_until("2026-05-10T00:00:00Z").await;
    play.use_meter("c", "deployments", 6, utc("2026-04-15T00:00:00Z"))
        .await;
    let preview = play
        .stop(StopKind::Cancel {
            unused: UnusedTime::Credit,
        })
        .await;
    let lines: Vec<_> = preview.draft.lines().iter().map(|line| &line.draft).collect();
    let bills: Vec<_> = lines
        .iter()
        .map(|line| (line.kind, line.amount.minor()))
        .collect();
    assert_eq!(bills, [(LineKind::LateUsage, 2_500)]);
    assert_eq!(
        usage_lines(&play).await,
        [late("04-01..04-16", "deployments", 2_500)]
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_that_is_not_paid_ends_no_period(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.use_meter("a", "deployments", 60, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let outcome = play.change("starter", Year).await;
    assert!(matches!(outcome, ChangeOutcome::Declined { .. }));
    play.use_meter("b", "deployments", 60, utc("2026-04-10T00:00:00Z"))
        .await;
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(
        usage_lines(&play).await,
        [usage("04-01..05-01", "deployments", 5_000)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_change_to_a_year_leaves_late_usage_to_the_next_bill(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("starter", Year).await;
    // Half a month includes 50.
    play.use_meter("a", "deployments", 52, utc("2026-04-10T00:00:00Z"))
        .await;
    play.live_until("2026-05-16T00:00:00Z").await;
    assert_eq!(
        usage_lines(&play).await,
        [late("04-01..04-16", "deployments", 500)]
    );
    play.ties().await;
}

/// Each pause ends a usage period, so that periods are no months.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_billed_however_many_periods_ended_since(pool: PgPool) {
    let play = play(pool, "2026-03-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("a", "deployments", 100, utc("2026-03-01T00:00:00Z"))
        .await;
    for day in ["2026-04-05", "2026-04-07", "2026-04-09"] {
        play.live_until(&format!("{day}T00:00:00Z")).await;
        play.pause().await;
        play.live_until(&format!("{day}T12:00:00Z")).await;
        play.resume().await;
    }
    play.use_meter("b", "deployments", 3, utc("2026-03-31T00:00:00Z"))
        .await;
    play.live_until("2026-05-10T00:00:00Z").await;
    assert_eq!(
        usage_lines(&play).await,
        [late("03-01..04-01", "deployments", 750)]
    );
    play.ties().await;
}

/// Usage that costs something makes the preview of a stop stale; what the stop billed is not billed late again.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_stop_billed_is_not_billed_again(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let kind = StopKind::Pause { resume_at: None };
    let stale = play.billing.preview_stop(&play.actor, kind).await.unwrap();
    play.live_until("2026-04-16T00:10:00Z").await;
    play.use_meter("a", "deployments", 56, utc("2026-04-16T00:05:00Z"))
        .await;
    let refused = play.billing.confirm_stop(&play.actor, &stale.token, None).await;
    assert!(refused.is_err(), "what was used since changes what is due");
    play.pause().await;
    assert_eq!(usage_lines(&play).await.len(), 1);
    play.use_meter("b", "deployments", 2, utc("2026-04-10T00:00:00Z"))
        .await;
    play.resume().await;
    play.live_until("2026-05-20T00:00:00Z").await;
    let lines = usage_lines(&play).await;
    assert_eq!(lines, [late("04-01..04-16", "deployments", 500)]);
    play.ties().await;
}

/// Usage within what is included costs nothing, so that a preview stands; the stop has counted it all the same.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_came_between_preview_and_stop_was_known(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let kind = StopKind::Pause { resume_at: None };
    let preview = play.billing.preview_stop(&play.actor, kind).await.unwrap();
    play.live_until("2026-04-16T00:10:00Z").await;
    play.use_meter("a", "deployments", 30, utc("2026-04-16T00:05:00Z"))
        .await;
    let done = play.billing.confirm_stop(&play.actor, &preview.token, None).await;
    assert_eq!(done.unwrap(), kind);
    assert_eq!(usage_lines(&play).await, []);
    // Half the month includes 50: 5 of these are beyond it.
    play.use_meter("b", "deployments", 25, utc("2026-04-10T00:00:00Z"))
        .await;
    play.resume().await;
    play.live_until("2026-05-20T00:00:00Z").await;
    assert_eq!(
        usage_lines(&play).await,
        [late("04-01..04-16", "deployments", 1_250)]
    );
    play.ties().await;
}
