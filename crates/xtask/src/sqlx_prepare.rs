//! `cargo xtask sqlx-prepare`: asks a fresh, migrated database about every `query!` and saves the answers in
//! `.sqlx`, so that nobody else needs a database to build.

use crate::{
    fingerprint::collect_files,
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

pub const SAVED: &str = ".sqlx";
const FRESH: &str = "target/xtask/sqlx";
/// The crates that hold SQL.
const PACKAGES: [&str; 2] = ["store", "gateway"];

pub fn write(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    let postgres = Postgres::start(Durability::None)?;
    postgres.migrate("app")?;
    // The macros write while they expand, so the compiler must look at these crates again.
    let mut cargo = process::cargo(["check", "--tests"]);
    for package in PACKAGES {
        touch(&Path::new("crates").join(package))?;
        cargo.args(["--package", package]);
    }
    cargo
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", env::current_dir()?.join(directory));
    process::run(
        cargo.env("DATABASE_URL", postgres.url("app")),
        "checking the queries",
    )?;
    println!(
        "{} queries saved in {}",
        answers(directory)?.len(),
        directory.display()
    );
    Ok(())
}

/// Compares instead of writing. A project without saved queries has nothing to compare.
pub fn check() -> Result<()> {
    if !Path::new(SAVED).exists() {
        println!("no {SAVED} directory");
        return Ok(());
    }
    write(Path::new(FRESH))?;
    if answers(Path::new(FRESH))? != answers(Path::new(SAVED))? {
        bail!("{SAVED} is out of date: run `cargo xtask sqlx-prepare` and commit the result");
    }
    Ok(())
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
