//! Hard, included with overage, soft and unlimited, of usage periods, calendar months, sliding windows and levels.

use chrono::{DateTime, Utc};
use service::Actor;
use service::billing::entitlement::{Allowance, Answer, Reason, Severity};
use service::billing::period::Interval::Month;
use service::billing::usage::hour_of;
use sqlx::PgPool;

use crate::limited::{Rest, counts};
use crate::play::{Play, VISA, play, utc};

/// A hundred of each, in a plan of $10 a month.
fn catalog(enforcement: &str, price: &str) -> String {
    let meters: String = [
        ("by_period", "usage_period"),
        ("by_month", "calendar"),
        ("by_hours", "sliding_window"),
        ("level", "never"),
    ]
    .iter()
    .map(|(key, reset)| {
        format!(
            "[meter.{key}]\nname = \"{key}\"\nunit = \"call\"\naggregation = \"sum\"\nreset = \"{reset}\"\n\
             [plan.team.charge.{key}]\nincluded = 100\nenforcement = \"{enforcement}\"\n{price}\n"
        )
    })
    .collect();
    format!(
        "[plan.team]\nname = \"Team\"\ntrial_days = 14\nprices = [{{ interval = \"month\", amount = 10 }}]\n{meters}"
    )
}

const METERS: [&str; 4] = ["by_period", "by_month", "by_hours", "level"];
const START: &str = "2026-04-10T10:30:00Z";

async fn team(pool: PgPool, enforcement: &str, price: &str) -> Play {
    let play = play(pool, START).await;
    let file = catalog(enforcement, price);
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    play.buy("team", Month, VISA).await;
    play
}

