//! What staff agrees with one customer stands in place of the plan's, in the preview and on the bill.

use service::billing::entitlement::{Allowance, Override, Source};
use service::billing::id::{CustomerId, StaffId};
use service::billing::invoice::Explain;
use service::billing::period::Interval::Month;
use service::{Actor, Error, OverrideKey, SetOverride, StaffRole};
use sqlx::PgPool;

use crate::play::{Play, VISA, play, utc};

fn staff(role: StaffRole) -> Actor {
    Actor::Staff {
        id: StaffId::from_uuid(uuid::Uuid::from_u128(9)),
        role,
    }
}

fn calls(customer: CustomerId, included: Allowance) -> SetOverride {
    SetOverride {
        customer,
        agreed: Override::Meter {
            key: "api_requests".to_owned(),
            included,
        },
        reason: "A launch in April".to_owned(),
    }
}

fn units(units: i64) -> Allowance {
    Allowance::Units(units.into())
}

/// Used, included and net of the usage lines of a draft or an invoice.
fn usage(lines: &[service::billing::invoice::Line]) -> Vec<(i64, i64, i64)> {
    lines
        .iter()
        .filter_map(|line| match &line.draft.explain {
            Explain::Rated { used, included, .. } => Some((
                i64::try_from(*used).unwrap(),
                i64::try_from(*included).unwrap(),
                line.draft.amount.minor(),
            )),
            _ => None,
        })
        .collect()
}

async fn upcoming(play: &Play) -> Vec<(i64, i64, i64)> {
    let overview = play.billing.overview(&play.actor).await.unwrap();
    usage(overview.upcoming.unwrap().draft.lines())
}

