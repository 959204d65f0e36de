//! What operators see of all customers' usage.

use billing::id::{CustomerId, StaffId};
use rust_decimal::Decimal;
use service::{Actor, MeterReport, StaffRole, UsageReport, billing};
use sqlx::PgPool;

use crate::meters::{event, metered};
use crate::support::World;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn operator() -> Actor {
    Actor::Staff {
        id: StaffId::from_uuid(uuid::Uuid::nil()),
        role: StaffRole::ReadOnly,
    }
}

/// It is 15 January. Ada's use doubles in the last week, Bob's halves.
async fn reported(world: &World, ada: CustomerId, bob: CustomerId) {
    let mut events = Vec::new();
    let mut send = |customer, key: &str, value: &str, at: &str| {
        let id = format!("{key} {at}");
        events.push(event(customer, &id, key, value, &format!("{at}T12:00:00Z")));
    };
    for (customer, before, now) in [(ada, "10", "20"), (bob, "60", "30")] {
        // The last instants that count in each week, and what lies beyond.
        for day in ["2026-01-01", "2026-01-07"] {
            send(customer, "api_requests", before, day);
        }
        for day in ["2026-01-08", "2026-01-14"] {
            send(customer, "api_requests", now, day);
        }
        send(customer, "api_requests", "1000", "2025-12-31");
        send(customer, "api_requests", "1", "2025-12-14");
    }
    send(ada, "storage_gb", "100", "2025-12-20");
    send(ada, "storage_gb", "20", "2026-01-10");
    send(bob, "storage_gb", "50", "2025-12-20");
    send(ada, "calls", "9", "2026-01-03");
    send(bob, "peak", "7", "2026-01-03");
    send(bob, "peak", "5", "2026-01-04");
    world.send(events).await;
    // Today is in the month, but in no week that is over.
    world
        .send(vec![event(
            ada,
            "today",
            "api_requests",
            "4",
            "2026-01-15T09:00:00Z",
        )])
        .await;
    world.billing.roll_up_usage().await.unwrap();
}

fn meter<'a>(report: &'a UsageReport, key: &str) -> &'a MeterReport {
    report.meters.iter().find(|own| own.meter.key == key).unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn months_top_customers_and_movers(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let empty = world.billing.usage_report(&operator()).await.unwrap();
    assert!(empty.rolled_up_at.is_none() && empty.movers.is_empty());
    let all_nothing =
        |own: &MeterReport| own.this_month.is_zero() && own.customers == 0 && own.top.is_empty();
    assert!(empty.meters.iter().all(all_nothing));

    let (bob, _) = world.owner("bob@orbit.example").await;
    reported(&world, ada, bob).await;
    let report = world.billing.usage_report(&operator()).await.unwrap();
    assert_eq!(report.month.to_string(), "2026-01");
    assert!(report.rolled_up_at.is_some());
    let numbers = |key| {
        let own = meter(&report, key);
        let top = own
            .top
            .iter()
            .map(|top| (top.customer, top.value))
            .collect::<Vec<_>>();
        (
            [own.this_month, own.by_this_day, own.last_month],
            own.customers,
            top,
        )
    };
    let requests = (
        [d("244"), d("2"), d("2002")],
        2,
        vec![(bob, d("180")), (ada, d("64"))],
    );
    assert_eq!(numbers("api_requests"), requests);
    let storage = (
        [d("170"), d("150"), d("150")],
        2,
        vec![(ada, d("120")), (bob, d("50"))],
    );
    assert_eq!(numbers("storage_gb"), storage);
    assert_eq!(
        numbers("calls"),
        ([d("1"), d("0"), d("0")], 1, vec![(ada, d("1"))])
    );
    assert_eq!(
        numbers("peak"),
        ([d("7"), d("0"), d("0")], 1, vec![(bob, d("7"))])
    );

    let movers = report.movers.iter();
    let movers: Vec<_> = movers
        .map(|(meter, mover)| (meter.key.as_str(), mover.customer, mover.before, mover.now))
        .collect();
    let expected = [
        ("calls", ada, d("1"), d("0")),
        ("api_requests", bob, d("120"), d("60")),
        ("storage_gb", ada, d("100"), d("120")),
        ("api_requests", ada, d("20"), d("40")),
    ];
    assert_eq!(movers, expected);

    let rows = world.billing.usage_report_rows(&operator()).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.customer,
                row.meter.key.as_str(),
                row.this_month,
                row.last_month,
            )
        })
        .filter(|(customer, ..)| *customer == ada)
        .collect();
    let expected = [
        (ada, "api_requests", d("64"), Some(d("1001"))),
        (ada, "calls", d("1"), Some(d("0"))),
        (ada, "storage_gb", d("120"), None),
    ];
    assert_eq!(rows, expected);
}