/// When less of each meter counts, ten hours after its first usage.
fn resets(first_used: &str) -> [Option<DateTime<Utc>>; 4] {
    [
        Some(utc("2026-05-10T10:30:00Z")),
        Some(utc("2026-05-01T00:00:00Z")),
        Some(hour_of(utc(first_used)) + chrono::TimeDelta::days(30)),
        None,
    ]
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_hard_limit_is_never_passed(pool: PgPool) {
    let play = team(pool, "hard", "").await;
    for (meter, reset_at) in METERS.iter().zip(resets(START)) {
        let at = |answer: Answer| Answer { reset_at, ..answer };
        let id = |n: u32| format!("{meter}-{n}");
        // Of a window without usage there is no oldest hour.
        let empty = Answer {
            reset_at: reset_at.filter(|_| *meter != "by_hours"),
            ..counts(0, 60, 100)
        };
        assert_eq!(play.reserve(&id(1), meter, 60).await, empty);
        play.commit(&id(1), None).await;
        assert_eq!(
            play.reserve(&id(2), meter, 40).await,
            at(counts(60, 40, 100)),
            "{meter}"
        );
        let full = at(counts(60, 40, 100).because(Reason::LimitReached));
        assert_eq!(play.refused(&id(3), meter, 1).await, full);
        play.commit(&id(2), None).await;
        let used = counts(100, 0, 100).near(Severity::Critical);
        assert_eq!(
            play.check(meter, 0).await,
            at(used),
            "{meter}: nothing more is asked for"
        );
        assert_eq!(play.check(meter, 1).await, at(used.because(Reason::LimitReached)));
    }
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_included_quantity_is_never_refused_but_billed(pool: PgPool) {
    let play = team(pool, "overage", "scheme = \"per_unit\"\namount = \"0.10\"").await;
    for (meter, reset_at) in METERS.iter().zip(resets(START)) {
        play.use_meter(&format!("{meter}-0"), meter, 95, utc(START)).await;
        let answer = play.reserve(&format!("{meter}-1"), meter, 105).await;
        let expected = Answer {
            reset_at,
            ..counts(95, 105, 100).near(Severity::Critical)
        };
        assert_eq!(answer, expected, "{meter}");
        assert_eq!(answer.remaining(), Some(0.into()));
        play.commit(&format!("{meter}-1"), None).await;
        let checked = play.check(meter, 1_000).await;
        assert_eq!(
            (checked.allowed(), checked.usage_percentage()),
            (true, Some(200.into()))
        );
    }
    play.live_until("2026-05-10T10:30:00Z").await;
    let last = play.invoices().await.pop().unwrap();
    let usage: Vec<_> = last
        .lines
        .iter()
        .filter(|line| line.draft.charge.as_str() != "base")
        .map(|line| (line.draft.charge.as_str(), line.draft.amount.minor()))
        .collect();
    // A hundred beyond, at ten cents, of each: what is billed is the usage period's.
    assert_eq!(usage, METERS.map(|meter| (meter, 1_000)));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_soft_limit_yields_a_tenth_for_a_day(pool: PgPool) {
    let play = team(pool, "soft", "").await;
    for (meter, reset_at) in METERS.iter().zip(resets(START)) {
        play.use_meter(&format!("{meter}-0"), meter, 100, utc(START))
            .await;
        let used = Answer {
            reset_at,
            ..counts(100, 0, 100).near(Severity::Critical)
        };
        assert_eq!(play.check(meter, 10).await, used);
        assert_eq!(
            play.check(meter, 11).await,
            used.because(Reason::LimitReached),
            "{meter}"
        );
        assert_eq!(
            play.refused(&format!("{meter}-1"), meter, 11).await.reason,
            Some(Reason::LimitReached)
        );
    }
    // An hour later it is passed for the first time: a day from then on.
    play.live_until("2026-04-10T11:30:00Z").await;
    for meter in METERS {
        let answer = play.reserve(&format!("{meter}-2"), meter, 4).await;
        assert_eq!((answer.reserved, answer.remaining()), (4.into(), Some(0.into())));
        play.commit(&format!("{meter}-2"), None).await;
    }
    play.live_until("2026-04-11T11:29:59Z").await;
    for meter in METERS {
        assert!(play.check(meter, 6).await.allowed(), "{meter}");
        play.reserve(&format!("{meter}-3"), meter, 1).await;
        play.release(&format!("{meter}-3")).await.unwrap();
    }
    play.live_until("2026-04-11T11:30:00Z").await;
    for meter in METERS {
        assert_eq!(
            play.check(meter, 1).await.reason,
            Some(Reason::LimitReached),
            "{meter}"
        );
        let refused = play.refused(&format!("{meter}-4"), meter, 1).await;
        assert_eq!(refused.reason, Some(Reason::LimitReached));
    }
    // Back below it, the next time begins anew.
    let now = play.billing.now();
    play.use_meter("less", "level", -50, now).await;
    play.reserve("level-5", "level", 46).await;
    play.commit("level-5", None).await;
    assert_eq!(play.reserve("level-6", "level", 5).await.reserved, 5.into());
    play.release("level-6").await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_check_notes_when_events_alone_passed_a_soft_limit(pool: PgPool) {
    let play = team(pool, "soft", "").await;
    let allowed = async |meter: &str| play.check(meter, 1).await.allowed();
    for meter in METERS {
        play.use_meter(&format!("{meter}-0"), meter, 105, utc(START))
            .await;
        assert!(allowed(meter).await, "{meter}");
    }
    play.live_until("2026-04-11T10:30:00Z").await;
    for meter in METERS {
        assert!(!allowed(meter).await, "{meter}");
    }
    // Less of a level, seen once, ends it.
    let now = play.billing.now();
    play.use_meter("less", "level", -10, now).await;
    assert!(allowed("level").await);
    play.use_meter("more", "level", 10, now).await;
    assert!(allowed("level").await);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_a_limit_nothing_is_near(pool: PgPool) {
    let file = catalog("hard", "").replace("included = 100", "included = -1");
    let play = play(pool, START).await;
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    play.buy("team", Month, VISA).await;
    for meter in METERS {
        play.use_meter(&format!("{meter}-0"), meter, 1_000_000, utc(START))
            .await;
        let answer = play.reserve(&format!("{meter}-1"), meter, 1_000_000).await;
        assert_eq!(answer.limit, Allowance::Unlimited);
        assert_eq!(
            (answer.used, answer.reserved),
            (1_000_000.into(), 1_000_000.into())
        );
        assert_eq!(
            (answer.remaining(), answer.usage_percentage(), answer.warning),
            (None, None, None)
        );
        assert!(play.check(meter, 1_000_000).await.allowed());
    }
    play.minutes_pass(1).await;
    play.billing.sweep_reservations().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_starts_again_when_it_should(pool: PgPool) {
    let play = team(pool, "hard", "").await;
    for meter in METERS {
        play.use_meter(&format!("{meter}-0"), meter, 90, utc(START)).await;
    }
    let allowed = async |quantity: i64| {
        let mut allowed = Vec::new();
        for meter in METERS {
            let checked = play.check(meter, quantity).await;
            // Whoever reserves is told the same.
            let id = format!("{meter} {}", play.billing.now());
            let reserved = play.try_reserve(&id, meter, quantity).await.unwrap();
            let held = matches!(reserved, service::ReserveOutcome::Held { .. });
            assert_eq!(checked.allowed(), held, "{meter}: {checked:?}");
            if held {
                play.release(&id).await.unwrap();
                allowed.push(meter);
            }
        }
        allowed
    };
    assert_eq!(allowed(50).await, [""; 0]);
    play.live_until("2026-04-30T23:59:59Z").await;
    assert_eq!(allowed(50).await, [""; 0]);
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(allowed(50).await, ["by_month"]);
    play.live_until("2026-05-10T09:59:59Z").await;
    assert_eq!(allowed(50).await, ["by_month"]);
    // Thirty days of hours after the first.
    play.live_until("2026-05-10T10:00:00Z").await;
    assert_eq!(allowed(50).await, ["by_month", "by_hours"]);
    play.live_until("2026-05-10T10:30:00Z").await;
    assert_eq!(allowed(50).await, ["by_period", "by_month", "by_hours"]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_calendar_month_is_that_of_the_customer_s_zone(pool: PgPool) {
    let play = team(pool, "hard", "").await;
    sqlx::query("UPDATE customer SET time_zone = 'America/New_York'")
        .execute(&play.pool)
        .await
        .unwrap();
    play.use_meter("a", "by_month", 100, utc(START)).await;
    play.live_until("2026-05-01T03:59:59Z").await;
    let answer = play.check("by_month", 1).await;
    assert_eq!(answer.reset_at, Some(utc("2026-05-01T04:00:00Z")));
    assert!(!answer.allowed());
    play.live_until("2026-05-01T04:00:00Z").await;
    let answer = play.check("by_month", 1).await;
    assert_eq!(answer, counts(0, 0, 100).until(utc("2026-06-01T04:00:00Z")));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_quota_of_a_trial_is_hard(pool: PgPool) {
    let play = play(pool, START).await;
    let file = catalog("overage", "scheme = \"per_unit\"\namount = \"0.10\"");
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    let session_ref = play.checkout("team", Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    for meter in METERS {
        play.use_meter(&format!("{meter}-0"), meter, 99, utc(START)).await;
        play.reserve(&format!("{meter}-1"), meter, 1).await;
        play.commit(&format!("{meter}-1"), None).await;
        let refused = play.refused(&format!("{meter}-2"), meter, 1).await;
        assert_eq!(refused.reason, Some(Reason::LimitReached), "{meter}");
    }
    // The trial is the usage period until it ends.
    let end = utc("2026-04-24T10:30:00Z");
    assert_eq!(play.check("by_period", 1).await.reset_at, Some(end));
    play.live_until("2026-04-24T10:30:00Z").await;
    for meter in METERS {
        let answer = play.reserve(&format!("{meter}-3"), meter, 50).await;
        let before = if meter == "by_period" { 0 } else { 100 };
        assert_eq!(answer.used, before.into(), "{meter}");
        play.release(&format!("{meter}-3")).await.unwrap();
    }
    play.ties().await;
}