async fn last(play: &Play) -> Vec<(i64, i64, i64)> {
    usage(&play.invoices().await.pop().unwrap().lines)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_overage_is_what_lies_beyond_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("r1", "api_requests", 150_000, utc("2026-04-01T00:00:00Z"))
        .await;
    // 50,000 beyond the plan's 100,000 at 0.50 per 1,000; 30,000 beyond the 120,000 agreed.
    assert_eq!(upcoming(&play).await, [(150_000, 100_000, 2_500)]);
    let finance = staff(StaffRole::Finance);
    let agreed = calls(play.customer(), units(120_000));
    play.billing.set_override(&finance, agreed).await.unwrap();
    assert_eq!(upcoming(&play).await, [(150_000, 120_000, 1_500)]);
    let overview = play.billing.overview(&play.actor).await.unwrap();
    let meter = overview
        .usage
        .iter()
        .find(|usage| usage.charge.meter.key == "api_requests")
        .unwrap();
    assert_eq!(
        (meter.charge.included, meter.source),
        (units(120_000), Source::Override)
    );
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(last(&play).await, [(150_000, 120_000, 1_500)]);

    // The last word counts; unlimited costs nothing.
    play.use_meter("r2", "api_requests", 150_000, utc("2026-05-01T00:00:00Z"))
        .await;
    for included in [units(0), Allowance::Unlimited] {
        let agreed = calls(play.customer(), included);
        play.billing.set_override(&finance, agreed).await.unwrap();
    }
    assert_eq!(upcoming(&play).await, []);
    let key = || OverrideKey::Meter("api_requests".to_owned());
    play.billing
        .remove_override(&finance, play.customer(), key())
        .await
        .unwrap();
    assert_eq!(upcoming(&play).await, [(150_000, 100_000, 2_500)]);
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(last(&play).await, [(150_000, 100_000, 2_500)]);
    let again = play
        .billing
        .remove_override(&finance, play.customer(), key())
        .await;
    assert!(matches!(again, Err(Error::NotFound("override"))), "{again:?}");

    let audit: Vec<(String, String)> = sqlx::query_as(
        "SELECT action, coalesce(detail ->> 'value', '') FROM audit_entry WHERE action LIKE 'entitlement.%'
         ORDER BY id",
    )
    .fetch_all(&play.pool)
    .await
    .unwrap();
    let entry = |action: &str, value: &str| (format!("entitlement.{action}"), value.to_owned());
    let expected = [
        entry("overridden", "120000"),
        entry("overridden", "0"),
        entry("overridden", "unlimited"),
        entry("override_removed", ""),
    ];
    assert_eq!(audit, expected);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_feature_is_what_was_agreed(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let features = async || {
        let overview = play.billing.overview(&play.actor).await.unwrap();
        let features = overview.features.into_iter();
        features
            .map(|granted| (granted.feature.name, granted.feature.value, granted.source))
            .collect::<Vec<_>>()
    };
    let feature = |name: &str, value: &str, source| (name.to_owned(), value.to_owned(), source);
    let compliance = feature("Compliance", "Standard", Source::Plan);
    assert_eq!(
        features().await,
        [feature("Support", "Community", Source::Plan), compliance.clone()]
    );
    let agreed = |key: &str, value: &str, reason: &str| SetOverride {
        customer: play.customer(),
        agreed: Override::Feature {
            key: key.to_owned(),
            value: value.to_owned(),
        },
        reason: reason.to_owned(),
    };
    let finance = staff(StaffRole::Finance);
    play.billing
        .set_override(&finance, agreed("support", "Priority", "An outage"))
        .await
        .unwrap();
    assert_eq!(
        features().await,
        [feature("Support", "Priority", Source::Override), compliance]
    );
    for (wrong, expected) in [
        (agreed("support", " ", "An outage"), "invalid"),
        (agreed("support", "Priority", " "), "invalid"),
        (agreed("sla", "99.9", "An outage"), "not_found"),
        (calls(play.customer(), units(-1)), "invalid"),
        (
            calls(CustomerId::from_uuid(uuid::Uuid::nil()), units(1)),
            "not_found",
        ),
    ] {
        let refused = play.billing.set_override(&finance, wrong).await.unwrap_err();
        assert_eq!(refused.code(), expected, "{refused:?}");
    }
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// The level is 200 GB: 50 are agreed in place of the plan's 10, and the add-on's 100 come on top.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_add_on_comes_on_top_of_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("s", "storage_gb", 200, utc("2026-04-01T00:00:00Z"))
        .await;
    let agree = async |included| {
        let agreed = SetOverride {
            agreed: Override::Meter {
                key: "storage_gb".to_owned(),
                included,
            },
            ..calls(play.customer(), included)
        };
        let finance = staff(StaffRole::Finance);
        play.billing.set_override(&finance, agreed).await.unwrap();
    };
    agree(units(50)).await;
    assert_eq!(upcoming(&play).await, [(200, 50, 3_750)]);
    play.set_add_on("extra_storage", 1).await;
    assert_eq!(upcoming(&play).await, [(200, 150, 1_250)]);
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(last(&play).await, [(200, 150, 1_250)]);
    agree(Allowance::Unlimited).await;
    assert_eq!(upcoming(&play).await, []);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn where_all_is_included_the_minimum_is_still_due(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let with_minimum = crate::play::CATALOG.replace(
        r#"api_requests = { included = 100_000, scheme = "per_unit","#,
        r#"api_requests = { included = 100_000, minimum = 20, scheme = "per_unit","#,
    );
    play.billing
        .apply_catalog(&Actor::System, &with_minimum)
        .await
        .unwrap();
    play.buy("starter", Month, VISA).await;
    play.use_meter("r", "api_requests", 900_000, utc("2026-04-01T00:00:00Z"))
        .await;
    let agreed = calls(play.customer(), Allowance::Unlimited);
    let finance = staff(StaffRole::Finance);
    play.billing.set_override(&finance, agreed).await.unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    let bill = [
        crate::add_on::line("API requests, up to the agreed minimum", 2_000),
        crate::add_on::line("Starter, one month", 19_900),
    ];
    assert_eq!(play.last_words().await, bill);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_decides_about_money_agrees_on_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    for (role, may) in [
        (StaffRole::Admin, true),
        (StaffRole::Finance, true),
        (StaffRole::Support, false),
        (StaffRole::Developer, false),
        (StaffRole::ReadOnly, false),
    ] {
        let agreed = calls(play.customer(), Allowance::Unlimited);
        let set = play.billing.set_override(&staff(role), agreed).await;
        let key = OverrideKey::Meter("api_requests".to_owned());
        let removed = play
            .billing
            .remove_override(&staff(role), play.customer(), key)
            .await;
        for answer in [set, removed] {
            let code = answer.map_or_else(|error| error.code(), |()| "ok");
            assert_eq!(code, if may { "ok" } else { "forbidden" }, "{role:?}");
        }
    }
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// A version that does not name a feature grants its default, whatever the version's age.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_default_is_granted_where_the_plan_is_silent(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let file = |default: &str| {
        format!(
            "{}\n[feature.logs]\nname = \"Logs\"\n{default}",
            crate::play::CATALOG
        )
    };
    let logs = async || {
        let overview = play.billing.overview(&play.actor).await.unwrap();
        let public = play.billing.public_plans().await.unwrap();
        let shown = public[0].features.iter().find(|feature| feature.key == "logs");
        let own = overview
            .features
            .iter()
            .find(|granted| granted.feature.key == "logs");
        let own = own.map(|own| own.feature.value.clone());
        assert_eq!(own, shown.map(|feature| feature.value.clone()));
        own
    };
    for (default, changes, granted) in [
        ("", vec!["+ feature logs: Logs, by default none"], None),
        (
            "default = \"7 days\"",
            vec!["~ feature logs", "    by default: none -> 7 days"],
            Some("7 days".to_owned()),
        ),
        ("default = \"7 days\"", vec![], Some("7 days".to_owned())),
    ] {
        let done = play.billing.apply_catalog(&Actor::System, &file(default)).await;
        assert_eq!(done.unwrap(), changes);
        assert_eq!(logs().await, granted);
    }
    let done = play
        .billing
        .apply_catalog(&Actor::System, crate::play::CATALOG)
        .await;
    assert_eq!(done.unwrap(), ["- feature logs"]);
    assert_eq!(logs().await, None);
}
