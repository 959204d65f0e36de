//! What is said about wrong settings, and that `.env.example` lists the right ones.

use std::collections::BTreeMap;

use clap::CommandFactory;
use server::cli::Cli;

use crate::program::{Folder, command, stderr};

/// A variable, a value it cannot have, and what is said about it.
const WRONG: [(&str, &str, &str); 19] = [
    (
        "SITE_ROOT",
        "/nope",
        "invalid value '/nope' for '--site-root <SITE_ROOT>': there is no such folder: name the one with the built \
         browser files",
    ),
    (
        "DATABASE_URL",
        "mysql://me:hunter2@db/x",
        "DATABASE_URL is not the address of a Postgres database: write it as \
         postgres://user:password@host:5432/database, or unset it to use the program's own",
    ),
    (
        "ADDRESS",
        "3000",
        "invalid value '3000' for '--address <ADDRESS>': give an IP address and a port, as in 127.0.0.1:3000",
    ),
    (
        "BASE_URL",
        "billing.example.com",
        "invalid value 'billing.example.com' for '--base-url <BASE_URL>': give a scheme and a host only, as in \
         https://billing.example.com",
    ),
    (
        "TRUSTED_PROXIES",
        "10.0.0.0/33",
        "invalid value '10.0.0.0/33' for '--trusted-proxies <TRUSTED_PROXIES>': give addresses or networks with \
         commas between, as in 10.0.0.0/8,192.0.2.7",
    ),
    (
        "STRIPE_SECRET_KEY",
        "sk_live_hunter2",
        "STRIPE_SECRET_KEY is set, but card payments through Stripe are not available yet: unset it to run with \
         the sandbox",
    ),
    (
        "BILLING_CURRENCY",
        "dollars",
        "invalid value 'dollars' for '--billing-currency <BILLING_CURRENCY>': give a three-letter ISO 4217 code, \
         as in USD",
    ),
    (
        "BILLING_TAX_RATE",
        "8",
        "invalid value '8' for '--billing-tax-rate <BILLING_TAX_RATE>': give a fraction between 0 and 1, as in \
         0.08 for eight percent",
    ),
    (
        "BILLING_DUNNING_END",
        "forgive",
        "invalid value 'forgive' for '--billing-dunning-end <BILLING_DUNNING_END>': give cancel, unpaid or keep",
    ),
    (
        "USAGE_ALERT_THRESHOLDS",
        "0.8",
        "invalid value '0.8' for '--usage-alert-thresholds <USAGE_ALERT_THRESHOLDS>': give two fractions in \
         order, as in {\"warning\":0.8,\"critical\":0.9}",
    ),
    (
        "BILLING_GROSS_MARGIN",
        "80",
        "invalid value '80' for '--billing-gross-margin <BILLING_GROSS_MARGIN>': a gross margin is more than 0, at \
         most 1 and has at most 6 decimals",
    ),
    (
        "SMTP_URL",
        "smtps://me:hunter2@mail.example.com",
        "SMTP_URL is set, but MAIL_FROM is not: say in whose name mail is sent",
    ),
    (
        "WEBHOOK_TARGETS",
        "private",
        "invalid value 'private' for '--webhook-targets <WEBHOOK_TARGETS>': give public, or any for development",
    ),
    (
        "JWT_SECRET_KEY",
        "hunter2",
        "JWT_SECRET_KEY is too short: give it 32 characters or more",
    ),
    (
        "JWT_JWKS",
        "http://host.example/jwks.json",
        "invalid value 'http://host.example/jwks.json' for '--jwt-jwks <JWT_JWKS>': give a file, or an address as in \
         https://host.example/.well-known/jwks.json",
    ),
    (
        "METRICS_TOKEN",
        "hunter2",
        "METRICS_TOKEN is too short: give it 32 characters or more",
    ),
    (
        "API_RATE_LIMIT",
        "0",
        "invalid value '0' for '--api-rate-limit <API_RATE_LIMIT>': 0 is not in 1..=10000000",
    ),
    (
        "ENCRYPTION_KEY",
        "hunter2",
        "ENCRYPTION_KEY is not 32 bytes in base64: make one with `openssl rand -base64 32`",
    ),
    (
        "LOG",
        "=",
        "invalid value '=' for '--log <LOG>': give levels as in info or info,server=debug",
    ),
];

/// One plain sentence, exit code 2, and no secret in it.
#[test]
fn a_wrong_setting_is_told_in_one_sentence() {
    let folder = Folder::new();
    for (name, value, sentence) in WRONG {
        let output = command(folder.path(), &["serve"])
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(stderr(&output), format!("error: {sentence}\n"), "{name}");
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!stderr(&output).contains("hunter2"), "{name}");
    }
    assert!(
        !folder.path().join(".data").exists(),
        "a wrong setting made a data folder"
    );
}

#[test]
fn an_empty_variable_counts_as_none() {
    let folder = Folder::new();
    let output = command(folder.path(), &["serve"])
        .env("STRIPE_SECRET_KEY", "")
        .env("ADDRESS", "")
        .env("JWT_SECRET_KEY", "short")
        .output()
        .unwrap();
    assert_eq!(
        stderr(&output),
        "error: JWT_SECRET_KEY is too short: give it 32 characters or more\n"
    );
}

#[test]
fn a_taken_port_is_told_before_anything_is_made() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(folder.path(), &["serve", "--address", &address])
        .output()
        .unwrap();
    let sentence = format!(
        "error: {address} is taken by another program: stop that one, or choose another address with --address\n"
    );
    assert_eq!(stderr(&output), sentence);
    assert_eq!(output.status.code(), Some(1));
    assert!(!folder.path().join(".data").exists());
}

#[test]
fn a_database_that_is_not_there_is_told_in_one_sentence() {
    let folder = Folder::new();
    let url = format!(
        "postgres://billing:hunter2@localhost/billing?host={}",
        folder.path().display()
    );
    let output = command(folder.path(), &["migrate"])
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with("error: the database at DATABASE_URL cannot be used: "),
        "{said}"
    );
    assert!(
        said.trim_end().lines().count() == 1 && !said.contains("hunter2"),
        "{said}"
    );
}

/// Each variable once, and where it is not commented out, with the value it has anyway.
#[test]
fn the_example_lists_every_setting() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../.env.example");
    let mut written = BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let (set, line) = match line.strip_prefix("# ") {
            Some(commented) => (false, commented),
            None => (true, line),
        };
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        if name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') {
            let value = set.then(|| value.trim_matches('\'').to_owned());
            assert!(
                written.insert(name.to_owned(), value).is_none(),
                "{name} is listed twice"
            );
        }
    }
    let known: BTreeMap<String, Option<String>> = Cli::command()
        .get_arguments()
        .filter_map(|arg| {
            let default = arg
                .get_default_values()
                .first()
                .map(|value| value.to_str().unwrap().to_owned());
            Some((arg.get_env()?.to_str()?.to_owned(), default))
        })
        .collect();
    assert_eq!(written, known);
}
