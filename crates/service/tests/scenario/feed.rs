//! The pull feed skips nothing, whatever order transactions end in.

use std::collections::HashSet;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use service::billing::id::ApiKeyId;
use service::billing::money::{Currency, Money};
use service::billing::period::Interval;
use service::{Actor, Billing, Error, FeedCursor, Scope, SetBudget};
use sqlx::PgPool;
use uuid::Uuid;

use crate::play::{Play, VISA, play};
use crate::support::sign_up;

const WRITERS: u64 = 12;
const TRANSACTIONS: u64 = 15;

fn key(actor: Option<&Actor>, scope: Scope) -> Actor {
    let customer = actor.map(|actor| match actor {
        Actor::Member { customer, .. } => *customer,
        other => panic!("no member: {other:?}"),
    });
    Actor::ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(1)),
        customer,
        scopes: vec![scope],
    }
}

/// Everything there is by now, page by page.
async fn read_all(billing: &Billing, actor: &Actor) -> Vec<service::ToldEvent> {
    let (mut after, mut all) = (FeedCursor::START, Vec::new());
    loop {
        let page = billing.events_feed(actor, after, 3).await.unwrap();
        assert_eq!(page.next.to_string().parse::<FeedCursor>().unwrap(), page.next);
        after = page.next;
        all.extend(page.events);
        if !page.has_more {
            return all;
        }
    }
}

/// Reads until as many events came as were written.
async fn settled(play: &Play, actor: &Actor, count: usize) -> Vec<service::ToldEvent> {
    for _ in 0..500 {
        let all = read_all(&play.billing, actor).await;
        if all.len() >= count {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the feed stays behind");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_tells_all_with_the_objects_as_they_are_and_a_customer_its_own(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    let other = play.billing.sign_up(sign_up("bob@other.example")).await.unwrap();
    let other = play.billing.actor(other).await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox_event")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    let host = key(None, Scope::Read);
    let all = settled(&play, &host, usize::try_from(count).unwrap()).await;
    assert_eq!(all.len(), usize::try_from(count).unwrap());
    let paid = all.iter().find(|event| event.kind == "invoice.paid").unwrap();
    assert_eq!(paid.object.as_ref().unwrap()["status"], "paid");
    assert!(paid.change.is_some());

    let own = settled(&play, &key(Some(&play.actor), Scope::Read), 3).await;
    let mine = own[0].customer;
    assert!(
        own.iter()
            .all(|event| event.customer == mine && mine.is_some() && event.change.is_none())
    );
    let theirs = read_all(&play.billing, &key(Some(&other), Scope::Read)).await;
    assert!(theirs.iter().all(|event| event.customer != mine));

    let may_not = play
        .billing
        .events_feed(&key(None, Scope::Write), FeedCursor::START, 10)
        .await;
    assert!(matches!(may_not, Err(Error::Forbidden)));
    for limit in [0, 501] {
        let wrong = play.billing.events_feed(&host, FeedCursor::START, limit).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "limit" })));
    }
}

/// A transaction that takes its number early and ends late, among many that do not.
async fn write(pool: PgPool, writer: u64) {
    let mut chance = StdRng::seed_from_u64(writer);
    for _ in 0..TRANSACTIONS {
        let mut tx = pool.begin().await.unwrap();
        for _ in 0..chance.random_range(1..4) {
            sqlx::query(
                "INSERT INTO outbox_event (id, kind, subject, occurred_at, payload)
                 VALUES (gen_random_uuid(), 'test.written', 'x', now(), '{}')",
            )
            .execute(&mut *tx)
            .await
            .unwrap();
            let pause = Duration::from_micros(chance.random_range(0..15_000));
            tokio::time::sleep(pause).await;
        }
        if chance.random_bool(0.2) {
            tx.rollback().await.unwrap();
        } else {
            tx.commit().await.unwrap();
        }
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn transactions_that_end_out_of_order_are_all_told_once(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    let host = key(None, Scope::Read);
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(write(play.pool.clone(), n)))
        .collect();
    let (mut after, mut seen, mut repeated) = (FeedCursor::START, HashSet::new(), 0);
    let mut quiet = 0;
    while quiet < 3 {
        let over = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let page = play.billing.events_feed(&host, after, 7).await.unwrap();
        after = page.next;
        repeated += page.events.iter().filter(|event| !seen.insert(event.id)).count();
        if over && !page.has_more && all_told(&play.pool).await {
            quiet += 1;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let written: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM outbox_event")
        .fetch_all(&play.pool)
        .await
        .unwrap();
    assert_eq!(repeated, 0);
    assert_eq!(seen.len(), written.len());
    assert!(written.len() > 200, "{} events", written.len());
}

/// Whether nothing is held back any more.
async fn all_told(pool: &PgPool) -> bool {
    sqlx::query_scalar("SELECT count(*) = 0 FROM outbox_event WHERE xid >= feed_horizon()")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Restored into a cluster that has counted fewer transactions, everything there is stands ahead of what is written next.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_restored_database_goes_on_where_its_readers_were(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    let host = key(None, Scope::Read);
    let moved = "WITH moved AS (UPDATE outbox_event SET xid = (xid::text::bigint + 1000000)::text::xid8)
        UPDATE webhook_cursor SET xid = (xid::text::bigint + 1000000)::text::xid8";
    sqlx::query(moved).execute(&play.pool).await.unwrap();
    // As the old cluster told it, up to its last event.
    let last: (i64, Uuid) =
        sqlx::query_as("SELECT xid::text::bigint, id FROM outbox_event ORDER BY xid DESC, id DESC LIMIT 1")
            .fetch_one(&play.pool)
            .await
            .unwrap();
    assert!(
        read_all(&play.billing, &host).await.is_empty(),
        "it waits for its numbers"
    );

    play.billing.migrate().await.unwrap();
    let before = read_all(&play.billing, &host).await;
    let after = {
        let mut cursor = FeedCursor::START;
        loop {
            let page = play.billing.events_feed(&host, cursor, 500).await.unwrap();
            cursor = page.next;
            if !page.has_more {
                break cursor;
            }
        }
    };
    assert_eq!(before.last().map(|event| event.id.uuid()), Some(last.1));
    let ahead = "SELECT transactions FROM feed_offset";
    let ahead = async || -> i64 { sqlx::query_scalar(ahead).fetch_one(&play.pool).await.unwrap() };
    let once = ahead().await;
    assert!(once > 0);
    play.billing.migrate().await.unwrap();
    assert_eq!(ahead().await, once, "it is mended once");
    // Readers may have come further than the backup: another cluster goes ahead of them, whatever its own count is.
    sqlx::query("UPDATE feed_offset SET cluster = 'another'")
        .execute(&play.pool)
        .await
        .unwrap();
    play.billing.migrate().await.unwrap();
    assert_eq!(ahead().await, 2 * once);

    let budget = SetBudget {
        customer: play.customer(),
        amount: Some(Money::new(5_000, Currency::USD)),
    };
    play.billing.set_budget(&Actor::System, budget).await.unwrap();
    let total: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox_event")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    let all = settled(&play, &host, usize::try_from(total).unwrap()).await;
    let page = play.billing.events_feed(&host, after, 500).await.unwrap();
    let new: Vec<_> = page.events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(new, ["customer.budget_changed"]);
    assert_eq!(all.len(), before.len() + new.len());
}
