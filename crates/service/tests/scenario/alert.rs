//! Customers are told before it is too late, once each time.

use service::billing::alert::{RuleKind, Severity, Step};
use service::billing::id::CustomerId;
use service::billing::money::{Currency, Money};
use service::billing::period::Interval;
use service::{Actor, AlertPage, AlertRow, AlertState, Error, EventInput, SetBudget, SetThresholds};
use sqlx::PgPool;

use crate::play::{Play, VISA, play, utc};

const ALL: AlertPage = AlertPage {
    state: None,
    after: None,
    limit: 100,
};

fn customer(play: &Play) -> CustomerId {
    match &play.actor {
        Actor::Member { customer, .. } => *customer,
        other => panic!("no member: {other:?}"),
    }
}

async fn send(play: &Play, id: &str, meter: &str, value: &str, at: &str) {
    let event = EventInput {
        value: value.parse().unwrap(),
        ..play.event(id, meter, 0, utc(at))
    };
    play.billing.ingest(&Actor::System, vec![event]).await.unwrap();
}

/// Oldest first, as `usage/api_requests 0.8 open`; bills are other stories'.
async fn alerts(play: &Play) -> Vec<String> {
    let found = play.billing.alerts(&play.actor, ALL).await.unwrap().alerts;
    let usage = |alert: &&AlertRow| alert.rule == RuleKind::Usage || alert.rule == RuleKind::Budget;
    let line = |alert: &AlertRow| {
        let step = alert.step.normalize();
        format!(
            "{}/{} {step} {}",
            alert.rule.as_str(),
            alert.scope,
            alert.state.as_str()
        )
    };
    found.iter().rev().filter(usage).map(line).collect()
}

