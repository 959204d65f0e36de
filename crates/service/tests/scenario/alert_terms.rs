//! What counts as near a limit, for each way a limit begins anew; what changes it though nothing is used; and how long
//! alerts are kept.

use rust_decimal::Decimal;
use service::billing::alert::{RuleKind, Severity};
use service::billing::entitlement::{Allowance, Override};
use service::billing::id::StaffId;
use service::billing::period::Interval::Month;
use service::{Actor, AlertPage, AlertState, Error, HostAlert, Intent, SetOverride, StaffRole};
use sqlx::PgPool;

use crate::play::{Play, VISA, play, utc};

const START: &str = "2026-04-10T10:30:00Z";

/// A hundred of each are included; of the last one nothing is, and each costs.
const CATALOG: &str = r#"
[plan.team]
name = "Team"
trial_days = 14
prices = [{ interval = "month", amount = 10 }]
[meter.by_month]
name = "By month"
unit = "call"
aggregation = "sum"
reset = "calendar"
[plan.team.charge.by_month]
included = 100
enforcement = "hard"
[meter.by_hours]
name = "By hours"
unit = "call"
aggregation = "sum"
reset = "sliding_window"
[plan.team.charge.by_hours]
included = 100
enforcement = "hard"
[meter.paid]
name = "Paid"
unit = "call"
aggregation = "sum"
[plan.team.charge.paid]
included = 0
enforcement = "overage"
scheme = "per_unit"
amount = "0.01"
"#;

async fn team(pool: PgPool) -> Play {
    let play = play(pool, START).await;
    play.billing.apply_catalog(&Actor::System, CATALOG).await.unwrap();
    play.buy("team", Month, VISA).await;
    play.billing.sweep_alerts().await.unwrap();
    play
}

