//! From month to year, paid for most of a day after it was quoted: the new usage period begins at the quote, and what was
//! used since then is used of it.

use chrono::{DateTime, Utc};
use gateway::sandbox::SubmitOutcome;
use rust_decimal::Decimal;
use service::billing::entitlement::Reason;
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::StatusName;
use service::{Actor, ChangeOutcome, EventOutcome, StopKind};
use sqlx::PgPool;

use crate::limited::{Rest, counts};
use crate::play::{ASKS, Play, VISA, play, utc};

const METERS: [(&str, &str); 6] = [
    ("calls", "sum"),
    ("jobs", "count"),
    ("most", "max"),
    ("least", "min"),
    ("last", "latest"),
    ("people", "unique"),
];

async fn team(pool: PgPool) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let meters: String = METERS
        .iter()
        .map(|(key, aggregation)| {
            let property = match *aggregation {
                "unique" => "property = \"user\"\n",
                _ => "",
            };
            format!(
                "[meter.{key}]\nname = \"{key}\"\nunit = \"call\"\naggregation = \"{aggregation}\"\n{property}\
                 [plan.team.charge.{key}]\nincluded = 100\nenforcement = \"hard\"\n"
            )
        })
        .collect();
    let file = format!(
        "[plan.team]\nname = \"Team\"\nprices = [{{ interval = \"month\", amount = 10 }}, \
         {{ interval = \"year\", amount = 100 }}]\n{meters}"
    );
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    play
}

impl Play {
    /// The same value of every meter.
    async fn use_all(&self, id: &str, value: i64, user: &str, at: &str) {
        for (meter, _) in METERS {
            let mut event = self.event(&format!("{meter} {id}"), meter, value, utc(at));
            event.data = serde_json::json!({ "user": user });
            let report = self.billing.ingest(&Actor::System, vec![event]).await.unwrap();
            assert_eq!(report.outcomes, [EventOutcome::Accepted]);
        }
    }

    /// What is used of every meter in the period.
    async fn used_since(&self, start: &str) -> Vec<(String, Decimal, Decimal)> {
        let query = "SELECT m.key, c.used, c.reserved FROM usage_counter c JOIN meter m ON m.id = c.meter_id
            WHERE c.period_start = $1 AND m.key = ANY($2) ORDER BY array_position($2, m.key)";
        let start: DateTime<Utc> = utc(start);
        let keys = METERS.map(|(key, _)| key.to_owned()).to_vec();
        let rows = sqlx::query_as(query).bind(start).bind(keys).fetch_all(&self.pool);
        rows.await.unwrap()
    }
}

fn each(used: [i64; 6]) -> Vec<(String, Decimal, Decimal)> {
    let used = METERS.iter().zip(used);
    used.map(|((key, _), used)| ((*key).to_owned(), used.into(), Decimal::ZERO))
        .collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_used_since_the_quote_is_used_of_the_new_period(pool: PgPool) {
    let play = team(pool).await;
    let session_ref = play.checkout("team", Month, false).await;
    let SubmitOutcome::Authenticate { url } = play.submit(&session_ref, ASKS).await else {
        panic!("the card asks for approval")
    };
    play.approve(&url).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    // In an hour before the quote's, and in its hour.
    play.live_until("2026-04-11T10:30:00Z").await;
    play.use_all("1", 20, "ann", "2026-04-11T08:00:00Z").await;
    play.use_all("2", 10, "ben", "2026-04-11T10:29:59Z").await;
    let outcome = play.change("team", Year).await;
    let ChangeOutcome::RequiresAction { url } = outcome else {
        panic!("{outcome:?}")
    };
    play.use_all("3", 15, "ben", "2026-04-11T10:30:00Z").await;
    play.live_until("2026-04-12T06:10:00Z").await;
    play.use_all("4", 5, "cid", "2026-04-11T23:00:00Z").await;
    play.use_all("5", 12, "cid", "2026-04-12T06:05:00Z").await;
    play.reserve("held", "calls", 30).await;
    let full = counts(62, 30, 100).until(utc("2026-05-01T00:00:00Z"));
    assert_eq!(play.check("calls", 8).await, full);

    play.approve(&url).await;
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    let new = counts(32, 30, 100).until(utc("2026-05-11T10:30:00Z"));
    assert_eq!(play.check("calls", 38).await, new);
    assert_eq!(
        play.refused("more", "calls", 39).await,
        new.because(Reason::LimitReached)
    );
    let mut expected = each([32, 3, 15, 5, 12, 2]);
    expected[0].2 = 30.into();
    assert_eq!(play.used_since("2026-04-11T10:30:00Z").await, expected);
    let before = each([30, 2, 20, 10, 10, 2]);
    assert_eq!(play.used_since("2026-04-01T00:00:00Z").await, before);

    // What was held then counts in it, and what is taken back was.
    play.commit("held", Some(20)).await;
    let mut back = play.event("back", "calls", 0, utc("2026-04-12T06:10:00Z"));
    back.reverses = Some("calls 3".to_owned());
    let report = play.billing.ingest(&Actor::System, vec![back]).await.unwrap();
    assert_eq!(report.outcomes, [EventOutcome::Accepted]);
    let left = counts(37, 0, 100).until(utc("2026-05-11T10:30:00Z"));
    assert_eq!(play.check("calls", 63).await, left);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_said_to_happen_in_a_moment_is_used_of_it_as_well(pool: PgPool) {
    let play = team(pool).await;
    play.buy("team", Month, VISA).await;
    play.live_until("2026-04-11T10:30:00Z").await;
    play.use_all("1", 20, "ann", "2026-04-11T10:29:00Z").await;
    // By a sender whose clock is ahead.
    play.use_all("2", 30, "ben", "2026-04-11T11:10:00Z").await;
    play.change("team", Year).await;
    assert_eq!(
        play.used_since("2026-04-01T00:00:00Z").await,
        each([20, 1, 20, 20, 20, 1])
    );
    assert_eq!(
        play.used_since("2026-04-11T10:30:00Z").await,
        each([30, 1, 30, 30, 30, 1])
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_used_before_a_late_run_ends_a_pause_is_used_of_the_period_it_begins(pool: PgPool) {
    let play = team(pool).await;
    play.buy("team", Month, VISA).await;
    play.live_until("2026-04-05T00:00:00Z").await;
    play.use_all("1", 20, "ann", "2026-04-03T00:00:00Z").await;
    let resume_at = Some(utc("2026-04-10T00:00:00Z"));
    play.stop(StopKind::Pause { resume_at }).await;
    play.live_until("2026-04-09T00:00:00Z").await;
    play.clock.advance_to(utc("2026-04-10T03:00:00Z"));
    play.use_all("2", 10, "ben", "2026-04-09T23:59:59Z").await;
    play.use_all("3", 15, "cid", "2026-04-10T02:00:00Z").await;

    play.billing.run_due().await.unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    assert_eq!(
        play.used_since("2026-04-10T00:00:00Z").await,
        each([15, 1, 15, 15, 15, 1])
    );
    assert_eq!(
        play.used_since("2026-04-01T00:00:00Z").await,
        each([30, 2, 20, 10, 10, 2])
    );
    play.use_all("4", 5, "cid", "2026-04-10T02:30:00Z").await;
    assert_eq!(
        play.used_since("2026-04-10T00:00:00Z").await,
        each([20, 2, 15, 5, 5, 1])
    );
    play.ties().await;
}
