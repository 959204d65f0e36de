//! Senders that come at the same time share transactions, and nothing else.

use service::{Actor, EventOutcome};
use sqlx::PgPool;

use crate::meters::{event, metered};

const NOON: &str = "2026-01-14T12:00:00Z";
const SENDERS: usize = 200;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_commit_answers_many_and_each_speaks_for_itself(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let (bob, _) = world.owner("bob@orbit.example").await;
    let nobody = service::billing::id::CustomerId::from_uuid(uuid::Uuid::nil());
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..SENDERS {
        let billing = world.billing.clone();
        // Every other one sends of a customer that there is not.
        let other = if number % 2 == 0 { bob } else { nobody };
        let events = vec![
            event(ada, &format!("a{number}"), "calls", "1", NOON),
            event(other, &format!("b{number}"), "calls", "1", NOON),
        ];
        sending.spawn(async move {
            (
                number,
                billing.ingest(&Actor::System, events).await.unwrap().outcomes,
            )
        });
    }
    for (number, outcomes) in sending.join_all().await {
        assert_eq!(outcomes[0], EventOutcome::Accepted);
        let unknown = matches!(
            outcomes[1],
            EventOutcome::Rejected {
                code: "unknown_customer",
                ..
            }
        );
        assert_eq!(unknown, number % 2 == 1, "{number}: {:?}", outcomes[1]);
    }
    let transactions: i64 = sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM usage_event")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(
        transactions < 50,
        "{SENDERS} senders took {transactions} transactions"
    );
    assert_eq!(world.count_of("usage_event").await, 300);
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_the_database_refuses_of_one_it_takes_of_the_others(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    sqlx::query("ALTER TABLE usage_event ADD CHECK (source <> 'refused')")
        .execute(&world.pool)
        .await
        .unwrap();
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..40 {
        let billing = world.billing.clone();
        let mut sent = event(ada, &format!("e{number}"), "calls", "1", NOON);
        if number == 7 {
            sent.source = "refused".to_owned();
        }
        sending.spawn(async move { (number, billing.ingest(&Actor::System, vec![sent]).await) });
    }
    for (number, answer) in sending.join_all().await {
        assert_eq!(answer.is_err(), number == 7, "{number}: {answer:?}");
    }
    assert_eq!(world.count_of("usage_event_key").await, 39);
    assert_eq!(world.count_of("usage_event").await, 39);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn whoever_does_not_wait_is_stored_all_the_same(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..40 {
        let billing = world.billing.clone();
        let sent = event(ada, &format!("e{number}"), "calls", "1", NOON);
        sending.spawn(async move { billing.ingest(&Actor::System, vec![sent]).await.unwrap() });
    }
    tokio::task::yield_now().await;
    sending.abort_all();
    while sending.join_next().await.is_some() {}
    // The next one is stored after them, or with them.
    let last = world.send(vec![event(ada, "last", "calls", "1", NOON)]).await;
    assert_eq!(last, [EventOutcome::Accepted]);
    assert_eq!(world.count_of("usage_event").await, 41);
    world.ties().await;
}

/// Its sender is told of a failure, and what was stored all the same is known when it is sent again.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_request_that_failed_for_one_customer_may_be_sent_again(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    // Of another lane: customers in one share their transactions for certain.
    let lane = |customer: service::billing::id::CustomerId| customer.uuid().as_u128() % 4;
    let mut bob = ada;
    for number in 0..100 {
        if lane(bob) != lane(ada) {
            break;
        }
        (bob, _) = world.owner(&format!("bob{number}@orbit.example")).await;
    }
    assert_ne!(lane(bob), lane(ada));
    let run = async |sql| sqlx::query(sql).execute(&world.pool).await.unwrap();
    run("ALTER TABLE usage_event ADD CONSTRAINT refused CHECK (source <> 'refused')").await;
    let mut refused = event(bob, "b", "calls", "1", NOON);
    refused.source = "refused".to_owned();
    let sent = vec![
        event(ada, "a1", "calls", "1", NOON),
        refused,
        event(ada, "a2", "calls", "1", NOON),
    ];
    let failed = world.billing.ingest(&Actor::System, sent.clone()).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(world.count_of("usage_event").await, 2);
    run("ALTER TABLE usage_event DROP CONSTRAINT refused").await;
    let (known, new) = (EventOutcome::Duplicate, EventOutcome::Accepted);
    assert_eq!(world.send(sent).await, [known.clone(), new, known]);
    assert_eq!(world.count_of("usage_event").await, 3);
    world.ties().await;
}
