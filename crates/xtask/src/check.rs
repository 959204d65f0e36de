//! `cargo xtask check`: all that is judged without running the product. Every check runs; failures come at the end.

use crate::{
    layers,
    postgres::{Durability, Postgres},
    process, sqlx_prepare,
    steps::Steps,
    workspace,
};
use anyhow::{Result, bail};

const WASM: &str = "--target=wasm32-unknown-unknown";

type Check = (&'static str, fn() -> Result<()>);

const CHECKS: [Check; 7] = [
    ("format", format),
    ("dependencies point downhill", layers::check),
    ("lints", lints),
    ("lints of the browser's half", browser_lints),
    ("billing rules stand without clock, zones and I/O", pure_billing),
    ("migrations apply from empty", migrations),
    ("saved queries are up to date", saved_queries),
];

pub fn check() -> Result<()> {
    let mut steps = Steps::new("check", CHECKS.len());
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        steps.next(name);
        if let Err(error) = check() {
            eprintln!("{error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    steps.finish("all checks passed");
    Ok(())
}

fn format() -> Result<()> {
    process::run(
        &mut process::cargo(["fmt", "--all", "--check"]),
        "the format check",
    )
}

fn lints() -> Result<()> {
    let mut cargo = process::cargo(["clippy", "--all-targets"]);
    cargo
        .args(workspace::host_selection()?)
        .args(["--", "-D", "warnings"]);
    process::run(&mut cargo, "clippy")
}

fn browser_lints() -> Result<()> {
    let selection = [
        "clippy",
        "--package=app",
        "--package=frontend",
        "--features=app/hydrate",
        WASM,
    ];
    let mut cargo = process::cargo(selection);
    process::run(
        cargo.args(["--", "-D", "warnings"]),
        "clippy for the browser's half",
    )
}

fn pure_billing() -> Result<()> {
    process::run(
        &mut process::cargo(["check", "--package=billing", WASM]),
        "billing for wasm",
    )
}

fn migrations() -> Result<()> {
    let count = Postgres::start(Durability::None)?.migrate("app")?;
    println!("{count} applied");
    Ok(())
}

fn saved_queries() -> Result<()> {
    sqlx_prepare::check()
}
