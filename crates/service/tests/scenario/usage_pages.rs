//! What a customer sees of usage: this period as it goes, earlier ones as they were billed.

use rust_decimal::Decimal;
use service::billing::entitlement::{Allowance, Enforcement, Override, Reason};
use service::billing::invoice::Charge;
use service::billing::period::Interval::Month;
use service::{Actor, Error, EventOutcome, MeterPeriod, SetOverride, UsageOverview};
use sqlx::PgPool;

use crate::play::{Play, VISA, play, utc};

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

async fn shown(play: &Play, start: Option<&str>) -> UsageOverview {
    let shown = play
        .billing
        .usage_overview(&play.actor, start.map(utc))
        .await
        .unwrap();
    let present = play.billing.overview(&play.actor).await.unwrap().usage;
    if shown.is_present {
        // The overview says the same of each meter.
        for (own, usage) in shown.meters.iter().zip(present) {
            let charge = own.charge.clone().unwrap();
            let own_present = own.present.as_ref().unwrap();
            let both =
                [own_present, &usage].map(|of| (of.charge.clone(), of.used, of.projected, of.reset_at));
            assert_eq!(both[0], both[1]);
            assert_eq!((charge, own.used), (usage.charge, usage.used));
        }
    }
    shown
}

fn meter<'a>(shown: &'a UsageOverview, key: &str) -> &'a MeterPeriod {
    shown.meters.iter().find(|own| own.meter.key == key).unwrap()
}

fn starts(shown: &UsageOverview) -> Vec<String> {
    let day = |period: &service::billing::period::Period| period.start().format("%m-%d %H:%M").to_string();
    shown.periods.iter().map(day).collect()
}

/// The days on which there was any, or on which the level changed.
fn days(own: &MeterPeriod) -> Vec<(String, Decimal)> {
    let mut before = None;
    let mut days = Vec::new();
    for day in &own.days {
        let changed = match day.so_far {
            Some(_) => day.value.is_some_and(|value| !value.is_zero()),
            None => before != Some(day.value),
        };
        before = Some(day.value);
        if changed {
            days.push((day.day.format("%m-%d").to_string(), day.value.unwrap_or_default()));
        }
    }
    days
}

