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

pub fn test(depth: Depth) -> Result<Totals> {
    let mut steps = Steps::new("test", if depth == Depth::Full { 6 } else { 4 });
    let mut totals = Totals::default();
    steps.next("Rust tests");
    let postgres = Postgres::start(Durability::None)?;
    totals += rust_tests(&postgres, depth)?;
    totals += browser_tests(&postgres, &mut steps).unwrap_or_else(|error| {
        // Counted, not passed on: the sum of all tests stays the last line.
        eprintln!("\nerror: {error:#}");
        Totals::one(false)
    });
    if depth == Depth::Full {
        totals += api_tests(&postgres, &mut steps).unwrap_or_else(|error| {
            eprintln!("\nerror: {error:#}");
            Totals::one(false)
        });
    }
    steps.finish("all tests run");
    Ok(totals)
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

fn rust_tests(postgres: &Postgres, depth: Depth) -> Result<Totals> {
    let mut cargo = process::cargo(["test", "--no-fail-fast"]);
    cargo.args(workspace::host_selection()?);
    let url = postgres.url("app");
    cargo.env("DATABASE_URL", &url).env("TEST_DATABASE_URL", &url);
    if depth == Depth::Full {
        cargo.env("PROOF", "1");
    }
    count(&mut cargo)
}

/// Shows every line as it comes and adds up the summaries among them.
fn count(cargo: &mut Command) -> Result<Totals> {
    let mut child = cargo
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let mut totals = Totals::default();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        totals += Totals::from_cargo_line(&line);
    }
    Ok(totals.or_crashed(child.wait()?.success()))
}
