//! `ingest_single`, `ingest_batch`, `ingest_rollup`, `ingest_replay`: events over HTTP into the real program, beside
//! what Postgres alone does with as many clients. The last line printed is the answer; `DATABASE_URL` names an empty
//! database and `target/release/server` is built.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

mod load;
mod program;
mod yardstick;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use load::{Load, Measured};
use program::Program;
use yardstick::Yardstick;

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);
/// Until pools and caches are what they are in a server that runs.
const WARM_UP: Duration = Duration::from_secs(1);

/// A figure: how events are sent, and what Postgres alone is given.
struct Figure {
    connections: usize,
    /// Events a request.
    events: usize,
    /// Every event is known already.
    replay: bool,
    yardstick: Yardstick,
}

fn figure(name: &str) -> Result<Figure> {
    let batches = |replay, yardstick| Figure {
        connections: 4,
        events: 1_000,
        replay,
        yardstick,
    };
    Ok(match name {
        "ingest_single" => Figure {
            connections: 64,
            events: 1,
            replay: false,
            yardstick: Yardstick::SINGLE_ROWS,
        },
        "ingest_batch" => batches(false, Yardstick::BATCHES),
        "ingest_rollup" => batches(false, Yardstick::BATCHES_ROLLED_UP),
        "ingest_replay" => batches(true, Yardstick::KNOWN_BATCHES),
        other => bail!("there is no figure {other}"),
    })
}

#[tokio::main]
async fn main() -> Result<()> {
    let name = std::env::args().nth(1).context("name a figure")?;
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL names an empty database")?;
    let Figure {
        connections,
        events,
        replay,
        yardstick,
    } = figure(&name)?;
    let program = Program::start(&url).await?;
    yardstick.prepare(&url)?;
    let load = Load::new(&program, events, replay);
    load.run(connections, WARM_UP).await?;
    let (mut ours, mut raw) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let Measured {
            rate,
            p50,
            p99,
            own_cpu,
        } = load.run(connections, ROUND).await?;
        let (server_cpu, alone) = (program.cpu_since_asked()?, yardstick.measure(&url, ROUND)?);
        println!(
            "round {round}: {rate:.0} events/s, p50 {:.1} ms, p99 {:.1} ms; of {:.0} s the program worked {server_cpu:.2} s \
             and the senders {own_cpu:.2} s; Postgres alone {alone:.0} rows/s",
            p50.as_secs_f64() * 1e3,
            p99.as_secs_f64() * 1e3,
            ROUND.as_secs_f64(),
        );
        ours.push(rate);
        raw.push(alone);
    }
    program.stop()?;
    println!(
        "{}",
        serde_json::json!({ "value": median(ours), "unit": "events/s", "yardstick": median(raw) })
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
