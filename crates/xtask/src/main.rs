//! `cargo xtask <command>`: builds the product, runs it while you edit, tests it and measures it.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on stdout")]

mod bench;
mod build;
mod check;
mod dev;
mod e2e;
mod fingerprint;
mod installation;
mod layers;
mod leftovers;
mod lock;
mod postgres;
mod process;
mod schemathesis;
mod server;
mod sqlx_prepare;
mod steps;
mod test;
mod totals;
mod workspace;

use anyhow::{Result, bail};
use build::Profile;
use std::{env, process::ExitCode};

const HELP: &str = "\
cargo xtask <command>

  build [--release]       wasm, styles, charts and the server; the site lies in target/site
  serve [--release]       build, then run the server
  dev                     serve, and again after every change
  check                   format, lints, layers, wasm purity, migrations, saved queries
  test                    every test: Rust, then browser, then the ledger's own check
  proof                   the same with every property test at its full count
  e2e [--release] [ARGS]  browser tests alone; ARGS go to Playwright
  api [--release]         the served API against its own document; `scripts/setup.sh proof` installs what asks
  bench [NAME ...]        figures against their yardsticks; writes target/bench.json
  pg                      start a private Postgres for development, print its address
  sqlx-prepare            write the saved queries in .sqlx again
";

const TAKES_ARGUMENTS: [&str; 2] = ["e2e", "bench"];

fn main() -> ExitCode {
    match enter_workspace().and_then(|()| run()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Every path in this program is relative to the workspace, wherever it was called from.
fn enter_workspace() -> Result<()> {
    let here = env::current_dir()?;
    let Some(root) = here.ancestors().find(|dir| dir.join("crates/xtask").is_dir()) else {
        bail!("run this inside the project's directory");
    };
    env::set_current_dir(root)?;
    Ok(())
}

fn run() -> Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = args
        .split_first()
        .map_or(("help", &[][..]), |(c, rest)| (c.as_str(), rest));
    let (profile, rest) = take_profile(rest);
    if !TAKES_ARGUMENTS.contains(&command) {
        no_more(&rest)?;
    }
    match command {
        "build" => build::build(profile)?,
        "serve" => dev::serve(profile)?,
        "dev" => dev::watch()?,
        "check" => check::check()?,
        "test" => return Ok(test::test(test::Depth::Quick)?.report()),
        "proof" => return Ok(test::test(test::Depth::Full)?.report()),
        "e2e" => return Ok(e2e::command(profile, &rest)?.report()),
        "api" => return Ok(schemathesis::command(profile)?.report()),
        "bench" => bench::bench(&rest)?,
        "pg" => postgres::start_for_development()?,
        "sqlx-prepare" => sqlx_prepare::write()?,
        "help" | "--help" | "-h" => print!("{HELP}"),
        other => bail!("there is no command `{other}`\n\n{HELP}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn take_profile(args: &[String]) -> (Profile, Vec<String>) {
    let (release, rest): (Vec<_>, Vec<_>) = args.iter().cloned().partition(|arg| arg == "--release");
    (
        if release.is_empty() {
            Profile::Dev
        } else {
            Profile::Release
        },
        rest,
    )
}

fn no_more(rest: &[String]) -> Result<()> {
    match rest.first() {
        Some(unknown) => bail!("`{unknown}` means nothing here; see `cargo xtask help`"),
        None => Ok(()),
    }
}
