//! Many callers of two processes at once: never one more than the limit, and never one less.

use std::collections::BTreeSet;

use service::billing::period::Interval::Month;
use service::{Actor, Billing, ReserveOutcome};
use sqlx::PgPool;

use crate::limited::host;
use crate::play::{Play, VISA, play, utc};

const CALLERS: usize = 64;

/// A plan with so many calls included, and no more.
async fn calls(pool: PgPool, included: i64) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let file = format!(
        "[meter.calls]\nname = \"Calls\"\nunit = \"call\"\naggregation = \"sum\"\n\
         [plan.team]\nname = \"Team\"\nprices = [{{ interval = \"month\", amount = 10 }}]\n\
         [plan.team.charge.calls]\nincluded = {included}\nenforcement = \"hard\"\n"
    );
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    play.buy("team", Month, VISA).await;
    play
}

impl Play {
    /// Each caller reserves `units` so often; the ids of those who were allowed to.
    async fn callers(&self, processes: &[Billing], each: usize, units: i64) -> BTreeSet<String> {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let billing = processes[caller % processes.len()].clone();
                let customer = self.customer();
                tokio::spawn(async move {
                    let mut held = Vec::new();
                    for call in 0..each {
                        let id = format!("{caller}-{call}");
                        let command = service::ReserveUsage {
                            customer,
                            id: id.clone(),
                            meter: "calls".to_owned(),
                            quantity: units.into(),
                        };
                        match billing.reserve_usage(&host(), command).await.unwrap() {
                            ReserveOutcome::Held { .. } => held.push(id),
                            ReserveOutcome::Refused(_) => {}
                        }
                    }
                    held
                })
            })
            .collect();
        let mut held = BTreeSet::new();
        for caller in callers {
            held.extend(caller.await.unwrap());
        }
        held
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_limit_is_met_exactly(pool: PgPool) {
    let play = calls(pool, 1_000).await;
    let there = Billing::over(
        play.pool.clone(),
        play.clock.clone(),
        play.billing.config().clone(),
    );
    let held = play.callers(&[play.billing.clone(), there], 20, 1).await;
    assert_eq!(held.len(), 1_000, "of {}", CALLERS * 20);
    let answer = play.check("calls", 1).await;
    assert_eq!((answer.used, answer.reserved), (0.into(), 1_000.into()));
    // Every second call happens; the others never come back.
    let commits = held.iter().step_by(2);
    let commits: Vec<_> = commits
        .map(|id| {
            let (billing, customer, id) = (play.billing.clone(), play.customer(), id.clone());
            let command = service::CommitUsage {
                customer,
                id,
                quantity: None,
                data: serde_json::json!({}),
            };
            tokio::spawn(async move { billing.commit_usage(&host(), command).await.unwrap() })
        })
        .collect();
    for commit in commits {
        assert!(!commit.await.unwrap().late);
    }
    let answer = play.check("calls", 1).await;
    assert_eq!((answer.used, answer.reserved), (500.into(), 500.into()));
    play.minutes_pass(1).await;
    // Every unit is usable again.
    play.reserve("rest", "calls", 500).await;
    play.refused("more", "calls", 1).await;
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_ids_from_everywhere_are_held_once(pool: PgPool) {
    let play = calls(pool, 100).await;
    let there = Billing::over(
        play.pool.clone(),
        play.clock.clone(),
        play.billing.config().clone(),
    );
    let billings = [play.billing.clone(), there];
    let tries: Vec<_> = (0..CALLERS)
        .map(|n| {
            let billing = billings[n % 2].clone();
            let command = service::ReserveUsage {
                customer: play.customer(),
                id: format!("call-{}", n % 8),
                meter: "calls".to_owned(),
                quantity: 5.into(),
            };
            tokio::spawn(async move { billing.reserve_usage(&host(), command).await.unwrap() })
        })
        .collect();
    for held in tries {
        assert!(matches!(held.await.unwrap(), ReserveOutcome::Held { .. }));
    }
    let answer = play.check("calls", 1).await;
    assert_eq!((answer.used, answer.reserved), (0.into(), 40.into()));
    play.minutes_pass(1).await;
    play.ties().await;
}

/// Events come in at the same counters, and the other way round: buckets first, counters last.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn events_and_reservations_do_not_stand_in_each_other_s_way(pool: PgPool) {
    let play = calls(pool, 100_000).await;
    let now = utc("2026-04-01T00:00:00Z");
    let events: Vec<_> = (0..16)
        .map(|sender| {
            let billing = play.billing.clone();
            let events: Vec<_> = (0..40)
                .map(|n| play.event(&format!("event-{sender}-{n}"), "calls", 1, now))
                .collect();
            tokio::spawn(async move {
                for event in events {
                    billing.ingest(&host(), vec![event]).await.unwrap();
                }
            })
        })
        .collect();
    let calls: Vec<_> = (0..16)
        .map(|caller| {
            let (billing, customer) = (play.billing.clone(), play.customer());
            tokio::spawn(async move {
                for call in 0..40 {
                    let id = format!("call-{caller}-{call}");
                    let reserve = service::ReserveUsage {
                        customer,
                        id: id.clone(),
                        meter: "calls".to_owned(),
                        quantity: 2.into(),
                    };
                    billing.reserve_usage(&host(), reserve).await.unwrap();
                    let commit = service::CommitUsage {
                        customer,
                        id,
                        quantity: Some(1.into()),
                        data: serde_json::json!({}),
                    };
                    billing.commit_usage(&host(), commit).await.unwrap();
                }
            })
        })
        .collect();
    for task in events.into_iter().chain(calls) {
        task.await.unwrap();
    }
    let answer = play.check("calls", 1).await;
    assert_eq!((answer.used, answer.reserved), (1_280.into(), 0.into()));
    play.ties().await;
}
