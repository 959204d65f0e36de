//! What an add-on includes goes by how long it was carried in the usage period, in the preview and on the bill.

use gateway::sandbox::SubmitOutcome;
use service::billing::invoice::{AddOnPart, Explain, Line};
use service::billing::period::Interval::{Month, Week};
use service::billing::proration::Share;
use service::{Actor, ChangeOutcome};
use sqlx::PgPool;

use crate::add_on::line;
use crate::play::{ASKS, CATALOG, Play, VISA, play, utc};

const APRIL: i64 = 30 * DAY;
const DAY: i64 = 86_400;

/// What is included of storage, and what add-ons add to it.
fn included(lines: &[Line]) -> Vec<(i64, Vec<AddOnPart>)> {
    let of = |line: &Line| match &line.draft.explain {
        Explain::Rated {
            included, add_ons, ..
        } => Some((i64::try_from(*included).unwrap(), add_ons.clone())),
        _ => None,
    };
    lines.iter().filter_map(of).collect()
}

fn storage(seconds: i64, units: i64) -> AddOnPart {
    AddOnPart {
        name: "Extra storage".to_owned(),
        each: 100.into(),
        carried: Share {
            seconds,
            of_seconds: APRIL,
        },
        units: units.into(),
    }
}

/// On to 1 May: the lines that were shown before are the ones that are billed.
async fn april(play: &Play) -> Vec<Line> {
    let overview = play.billing.overview(&play.actor).await.unwrap();
    let upcoming = overview.upcoming.unwrap();
    assert_eq!(upcoming.at, utc("2026-05-01T00:00:00Z"));
    play.live_until("2026-05-01T00:00:00Z").await;
    let lines = play.invoices().await.pop().unwrap().lines;
    assert_eq!(lines, upcoming.draft.lines());
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
    lines
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn bought_in_the_last_minute_it_includes_one_unit(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("a", "storage_gb", 210, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-30T23:59:00Z").await;
    play.set_add_on("extra_storage", 2).await;
    // Of the whole quantity now in force the page says that it is included.
    let overview = play.billing.overview(&play.actor).await.unwrap();
    let usage = overview.usage.iter();
    let storage_now = usage.filter(|usage| usage.charge.meter.key == "storage_gb");
    let units: Vec<_> = storage_now.map(|usage| usage.charge.included.units()).collect();
    assert_eq!(units, [Some(210.into())]);
    // Two minutes of 43,200 of 100 GB are 0.005; 199 of 210 GB are beyond, at 0.25.
    assert_eq!(included(&april(&play).await), [(11, vec![storage(120, 1)])]);
    let bill = [
        line("Storage beyond the included 11", 4_975),
        line("Starter, one month", 19_900),
        line("Extra storage, one month", 3_000),
    ];
    assert_eq!(play.last_words().await, bill);
    // All of May it is carried.
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.last_words().await, bill[1..]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn gone_with_its_week_it_counts_for_that(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let by_the_week = CATALOG
        .replace(
            "amount = 199 }",
            r#"amount = 199 }, { interval = "week", amount = 50 }"#,
        )
        .replace(
            "amount = 15 }",
            r#"amount = 15 }, { interval = "week", amount = 5 }"#,
        );
    play.billing
        .apply_catalog(&Actor::System, &by_the_week)
        .await
        .unwrap();
    play.buy("starter", Week, VISA).await;
    play.use_meter("a", "storage_gb", 210, utc("2026-04-01T00:00:00Z"))
        .await;
    play.set_add_on("extra_storage", 3).await;
    play.set_add_on("extra_storage", 0).await;
    play.live_until("2026-04-26T00:00:00Z").await;
    // Seven days of three; it comes again for the last five of the month.
    play.set_add_on("extra_storage", 1).await;
    play.live_until("2026-04-29T00:00:00Z").await;
    let april = april(&play).await;
    assert_eq!(included(&april), [(97, vec![storage(26 * DAY, 87)])]);
    // 113 GB beyond at 0.25.
    assert_eq!(april.len(), 1);
    assert_eq!(april[0].draft.amount.minor(), 2_825);
}

/// A bank that asks the card's owner: they answer half a day after what they were shown.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn awaited_it_counts_from_the_instant_it_is_paid_for(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("starter", Month, false).await;
    let SubmitOutcome::Authenticate { url } = play.submit(&session_ref, ASKS).await else {
        panic!("the card asks for approval")
    };
    play.approve(&url).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.use_meter("a", "storage_gb", 210, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let outcome = play.set_add_on("extra_storage", 1).await;
    let ChangeOutcome::RequiresAction { url } = outcome else {
        panic!("{outcome:?}")
    };
    play.live_until("2026-04-16T12:00:00Z").await;
    play.approve(&url).await;
    play.billing.drain_queue().await.unwrap();
    assert_eq!(included(&april(&play).await), [(60, vec![storage(15 * DAY, 50)])]);
}
