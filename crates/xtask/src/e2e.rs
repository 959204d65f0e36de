//! Browser tests: the real server on a throw-away database, driven by Playwright in Chromium.

use crate::{
    build::{self, Profile},
    fingerprint::collect_files,
    installation::Installation,
    lock,
    postgres::{Durability, Postgres},
    process,
    totals::Totals,
    workspace,
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    fs,
    path::{self, Path},
};

const REPORT: &str = "target/e2e/report.json";
const SERVER_LOG: &str = "target/e2e/server.log";
const DATABASE: &str = "e2e";
/// A host platform's server that adopts the SDK.
const HOST: &str = "target/debug/examples/host";

#[derive(Deserialize)]
struct Report {
    stats: Stats,
}

/// Playwright's words: a flaky test passed in the end.
#[derive(Deserialize)]
struct Stats {
    expected: u32,
    unexpected: u32,
    flaky: u32,
}

pub fn command(profile: Profile, args: &[String]) -> Result<Totals> {
    build::build(profile)?;
    let postgres = Postgres::start(Durability::None)?;
    let totals = run(&install(profile, &postgres)?, args)?;
    if totals.failed > 0 {
        eprintln!("pictures and traces are in target/e2e, the server's log is {SERVER_LOG}");
    }
    Ok(totals)
}

/// The product as the browser tests find it; expects a finished build.
pub fn install(profile: Profile, postgres: &Postgres) -> Result<Installation> {
    install_in(profile, postgres, DATABASE)
}

/// The same in a database of its own.
pub fn install_in(profile: Profile, postgres: &Postgres, database: &str) -> Result<Installation> {
    postgres.create_database(database)?;
    let installation = Installation::new(profile, postgres.url(database))?;
    installation.fill()?;
    Ok(installation)
}

pub fn run(installation: &Installation, args: &[String]) -> Result<Totals> {
    if !has_specs()? {
        println!("no browser tests in end2end");
        return Ok(Totals::default());
    }
    let _lock = lock::take("browser run")?;
    fs::create_dir_all("target/e2e")?;
    fs::create_dir_all("target/screenshots")?;
    if Path::new(REPORT).exists() {
        fs::remove_file(REPORT)?;
    }
    build_host()?;
    let server = installation.start(Path::new(SERVER_LOG))?;
    let mut playwright = process::npm_tool("playwright");
    playwright
        .args(["test", "--config", "end2end/playwright.config.ts"])
        .args(args);
    playwright.env("BASE_URL", server.base_url());
    playwright.env("HOST_API_KEY", installation.host_key()?);
    playwright.env("HOST_PROGRAM", path::absolute(HOST)?);
    installation.lend(&mut playwright)?;
    let status = playwright
        .status()
        .context("cannot start Playwright: `make setup` installs it")?;
    Ok(read_report()?.or_crashed(status.success()))
}

/// With the features of the Rust tests, after which there is nothing left to build.
fn build_host() -> Result<()> {
    let mut cargo = process::cargo(["build", "--example=host"]);
    cargo.args(workspace::host_selection()?);
    process::run(&mut cargo, "building the SDK's example host")
}

fn read_report() -> Result<Totals> {
    let Ok(json) = fs::read(REPORT) else {
        return Ok(Totals::default());
    };
    let report: Report = serde_json::from_slice(&json).context("Playwright's report has another shape")?;
    let Stats {
        expected,
        unexpected,
        flaky,
    } = report.stats;
    Ok(Totals {
        passed: expected + flaky,
        failed: unexpected,
    })
}

fn has_specs() -> Result<bool> {
    let mut files = Vec::new();
    collect_files(Path::new("end2end"), &mut files)?;
    Ok(files
        .iter()
        .any(|file| file.to_string_lossy().ends_with(".spec.ts")))
}
