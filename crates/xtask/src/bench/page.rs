//! `page_overview` and `page_invoices`: how long a signed-in customer's page takes over one kept connection, beside
//! the page's own queries and as much HTML (`server/examples/page_yardstick.rs`) asked for the same way.

use super::{Bench, Measured, SERVER_LOG, page_http::Client, page_queries};
use crate::{installation::Installation, postgres::Postgres, process, server};
use anyhow::{Context, Result};
use serde::Serialize;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::Instant,
};

const EMAIL: &str = "ada@lumen.example";
const PASSWORD: &str = "cosmos-demo-2026";
const EXAMPLE: &str = "page_yardstick";
const ROUNDS: usize = 3;
const REQUESTS: usize = 300;
/// Until caches, pools and prepared statements are what they are in a server that runs.
const WARM_UP: usize = 50;

/// A page as the yardstick gets it.
#[derive(Serialize)]
struct Page {
    statements: Vec<page_queries::Statement>,
    html: String,
}

const LOOK_AT_THE_CLOCK: &str = "SELECT shift_us FROM clock";

pub fn measure(bench: &Bench, figure: &str, path: &str) -> Result<Measured> {
    let installation = bench.install(figure)?;
    let postgres = bench.postgres()?;
    let page = capture(postgres, &installation, figure, path)?;
    println!(
        "      {} queries, {} bytes of HTML",
        page.statements.len(),
        page.html.len()
    );
    let file = format!("target/bench-{figure}.json");
    fs::write(&file, serde_json::to_string(&page)?)?;

    let yardstick = Yardstick::start(&file, &postgres.url(figure))?;
    let mut bare = Client::connect(&yardstick.address)?;
    let server = installation.start(Path::new(SERVER_LOG))?;
    let mut ours = Client::connect(&server.base_url())?;
    ours.sign_in(EMAIL, PASSWORD)?;
    time(&mut ours, path, WARM_UP)?;
    time(&mut bare, "/", WARM_UP)?;
    let (mut page, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        page.push(time(&mut ours, path, REQUESTS)?);
        floor.push(time(&mut bare, "/", REQUESTS)?);
    }
    Ok(Measured {
        value: median(page),
        unit: "ms".to_owned(),
        yardstick: Some(median(floor)),
    })
}

/// The queries of one request to a server that does nothing else, and what it answered.
fn capture(postgres: &Postgres, installation: &Installation, database: &str, path: &str) -> Result<Page> {
    postgres.run(
        database,
        &format!("ALTER DATABASE {database} SET log_statement = 'all'"),
    )?;
    let server = installation.start_without_worker(Path::new(SERVER_LOG))?;
    let mut client = Client::connect(&server.base_url())?;
    client.sign_in(EMAIL, PASSWORD)?;
    for _ in 0..WARM_UP {
        client.get(path)?;
    }
    let before = postgres.log()?.len();
    let html = client.get(path)?;
    let log = postgres.log()?;
    postgres.run(
        database,
        &format!("ALTER DATABASE {database} RESET log_statement"),
    )?;
    let mut statements = page_queries::parse(log.get(before..).unwrap_or_default());
    // Every second, by itself, and for no page.
    statements.retain(|statement| statement.sql != LOOK_AT_THE_CLOCK);
    anyhow::ensure!(!statements.is_empty(), "{path} asked the database nothing");
    Ok(Page { statements, html })
}

/// The median time of `count` requests, one after the other, in milliseconds.
fn time(client: &mut Client, path: &str, count: usize) -> Result<f64> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        client.get(path)?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(median(times))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The yardstick's own server; stopped when dropped.
struct Yardstick {
    child: Child,
    address: String,
}

impl Yardstick {
    fn start(page: &str, database_url: &str) -> Result<Self> {
        let mut cargo = process::cargo([
            "build",
            "--release",
            "--quiet",
            "--package",
            "server",
            "--example",
            EXAMPLE,
        ]);
        process::run(&mut cargo, "building the yardstick")?;
        let program = Path::new("target/release/examples").join(EXAMPLE);
        let mut command = process::tied_to_us(&program, "TERM");
        command
            .arg(page)
            .env("DATABASE_URL", database_url)
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the yardstick")?;
        let mut address = String::new();
        let stdout = child.stdout.take().context("the yardstick has no output")?;
        BufReader::new(stdout).read_line(&mut address)?;
        let address = format!("http://{}", address.trim());
        Ok(Self { child, address })
    }
}

impl Drop for Yardstick {
    fn drop(&mut self) {
        server::stop(&mut self.child);
    }
}
