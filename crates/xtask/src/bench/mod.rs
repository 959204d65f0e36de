//! `cargo xtask bench`: each figure beside a yardstick taken on the same machine in the same minute, judged by the
//! table in `goals.rs`, printed, and written to `target/bench.json`.
//!
//! A new figure is a row in `goals.rs` and an arm in [`measure`]. What the browser or the build shows is measured
//! here; what needs the product's code is an example of its crate, run by `program.rs`.

mod bundle;
mod goals;
mod page;
mod page_http;
mod page_queries;
mod process_figures;
mod program;
mod report;
mod vitals;

use crate::{
    build::{self, Profile},
    installation::Installation,
    postgres::{Durability, Postgres},
    steps::Steps,
};
use anyhow::{Result, bail};
use goals::{GOALS, Goal};
use report::Row;
use std::{cell::OnceCell, fs};

const SERVER_LOG: &str = "target/bench-server.log";

/// One figure as taken; `yardstick` is in the same unit.
pub struct Measured {
    pub value: f64,
    pub unit: String,
    pub yardstick: Option<f64>,
}

impl Measured {
    fn alone(value: f64, unit: &str) -> Self {
        Self {
            value,
            unit: unit.to_owned(),
            yardstick: None,
        }
    }
}

/// What several figures share, made when the first one asks for it.
#[derive(Default)]
pub struct Bench {
    postgres: OnceCell<Postgres>,
    vitals: OnceCell<vitals::Vitals>,
}

impl Bench {
    fn postgres(&self) -> Result<&Postgres> {
        if self.postgres.get().is_none() {
            // A lost race is impossible: this type never leaves its thread.
            let _ = self.postgres.set(Postgres::start(Durability::Full)?);
        }
        self.postgres
            .get()
            .ok_or_else(|| anyhow::anyhow!("Postgres has gone"))
    }

    fn vitals(&self) -> Result<vitals::Vitals> {
        if let Some(vitals) = self.vitals.get() {
            return Ok(*vitals);
        }
        let measured = vitals::measure(self)?;
        Ok(*self.vitals.get_or_init(|| measured))
    }

    /// The release build on a database of its own, filled with the demo data.
    fn install(&self, database: &str) -> Result<Installation> {
        let postgres = self.postgres()?;
        postgres.create_database(database)?;
        let installation = Installation::new(Profile::Release, postgres.url(database))?;
        installation.fill()?;
        Ok(installation)
    }
}

pub fn bench(names: &[String]) -> Result<()> {
    let chosen = choose(names)?;
    build::build(Profile::Release)?;
    fs::create_dir_all("target")?;
    let bench = Bench::default();
    let mut rows = Vec::new();
    let mut steps = Steps::new("bench", chosen.len());
    for goal in chosen {
        steps.next(goal.name);
        match measure(&bench, goal) {
            Ok(Some(measured)) => rows.push(Row::new(goal, measured)),
            Ok(None) => println!("      not measured yet"),
            Err(error) => bail!("{} could not be measured: {error:#}", goal.name),
        }
    }
    report::print(&rows);
    report::write(&rows)?;
    let missed: Vec<&str> = rows.iter().filter(|row| !row.passed()).map(Row::name).collect();
    if !missed.is_empty() {
        bail!("below the pass mark: {}", missed.join(", "));
    }
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Goal>> {
    if let Some(unknown) = names
        .iter()
        .find(|name| GOALS.iter().all(|goal| goal.name != **name))
    {
        let known: Vec<&str> = GOALS.iter().map(|goal| goal.name).collect();
        bail!("there is no figure `{unknown}`; there are {}", known.join(", "));
    }
    Ok(GOALS
        .iter()
        .filter(|goal| names.is_empty() || names.iter().any(|name| name == goal.name))
        .collect())
}

/// `None` for a figure whose program has not been written.
fn measure(bench: &Bench, goal: &Goal) -> Result<Option<Measured>> {
    Ok(Some(match goal.name {
        "bundle_kb" => bundle::bundle_kb()?,
        "lcp_ms" => Measured {
            value: bench.vitals()?.lcp_ms,
            unit: "ms".to_owned(),
            yardstick: Some(bench.vitals()?.floor_ms),
        },
        "cls" => Measured::alone(bench.vitals()?.cls, ""),
        "page_overview" => page::measure(bench, goal.name, "/overview")?,
        "page_invoices" => page::measure(bench, goal.name, "/invoices")?,
        "idle_rss_mb" => process_figures::idle_rss_mb(bench)?,
        "warm_start_s" => process_figures::warm_start_s(bench)?,
        name => return program::measure(bench, name),
    }))
}
