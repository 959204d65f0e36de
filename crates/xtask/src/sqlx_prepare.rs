//! `cargo xtask sqlx-prepare`: asks a fresh, migrated database about every `query!` and saves the answers in
//! `.sqlx`, so that nobody else needs a database to build.

use crate::{
    fingerprint::{self, collect_files},
    postgres::{Durability, Postgres},
    process,
};
use anyhow::{Result, bail};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const SAVED: &str = ".sqlx";
const FRESH: &str = "target/xtask/sqlx";
/// The crates that hold SQL.
const PACKAGES: [&str; 2] = ["store", "gateway"];

pub fn write() -> Result<()> {
    let fresh = ask()?;
    // Only now, so that a query that does not compile leaves the last good answers in place.
    if Path::new(SAVED).exists() {
        fs::remove_dir_all(SAVED)?;
    }
    for (name, answer) in &fresh {
        fingerprint::write(&Path::new(SAVED).join(name), answer)?;
    }
    println!("{} queries saved in {SAVED}", fresh.len());
    Ok(())
}

/// Compares instead of writing. A project without saved queries has nothing to compare.
pub fn check() -> Result<()> {
    if !Path::new(SAVED).exists() {
        println!("no {SAVED} directory");
        return Ok(());
    }
    if ask()? != answers(Path::new(SAVED))? {
        bail!("{SAVED} is out of date: run `cargo xtask sqlx-prepare` and commit the result");
    }
    Ok(())
}

/// What a migrated database says about every query, by file name.
fn ask() -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let directory = env::current_dir()?.join(FRESH);
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    fs::create_dir_all(&directory)?;
    let postgres = Postgres::start(Durability::None)?;
    postgres.migrate("app")?;
    let mut cargo = process::cargo(["check", "--tests"]);
    for package in PACKAGES {
        // The macros write while they expand, so the compiler must look at these crates again.
        touch(&Path::new("crates").join(package))?;
        cargo.args(["--package", package]);
    }
    cargo
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &directory);
    process::run(
        cargo.env("DATABASE_URL", postgres.url("app")),
        "checking the queries",
    )?;
    answers(&directory)
}

fn answers(directory: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = Vec::new();
    collect_files(directory, &mut files)?;
    files.retain(|file| file.extension().is_some_and(|e| e == "json"));
    files
        .into_iter()
        .map(|file| Ok((file.strip_prefix(directory)?.to_owned(), fs::read(&file)?)))
        .collect()
}

fn touch(package: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect_files(&package.join("src"), &mut files)?;
    collect_files(&package.join("tests"), &mut files)?;
    files.retain(|file| file.extension().is_some_and(|e| e == "rs"));
    process::run(Command::new("touch").args(&files), "touching the sources")
}
