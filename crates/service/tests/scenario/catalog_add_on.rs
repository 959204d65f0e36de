//! Add-ons in the catalog file: checked, compared and published as plans are, and no plans themselves.

use service::billing::id::PriceId;
use service::billing::period::Interval::Month;
use service::billing::subscription::Term;
use service::{Actor, Error, SetUp, StartCheckout};
use sqlx::PgPool;

use crate::catalog::{TEAM, apply, refused};
use crate::play::{VISA, play, utc};

const MORE_CALLS: &str = r#"
    [add_on.more_calls]
    name = "More calls"
    plans = ["team"]
    prices = [{ interval = "month", amount = 5 }]
    feature = { support = "Chat" }

    [add_on.more_calls.charge]
    calls = { included = 500 }
"#;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_add_on_is_published_as_a_plan_is_and_sold_beside_one(pool: PgPool) {
    let play = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    apply(&play, TEAM).await;
    let both = format!("{TEAM}{MORE_CALLS}");
    let changes = [
        "+ add-on more_calls: version 1",
        "    goes with: team",
        "    price a month: 5.00 USD",
        "    charge calls: 500 included",
        "    feature support: Chat",
    ];
    assert_eq!(apply(&play, &both).await, changes);
    assert_eq!(apply(&play, &both).await, [""; 0]);
    let everywhere = both
        .replace(r#"plans = ["team"]"#, "")
        .replace("included = 500", "included = 600");
    let changes = [
        "~ add-on more_calls",
        "    goes with: team -> all plans",
        "~ add-on more_calls: version 2; version 1 archived",
        "    charge calls: 500 included -> 600 included",
    ];
    assert_eq!(apply(&play, &everywhere).await, changes);
    let audit: Vec<String> = sqlx::query_scalar(
        "SELECT action FROM audit_entry WHERE action LIKE 'add_on.%' ORDER BY id DESC LIMIT 3",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(
        audit,
        ["add_on.version_published", "add_on.edited", "add_on.added"]
    );

    // It is no plan: nobody lists it, buys it alone, changes to it or is set up on it.
    let plans = play.billing.public_plans().await.unwrap();
    assert_eq!(plans.iter().map(|plan| &plan.key).collect::<Vec<_>>(), ["team"]);
    let query =
        "SELECT p.id FROM price p JOIN plan_version v ON v.id = p.plan_version_id AND v.status = 'active'
        JOIN plan ON plan.id = v.plan_id AND plan.key = 'more_calls'";
    let id: uuid::Uuid = sqlx::query_scalar(query).fetch_one(&pool).await.unwrap();
    let price = PriceId::from_uuid(id);
    for trial in [true, false] {
        let checkout = StartCheckout {
            price,
            trial,
            code: None,
        };
        let error = play
            .billing
            .start_checkout(&play.actor, checkout)
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotFound("price")), "{error:?}");
    }
    let set_up = SetUp {
        customer: play.customer(),
        price,
        billing_time: None,
        term: Term {
            starts_at: utc("2026-05-01T00:00:00Z"),
            ends_at: None,
        },
    };
    let error = play
        .billing
        .set_up_subscription(&Actor::System, set_up)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound("price")), "{error:?}");
    let error = play
        .billing
        .preview_migration(&Actor::System, "more_calls")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound("plan")), "{error:?}");
    play.buy("team", Month, VISA).await;
    let error = play.billing.preview_change(&play.actor, price).await.unwrap_err();
    assert!(matches!(error, Error::NotFound("price")), "{error:?}");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_add_on_says_what_it_includes_and_no_more(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let wrong = format!(
        "{TEAM}{}",
        r#"
        [meter.seats]
        name = "Seats"
        unit = "seat"
        aggregation = "max"

        [add_on.team]
        name = "Team"
        prices = [{ interval = "month", amount = 5 }]

        [add_on.more]
        name = "More"
        plans = ["teams", 5]
        trial_days = 7
        prices = [{ interval = "month", amount = 5 }]

        [add_on.other]
        name = "Other"
        plans = []
        prices = [{ interval = "month", amount = 5 }]
        feature = { sla = "99.9" }

        [add_on.dear]
        name = "Dear"
        prices = [{ interval = "month", amount = 5 }]

        [add_on.dear.charge]
        calls = { enforcement = "hard", scheme = "per_unit", amount = 1 }
        seats = { included = 5 }
        chats = { included = -2 }
    "#
    );
    let expected = [
        "add_on.team.key: must not be the key of a plan",
        "add_on.more.plans[1]: must be a text in quotes",
        "add_on.more.plans[0]: must be one of the file's plans",
        "add_on.more.trial_days: is not known",
        "add_on.other.plans: must not be empty: leave it out for all plans",
        "add_on.other.feature.sla: must be one of the file's features",
        "add_on.dear.charge.calls.enforcement: must not be given: it is the plan's that counts",
        "add_on.dear.charge.calls.scheme: must not be given: it is the plan's that counts",
        "add_on.dear.charge.calls.amount: must not be given: it is the plan's that counts",
        "add_on.dear.charge.calls.included: must be given",
        "add_on.dear.charge.seats: must be a meter that a plan it goes with charges",
        "add_on.dear.charge.chats.meter: must be one of the file: there is no meter chats",
        "add_on.dear.charge.chats.included: must not be negative, except for -1: unlimited",
        "add_on.dear.charge.chats: must be a meter that a plan it goes with charges",
    ];
    assert_eq!(refused(&play, &wrong).await, expected);
    // What a key stands for is so for ever.
    apply(&play, &format!("{TEAM}{MORE_CALLS}")).await;
    let turned = TEAM.replace("plan.team", "plan.more_calls");
    assert_eq!(
        refused(&play, &turned).await,
        ["plan.more_calls.key: must not be that of an add-on, past ones included"]
    );
    let turned = format!("{}{}", TEAM.replace("plan.team", "plan.crew"), MORE_CALLS)
        .replace(r#"plans = ["team"]"#, "")
        .replace("more_calls", "team");
    assert_eq!(
        refused(&play, &turned).await,
        ["add_on.team.key: must not be that of a plan, past ones included"]
    );
}
