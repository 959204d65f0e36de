//! `idle_rss_mb` and `warm_start_s`: the release server as the operating system sees it, Postgres not counted.

use super::{Bench, Measured, SERVER_LOG};
use anyhow::{Context, Result};
use std::{fs, path::Path, thread, time::Duration};

/// Long enough for the start's own work to be over.
const SETTLED: Duration = Duration::from_secs(10);
const ROUNDS: usize = 3;

pub fn idle_rss_mb(bench: &Bench) -> Result<Measured> {
    let installation = bench.install("idle")?;
    let server = installation.start(Path::new(SERVER_LOG))?;
    thread::sleep(SETTLED);
    let status =
        fs::read_to_string(format!("/proc/{}/status", server.pid())).context("the server has gone")?;
    let kilobytes: f64 = status
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .strip_suffix("kB")?
                .trim()
                .parse()
                .ok()
        })
        .context("the kernel does not say how much memory the server holds")?;
    Ok(Measured::alone(kilobytes / 1024.0, "MB"))
}

/// From starting the program to its first "ready", on a database that is already migrated and filled.
pub fn warm_start_s(bench: &Bench) -> Result<Measured> {
    let installation = bench.install("warm")?;
    drop(installation.start(Path::new(SERVER_LOG))?);
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        seconds.push(
            installation
                .start(Path::new(SERVER_LOG))?
                .started_within()
                .as_secs_f64(),
        );
    }
    seconds.sort_by(f64::total_cmp);
    Ok(Measured::alone(seconds[ROUNDS / 2], "s"))
}
