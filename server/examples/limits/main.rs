//! `check_cached`, `reserve_spread` and `reserve_hot`: limits over HTTP, beside a bare route and beside statements that
//! only update counters. The last line printed is the answer; `DATABASE_URL` names an empty database.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

mod client;
mod raw;
mod world;

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use client::{Load, Request};
use world::World;

const ROUNDS: usize = 3;
const FOR: Duration = Duration::from_secs(3);
/// Until caches, pools and prepared statements are what they are in a server that runs.
const WARM_UP: Duration = Duration::from_secs(1);
/// Inside the handlers, of all checks but one in a hundred.
const CHECK_P99: Duration = Duration::from_millis(1);

const CHECK_CONNECTIONS: usize = 16;
const CHECKED: usize = 100;
const RESERVE_CONNECTIONS: usize = 64;
const CUSTOMERS: usize = 10_000;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let Some(figure) = std::env::args().nth(1) else {
        bail!("name a figure")
    };
    let url = std::env::var("DATABASE_URL")?;
    let (value, yardstick) = match figure.as_str() {
        "check_cached" => check_cached(&url).await?,
        "reserve_spread" => reserve(&url, CUSTOMERS).await?,
        "reserve_hot" => reserve(&url, 1).await?,
        other => bail!("there is no figure {other}"),
    };
    println!(
        "{}",
        serde_json::json!({ "value": value, "unit": "req/s", "yardstick": yardstick })
    );
    Ok(())
}

async fn check_cached(url: &str) -> Result<(f64, f64)> {
    let world = World::make(url, CHECKED).await?;
    let check = Load {
        connections: CHECK_CONNECTIONS,
        path: "/v1/usage/check",
        key: world.key.clone(),
    };
    let bare = raw::serve_bare().await?;
    let body = |request: Request| world.check(request.number % CHECKED);
    check.run(world.address, WARM_UP, body).await?;
    check.run(bare, WARM_UP, body).await?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let answered = check.run(world.address, FOR, body).await?;
        let least = check.run(bare, FOR, body).await?;
        println!("round {round}: {answered:.0} checks a second; the bare route {least:.0}");
        ours.push(answered);
        floor.push(least);
    }
    // Apart from what was measured: looking at the clock twice a request costs as well.
    let timed = world.serve_timed().await?;
    check.run(timed.address, FOR, body).await?;
    let (p50, p99) = timed.percentiles()?;
    println!("inside the handlers: p50 {p50:?}, p99 {p99:?}");
    ensure!(
        p99 <= CHECK_P99,
        "the p99 inside the handlers is {p99:?}, more than {CHECK_P99:?}"
    );
    Ok((median(ours), median(floor)))
}

/// Of so many customers, any or the only one.
async fn reserve(url: &str, customers: usize) -> Result<(f64, f64)> {
    let world = World::make(url, customers).await?;
    let raw = raw::Counters::make(url, customers, RESERVE_CONNECTIONS).await?;
    let load = Load {
        connections: RESERVE_CONNECTIONS,
        path: "/v1/usage/reserve",
        key: world.key.clone(),
    };
    world.touch_all().await?;
    load.run(world.address, WARM_UP, |request| world.reserve(request))
        .await?;
    raw.run(WARM_UP).await?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        world.reset().await?;
        let reserved = load
            .run(world.address, FOR, |request| world.reserve(request))
            .await?;
        world.ties().await?;
        raw.reset().await?;
        let least = raw.run(FOR).await?;
        println!("round {round}: {reserved:.0} reservations a second; the statements alone {least:.0}");
        ours.push(reserved);
        floor.push(least);
    }
    world.overshoot(&load).await?;
    Ok((median(ours), median(floor)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
