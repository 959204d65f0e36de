//! The served API against its own document: thousands of requests that fit it and that do not, with a key, without,
//! and about records that there are. Nothing may break, and nothing may be answered that the document does not know.

use crate::{
    build::{self, Profile},
    e2e,
    installation::Installation,
    postgres::{Durability, Postgres},
    process,
    server::Server,
    totals::Totals,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
};

/// `scripts/setup.sh proof` made it. Named, as all here, from the folder it runs in.
const PROGRAM: &str = "../proof-tools/bin/schemathesis";
const EVERYTHING: &str = "../../scripts/schemathesis.toml";
const RECORDS: &str = "../../scripts/schemathesis-records.toml";
const FOLDER: &str = "target/e2e";
const LOG: &str = "target/e2e/api-server.log";
const SEED: &str = "20260131";

/// How many requests each operation gets beside those that the document alone leads to.
#[derive(Clone, Copy)]
pub struct Examples(u32);

pub const PROOF: Examples = Examples(200);
const QUICK: Examples = Examples(30);

pub fn command(profile: Profile) -> Result<Totals> {
    build::build(profile)?;
    let postgres = Postgres::start(Durability::None)?;
    let installation = e2e::install_in(profile, &postgres, "api")?;
    let mut totals = run(&installation, QUICK)?;
    totals += Totals::one(installation.verify());
    Ok(totals)
}

/// Each run counts as one test.
pub fn run(installation: &Installation, examples: Examples) -> Result<Totals> {
    fs::create_dir_all(FOLDER)?;
    let key = installation.key_of_every_scope()?;
    let server = installation.start_without_rates(Path::new(LOG))?;
    let host = Host { server, key };
    let mut totals = Totals::default();
    // First those that are about records: the others may do something about them as well.
    for (who, key, config) in [
        ("with a key, about records there are", Some(&host.key), RECORDS),
        ("with a key", Some(&host.key), EVERYTHING),
        ("without a key", None, EVERYTHING),
    ] {
        println!("schemathesis {who}");
        let mut command = host.schemathesis(config, examples);
        if let Some(key) = key {
            command.args(["--header", &format!("Authorization: Bearer {key}")]);
        }
        if config == RECORDS {
            command.envs(host.records()?);
        }
        let passed = process::run(command.stdin(Stdio::null()), "schemathesis").is_ok();
        totals += Totals::one(passed);
    }
    Ok(totals)
}

struct Host {
    server: Server,
    key: String,
}

impl Host {
    fn schemathesis(&self, config: &str, examples: Examples) -> Command {
        let base = self.server.base_url();
        let mut command = Command::new(PROGRAM);
        command
            .args(["--config-file", config, "run", &format!("{base}/v1/openapi.json")])
            .args([
                "--url",
                &format!("{base}/v1"),
                "--phases",
                "examples,coverage,fuzzing",
            ])
            .args(["--max-examples", &examples.0.to_string(), "--seed", SEED])
            .args([
                // Two threads at once break Python's parser now and then.
                "--workers",
                "1",
                "--continue-on-failure",
                "--request-timeout",
                "35",
            ])
            .args(["--warnings", "off", "--suppress-health-check", "all"])
            .current_dir(FOLDER);
        command
    }

    /// One of each kind: the newest of the demo data that something can still be done about, and a credit note.
    fn records(&self) -> Result<Vec<(&'static str, String)>> {
        let subscription = self.first("subscriptions?status=active&limit=1")?;
        let open = self.first("invoices?status=open&limit=1")?;
        let paid = self.first("invoices?status=paid&limit=1")?;
        let given_back = json!({ "invoice": text(&paid, "id")?, "reason": "other" });
        let note = self.ask("POST", "credit_notes", Some(&given_back))?;
        Ok(vec![
            ("CUSTOMER", text(&subscription, "customer")?),
            ("SUBSCRIPTION", text(&subscription, "id")?),
            ("INVOICE", text(&open, "id")?),
            ("CREDIT_NOTE", text(&note, "id")?),
        ])
    }

    fn first(&self, list: &str) -> Result<Value> {
        let page = self.ask("GET", list, None)?;
        let first = page["data"].get(0).cloned();
        first.with_context(|| format!("/v1/{list} lists nothing"))
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let base = self.server.base_url();
        let address = base.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).context("the server does not answer")?;
        let (key, body) = (&self.key, body.map(Value::to_string).unwrap_or_default());
        write!(
            stream,
            "{method} /v1/{path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).with_context(|| format!("/v1/{path} answered no JSON"))
    }
}

fn text(record: &Value, field: &str) -> Result<String> {
    let text = record[field].as_str().map(str::to_owned);
    text.with_context(|| format!("a record without {field}: {record}"))
}
