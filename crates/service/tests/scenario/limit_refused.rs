//! What is refused leaves nothing behind, and what could never be counted is refused before it is held.

use service::billing::entitlement::Reason;
use service::billing::period::Interval::Month;
use service::{Actor, CommitUsage, Error, ReservationError};
use sqlx::PgPool;

use crate::limited::{host, is};
use crate::play::{Play, VISA, play};

/// A plan that grants 10^10 of each of the meters, each given by its lines in the catalog.
async fn team(pool: PgPool, meters: &[(&str, &str)]) -> Play {
    let play = play(pool, "2026-04-10T10:30:00Z").await;
    let meters: String = meters
        .iter()
        .map(|(key, lines)| {
            format!(
                "[meter.{key}]\nname = \"{key}\"\nunit = \"call\"\n{lines}\n\
                 [plan.team.charge.{key}]\nincluded = 10000000000\nenforcement = \"hard\"\n"
            )
        })
        .collect();
    let file =
        format!("[plan.team]\nname = \"Team\"\nprices = [{{ interval = \"month\", amount = 10 }}]\n{meters}");
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    play.buy("team", Month, VISA).await;
    play
}

/// But for those of the month before the sale, which the sale left.
async fn counters(play: &Play) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM usage_counter WHERE restarts = 0")
        .fetch_one(&play.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_does_not_add_up_gets_no_counter(pool: PgPool) {
    let meters = [
        ("least", "aggregation = \"min\""),
        ("most", "aggregation = \"max\""),
        ("last", "aggregation = \"latest\""),
        ("people", "aggregation = \"unique\"\nproperty = \"user\""),
        ("some", "aggregation = \"sum\"\nfilter = { region = [\"eu\"] }"),
    ];
    let play = team(pool, &meters).await;
    for (meter, _) in meters {
        is(
            play.try_reserve(meter, meter, 5).await,
            ReservationError::NotReservable,
        );
    }
    assert_eq!(counters(&play).await, 0);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_refused_gets_no_counter(pool: PgPool) {
    let meters = [
        ("calls", "aggregation = \"sum\""),
        ("hourly", "aggregation = \"sum\"\nreset = \"sliding_window\""),
    ];
    let play = team(pool, &meters).await;
    for meter in ["calls", "hourly"] {
        let refused = play.refused(meter, meter, 10_000_000_001).await;
        assert_eq!(refused.reason, Some(Reason::LimitReached), "{meter}");
        assert_eq!((refused.used, refused.reserved), (0.into(), 0.into()), "{meter}");
        let none = play.try_reserve(meter, meter, 1_000_000_000_001).await;
        assert!(
            matches!(none, Err(Error::Invalid { field: "quantity" })),
            "{none:?}"
        );
    }
    play.live_until("2026-04-11T10:30:00Z").await;
    play.pause().await;
    assert_eq!(
        play.refused("a", "calls", 1).await.reason,
        Some(Reason::Suspended)
    );
    assert_eq!(counters(&play).await, 0);
    play.live_until("2026-04-12T10:30:00Z").await;
    play.resume().await;
    play.billing.drain_queue().await.unwrap();
    // One that is refused and one that is not, in one transaction.
    let (good, bad) = tokio::join!(
        play.try_reserve("b", "calls", 1),
        play.try_reserve("c", "calls", 10_000_000_000)
    );
    good.unwrap();
    bad.unwrap();
    assert_eq!(counters(&play).await, 1);
    assert_eq!(play.check("calls", 0).await.reserved, 1.into());
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_level_of_the_same_events_bounds_the_units_as_well(pool: PgPool) {
    let meters = [
        ("stored", "aggregation = \"sum\""),
        ("average", "aggregation = \"time_weighted\"\nevent = \"stored\""),
    ];
    let play = team(pool, &meters).await;
    // An event of so much is none for the level: what was held could never be counted.
    let too_much = play.try_reserve("a", "stored", 1_000_000_001).await;
    assert!(
        matches!(too_much, Err(Error::Invalid { field: "quantity" })),
        "{too_much:?}"
    );
    play.reserve("a", "stored", 1_000_000_000).await;
    play.commit("a", None).await;
    assert_eq!(play.check("stored", 0).await.used, 1_000_000_000.into());
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_another_meter_asks_of_the_event_the_commit_may_say(pool: PgPool) {
    let meters = [
        ("calls", "aggregation = \"sum\""),
        (
            "people",
            "aggregation = \"unique\"\nproperty = \"user\"\nevent = \"calls\"",
        ),
    ];
    let play = team(pool, &meters).await;
    play.reserve("a", "calls", 3).await;
    let commit = async |data| {
        let command = CommitUsage {
            customer: play.customer(),
            id: "a".to_owned(),
            quantity: None,
            data,
        };
        play.billing.commit_usage(&host(), command).await
    };
    let nobody = commit(serde_json::json!({})).await;
    assert!(
        matches!(nobody, Err(Error::Invalid { field: "data" })),
        "{nobody:?}"
    );
    let somebody = commit(serde_json::json!({ "user": "ann" })).await.unwrap();
    assert_eq!((somebody.quantity, somebody.late), (3.into(), false));
    assert_eq!(play.check("calls", 0).await.used, 3.into());
    assert_eq!(play.check("people", 0).await.used, 1.into());
    play.ties().await;
}
