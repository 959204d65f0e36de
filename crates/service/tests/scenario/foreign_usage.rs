//! Usage is seen by its customer's members and by operators.

use chrono::NaiveDate;
use service::billing::id::{ApiKeyId, CustomerId, MemberId, StaffId};
use service::billing::period::Interval::Month;
use service::{Actor, Error, EventQuery, MemberRole, Scope, StaffRole};
use sqlx::PgPool;
use store::CustomerScope;
use store::usage::{DaysOf, EventsAsked};

use crate::play::{Play, VISA, play, utc};
use crate::support::sign_up;

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}

/// What each use case answers this actor, the members' ones first.
async fn answers(play: &Play, actor: &Actor, customer: CustomerId) -> [&'static str; 7] {
    let (b, query) = (&play.billing, EventQuery::default());
    [
        code(b.usage_overview(actor, None).await),
        code(b.usage_events(actor, &query).await),
        code(b.usage_event_rows(actor, &query).await),
        code(b.customer_usage(actor, customer, None).await),
        code(b.customer_events(actor, customer, &query).await),
        code(b.usage_report(actor).await),
        code(b.usage_report_rows(actor).await),
    ]
}

async fn ada(pool: PgPool) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-03T10:00:00Z").await;
    play.use_meter("hers", "api_requests", 7, utc("2026-04-03T09:00:00Z"))
        .await;
    play.billing.roll_up_usage().await.unwrap();
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_role_sees_what_it_may(pool: PgPool) {
    let play = ada(pool).await;
    let (uuid, customer) = (uuid::Uuid::from_u128(9), play.customer());
    let members = [
        "ok",
        "ok",
        "ok",
        "forbidden",
        "forbidden",
        "forbidden",
        "forbidden",
    ];
    let staff = ["forbidden", "forbidden", "forbidden", "ok", "ok", "ok", "ok"];
    assert_eq!(
        answers(&play, &Actor::Anonymous, customer).await,
        ["unauthenticated"; 7]
    );
    // The program itself, at a command line.
    assert_eq!(answers(&play, &Actor::System, customer).await, staff);
    let id = ApiKeyId::from_uuid(uuid);
    let scopes = vec![Scope::Read, Scope::EventsWrite];
    let key = Actor::ApiKey {
        id,
        customer: None,
        scopes,
    };
    assert_eq!(answers(&play, &key, customer).await, ["forbidden"; 7]);
    for role in [MemberRole::Viewer, MemberRole::Billing, MemberRole::Owner] {
        let id = MemberId::from_uuid(uuid);
        assert_eq!(
            answers(&play, &Actor::Member { id, customer, role }, customer).await,
            members,
            "{role:?}"
        );
    }
    use StaffRole::*;
    for role in [Admin, Finance, Support, Developer, ReadOnly] {
        let id = StaffId::from_uuid(uuid);
        assert_eq!(
            answers(&play, &Actor::Staff { id, role }, customer).await,
            staff,
            "{role:?}"
        );
    }
    let (id, role) = (StaffId::from_uuid(uuid), ReadOnly);
    let nobody = answers(&play, &Actor::Staff { id, role }, CustomerId::from_uuid(uuid)).await;
    assert_eq!(nobody[3..5], ["not_found"; 2]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn another_customer_sees_none_of_it(pool: PgPool) {
    let play = ada(pool).await;
    let principal = play.billing.sign_up(sign_up("eve@evil.example")).await.unwrap();
    let eve = play.billing.actor(principal).await.unwrap();
    let shown = play.billing.usage_overview(&eve, None).await.unwrap();
    assert!(!shown.reported && shown.meters.is_empty());
    let hers = utc("2026-04-01T00:00:00Z");
    assert_eq!(
        play.billing
            .usage_overview(&play.actor, Some(hers))
            .await
            .unwrap()
            .shown
            .start(),
        hers
    );
    let by_id = EventQuery {
        id: Some("hers".to_owned()),
        ..EventQuery::default()
    };
    for query in [EventQuery::default(), by_id] {
        let page = async |actor| {
            play.billing
                .usage_events(actor, &query)
                .await
                .unwrap()
                .events
                .len()
        };
        assert_eq!((page(&play.actor).await, page(&eve).await), (1, 0));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_foreign_scope_reads_nothing(pool: PgPool) {
    let play = ada(pool).await;
    let mut conn = play.pool.acquire().await.unwrap();
    let meters = store::catalog::meters(&mut conn).await.unwrap();
    let ids: Vec<_> = meters.iter().map(|meter| meter.id).collect();
    let requests = meters.iter().find(|meter| meter.key == "api_requests").unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let (from, until) = (utc("2026-04-01T00:00:00Z"), utc("2026-05-01T00:00:00Z"));
    let stranger = CustomerId::from_uuid(uuid::Uuid::from_u128(9));
    play.live_until("2026-05-02T00:00:00Z").await;
    for (customer, sees) in [(play.customer(), true), (stranger, false)] {
        let scope = CustomerScope::of(customer);
        // Of days that are rolled up, and hour by hour.
        for fresh_from in [day("2026-05-01"), day("2026-04-01")] {
            let days = DaysOf {
                from,
                until,
                fresh_from,
            };
            let daily = store::usage::daily(&mut conn, scope, &meters, days)
                .await
                .unwrap();
            assert_eq!(!daily.is_empty(), sees);
        }
        let asked = EventsAsked {
            meters: &ids,
            from,
            until,
            after: None,
            limit: 10,
        };
        let events = store::usage::events(&mut conn, scope, asked).await.unwrap();
        let event = store::usage::event(&mut conn, scope, "hers").await.unwrap();
        let reported = store::usage::any_reported(&mut conn, scope).await.unwrap();
        let billed = store::usage::billed_of(&mut conn, scope, 9).await.unwrap();
        let days = (day("2026-04-01"), day("2026-04-30"));
        let values = store::usage::by_dimension(&mut conn, scope, (requests.id, "endpoint"), days).await;
        assert_eq!(
            [
                !events.is_empty(),
                event.is_some(),
                reported,
                !billed.is_empty(),
                !values.unwrap().is_empty(),
            ],
            [sees; 5]
        );
    }
}
