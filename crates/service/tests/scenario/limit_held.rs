//! Units held for a call: until it is committed, released, or a minute is over. Each id is one call.

use service::billing::entitlement::{Reason, Severity};
use service::billing::invoice::LineKind;
use service::billing::period::Interval::Month;
use service::{Billing, Error, ReservationError, ReserveOutcome, ReserveUsage, ServiceConfig};
use sqlx::PgPool;

use crate::limited::{Rest, counts, host, is};
use crate::play::{Play, VISA, play, utc};

const CHAINS: &str = "chain_deployments";

/// On Professional: five chains, and no more.
async fn five_chains(pool: PgPool) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_held_is_nobody_else_s(pool: PgPool) {
    let play = five_chains(pool).await;
    assert_eq!(play.check(CHAINS, 5).await, counts(0, 0, 5));
    assert_eq!(
        play.check(CHAINS, 6).await,
        counts(0, 0, 5).because(Reason::LimitReached)
    );
    assert_eq!(play.reserve("a", CHAINS, 3).await, counts(0, 3, 5));
    assert_eq!(play.reserve("b", CHAINS, 1).await, counts(0, 4, 5));
    let full = counts(0, 4, 5).because(Reason::LimitReached);
    assert_eq!(play.refused("c", CHAINS, 2).await, full);
    assert_eq!(play.check(CHAINS, 2).await, full);
    // Less was used than held, and one call did not happen at all.
    assert_eq!(play.commit("a", Some(2)).await, (2.into(), false));
    assert_eq!(play.check(CHAINS, 2).await, counts(2, 1, 5));
    assert_eq!(play.release("b").await.unwrap().quantity, 1.into());
    assert_eq!(play.check(CHAINS, 3).await, counts(2, 0, 5));
    // What was refused left nothing: its id is free.
    assert_eq!(play.reserve("c", CHAINS, 3).await, counts(2, 3, 5));
    assert_eq!(play.commit("c", None).await, (3.into(), false));
    let all = counts(5, 0, 5).near(Severity::Critical);
    assert_eq!(play.check(CHAINS, 1).await, all.because(Reason::LimitReached));
    let counted = play.counted(CHAINS).await;
    assert_eq!(counted, [("a".to_owned(), 2.into()), ("c".to_owned(), 3.into())]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_level_goes_down_by_an_event(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 5).await;
    play.commit("a", None).await;
    play.use_meter("gone", CHAINS, -1, utc("2026-04-01T00:00:00Z"))
        .await;
    assert_eq!(
        play.reserve("b", CHAINS, 1).await,
        counts(4, 1, 5).near(Severity::Warning)
    );
    play.commit("b", None).await;
    play.live_until("2026-06-10T00:00:00Z").await;
    // A month ends, a level does not.
    let all = counts(5, 0, 5)
        .near(Severity::Critical)
        .because(Reason::LimitReached);
    assert_eq!(play.check(CHAINS, 1).await, all);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_month_may_end_before_the_call_does(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-30T23:59:59Z").await;
    let end = utc("2026-05-01T00:00:00Z");
    let held = counts(0, 150, 100).until(end);
    assert_eq!(play.reserve("a", "deployments", 150).await, held);
    play.live_until("2026-05-01T00:00:00Z").await;
    // It counts in the month in which its units were held, and not in the next one.
    assert_eq!(play.commit("a", None).await, (150.into(), false));
    let next = counts(0, 0, 100).until(utc("2026-06-01T00:00:00Z"));
    assert_eq!(play.check("deployments", 1).await, next);
    // April was billed by then: 50 beyond at 2.50 are on the next bill.
    play.live_until("2026-06-01T00:00:00Z").await;
    let last = play.invoices().await.pop().unwrap();
    let late = last.lines.iter().map(|line| &line.draft);
    let late: Vec<_> = late
        .filter(|line| line.kind == LineKind::LateUsage)
        .map(|line| (line.period.end(), line.amount.minor()))
        .collect();
    assert_eq!(late, [(end, 12_500)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_again_is_the_same_answer(pool: PgPool) {
    let play = five_chains(pool).await;
    let first = play.try_reserve("a", CHAINS, 2).await.unwrap();
    play.reserve("b", CHAINS, 1).await;
    let again = async || play.try_reserve("a", CHAINS, 2).await.unwrap();
    assert_eq!(again().await, first);
    is(
        play.try_reserve("a", CHAINS, 3).await,
        ReservationError::OtherContent,
    );
    is(
        play.try_reserve("a", "deployments", 2).await,
        ReservationError::OtherContent,
    );
    // Of two at once in one transaction the second is the first again.
    let (one, two) = tokio::join!(play.try_reserve("c", CHAINS, 1), play.try_reserve("c", CHAINS, 1));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(play.check(CHAINS, 1).await, counts(0, 4, 5));

    let committed = play.try_commit("a", Some(1)).await.unwrap();
    assert_eq!(play.try_commit("a", Some(1)).await.unwrap(), committed);
    let other = play.try_commit("a", Some(2)).await;
    assert!(matches!(other, Err(Error::EventConflict)), "{other:?}");
    assert_eq!(again().await, first, "also when it is counted");
    is(play.release("a").await, ReservationError::Committed);

    let released = play.release("b").await.unwrap();
    assert_eq!(play.release("b").await.unwrap(), released);
    is(play.try_commit("b", None).await, ReservationError::Released);
    is(play.try_reserve("b", CHAINS, 1).await, ReservationError::Released);
    assert_eq!(play.check(CHAINS, 1).await, counts(1, 1, 5));
    assert_eq!(play.counted(CHAINS).await, [("a".to_owned(), 1.into())]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_id_is_that_of_the_event_as_well(pool: PgPool) {
    let play = five_chains(pool).await;
    let now = utc("2026-04-01T00:00:00Z");
    play.use_meter("a", CHAINS, 1, now).await;
    let taken = play.try_reserve("a", CHAINS, 1).await;
    assert!(matches!(taken, Err(Error::EventConflict)), "{taken:?}");
    // The event may also come while the units are held.
    play.reserve("c", CHAINS, 1).await;
    play.use_meter("c", CHAINS, 1, now).await;
    let taken = play.try_commit("c", None).await;
    assert!(matches!(taken, Err(Error::EventConflict)), "{taken:?}");
    play.release("c").await.unwrap();
    // And the other way round: the call is counted, and the event is another body under its id.
    play.reserve("b", CHAINS, 1).await;
    play.commit("b", None).await;
    let event = play.event("b", CHAINS, 1, now);
    let sent = play.billing.ingest_one(&host(), event).await;
    assert!(matches!(sent, Err(Error::EventConflict)), "{sent:?}");
    let nothing_more = counts(3, 0, 5);
    assert_eq!(play.check(CHAINS, 1).await, nothing_more);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn after_a_minute_it_is_anybody_s(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 3).await;
    play.reserve("b", CHAINS, 2).await;
    play.minutes_pass(1).await;
    assert_eq!(play.check(CHAINS, 5).await, counts(0, 0, 5));
    // Late is not too late as long as nobody else had the units.
    assert_eq!(play.commit("a", None).await, (3.into(), false));
    assert_eq!(play.reserve("c", CHAINS, 2).await, counts(3, 2, 5));
    // Now somebody has: the call is counted all the same, and the limit passed.
    assert_eq!(play.commit("b", None).await, (2.into(), true));
    assert_eq!(play.commit("b", None).await, (2.into(), true), "again");
    assert_eq!(play.commit("c", None).await, (2.into(), false));
    let passed = counts(7, 0, 5)
        .near(Severity::Critical)
        .because(Reason::LimitReached);
    assert_eq!(play.refused("d", CHAINS, 1).await, passed);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_ran_out_may_be_given_back_once_more(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 5).await;
    play.minutes_pass(1).await;
    play.reserve("b", CHAINS, 4).await;
    play.release("a").await.unwrap();
    assert_eq!(play.check(CHAINS, 1).await, counts(0, 4, 5));
    is(play.try_commit("a", None).await, ReservationError::Released);
    // In the very transaction that frees it.
    play.minutes_pass(1).await;
    let (released, reserved) = tokio::join!(play.release("b"), play.try_reserve("c", CHAINS, 5));
    released.unwrap();
    assert!(
        matches!(reserved, Ok(ReserveOutcome::Held { .. })),
        "{reserved:?}"
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_sweep_gives_back_and_forgets(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 1).await;
    play.reserve("b", CHAINS, 2).await;
    play.commit("a", None).await;
    play.reserve("c", "deployments", 7).await;
    assert_eq!(play.billing.sweep_reservations().await.unwrap(), 0);
    let reserved = async || -> Vec<rust_decimal::Decimal> {
        sqlx::query_scalar("SELECT reserved FROM usage_counter ORDER BY reserved")
            .fetch_all(&play.pool)
            .await
            .unwrap()
    };
    assert_eq!(reserved().await, [2.into(), 7.into()]);
    play.minutes_pass(1).await;
    assert_eq!(play.billing.sweep_reservations().await.unwrap(), 0);
    assert_eq!(reserved().await, [0.into(), 0.into()]);
    play.ties().await;
    play.minutes_pass(60).await;
    assert_eq!(play.billing.sweep_reservations().await.unwrap(), 3);
    let forgotten = play.try_commit("b", None).await;
    assert!(
        matches!(forgotten, Err(Error::NotFound("reservation"))),
        "{forgotten:?}"
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_held_is_refused_at_once(pool: PgPool) {
    let play = five_chains(pool).await;
    let ask = async |customer, id: &str, meter: &str, quantity: &str| {
        let command = ReserveUsage {
            customer,
            id: id.to_owned(),
            meter: meter.to_owned(),
            quantity: quantity.parse().unwrap(),
        };
        play.billing.reserve_usage(&host(), command).await
    };
    let own = play.customer();
    for (id, quantity, field) in [
        ("", "1", "id"),
        ("a\u{7}", "1", "id"),
        ("a", "0", "quantity"),
        ("a", "-1", "quantity"),
        ("a", "0.0000001", "quantity"),
        ("a", "1000000000001", "quantity"),
    ] {
        let answer = ask(own, id, "deployments", quantity).await;
        assert!(
            matches!(answer, Err(Error::Invalid { field: found }) if found == field),
            "{id:?} {quantity}: {answer:?}"
        );
    }
    let answer = ask(own, "a", "teleports", "1").await;
    assert!(matches!(answer, Err(Error::NotFound("meter"))), "{answer:?}");
    let nobody = service::billing::id::CustomerId::from_uuid(uuid::Uuid::nil());
    let answer = ask(nobody, "a", CHAINS, "1").await;
    assert!(matches!(answer, Err(Error::NotFound("customer"))), "{answer:?}");
    let nothing = play.try_commit("nothing", None).await;
    assert!(
        matches!(nothing, Err(Error::NotFound("reservation"))),
        "{nothing:?}"
    );
    let nothing = play.release("nothing").await;
    assert!(
        matches!(nothing, Err(Error::NotFound("reservation"))),
        "{nothing:?}"
    );
    play.reserve("a", CHAINS, 2).await;
    is(play.try_commit("a", Some(3)).await, ReservationError::TooMuch);
    // One bad ask in a transaction is its own affair.
    let (good, bad) = tokio::join!(ask(own, "b", CHAINS, "1"), ask(own, "c", CHAINS, "0.0000001"));
    assert!(matches!(good, Ok(ReserveOutcome::Held { .. })), "{good:?}");
    assert!(matches!(bad, Err(Error::Invalid { .. })), "{bad:?}");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_tracking_nothing_is_counted_and_no_limit_reached(pool: PgPool) {
    let play = five_chains(pool).await;
    play.reserve("a", CHAINS, 5).await;
    let config = ServiceConfig {
        usage_tracking: false,
        ..play.billing.config().clone()
    };
    let billing = Billing::over(play.pool.clone(), play.clock.clone(), config);
    let untracked = Play { billing, ..play };
    assert_eq!(untracked.reserve("b", CHAINS, 9).await, counts(0, 0, 5));
    untracked.commit("b", None).await;
    untracked.release("c").await.unwrap();
    assert!(untracked.check(CHAINS, 9).await.allowed());
    let unknown = untracked.try_reserve("d", "teleports", 1).await;
    assert!(matches!(unknown, Err(Error::NotFound("meter"))), "{unknown:?}");
    untracked.pause().await;
    untracked.billing.forget_checked();
    let refused = untracked.refused("e", CHAINS, 1).await;
    assert_eq!(refused.reason, Some(Reason::Suspended));
    assert_eq!(untracked.counted(CHAINS).await, []);
    untracked.billing.drain_queue().await.unwrap();
    untracked.ties().await;
}
