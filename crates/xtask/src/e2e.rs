//! Browser tests: the real server on a throw-away database, driven by Playwright in Chromium.

use crate::{
    build::{self, Profile},
    fingerprint::collect_files,
    installation::Installation,
    lock,
    postgres::{Durability, Postgres},
    process,
    server::Server,
    totals::Totals,
    workspace,
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{
    fs,
    path::{self, Path, PathBuf},
    process::Child,
};

/// Holds the report, the pictures, the traces and the server's log of each part.
const DIRECTORY: &str = "target/e2e";
const DATABASE: &str = "e2e";
/// The whole suite runs in so many parts beside each other, each on a product of its own: a browser and its server
/// mostly wait for each other.
const PARTS: usize = 2;
const REPORT: &str = "report.json";
const SERVER_LOG: &str = "server.log";
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
    let totals = run(&install(profile, &postgres, args)?, args)?;
    if totals.failed > 0 {
        eprintln!("pictures, traces and the servers' logs are in {DIRECTORY}");
    }
    Ok(totals)
}

/// The product as the browser tests find it, once for each part; expects a finished build. Whoever picks tests has
/// few of them, and keeps their order.
pub fn install(profile: Profile, postgres: &Postgres, args: &[String]) -> Result<Vec<Installation>> {
    let parts = if args.is_empty() { PARTS } else { 1 };
    let install = |part| install_in(profile, postgres, &format!("{DATABASE}_{part}"));
    (1..=parts).map(install).collect()
}

/// The same in a database of its own.
pub fn install_in(profile: Profile, postgres: &Postgres, database: &str) -> Result<Installation> {
    postgres.create_database(database)?;
    let installation = Installation::new(profile, postgres.url(database))?;
    installation.fill()?;
    Ok(installation)
}

pub fn run(installations: &[Installation], args: &[String]) -> Result<Totals> {
    if !has_specs()? {
        println!("no browser tests in end2end");
        return Ok(Totals::default());
    }
    let _lock = lock::take("browser run")?;
    fs::create_dir_all("target/screenshots")?;
    build_host()?;
    let parts: Vec<Part> = (1..)
        .zip(installations)
        .map(|(number, installation)| Part::start(installation, (number, installations.len()), args))
        .collect::<Result<_>>()?;
    let mut totals = Totals::default();
    for part in parts {
        totals += part.finish()?;
    }
    Ok(totals)
}

/// Some of the tests, with the server they ask.
struct Part {
    directory: PathBuf,
    tests: Child,
    _server: Server,
}

impl Part {
    fn start(installation: &Installation, (number, of): (usize, usize), args: &[String]) -> Result<Self> {
        let directory = Path::new(DIRECTORY).join(number.to_string());
        if directory.exists() {
            fs::remove_dir_all(&directory)?;
        }
        fs::create_dir_all(&directory)?;
        let server = installation.start(&directory.join(SERVER_LOG))?;
        let mut playwright = process::npm_tool("playwright");
        playwright
            .args(["test", "--config", "end2end/playwright.config.ts"])
            .arg(format!("--shard={number}/{of}"))
            .args(args);
        playwright.env("BASE_URL", server.base_url());
        playwright.env("RESULTS", path::absolute(&directory)?);
        playwright.env("HOST_API_KEY", installation.host_key()?);
        playwright.env("HOST_PROGRAM", path::absolute(HOST)?);
        installation.lend(&mut playwright)?;
        let tests = playwright
            .spawn()
            .context("cannot start Playwright: `make setup` installs it")?;
        Ok(Self {
            directory,
            tests,
            _server: server,
        })
    }

    fn finish(mut self) -> Result<Totals> {
        let status = self.tests.wait()?;
        Ok(read_report(&self.directory.join(REPORT))?.or_crashed(status.success()))
    }
}

/// With the features of the Rust tests, after which there is nothing left to build.
fn build_host() -> Result<()> {
    let mut cargo = process::cargo(["build", "--example=host"]);
    cargo.args(workspace::host_selection()?);
    process::run(&mut cargo, "building the SDK's example host")
}

fn read_report(report: &Path) -> Result<Totals> {
    let Ok(json) = fs::read(report) else {
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
