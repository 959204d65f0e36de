//! `cargo xtask test`: every test there is, one Postgres for all of them, one line of totals at the end.

use crate::{
    build::{self, Profile},
    e2e,
    postgres::{Durability, Postgres},
    process,
    steps::Steps,
    totals::Totals,
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

/// Everything but `frontend`, which only wasm can build. Named one by one: `--workspace` would switch the
/// server's and the browser's halves of `app` on at once.
pub const HOST_SELECTION: [&str; 18] = [
    "--package=app",
    "--package=billing",
    "--package=gateway",
    "--package=sdk",
    "--package=server",
    "--package=service",
    "--package=store",
    "--package=xtask",
    "--features",
    "app/ssr",
    "--features",
    "billing/zones",
    "--features",
    "sdk/client",
    "--features",
    "sdk/openapi",
    "--features",
    "sdk/tower",
];

pub fn test(depth: Depth) -> Result<Totals> {
    let mut steps = Steps::new(4);
    let mut totals = Totals::default();
    steps.next("Rust tests");
    let postgres = Postgres::start(Durability::None)?;
    totals += rust_tests(&postgres, depth)?;
    steps.next("build for the browser tests");
    build::build(Profile::Dev)?;
    steps.next("browser tests");
    let browser = e2e::run(Profile::Dev, &postgres, &[])?;
    totals += browser;
    if browser != Totals::default() {
        steps.next("ledger, invoices and audit chain of what the browser tests left behind");
        totals += verify(&postgres);
    }
    steps.finish("all tests run");
    Ok(totals)
}

fn rust_tests(postgres: &Postgres, depth: Depth) -> Result<Totals> {
    let mut cargo = process::cargo(["test", "--no-fail-fast"]);
    cargo.args(HOST_SELECTION);
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

fn verify(postgres: &Postgres) -> Totals {
    let mut server = Command::new(Profile::Dev.server_binary());
    server
        .arg("verify")
        .env("DATABASE_URL", e2e::database_url(postgres));
    Totals::one(process::run(&mut server, "the server's own check").is_ok())
}
