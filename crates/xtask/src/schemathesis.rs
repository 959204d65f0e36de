//! The served API against its own document: thousands of requests that fit it and that do not, with a key and
//! without. Nothing may break, and nothing may be answered that the document does not know.

use crate::{
    build::{self, Profile},
    e2e,
    installation::Installation,
    postgres::{Durability, Postgres},
    process,
    server::Server,
    totals::Totals,
};
use anyhow::Result;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// `scripts/setup.sh proof` made it. Named from the folder it runs in.
const PROGRAM: &str = "../proof-tools/bin/schemathesis";
const FOLDER: &str = "target/e2e";
const LOG: &str = "target/e2e/api-server.log";
/// Everything the document promises, whoever asks.
const ALWAYS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method";
/// With a key, too: what is wrong is refused, and what needs a key is not done without.
const WITH_KEY: &str = "negative_data_rejection,ignored_auth";
const SEED: &str = "20260131";

/// How many requests each operation gets in a phase.
#[derive(Clone, Copy)]
pub struct Examples(pub u32);

pub const PROOF: Examples = Examples(200);
const QUICK: Examples = Examples(30);

pub fn command(profile: Profile) -> Result<Totals> {
    build::build(profile)?;
    let postgres = Postgres::start(Durability::None)?;
    let installation = e2e::install(profile, &postgres)?;
    let mut totals = run(&installation, QUICK)?;
    totals += Totals::one(installation.verify());
    Ok(totals)
}

/// Each of the two runs counts as one test.
pub fn run(installation: &Installation, examples: Examples) -> Result<Totals> {
    fs::create_dir_all(FOLDER)?;
    let key = installation.key_of_every_scope()?;
    let server = installation.start_without_rates(Path::new(LOG))?;
    let mut totals = Totals::default();
    for (who, key, checks) in [
        ("with a key", Some(key), format!("{ALWAYS},{WITH_KEY}")),
        ("without a key", None, ALWAYS.to_owned()),
    ] {
        println!("schemathesis {who}");
        let mut command = schemathesis(&server, examples);
        command.args(["--checks", &checks]);
        if let Some(key) = key {
            command.args(["--header", &format!("Authorization: Bearer {key}")]);
        }
        let passed = process::run(command.stdin(Stdio::null()), "schemathesis").is_ok();
        totals += Totals::one(passed);
    }
    Ok(totals)
}

fn schemathesis(server: &Server, examples: Examples) -> Command {
    let base = server.base_url();
    let mut command = Command::new(PROGRAM);
    command
        .args(["run", &format!("{base}/v1/openapi.json")])
        .args(["--url", &format!("{base}/v1")])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", &examples.0.to_string()])
        .args(["--seed", SEED, "--workers", "2", "--continue-on-failure"])
        .args([
            "--request-timeout",
            "35",
            "--warnings",
            "off",
            "--suppress-health-check",
            "all",
        ]);
    // What it remembers of other runs would make this one another.
    command.current_dir(FOLDER);
    command
}