/// Oldest first, as `by_month 0.8 open`.
async fn told(play: &Play) -> Vec<String> {
    let all = AlertPage {
        state: None,
        after: None,
        limit: 100,
    };
    let found = play.billing.alerts(&Actor::System, all).await.unwrap().alerts;
    let usage = found.iter().rev().filter(|alert| alert.rule == RuleKind::Usage);
    let line = |alert: &service::AlertRow| {
        let (step, state) = (alert.step.normalize(), alert.state.as_str());
        format!("{} {step} {state}", alert.scope)
    };
    usage.map(line).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_calendar_month_is_told_once_and_over_with_the_month(pool: PgPool) {
    let play = team(pool).await;
    play.use_meter("e1", "by_month", 85, utc(START)).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_month 0.8 open"]);
    // Neither in the middle of its month nor because the usage period began anew.
    play.live_until("2026-04-30T23:00:00Z").await;
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_month 0.8 open"]);
    play.live_until("2026-05-01T00:00:00Z").await;
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_month 0.8 resolved"]);
    play.use_meter("e2", "by_month", 85, utc("2026-05-01T00:00:00Z"))
        .await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_month 0.8 resolved", "by_month 0.8 open"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_window_that_slides_past_its_usage_is_over_and_told_again(pool: PgPool) {
    let play = team(pool).await;
    for (id, value, at) in [
        ("e1", 50, "2026-04-25T10:30:00Z"),
        ("e2", 35, "2026-04-26T10:30:00Z"),
    ] {
        play.live_until(at).await;
        play.use_meter(id, "by_hours", value, utc(at)).await;
    }
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_hours 0.8 open"]);
    // In the next usage period it is told once more, though nothing is used.
    play.live_until("2026-05-24T00:00:00Z").await;
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_hours 0.8 resolved", "by_hours 0.8 open"]);
    // The first fifty leave the window.
    play.live_until("2026-05-25T12:00:00Z").await;
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_hours 0.8 resolved"; 2]);
    play.use_meter("e3", "by_hours", 60, utc("2026-05-25T12:00:00Z"))
        .await;
    play.billing.evaluate_alerts().await.unwrap();
    let again = [
        "by_hours 0.8 resolved",
        "by_hours 0.8 resolved",
        "by_hours 0.8 open",
        "by_hours 0.9 open",
    ];
    assert_eq!(told(&play).await, again);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_paid_from_the_first_unit_on_nears_no_limit(pool: PgPool) {
    let play = team(pool).await;
    play.use_meter("e1", "paid", 5, utc(START)).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert!(told(&play).await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn units_that_were_held_count_once_they_are_used(pool: PgPool) {
    let play = team(pool).await;
    play.reserve("r1", "by_month", 90).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert!(told(&play).await.is_empty(), "held is not used");
    play.commit("r1", Some(85)).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_month 0.8 open"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn less_that_is_included_is_told_though_nothing_is_used(pool: PgPool) {
    let play = team(pool).await;
    play.use_meter("e1", "by_month", 60, utc(START)).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert!(told(&play).await.is_empty());
    let fewer = SetOverride {
        customer: play.customer(),
        agreed: Override::Meter {
            key: "by_month".to_owned(),
            included: Allowance::Units(70.into()),
        },
        reason: "They asked for it".to_owned(),
    };
    play.billing.set_override(&Actor::System, fewer).await.unwrap();
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(told(&play).await, ["by_month 0.8 open"]);
}

/// What a sweep found is found again until it was looked at.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_sweep_that_was_cut_off_is_made_again(pool: PgPool) {
    let play = team(pool).await;
    let mut conn = play.pool.acquire().await.unwrap();
    // An hour ago the last sweep was done, and half an hour ago usage came in.
    for statement in [
        "UPDATE alert_progress SET swept_until = now() - interval '1 hour'",
        "DELETE FROM outbox_event",
    ] {
        sqlx::query(statement).execute(&mut *conn).await.unwrap();
    }
    play.use_meter("e1", "by_month", 85, utc(START)).await;
    sqlx::query("UPDATE usage_bucket SET touched_at = now() - interval '30 minutes'")
        .execute(&mut *conn)
        .await
        .unwrap();
    let hour = utc("2026-04-10T08:00:00Z");
    let first = store::alert::watch::sweep(&mut conn, hour).await.unwrap();
    assert_eq!(first.customers, [play.customer()]);
    let again = store::alert::watch::sweep(&mut conn, hour).await.unwrap();
    assert_eq!(again.customers, first.customers, "nobody has looked at them yet");
    assert_eq!(play.billing.sweep_alerts().await.unwrap(), 1);
    let done = store::alert::watch::sweep(&mut conn, hour).await.unwrap();
    assert!(done.customers.is_empty());
    store::alert::watch::set_swept(&mut conn, first.until)
        .await
        .unwrap();
    let still = store::alert::watch::sweep(&mut conn, hour).await.unwrap();
    assert!(
        still.customers.is_empty(),
        "a sweep that ends late undoes nothing"
    );
}

fn said(title: &str) -> HostAlert {
    HostAlert {
        customer: None,
        kind: "node.down".to_owned(),
        title: title.to_owned(),
        message: String::new(),
        severity: Severity::High,
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_only_reads_puts_no_alert_away(pool: PgPool) {
    let play = play(pool, START).await;
    let made = play
        .billing
        .create_alert(&Actor::System, said("x"), Intent::new());
    let id = made.await.unwrap().id;
    let staff = |role| Actor::Staff {
        id: StaffId::from_uuid(uuid::Uuid::from_u128(9)),
        role,
    };
    let reads = staff(StaffRole::ReadOnly);
    assert_eq!(play.billing.alert(&reads, id).await.unwrap().id, id);
    let later = utc("2026-04-11T00:00:00Z");
    for refused in [
        play.billing.acknowledge_alert(&reads, id).await,
        play.billing.snooze_alert(&reads, id, later).await,
        play.billing.resolve_alert(&reads, id).await,
    ] {
        assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    }
    let done = play.billing.resolve_alert(&staff(StaffRole::Support), id).await;
    assert_eq!(done.unwrap().state, AlertState::Resolved);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_has_been_over_for_thirteen_months_is_forgotten(pool: PgPool) {
    let play = play(pool, START).await;
    let mut ids = Vec::new();
    for title in ["over long ago", "over lately", "open"] {
        let made = play
            .billing
            .create_alert(&Actor::System, said(title), Intent::new());
        ids.push(made.await.unwrap().id);
    }
    play.billing.resolve_alert(&Actor::System, ids[0]).await.unwrap();
    play.clock.advance_to(utc("2026-04-10T10:30:01Z"));
    play.billing.resolve_alert(&Actor::System, ids[1]).await.unwrap();
    play.clock.advance_to(utc("2027-05-10T10:30:00Z"));
    assert_eq!(play.billing.forget_alerts().await.unwrap(), 0);
    play.clock.advance_to(utc("2027-05-10T10:30:01Z"));
    assert_eq!(play.billing.forget_alerts().await.unwrap(), 1);
    let gone = play.billing.alert(&Actor::System, ids[0]).await;
    assert!(matches!(gone, Err(Error::NotFound("alert"))));
    for kept in &ids[1..] {
        assert_eq!(play.billing.alert(&Actor::System, *kept).await.unwrap().id, *kept);
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_rule_that_is_turned_off_and_on_again_tells_nothing_twice(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let at = utc("2026-03-01T12:00:00Z");
    play.use_meter("1", "api_requests", 85_000, at).await;
    play.billing.evaluate_alerts().await.unwrap();
    let rules = play.billing.alert_rules(&Actor::System).await.unwrap();
    let usage = rules
        .into_iter()
        .find(|rule| rule.kind == RuleKind::Usage)
        .unwrap();
    let turn = async |on: bool| {
        let rule = (on, usage.steps.clone());
        let set = play.billing.set_alert_rule(&Actor::System, RuleKind::Usage, rule);
        set.await.unwrap();
        play.billing.sweep_alerts().await.unwrap();
    };
    let told = async || -> Vec<(Decimal, String)> {
        sqlx::query_as(
            "SELECT trim_scale(step), state FROM alert WHERE rule = 'usage' ORDER BY opened_at, step",
        )
        .fetch_all(&play.pool)
        .await
        .unwrap()
    };
    let step = |at: &str, state: &str| (at.parse().unwrap(), state.to_owned());
    assert_eq!(told().await, [step("0.8", "open")]);
    turn(false).await;
    assert_eq!(told().await, [step("0.8", "resolved")]);
    turn(true).await;
    play.use_meter("2", "api_requests", 1, at).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(told().await, [step("0.8", "resolved")]);
    // What comes next is news.
    play.use_meter("3", "api_requests", 5_000, at).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(told().await, [step("0.8", "resolved"), step("0.9", "open")]);
}
