//! Paid by the week, counted by the month: each ends on its own.

use service::Actor;
use service::billing::invoice::LineKind;
use service::billing::period::Interval::{Month, Week};
use sqlx::PgPool;

use crate::play::{CATALOG, Play, VISA, play, utc};

/// A price of 50.00 a week for Starter beside the others.
async fn sell_by_the_week(play: &Play) {
    let file = CATALOG.replace(
        "amount = 199 }",
        r#"amount = 199 }, { interval = "week", amount = 50 }"#,
    );
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
}

/// Day, kind and net of each line since the purchase.
async fn lines(play: &Play) -> Vec<(String, LineKind, i64)> {
    let invoices = play.invoices().await;
    let lines = invoices.iter().flat_map(|invoice| {
        let day = invoice.summary.issued_at.date_naive().to_string();
        invoice
            .lines
            .iter()
            .map(move |line| (day.clone(), line.draft.kind, line.draft.amount.minor()))
    });
    lines.collect()
}

fn line(day: &str, kind: LineKind, net: i64) -> (String, LineKind, i64) {
    (day.to_owned(), kind, net)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn weeks_are_billed_in_advance_and_usage_when_the_month_ends(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    sell_by_the_week(&play).await;
    play.buy("starter", Week, VISA).await;
    play.use_meter("a", "deployments", 102, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-05-06T00:00:00Z").await;
    use LineKind::{Base, Usage};
    let expected = [
        line("2026-04-01", Base, 5_000),
        line("2026-04-08", Base, 5_000),
        line("2026-04-15", Base, 5_000),
        line("2026-04-22", Base, 5_000),
        line("2026-04-29", Base, 5_000),
        line("2026-05-01", Usage, 500),
        line("2026-05-06", Base, 5_000),
    ];
    assert_eq!(lines(&play).await, expected);
    // 52 weeks over 12 months.
    assert_eq!(play.movements().await, [("new".to_owned(), 21_667)]);
    // Cancelled at the end of the week: usage up to then is billed once, in the middle of its month.
    play.use_meter("b", "deployments", 101, utc("2026-05-06T00:00:00Z"))
        .await;
    play.billing.cancel(&play.actor, None).await.unwrap();
    play.live_until("2026-05-13T00:00:00Z").await;
    // Twelve of 31 days include 39 of a hundred.
    assert_eq!(
        lines(&play).await.pop(),
        Some(line("2026-05-13", Usage, 62 * 250))
    );
    play.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(lines(&play).await.len(), 8);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn from_month_to_week_the_weeks_begin_at_the_months_end(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    sell_by_the_week(&play).await;
    play.buy("starter", Month, VISA).await;
    play.change("starter", Week).await;
    play.live_until("2026-05-14T00:00:00Z").await;
    let starts: Vec<_> = lines(&play).await.into_iter().map(|(day, ..)| day).collect();
    assert_eq!(starts, ["2026-04-01", "2026-05-01", "2026-05-08"]);
    play.ties().await;
}
