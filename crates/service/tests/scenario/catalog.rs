//! The catalog is what a file says: checked as a whole, compared, published as versions that never change.

use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{Month, Week};
use service::{Actor, Error};
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, play};

pub const TEAM: &str = r#"
    [meter.calls]
    name = "Calls"
    unit = "call"
    aggregation = "sum"

    [feature.support]
    name = "Support"

    [plan.team]
    name = "Team"
    summary = "For a few"
    trial_days = 7
    prices = [{ interval = "month", amount = 10 }, { interval = "year", amount = 100 }]
    feature = { support = "Mail" }

    [plan.team.charge.calls]
    included = 1000
    scheme = "per_unit"
    amount = "0.50"
    per = 100
"#;

pub async fn apply(play: &Play, file: &str) -> Vec<String> {
    play.billing.apply_catalog(&Actor::System, file).await.unwrap()
}

async fn diff(play: &Play, file: &str) -> Vec<String> {
    play.billing.diff_catalog(&Actor::System, file).await.unwrap()
}

pub async fn refused(play: &Play, file: &str) -> Vec<String> {
    let error = play
        .billing
        .apply_catalog(&Actor::System, file)
        .await
        .unwrap_err();
    let Error::Catalog(problems) = error else {
        panic!("{error:?}")
    };
    problems.iter().map(ToString::to_string).collect()
}

/// Key, number and status of each version, in the order they came.
async fn versions(pool: &PgPool) -> Vec<(String, i32, String)> {
    let query =
        "SELECT p.key, v.number, v.status FROM plan_version v JOIN plan p ON p.id = v.plan_id ORDER BY v.id";
    sqlx::query_as(query).fetch_all(pool).await.unwrap()
}

fn version(key: &str, number: i32, status: &str) -> (String, i32, String) {
    (key.to_owned(), number, status.to_owned())
}

