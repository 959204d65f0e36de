//! The whole slice under fire.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::books;
use crate::customer::Customer;
use crate::database::Database;
use crate::meter::send_events;
use crate::operator::{Operator, business_now};
use crate::program::Program;
use crate::queue::{jobs, jobs_gone};
use crate::stage::Stage;

const CUSTOMERS: usize = 6;
const METERS: u64 = 2;
/// Starts on an empty database that are cut off, migrations and all.
const FIRST_STARTS: u32 = 4;
/// No step takes longer.
const PATIENCE: Duration = Duration::from_secs(150);

/// 20, or with PROOF set 200.
pub fn kills() -> u32 {
    if std::env::var_os("PROOF").is_some() {
        200
    } else {
        20
    }
}

/// Printed, and taken from CRASH_SEED to play it again: the processes' own timing is not ours to repeat.
pub fn seed() -> u64 {
    let given = std::env::var("CRASH_SEED")
        .ok()
        .map(|seed| seed.parse().expect("CRASH_SEED is a number"));
    given.unwrap_or_else(rand::random)
}

#[tokio::test]
async fn the_slice_survives_kills_at_any_moment() {
    let (seed, kills, begun) = (seed(), kills(), Instant::now());
    println!("CRASH_SEED={seed}, {kills} kills");
    let database = Database::create().await;
    let mut program = Program::new(database.url(), "slice");
    println!("log: {}", program.log_path().display());
    first_starts(&mut program, &mut StdRng::seed_from_u64(seed)).await;
    let (stage, billing) = Stage::set(&database, &program, seed).await;

    let players = Players::enter(&stage);
    storm(&stage, &mut program, kills - FIRST_STARTS).await;
    stage.end();
    let (customers, operator) = players.leave().await;
    finale(&stage, customers, operator).await;
    jobs_gone(&database.pool, None).await;
    billing.load_clock_shift().await.unwrap();
    billing.sweep_attempts().await.unwrap();
    billing.roll_up_usage().await.unwrap();
    program.stop().await;
    // Its timers write entries of their own until it is gone.
    while billing.seal_audit().await.unwrap() > 0 {}

    let (verified, report) = program.verify();
    println!("{report}");
    let journal = std::mem::take(&mut *stage.journal());
    books::print(&database.pool, &journal, begun.elapsed()).await;
    books::check(&database.pool, &journal).await;
    assert!(verified, "the program's own check found something");
    assert_eq!(
        program.complaints(),
        Vec::<String>::new(),
        "see {}",
        program.log_path().display()
    );
    drop(billing);
    database.drop().await;
}

/// Cut off, migrations and all; then it runs.
async fn first_starts(program: &mut Program, chance: &mut StdRng) {
    for _ in 0..FIRST_STARTS {
        program.spawn();
        sleep(Duration::from_millis(chance.random_range(0..600))).await;
        program.kill();
    }
    program.start().await;
}

struct Players {
    customers: Vec<JoinHandle<Customer>>,
    operator: JoinHandle<Operator>,
    meters: Vec<JoinHandle<()>>,
}

impl Players {
    fn enter(stage: &Arc<Stage>) -> Self {
        let customers =
            (0..CUSTOMERS).map(|number| tokio::spawn(Customer::new(stage.clone(), number).live()));
        let meters = (0..METERS).map(|number| tokio::spawn(send_events(stage.clone(), number)));
        let operator = tokio::spawn(Operator::new(stage.clone()).work());
        Self {
            customers: customers.collect(),
            operator,
            meters: meters.collect(),
        }
    }

    /// Everybody ends what they are doing; who does not is stuck.
    async fn leave(self) -> (Vec<Customer>, Operator) {
        let all = async {
            for meter in self.meters {
                meter.await.unwrap();
            }
            let mut customers = Vec::new();
            for customer in self.customers {
                customers.push(customer.await.unwrap());
            }
            (customers, self.operator.await.unwrap())
        };
        timeout(PATIENCE, all).await.expect("somebody is stuck")
    }
}

/// Kills at random moments: at work, during a move of the clock, during the start.
async fn storm(stage: &Stage, program: &mut Program, kills: u32) {
    let mut chance = stage.chance(3_000);
    for number in 1..=kills {
        strike(stage, &mut chance).await;
        program.kill();
        while chance.random_bool(0.15) {
            program.spawn();
            sleep(Duration::from_millis(chance.random_range(0..400))).await;
            program.kill();
        }
        let left = jobs(&stage.pool).await;
        program.start().await;
        if number == kills {
            jobs_gone(&stage.pool, Some(left)).await;
        }
    }
}

/// Waits for the moment to kill.
async fn strike(stage: &Stage, chance: &mut StdRng) {
    let work = Duration::from_millis(chance.random_range(50..7_000));
    if chance.random_bool(0.35) {
        let moving = async {
            while !stage.clock_moves.load(Ordering::SeqCst) {
                sleep(Duration::from_millis(1)).await;
            }
        };
        // A clock that does not move for this long is not going to.
        timeout(Duration::from_secs(10), moving).await.ok();
        sleep(work / 10).await;
    } else {
        sleep(work).await;
    }
}

/// In peace: the clock goes on, and everybody pays what they owe.
async fn finale(stage: &Stage, customers: Vec<Customer>, mut operator: Operator) {
    operator
        .move_clock(business_now(&stage.pool).await + TimeDelta::days(2))
        .await;
    for mut customer in customers {
        customer.settle().await;
    }
}
