//! `cargo xtask test`: every test there is, one Postgres for all of them, one line of totals at the end.

use crate::{
    build::{self, Profile},
    e2e,
    postgres::{Durability, Postgres},
    process, schemathesis,
    steps::Steps,
    totals::Totals,
    workspace,
};
use anyhow::{Context, Result};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

/// How many cases a property test tries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    Quick,
    Full,
}

/// What kills programs takes long and waits most of the time, so that the others run beside it.
const KILLS: &str = "crash";

pub fn test(depth: Depth) -> Result<Totals> {
    let mut steps = Steps::new("test", if depth == Depth::Full { 8 } else { 6 });
    steps.next("build of the Rust tests");
    let postgres = Postgres::start(Durability::None)?;
    process::run(
        cargo_test(&postgres, depth)?.arg("--no-run"),
        "building the tests",
    )?;
    let mut kills = cargo_test(&postgres, depth)?;
    kills.args(["--test", KILLS]);
    let mut totals = std::thread::scope(|scope| {
        let kills = scope.spawn(|| count(&mut kills, "kills | "));
        let mut totals = others(&postgres, depth, &mut steps)?;
        totals += kills.join().unwrap_or_else(|_| Ok(Totals::one(false)))?;
        anyhow::Ok(totals)
    })?;
    steps.next("documented examples");
    let mut documented = cargo_test(&postgres, depth)?;
    totals += count(documented.arg("--doc"), "")?;
    steps.finish("all tests run");
    Ok(totals)
}

fn others(postgres: &Postgres, depth: Depth, steps: &mut Steps) -> Result<Totals> {
    steps.next("Rust tests");
    let mut cargo = cargo_test(postgres, depth)?;
    // More than there are cores: those of the server wait most of the time.
    cargo.env("RUST_TEST_THREADS", "4").args(["--lib", "--bins"]);
    for program in workspace::test_programs()?.iter().filter(|name| *name != KILLS) {
        cargo.args(["--test", program]);
    }
    let mut totals = count(&mut cargo, "")?;
    totals += browser_tests(postgres, steps).unwrap_or_else(counted);
    if depth == Depth::Full {
        totals += api_tests(postgres, steps).unwrap_or_else(counted);
    }
    Ok(totals)
}

/// Not passed on: the sum of all tests stays the last line.
fn counted(error: anyhow::Error) -> Totals {
    eprintln!("\nerror: {error:#}");
    Totals::one(false)
}

/// On data of their own: they change what they can.
fn api_tests(postgres: &Postgres, steps: &mut Steps) -> Result<Totals> {
    steps.next("the API against its own document");
    let installation = e2e::install_in(Profile::Dev, postgres, "api")?;
    let mut totals = schemathesis::run(&installation, schemathesis::PROOF)?;
    steps.next("ledger, invoices and audit chain of what those requests left behind");
    totals += Totals::one(installation.verify());
    Ok(totals)
}

fn browser_tests(postgres: &Postgres, steps: &mut Steps) -> Result<Totals> {
    steps.next("build for the browser tests");
    build::build(Profile::Dev)?;
    steps.next("browser tests");
    let installations = e2e::install(Profile::Dev, postgres, &[])?;
    let mut totals = e2e::run(&installations, &[])?;
    steps.next("ledger, invoices and audit chain of what the browser tests left behind");
    for installation in &installations {
        totals += Totals::one(installation.verify());
    }
    Ok(totals)
}

fn cargo_test(postgres: &Postgres, depth: Depth) -> Result<Command> {
    let mut cargo = process::cargo(["test", "--no-fail-fast"]);
    cargo.args(workspace::host_selection()?);
    let url = postgres.url("app");
    cargo.env("DATABASE_URL", &url).env("TEST_DATABASE_URL", &url);
    if depth == Depth::Full {
        cargo.env("PROOF", "1");
    }
    Ok(cargo)
}

/// Shows every line as it comes, after a mark of who says it, and adds up the summaries among them.
fn count(cargo: &mut Command, mark: &str) -> Result<Totals> {
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let mut totals = Totals::default();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{mark}{line}");
        totals += Totals::from_cargo_line(&line);
    }
    Ok(totals.or_crashed(child.wait()?.success()))
}