/// Every table of the catalog, and what was noted of it.
async fn everything(pool: &PgPool) -> String {
    let mut all = String::new();
    for table in [
        "meter",
        "plan",
        "plan_version",
        "price",
        "meter_charge",
        "plan_feature",
        "feature",
        "audit_entry",
    ] {
        let query = format!("SELECT coalesce(jsonb_agg(t ORDER BY t::text), '[]')::text FROM {table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_one(pool)
            .await
            .unwrap();
        all.push_str(&rows);
    }
    all
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_compared_then_published_then_nothing_is_left_to_do(pool: PgPool) {
    let play = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    let before = everything(&pool).await;
    let changes = [
        "+ meter calls: sum of calls, usage_period",
        "- feature compliance",
        "+ plan team: version 1",
        "    trial days: 0 -> 7",
        "    price a month: 10.00 USD",
        "    price a year: 100.00 USD",
        "    charge calls: 1000 included, then 0.5 per 100",
        "    feature support: Mail",
        "- plan starter: version 1 archived",
        "- plan professional: version 1 archived",
        "- plan enterprise: version 1 archived",
        "- plan sovereign: version 1 archived",
        "- plan priority_support: version 1 archived",
        "- add-on extra_chain: version 1 archived",
        "- add-on extra_storage: version 1 archived",
    ];
    assert_eq!(diff(&play, TEAM).await, changes);
    assert_eq!(everything(&pool).await, before, "a comparison writes nothing");
    assert_eq!(apply(&play, TEAM).await, changes);
    let after = everything(&pool).await;
    assert_eq!(apply(&play, TEAM).await, [""; 0]);
    assert_eq!(everything(&pool).await, after, "no change, no write");

    let dearer = TEAM
        .replace("amount = 10 }", "amount = 12 }")
        .replace(r#"support = "Mail""#, r#"support = "Chat""#)
        .replace("For a few", "For many");
    let changes = [
        "~ plan team",
        "    summary: For a few -> For many",
        "~ plan team: version 2; version 1 archived",
        "    price a month: 10.00 USD -> 12.00 USD",
        "    feature support: Mail -> Chat",
    ];
    assert_eq!(apply(&play, &dearer).await, changes);
    let audit: Vec<(String, String)> = sqlx::query_as(
        "SELECT action, subject FROM audit_entry WHERE action LIKE 'plan.%' ORDER BY id DESC LIMIT 2",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let entry = |action: &str| (action.to_owned(), "team".to_owned());
    assert_eq!(audit, [entry("plan.version_published"), entry("plan.edited")]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_problem_is_told_and_nothing_is_written(pool: PgPool) {
    let play = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    let before = everything(&pool).await;
    let wrong = r#"
        colour = "red"

        [meter.calls]
        name = "Calls"
        unit = "call"
        aggregation = "summ"

        [meter.api_requests]
        name = "API requests"
        unit = "request"
        aggregation = "sum"

        [plan.Team]
        name = "Team"
        prices = [{ interval = "month", amount = 10 }, { interval = "month", amount = 11 },
            { interval = "fortnight", amount = "1.005" }, { interval = "year", amount = 1.5, currency = "EUR" }]

        [plan.Team.charge.api_requests]
        scheme = "graduated"
        tiers = [{ up_to = 10, amount = 1 }, { up_to = 10, amount = -1 }, { up_to = 30, amount = 1 }]

        [plan.Team.charge.calls]
        included = -5
        scheme = "per_unit"
        per = 0
        minimum = 20
        maximum = 10

        [plan.Team.charge.chains]
        included = "unlimited"
        scheme = "flat"
        amount = 1

        [plan.other]
        trial_days = 1000
        draft = true
        effective_at = 2027-01-01T00:00:00Z
        feature = { sla = "99.9" }
    "#;
    let expected = [
        "meter.calls.aggregation: must be one of count, sum, min, max, latest, unique, time_weighted",
        "plan.Team.key: must be at most 63 of a-z, 0-9 and _, a letter first",
        "plan.Team.prices[1].interval: must not come twice for a currency",
        "plan.Team.prices[2].interval: must be one of week, month, quarter, half_year, year",
        "plan.Team.prices[2].amount: must be an amount of at most 2 decimals",
        "plan.Team.prices[3].amount: must stand in quotes: a number with a point is not exact",
        "plan.Team.charge.api_requests.tiers[1].amount: must not be negative",
        "plan.Team.charge.api_requests.tiers[1].up_to: must be greater than where the tier begins",
        "plan.Team.charge.api_requests.tiers[2].up_to: must not be given: the last tier is without an end",
        "plan.Team.charge.calls.included: must not be negative, except for -1: unlimited",
        "plan.Team.charge.calls.amount: must be given",
        "plan.Team.charge.chains.meter: must be one of the file: there is no meter chains",
        "plan.Team.charge.chains.scheme: must not be given where unlimited units are included",
        "plan.other.name: must be given",
        "plan.other.effective_at: must not be given for a draft",
        "plan.other.trial_days: must be a whole number from 0 to 730",
        "plan.other.prices: must be given",
        "plan.other.feature.sla: must be one of the file's features",
        "colour: is not known",
    ];
    assert_eq!(refused(&play, wrong).await, expected);
    assert_eq!(everything(&pool).await, before);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_only_shows_once_the_rest_is_read_is_told_too(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let twice = TEAM.replace("summary", "name = \"Again\"\n    summary");
    assert_eq!(refused(&play, &twice).await, ["line 12: duplicate key"]);
    let euro = TEAM.replace("amount = 100 }", r#"amount = 100, currency = "EUR" }"#);
    assert_eq!(
        refused(&play, &euro).await,
        ["plan.team.prices[1].currency: must be USD, as that of the plan's charges"]
    );
    let bounds = TEAM.replace("per = 100", "minimum = 20\nmaximum = 10");
    assert_eq!(
        refused(&play, &bounds).await,
        ["plan.team.charge.calls.maximum: must not be less than minimum"]
    );
    apply(&play, TEAM).await;
    let counted = TEAM.replace(r#"aggregation = "sum""#, r#"aggregation = "max""#);
    assert_eq!(
        refused(&play, &counted).await,
        ["meter.calls.aggregation: must stay sum: usage is counted by it; define another meter"]
    );
    let nobody = format!("customer = \"cus_{}\"\nsummary", "0".repeat(32));
    assert_eq!(
        refused(&play, &TEAM.replace("summary", &nobody)).await,
        ["plan.team.customer: must be a customer: there is none of this id"]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn subscribers_stay_on_their_version(pool: PgPool) {
    let play = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    apply(&play, TEAM).await;
    play.buy("team", Month, VISA).await;
    let first = play.price("team", Month).await;
    apply(&play, &TEAM.replace("amount = 10 }", "amount = 12 }")).await;
    assert_ne!(play.price("team", Month).await, first);
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Paid, 1080))
    );
    // The old version is not sold any more.
    let other = play
        .billing
        .sign_up(crate::support::sign_up("bob@lumen.example"))
        .await
        .unwrap();
    let other = play.billing.actor(other).await.unwrap();
    let checkout = service::StartCheckout {
        price: first,
        trial: false,
        code: None,
    };
    let error = play.billing.start_checkout(&other, checkout).await.unwrap_err();
    assert!(matches!(error, Error::NotFound("price")), "{error:?}");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_scheduled_version_is_sold_from_its_date_on(pool: PgPool) {
    let play = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    apply(&play, TEAM).await;
    let amount = async || {
        let plans = play.billing.public_plans().await.unwrap();
        let price = plans[0]
            .prices
            .iter()
            .find(|price| price.interval == Month)
            .unwrap();
        (plans.len(), price.amount.minor())
    };
    let later = TEAM
        .replace("amount = 10 }", "amount = 12 }")
        .replace("summary", "effective_at = 2026-05-01T00:00:00Z\n summary");
    let changes = [
        "~ plan team: version 2, from 2026-05-01T00:00:00Z",
        "    price a month: 10.00 USD -> 12.00 USD",
    ];
    assert_eq!(apply(&play, &later).await, changes);
    assert_eq!(apply(&play, &later).await, [""; 0]);
    play.live_until("2026-04-30T23:59:59Z").await;
    assert_eq!(amount().await, (1, 1000));
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(amount().await, (1, 1200));
    // The file still has the date: it has come.
    assert_eq!(apply(&play, &later).await, [""; 0]);
    // A draft is never sold.
    let draft = TEAM
        .replace("amount = 10 }", "amount = 15 }")
        .replace("summary", "draft = true\n summary");
    apply(&play, &draft).await;
    assert_eq!(amount().await, (1, 1200));
    assert_eq!(
        versions(&pool).await.split_off(7),
        [
            version("team", 1, "archived"),
            version("team", 2, "active"),
            version("team", 3, "draft")
        ]
    );
    let published = draft.replace("draft = true", "");
    let changes = [
        "~ plan team: version 4; versions 3, 2 archived",
        "    price a month: 12.00 USD -> 15.00 USD",
    ];
    assert_eq!(apply(&play, &published).await, changes);
    assert_eq!(amount().await, (1, 1500));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_database_refuses_to_change_what_was_published(pool: PgPool) {
    let play = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    apply(&play, TEAM).await;
    for statement in [
        "UPDATE price SET amount_minor = 1",
        "DELETE FROM price",
        "UPDATE meter_charge SET included = 0",
        "DELETE FROM plan_feature",
        "UPDATE plan_version SET trial_days = 30",
        "UPDATE plan_version SET status = 'draft'",
        "UPDATE plan_version SET status = 'active' WHERE status = 'archived'",
        "DELETE FROM plan_version",
        "INSERT INTO plan_feature SELECT id, 'x', 'x', 'x', 9 FROM plan_version",
    ] {
        let refused = sqlx::query(statement).execute(&pool).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "23000", "{statement}: {refused}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_private_plan_is_sold_to_its_customer_alone(pool: PgPool) {
    let play = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    let Actor::Member { customer, .. } = play.actor else {
        panic!("a member")
    };
    let private = format!(
        "{TEAM}\n[plan.lumen]\nname = \"Lumen\"\ncustomer = \"{customer}\"\n\
         prices = [{{ interval = \"week\", amount = 3 }}, {{ interval = \"quarter\", amount = 25 }},
         {{ interval = \"half_year\", amount = 45 }}]"
    );
    apply(&play, &private).await;
    let keys = |plans: Vec<service::billing::catalog::Plan>| -> Vec<String> {
        plans.into_iter().map(|plan| plan.key).collect()
    };
    assert_eq!(keys(play.billing.public_plans().await.unwrap()), ["team"]);
    let own = play.billing.plans_for(&play.actor).await.unwrap();
    let price = own[1]
        .prices
        .iter()
        .find(|price| price.interval == Week)
        .unwrap()
        .id;
    assert_eq!(keys(own), ["team", "lumen"]);
    let other = play
        .billing
        .sign_up(crate::support::sign_up("bob@lumen.example"))
        .await
        .unwrap();
    let other = play.billing.actor(other).await.unwrap();
    assert_eq!(keys(play.billing.plans_for(&other).await.unwrap()), ["team"]);
    let checkout = |price| service::StartCheckout {
        price,
        trial: false,
        code: None,
    };
    let error = play
        .billing
        .start_checkout(&other, checkout(price))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound("price")), "{error:?}");
    play.billing
        .start_checkout(&play.actor, checkout(price))
        .await
        .unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_admins_change_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let error = play.billing.apply_catalog(&play.actor, TEAM).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden), "{error:?}");
    let error = play
        .billing
        .diff_catalog(&Actor::Anonymous, TEAM)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unauthenticated), "{error:?}");
}