async fn letters(play: &Play) -> Vec<String> {
    let subjects =
        "SELECT subject FROM mail WHERE subject LIKE '%\\%%' OR subject LIKE '%included is used' ORDER BY id";
    sqlx::query_scalar(subjects).fetch_all(&play.pool).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_plan_used_up_is_told_step_by_step(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    let at = "2026-03-02T12:00:00Z";
    play.clock.advance_to(at.parse().unwrap());
    send(&play, "e1", "api_requests", "79999", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert!(alerts(&play).await.is_empty());
    send(&play, "e2", "api_requests", "1", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(alerts(&play).await, ["usage/api_requests 0.8 open"]);
    // What was told is not told again, however often it is looked at, and by whomever.
    send(&play, "e2", "api_requests", "1", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(alerts(&play).await.len(), 1);
    // Two steps at once are two alerts and one letter, of the further.
    send(&play, "e3", "api_requests", "30000", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    let all = [
        "usage/api_requests 0.8 open",
        "usage/api_requests 0.9 open",
        "usage/api_requests 1 open",
    ];
    assert_eq!(alerts(&play).await, all);
    assert_eq!(
        letters(&play).await,
        [
            "API requests: 80% is used",
            "API requests: all that is included is used"
        ]
    );
    let events: Vec<String> = sqlx::query_scalar(
        "SELECT kind FROM outbox_event WHERE kind LIKE 'alert.%' AND
            subject IN (SELECT wire_id('alt', id) FROM alert WHERE rule = 'usage')",
    )
    .fetch_all(&play.pool)
    .await
    .unwrap();
    assert_eq!(events, ["alert.opened"; 3]);
}

/// A limit stops somebody; where more is billed nobody is stopped, and nothing is critical.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_limit_is_critical_and_what_is_billed_is_a_warning(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    let at = "2026-03-01T12:00:00Z";
    send(&play, "e1", "api_requests", "110000", at).await;
    send(&play, "e2", "chain_deployments", "1", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    let found = play.billing.alerts(&play.actor, ALL).await.unwrap().alerts;
    let mut told: Vec<_> = found
        .iter()
        .filter(|alert| alert.rule == RuleKind::Usage)
        .map(|alert| (alert.title.as_str(), alert.message.as_str(), alert.severity))
        .collect();
    told.sort_unstable();
    let chains = |title, severity| (title, "1 of 1 chain is used.", severity);
    let requests = "110,000 of 100,000 requests are used.";
    let billed = "110,000 of 100,000 requests are used. What follows is billed.";
    let expected = [
        ("API requests: 80% is used", requests, Severity::Warning),
        ("API requests: 90% is used", requests, Severity::Warning),
        (
            "API requests: all that is included is used",
            billed,
            Severity::Warning,
        ),
        chains("Chains: 80% is used", Severity::Warning),
        chains("Chains: 90% is used", Severity::Critical),
        chains("Chains: the limit is reached", Severity::Critical),
    ];
    assert_eq!(told, expected);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_new_period_resolves_and_begins_anew(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    send(&play, "e1", "api_requests", "85000", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    play.live_until("2026-04-01T12:00:00Z").await;
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(alerts(&play).await, ["usage/api_requests 0.8 resolved"]);
    send(&play, "e2", "api_requests", "85000", "2026-04-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    let both = ["usage/api_requests 0.8 resolved", "usage/api_requests 0.8 open"];
    assert_eq!(alerts(&play).await, both);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_level_is_told_again_once_it_was_left_behind(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    for (id, change, expected) in [
        ("e1", "8", vec!["0.8 open"]),
        ("e2", "-0.4", vec!["0.8 open"]),
        ("e3", "-0.2", vec!["0.8 resolved"]),
        ("e4", "1", vec!["0.8 resolved", "0.8 open"]),
    ] {
        send(&play, id, "storage_gb", change, "2026-03-01T12:00:00Z").await;
        play.billing.evaluate_alerts().await.unwrap();
        let expected: Vec<_> = expected
            .iter()
            .map(|rest| format!("usage/storage_gb {rest}"))
            .collect();
        assert_eq!(alerts(&play).await, expected, "{id}");
    }
}

/// The server died before it looked: the sweep of the next one finds it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_a_crash_kept_from_being_looked_at_is_found(pool: PgPool) {
    let play = play(pool.clone(), "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    send(&play, "e1", "api_requests", "95000", "2026-03-01T12:00:00Z").await;
    let restarted = service::Billing::over(pool, play.clock.clone(), crate::play::config());
    assert_eq!(restarted.evaluate_alerts().await.unwrap(), 0);
    assert!(restarted.sweep_alerts().await.unwrap() >= 2);
    assert_eq!(alerts(&play).await.len(), 2);
    assert_eq!(
        play.billing.evaluate_alerts().await.unwrap(),
        0,
        "each is told once"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn many_looks_at_once_tell_once(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    send(&play, "e1", "api_requests", "85000", "2026-03-01T12:00:00Z").await;
    let mut looks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let other = service::Billing::over(play.pool.clone(), play.clock.clone(), crate::play::config());
        let id = customer(&play);
        // Each has seen the customer's usage come in, as servers behind one balancer have.
        looks.spawn(async move {
            let clear = SetBudget {
                customer: id,
                amount: None,
            };
            other.set_budget(&Actor::System, clear).await.unwrap();
            other.evaluate_alerts().await.unwrap()
        });
    }
    let opened: u64 = looks.join_all().await.into_iter().sum();
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(alerts(&play).await.len(), 1, "{opened} opened");
    assert_eq!(letters(&play).await.len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_customer_says_from_where_on_it_is_told_of_a_meter(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    let id = customer(&play);
    let set = |meter: &str, levels: &[&str]| SetThresholds {
        customer: id,
        meter: meter.to_owned(),
        levels: levels.iter().map(|level| level.parse().unwrap()).collect(),
    };
    let own = set("api_requests", &["0.95", "0.50"]);
    play.billing.set_usage_thresholds(&play.actor, own).await.unwrap();
    let known = play.billing.usage_thresholds(&play.actor, id).await.unwrap();
    let levels = vec!["0.5".parse().unwrap(), "0.95".parse().unwrap()];
    assert_eq!(known, [("api_requests".to_owned(), levels)].into());

    let at = "2026-03-01T12:00:00Z";
    send(&play, "e1", "api_requests", "90000", at).await;
    send(&play, "e2", "storage_gb", "8", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    let told = ["usage/api_requests 0.5 open", "usage/storage_gb 0.8 open"];
    let mut found = alerts(&play).await;
    found.sort_unstable();
    assert_eq!(found, told, "others are told as usual");
    let severity = |step: &'static str| {
        let (billing, actor) = (play.billing.clone(), play.actor.clone());
        async move {
            let step = step.parse().unwrap();
            let all = billing.alerts(&actor, ALL).await.unwrap().alerts;
            all.iter().find(|alert| alert.step == step).unwrap().severity
        }
    };
    assert_eq!(severity("0.5").await, Severity::Warning);
    send(&play, "e3", "api_requests", "5000", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(
        severity("0.95").await,
        Severity::Warning,
        "what goes beyond is billed, not refused"
    );
    let chains = set("chain_deployments", &["1"]);
    play.billing
        .set_usage_thresholds(&play.actor, chains)
        .await
        .unwrap();
    send(&play, "e4", "chain_deployments", "1", at).await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(severity("1").await, Severity::Critical);

    let usual = set("api_requests", &[]);
    play.billing
        .set_usage_thresholds(&play.actor, usual)
        .await
        .unwrap();
    play.billing.evaluate_alerts().await.unwrap();
    let mut found = alerts(&play).await;
    found.retain(|alert| alert.starts_with("usage/api_requests"));
    found.sort_unstable();
    let told = [
        "usage/api_requests 0.5 resolved",
        "usage/api_requests 0.8 open",
        "usage/api_requests 0.9 open",
        "usage/api_requests 0.95 resolved",
    ];
    assert_eq!(found, told);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn thresholds_are_the_customers_own_and_make_sense(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    let id = customer(&play);
    let set = |meter: &str, levels: &[&str]| SetThresholds {
        customer: id,
        meter: meter.to_owned(),
        levels: levels.iter().map(|level| level.parse().unwrap()).collect(),
    };
    for wrong in [
        vec!["0"],
        vec!["-1"],
        vec!["10.1"],
        vec!["0.5", "0.50"],
        vec!["0.1"; 11],
    ] {
        let refused = play
            .billing
            .set_usage_thresholds(&play.actor, set("api_requests", &wrong))
            .await;
        assert!(
            matches!(refused, Err(Error::Invalid { field: "levels" })),
            "{wrong:?}"
        );
    }
    let unknown = set("coffee", &["0.5"]);
    let refused = play.billing.set_usage_thresholds(&play.actor, unknown).await;
    assert!(matches!(refused, Err(Error::NotFound("meter"))));
    let other = play.billing.sign_up(crate::support::sign_up("bob@other.example"));
    let other = play.billing.actor(other.await.unwrap()).await.unwrap();
    let refused = play
        .billing
        .set_usage_thresholds(&other, set("api_requests", &["0.5"]))
        .await;
    assert!(matches!(refused, Err(Error::NotFound("customer"))));
    let refused = play.billing.usage_thresholds(&other, id).await;
    assert!(matches!(refused, Err(Error::NotFound("customer"))));
    let nobody = Actor::Anonymous;
    let refused = play
        .billing
        .set_usage_thresholds(&nobody, set("api_requests", &["0.5"]))
        .await;
    assert!(matches!(refused, Err(Error::Unauthenticated)));
    assert_eq!(
        play.billing.usage_thresholds(&play.actor, id).await.unwrap(),
        Default::default()
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_budget_is_what_the_customer_wants_to_spend_on_usage(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    let id = customer(&play);
    let budget = |minor| SetBudget {
        customer: id,
        amount: Some(Money::new(minor, Currency::USD)),
    };
    play.billing.set_budget(&play.actor, budget(1_000)).await.unwrap();
    assert_eq!(
        play.billing.budget(&play.actor, id).await.unwrap(),
        Some(Money::new(1_000, Currency::USD))
    );
    // 16,000 beyond the 100,000 included cost 8.00 of the 10.00.
    send(&play, "e1", "api_requests", "116000", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    let budgets = |all: Vec<String>| {
        all.into_iter()
            .filter(|one| one.starts_with("budget"))
            .collect::<Vec<_>>()
    };
    assert_eq!(budgets(alerts(&play).await), ["budget/ 0.8 open"]);
    send(&play, "e2", "api_requests", "4000", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(
        budgets(alerts(&play).await),
        ["budget/ 0.8 open", "budget/ 1 open"]
    );
    // A larger one leaves both behind.
    play.billing
        .set_budget(&play.actor, budget(100_000))
        .await
        .unwrap();
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(
        budgets(alerts(&play).await),
        ["budget/ 0.8 resolved", "budget/ 1 resolved"]
    );
    for wrong in [
        Money::new(0, Currency::USD),
        Money::new(-1, Currency::USD),
        Money::new(5, "EUR".parse().unwrap()),
    ] {
        let set = SetBudget {
            customer: id,
            amount: Some(wrong),
        };
        let refused = play.billing.set_budget(&play.actor, set).await;
        assert!(
            matches!(refused, Err(Error::Invalid { field: "amount" })),
            "{wrong}"
        );
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_high_bill_and_overage_are_told_once_a_period(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    // 400,000 beyond cost 200.00.
    send(&play, "e1", "api_requests", "500000", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    let found = play.billing.alerts(&play.actor, ALL).await.unwrap().alerts;
    let titles: Vec<_> = found
        .iter()
        .filter(|alert| alert.rule != RuleKind::Usage)
        .map(|alert| (alert.title.as_str(), alert.severity))
        .collect();
    assert_eq!(titles, [("Overage is over $100", Severity::Warning)]);
    send(&play, "e2", "api_requests", "2000000", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    let found = play.billing.alerts(&play.actor, ALL).await.unwrap().alerts;
    let mut titles: Vec<_> = found
        .iter()
        .filter(|alert| alert.rule != RuleKind::Usage)
        .map(|alert| (alert.title.as_str(), alert.severity))
        .collect();
    titles.sort_unstable();
    let expected = [
        ("Overage is over $100", Severity::Warning),
        ("Overage is over $500", Severity::Critical),
        ("The next bill is over $1,000", Severity::Warning),
    ];
    assert_eq!(titles, expected);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_alert_is_acknowledged_snoozed_and_resolved(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    send(&play, "e1", "api_requests", "85000", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    let id = play.billing.alerts(&play.actor, ALL).await.unwrap().alerts[0].id;
    let later = "2026-03-02T12:00:00Z".parse().unwrap();
    let snoozed = play.billing.snooze_alert(&play.actor, id, later).await.unwrap();
    assert_eq!(
        (snoozed.state, snoozed.snoozed_until),
        (AlertState::Open, Some(later))
    );
    let past = play
        .billing
        .snooze_alert(&play.actor, id, play.billing.now())
        .await;
    assert!(matches!(past, Err(Error::Invalid { field: "until" })));
    let seen = play.billing.acknowledge_alert(&play.actor, id).await.unwrap();
    assert_eq!((seen.state, seen.snoozed_until), (AlertState::Acknowledged, None));
    assert_eq!(
        play.billing.acknowledge_alert(&play.actor, id).await.unwrap(),
        seen
    );
    let done = play.billing.resolve_alert(&play.actor, id).await.unwrap();
    assert_eq!(done.state, AlertState::Resolved);
    let late = play.billing.acknowledge_alert(&play.actor, id).await;
    assert!(matches!(late, Err(Error::AlertResolved)));
    // Resolved by hand, it is not told again in the period.
    send(&play, "e2", "api_requests", "1", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(alerts(&play).await, ["usage/api_requests 0.8 resolved"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn operators_decide_from_where_on_people_are_told(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    let half = Step {
        at: "0.5".parse().unwrap(),
        severity: Severity::Info,
    };
    let set = play
        .billing
        .set_alert_rule(&Actor::System, RuleKind::Usage, (true, vec![half]))
        .await;
    set.unwrap();
    send(&play, "e1", "api_requests", "95000", "2026-03-01T12:00:00Z").await;
    play.billing.evaluate_alerts().await.unwrap();
    assert_eq!(alerts(&play).await, ["usage/api_requests 0.5 open"]);
    let set = play
        .billing
        .set_alert_rule(&Actor::System, RuleKind::Usage, (false, vec![half]))
        .await;
    set.unwrap();
    play.billing.sweep_alerts().await.unwrap();
    assert_eq!(alerts(&play).await, ["usage/api_requests 0.5 resolved"]);
    let wrong = play
        .billing
        .set_alert_rule(&Actor::System, RuleKind::Usage, (true, Vec::new()))
        .await;
    assert!(matches!(wrong, Err(Error::Invalid { field: "steps" })));
    let member = play
        .billing
        .set_alert_rule(&play.actor, RuleKind::Usage, (true, vec![half]))
        .await;
    assert!(matches!(member, Err(Error::Forbidden)));
}