fn dated(days: &[(&str, &str)]) -> Vec<(String, Decimal)> {
    days.iter()
        .map(|(day, value)| ((*day).to_owned(), d(value)))
        .collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_period_as_it_goes_and_as_it_was_billed(pool: PgPool) {
    let play = play(pool, "2026-04-01T08:30:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-11T08:30:00Z").await;
    let used = async |id: &str, meter: &str, value, at| play.use_meter(id, meter, value, utc(at)).await;
    used("a", "api_requests", 60_000, "2026-04-03T09:00:00Z").await;
    used("b", "api_requests", 10_000, "2026-04-10T23:59:59Z").await;
    used("c", "api_requests", 5_000, "2026-04-11T08:00:00Z").await;
    used("d", "storage_gb", 40, "2026-04-06T08:30:00Z").await;
    used("e", "chain_deployments", 1, "2026-04-02T00:00:00Z").await;
    let now = shown(&play, None).await;
    assert!(now.is_present && now.has_plan && now.reported);
    assert_eq!(starts(&now), ["04-01 08:30"]);
    let requests = meter(&now, "api_requests");
    assert_eq!(requests.used, d("75000"));
    assert_eq!(requests.projected(), Some(d("225000")));
    assert_eq!(
        requests.present.as_ref().unwrap().used_up_at,
        Some(utc("2026-04-14T16:30:00Z"))
    );
    // What came late waits for the roll-up; yesterday and today do not.
    assert_eq!(days(requests), dated(&[("04-10", "10000"), ("04-11", "5000")]));
    play.billing.roll_up_usage().await.unwrap();
    let now = shown(&play, None).await;
    let requests = meter(&now, "api_requests");
    let expected = dated(&[("04-03", "60000"), ("04-10", "10000"), ("04-11", "5000")]);
    assert_eq!(days(requests), expected);
    assert_eq!(requests.days.last().unwrap().so_far, Some(requests.used));
    assert_eq!(requests.days.len(), 11);
    let storage = meter(&now, "storage_gb");
    assert_eq!(
        (storage.used, storage.average, storage.projected()),
        (d("40"), Some(d("20")), Some(d("40")))
    );
    assert_eq!(days(storage), dated(&[("04-01", "0"), ("04-06", "40")]));
    assert_eq!(
        days(meter(&now, "chain_deployments")),
        dated(&[("04-01", "0"), ("04-02", "1")])
    );
    assert_eq!(meter(&now, "deployments").days.len(), 11);

    // Staff agrees on more, the month ends, and another begins.
    let command = SetOverride {
        customer: play.customer(),
        agreed: Override::Meter {
            key: "api_requests".into(),
            included: Allowance::Units(d("70000")),
        },
        reason: "Launch".into(),
    };
    play.billing.set_override(&Actor::System, command).await.unwrap();
    play.live_until("2026-05-03T10:00:00Z").await;
    used("f", "api_requests", 7, "2026-05-01T08:29:59Z").await;
    used("g", "api_requests", 9, "2026-05-01T08:30:00Z").await;
    used("h", "storage_gb", -15, "2026-05-02T00:00:00Z").await;
    play.billing.roll_up_usage().await.unwrap();
    let now = shown(&play, None).await;
    assert_eq!(starts(&now), ["05-01 08:30", "04-01 08:30"]);
    let requests = meter(&now, "api_requests");
    // The hour in which it begins is in its first day as a whole.
    assert_eq!(
        (requests.used, days(requests)),
        (d("9"), dated(&[("05-01", "16")]))
    );
    assert_eq!(
        days(meter(&now, "storage_gb")),
        dated(&[("05-01", "40"), ("05-02", "25")])
    );

    let april = shown(&play, Some("2026-04-01T08:30:00Z")).await;
    assert!(!april.is_present);
    let requests = meter(&april, "api_requests");
    assert_eq!((requests.used, requests.present.is_none()), (d("75007"), true));
    assert_eq!(
        requests.charge.as_ref().unwrap().included,
        Allowance::Units(d("70000"))
    );
    // What came late is not billed yet: 5,000 requests beyond at 0.50 a thousand.
    assert_eq!(requests.billed.map(|billed| billed.minor()), Some(250));
    assert_eq!(days(requests), expected);
    let storage = meter(&april, "storage_gb");
    assert_eq!(
        (storage.used, storage.billed.map(|billed| billed.minor())),
        (d("40"), Some(583))
    );
    assert_eq!(storage.average, Some(d("33.333")));
    assert_eq!(days(storage), dated(&[("04-01", "0"), ("04-06", "40")]));
    assert_eq!(meter(&april, "chain_deployments").billed, None);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_a_cancellation_and_no_plan_at_all(pool: PgPool) {
    let play = play(pool, "2026-04-01T08:30:00Z").await;
    // Whatever is reported of somebody without a plan counts in the calendar month.
    let none = shown(&play, None).await;
    assert!(!none.has_plan && none.is_present && !none.reported && none.meters.is_empty());
    assert_eq!(starts(&none), ["04-01 00:00"]);
    play.use_meter("early", "api_requests", 5, utc("2026-04-01T08:00:00Z"))
        .await;
    let none = shown(&play, None).await;
    assert_eq!(none.meters.len(), 1);
    let requests = &none.meters[0];
    assert_eq!((requests.used, requests.charge.is_none()), (d("5"), true));
    assert_eq!(days(requests), dated(&[("04-01", "5")]));

    let session = play.checkout("starter", Month, true).await;
    play.submit(&session, VISA).await;
    play.billing.checkout_result(&play.actor, &session).await.unwrap();
    play.live_until("2026-04-05T00:00:00Z").await;
    play.use_meter("trial", "api_requests", 100, utc("2026-04-04T00:00:00Z"))
        .await;
    assert_eq!(starts(&shown(&play, None).await), ["04-01 08:30"]);
    play.live_until("2026-05-16T00:00:00Z").await;
    let now = shown(&play, None).await;
    assert_eq!(starts(&now), ["05-15 08:30", "04-15 08:30", "04-01 08:30"]);
    let trial = shown(&play, Some("2026-04-01T08:30:00Z")).await;
    let requests = meter(&trial, "api_requests");
    assert_eq!((requests.used, requests.billed), (d("100"), None));
    assert_eq!(
        requests.charge.as_ref().unwrap().included,
        Allowance::Units(d("100000"))
    );

    let strange = play
        .billing
        .usage_overview(&play.actor, Some(utc("2026-04-02T00:00:00Z")))
        .await;
    assert!(
        matches!(strange, Err(Error::NotFound("usage period"))),
        "{strange:?}"
    );

    // It ends within its period; what there was stays in sight.
    play.billing.cancel(&play.actor, None).await.unwrap();
    let outlook = shown(&play, None).await;
    assert_eq!(outlook.meters.len(), 4);
    play.live_until("2026-07-01T00:00:00Z").await;
    let ended = shown(&play, None).await;
    assert!(ended.has_plan && !ended.is_present);
    assert_eq!(starts(&ended), ["05-15 08:30", "04-15 08:30", "04-01 08:30"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn usage_is_broken_down_once_it_is_rolled_up(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-03T00:00:00Z").await;
    let mut events = Vec::new();
    for (id, endpoint, value) in [
        ("1", Some("/v1/chains"), 30),
        ("2", Some("/v1/blocks"), 50),
        ("3", None, 4),
    ] {
        let mut event = play.event(id, "api_requests", value, utc("2026-04-02T10:00:00Z"));
        if let Some(endpoint) = endpoint {
            event.data = serde_json::json!({ "endpoint": endpoint });
        }
        events.push(event);
    }
    let report = play.billing.ingest(&Actor::System, events).await.unwrap();
    assert_eq!(report.outcomes, vec![EventOutcome::Accepted; 3]);
    let endpoints = async || {
        let shown = shown(&play, None).await;
        let dimension = meter(&shown, "api_requests").dimensions[0].clone();
        assert_eq!(dimension.name, "endpoint");
        let value = |total: service::ValueTotal| (total.value, total.sum);
        dimension.values.into_iter().map(value).collect::<Vec<_>>()
    };
    assert_eq!(endpoints().await, []);
    play.billing.roll_up_usage().await.unwrap();
    let expected = [("/v1/blocks", "50"), ("/v1/chains", "30"), ("", "4")];
    assert_eq!(
        endpoints().await,
        expected.map(|(value, sum)| (value.to_owned(), d(sum)))
    );
}

/// The page, a check of the host and the bill say the same of what is used, what is included and what it costs.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_page_ties_with_checks_and_the_invoice(pool: PgPool) {
    let play = play(pool, "2026-04-01T08:30:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-21T08:30:00Z").await;
    let used = async |id: &str, meter: &str, value, at| play.use_meter(id, meter, value, utc(at)).await;
    used("a", "api_requests", 105_000, "2026-04-20T09:00:00Z").await;
    used("b", "chain_deployments", 1, "2026-04-20T09:00:00Z").await;
    used("c", "storage_gb", 40, "2026-04-20T09:00:00Z").await;
    used("d", "deployments", 99, "2026-04-20T09:00:00Z").await;
    let now = shown(&play, None).await;
    for own in &now.meters {
        let answer = play.check(&own.meter.key, 1).await;
        let present = own.present.as_ref().unwrap();
        assert_eq!(
            (answer.used, answer.limit, answer.reset_at),
            (own.used, present.charge.included, present.reset_at)
        );
        let full = own.used >= present.charge.included.units().unwrap();
        let hard = present.charge.enforcement == Enforcement::Hard;
        assert_eq!(answer.reason, (full && hard).then_some(Reason::LimitReached));
        assert_eq!((own.counted, own.apart), (own.used, false));
    }
    let costs = |shown: &UsageOverview| {
        let cost = |own: &MeterPeriod| {
            (
                own.meter.key.clone(),
                own.billed.map_or(0, |billed| billed.minor()),
            )
        };
        shown.meters.iter().map(cost).collect::<Vec<_>>()
    };
    let before = costs(&now);
    assert!(before.contains(&("api_requests".to_owned(), 250)), "{before:?}");
    assert!(
        before.contains(&("chain_deployments".to_owned(), 0)),
        "{before:?}"
    );

    // The period ends as it stands.
    play.live_until("2026-05-02T00:00:00Z").await;
    let april = shown(&play, Some("2026-04-01T08:30:00Z")).await;
    assert_eq!(costs(&april), before);
    let invoice = play.invoices().await.pop().unwrap();
    let billed = |key: &str| {
        let lines = invoice.lines.iter().map(|line| &line.draft);
        let own = lines.filter(|line| line.charge == Charge::Meter(key.to_owned()));
        own.map(|line| line.amount.minor()).sum::<i64>()
    };
    for (key, cost) in before {
        assert_eq!(billed(&key), cost, "{key}");
    }
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn limits_of_a_trial_are_hard_and_other_windows_are_told_apart(pool: PgPool) {
    let play = play(pool, "2026-04-01T08:30:00Z").await;
    let session = play.checkout("starter", Month, true).await;
    play.submit(&session, VISA).await;
    play.billing.checkout_result(&play.actor, &session).await.unwrap();
    play.live_until("2026-04-03T00:00:00Z").await;
    let enforcement = async |key| {
        let shown = shown(&play, None).await;
        meter(&shown, key).present.as_ref().unwrap().charge.enforcement
    };
    assert_eq!(enforcement("api_requests").await, Enforcement::Hard);
    play.live_until("2026-04-16T00:00:00Z").await;
    assert_eq!(enforcement("api_requests").await, Enforcement::Overage);

    // Limits that start again with the month, while bills go by the usage period.
    sqlx::query("UPDATE meter SET reset = 'calendar' WHERE key = 'api_requests'")
        .execute(&play.pool)
        .await
        .unwrap();
    play.live_until("2026-05-02T00:00:00Z").await;
    play.use_meter("april", "api_requests", 30, utc("2026-04-30T00:00:00Z"))
        .await;
    play.use_meter("may", "api_requests", 12, utc("2026-05-01T10:00:00Z"))
        .await;
    let now = shown(&play, None).await;
    let requests = meter(&now, "api_requests");
    assert_eq!(
        (requests.used, requests.counted, requests.apart),
        (d("12"), d("42"), true)
    );
    assert_eq!(
        requests.present.as_ref().unwrap().reset_at,
        Some(utc("2026-06-01T00:00:00Z"))
    );
    assert_eq!(requests.projected(), None);
    assert_eq!(play.check("api_requests", 0).await.used, d("12"));
}
