//! The same reservation asked for again: as long as its units are held it has its answer, and once they are somebody
//! else's it is decided like a new one.

use service::billing::entitlement::{Reason, Severity};
use service::billing::period::Interval::Month;
use service::{Error, ReservationError, ReserveOutcome};
use sqlx::PgPool;

use crate::limited::{Rest, counts, is};
use crate::play::{Play, VISA, play, utc};

const CHAINS: &str = "chain_deployments";

/// On Professional: five chains, and no more.
async fn five_chains(pool: PgPool) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_others_took_meanwhile_is_not_held_again(pool: PgPool) {
    let play = five_chains(pool).await;
    // Its answer is lost, and when its time is over somebody else takes the units.
    play.reserve("a", CHAINS, 3).await;
    play.minutes_pass(1).await;
    assert_eq!(play.reserve("b", CHAINS, 4).await, counts(0, 4, 5));
    let full = counts(0, 4, 5).because(Reason::LimitReached);
    assert_eq!(play.refused("a", CHAINS, 3).await, full);
    is(
        play.try_reserve("a", CHAINS, 1).await,
        ReservationError::OtherContent,
    );
    // The call may have happened for all that.
    assert_eq!(play.commit("a", None).await, (3.into(), true));
    play.commit("b", None).await;
    let passed = counts(7, 0, 5).near(Severity::Critical);
    assert_eq!(play.check(CHAINS, 0).await.used, passed.used);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_nobody_took_is_held_for_another_minute(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 3).await;
    play.reserve("b", CHAINS, 1).await;
    play.minutes_pass(1).await;
    // Nobody looked at the counter since: it is in this very transaction that both run out.
    let ReserveOutcome::Held { held, answer } = play.try_reserve("a", CHAINS, 3).await.unwrap() else {
        panic!("refused");
    };
    assert_eq!(answer, counts(0, 3, 5));
    let again = play.try_reserve("a", CHAINS, 3).await.unwrap();
    assert_eq!(again, ReserveOutcome::Held { held, answer });
    let full = counts(0, 3, 5).because(Reason::LimitReached);
    assert_eq!(play.check(CHAINS, 3).await, full);
    // It was seen that it ran out, and it is held all the same.
    assert_eq!(play.reserve("b", CHAINS, 1).await, counts(0, 4, 5));
    assert_eq!(play.commit("a", Some(2)).await, (2.into(), false));
    play.release("b").await.unwrap();
    assert_eq!(play.check(CHAINS, 3).await, counts(2, 0, 5));
    assert_eq!(play.counted(CHAINS).await, [("a".to_owned(), 2.into())]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_month_later_it_is_the_next_month_s(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.reserve("a", "deployments", 40).await;
    play.minutes_pass(1).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let may = counts(0, 40, 100).until(utc("2026-06-01T00:00:00Z"));
    assert_eq!(play.reserve("a", "deployments", 40).await, may);
    play.commit("a", None).await;
    let used = counts(40, 0, 100).until(utc("2026-06-01T00:00:00Z"));
    assert_eq!(play.check("deployments", 1).await, used);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn several_callers_of_one_get_one(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 5).await;
    play.minutes_pass(1).await;
    let other = service::Billing::over(
        play.pool.clone(),
        play.clock.clone(),
        play.billing.config().clone(),
    );
    let (here, too, there) = tokio::join!(
        play.try_reserve("a", CHAINS, 5),
        play.try_reserve("a", CHAINS, 5),
        play.reserve_at(&other, "a", CHAINS, 5)
    );
    let here = here.unwrap();
    assert!(matches!(here, ReserveOutcome::Held { .. }), "{here:?}");
    assert_eq!(too.unwrap(), here);
    assert_eq!(there.unwrap(), here);
    assert_eq!(
        play.check(CHAINS, 1).await,
        counts(0, 5, 5).because(Reason::LimitReached)
    );
    // Held and given back in one transaction.
    play.minutes_pass(1).await;
    let (reserved, released) = tokio::join!(play.try_reserve("a", CHAINS, 5), play.release("a"));
    reserved.unwrap();
    released.unwrap();
    assert_eq!(play.check(CHAINS, 5).await, counts(0, 0, 5));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_given_back_stays_so(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 1).await;
    play.release("a").await.unwrap();
    is(play.try_reserve("a", CHAINS, 1).await, ReservationError::Released);
    assert_eq!(play.check(CHAINS, 1).await, counts(0, 0, 5));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_counted_long_ago_is_not_reserved_anew(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 1).await;
    play.commit("a", None).await;
    play.minutes_pass(61).await;
    assert_eq!(play.billing.sweep_reservations().await.unwrap(), 1);
    // The reservation is forgotten, and the event is not.
    let again = play.try_reserve("a", CHAINS, 1).await;
    assert!(matches!(again, Err(Error::EventConflict)), "{again:?}");
    assert_eq!(play.check(CHAINS, 1).await, counts(1, 0, 5));
    play.ties().await;
}
