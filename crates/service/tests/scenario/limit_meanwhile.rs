//! What changes between the look at a customer and the write that it leads to: nothing is decided by what was so before.

use service::billing::entitlement::Reason;
use service::billing::period::Interval::Month;
use sqlx::{PgPool, Postgres, Transaction};

use crate::limited::{Rest, counts};
use crate::play::{Play, VISA, play, utc};

const DEPLOYMENTS: &str = "deployments";
const CHAINS: &str = "chain_deployments";
const DAY_10: &str = "2026-04-10T00:00:00Z";
const DAY_11: &str = "2026-04-11T00:00:00Z";

type Tx = Transaction<'static, Postgres>;

/// Whoever wants a counter waits from here on.
async fn take_counters(pool: &PgPool) -> Tx {
    let mut tx = pool.begin().await.unwrap();
    change(&mut tx, "UPDATE usage_counter SET used = used").await;
    tx
}

async fn change(tx: &mut Tx, statement: &'static str) {
    sqlx::query(statement).execute(&mut **tx).await.unwrap();
}

/// Once somebody waits for what the transaction holds.
async fn wanted(pool: &PgPool) {
    let query = "SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity a USING (pid)
        WHERE NOT granted AND a.datname = current_database()";
    while !sqlx::query_scalar::<_, bool>(query)
        .fetch_one(pool)
        .await
        .unwrap()
    {
        tokio::task::yield_now().await;
    }
}

/// The period begins anew on the tenth, as a sale does it.
async fn begin_anew(tx: &mut Tx) {
    change(tx, "UPDATE customer SET usage_restarts = usage_restarts + 1").await;
    change(tx, "UPDATE usage_counter SET restarts = 1").await;
    let moved =
        "UPDATE subscription SET anchor = '2026-04-10', usage_start = '2026-04-10', usage_end = '2026-05-10',
        billing_start = '2026-04-10', billing_end = '2026-05-10', version = version + 1";
    change(tx, moved).await;
}

async fn counters(play: &Play) -> Vec<(String, i64, i64)> {
    let query = "SELECT period_start::date::text, used::bigint, reserved::bigint FROM usage_counter c
        JOIN meter m ON m.id = c.meter_id WHERE m.key = $1 ORDER BY 1";
    let rows = sqlx::query_as(query).bind(DEPLOYMENTS).fetch_all(&play.pool);
    rows.await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_reservation_is_decided_by_what_was_used_meanwhile(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    assert_eq!(play.reserve("a", CHAINS, 1).await, counts(0, 1, 5));
    let mut tx = take_counters(&play.pool).await;
    let meanwhile = async {
        wanted(&play.pool).await;
        change(&mut tx, "UPDATE usage_counter SET used = used + 3").await;
        tx.commit().await.unwrap();
    };
    let (refused, ()) = tokio::join!(play.refused("b", CHAINS, 2), meanwhile);
    assert_eq!(refused, counts(3, 1, 5).because(Reason::LimitReached));
    // Whoever decides under locks now, and whoever looks first again, sees the same.
    assert_eq!(play.reserve("c", CHAINS, 1).await.reserved, 2.into());
    assert_eq!(play.refused("d", CHAINS, 1).await.reserved, 2.into());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_event_on_its_way_counts_in_the_period_that_begins_meanwhile(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until(DAY_11).await;
    play.use_meter("before", DEPLOYMENTS, 7, utc("2026-04-02T00:00:00Z"))
        .await;
    let mut tx = take_counters(&play.pool).await;
    let meanwhile = async {
        wanted(&play.pool).await;
        begin_anew(&mut tx).await;
        tx.commit().await.unwrap();
    };
    let event = play.use_meter("meanwhile", DEPLOYMENTS, 5, utc(DAY_10));
    tokio::join!(event, meanwhile);
    let expected = [("2026-04-01".to_owned(), 7, 0), ("2026-04-10".to_owned(), 5, 0)];
    assert_eq!(counters(&play).await, expected);
    // What happened before counts where it did before.
    play.use_meter("late", DEPLOYMENTS, 2, utc("2026-04-02T00:00:00Z"))
        .await;
    let expected = [("2026-04-01".to_owned(), 9, 0), ("2026-04-10".to_owned(), 5, 0)];
    assert_eq!(counters(&play).await, expected);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn units_are_held_of_the_period_that_begins_meanwhile(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until(DAY_11).await;
    play.use_meter("before", DEPLOYMENTS, 7, utc("2026-04-02T00:00:00Z"))
        .await;
    // Remembered from now on.
    let before = counts(7, 1, 100).until(utc("2026-05-01T00:00:00Z"));
    assert_eq!(play.reserve("a", DEPLOYMENTS, 1).await, before);
    let mut tx = take_counters(&play.pool).await;
    let meanwhile = async {
        wanted(&play.pool).await;
        begin_anew(&mut tx).await;
        tx.commit().await.unwrap();
    };
    let (held, ()) = tokio::join!(play.reserve("b", DEPLOYMENTS, 3), meanwhile);
    assert_eq!(held, counts(0, 3, 100).until(utc("2026-05-10T00:00:00Z")));
    let expected = [("2026-04-01".to_owned(), 7, 1), ("2026-04-10".to_owned(), 0, 3)];
    assert_eq!(counters(&play).await, expected);
}
