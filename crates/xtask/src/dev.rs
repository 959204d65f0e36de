//! `serve` and `dev`: run the server, and in `dev` build and restart it whenever a source file changes.

use crate::{
    build::{self, Profile, SITE},
    fingerprint::fingerprint,
    process, server,
};
use anyhow::{Context, Result};
use std::{
    path::Path,
    process::{Child, Command},
    thread,
    time::Duration,
};

const WATCHED: [&str; 8] = [
    "app",
    "crates",
    "frontend",
    "migrations",
    "public",
    "server",
    "style",
    "Cargo.toml",
];
/// Polling: a thousand files cost 5 ms, and it works on every file system.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

pub fn serve(profile: Profile) -> Result<()> {
    build::build(profile)?;
    process::run(&mut command(profile), "the server")
}

pub fn watch() -> Result<()> {
    let mut running: Option<Child> = None;
    loop {
        let seen = sources()?;
        match build::build(Profile::Dev) {
            Ok(()) => {
                if let Some(mut old) = running.take() {
                    server::stop(&mut old);
                }
                running = Some(command(Profile::Dev).spawn().context("cannot start the server")?);
            }
            // The compiler has said what is wrong; the last good server keeps running.
            Err(error) => eprintln!("\n{error:#}"),
        }
        println!("watching for changes …");
        while sources()? == seen {
            thread::sleep(LOOK_AGAIN);
        }
    }
}

/// The server with the developer's own settings and its own data directory.
fn command(profile: Profile) -> Command {
    let mut command = process::tied_to_us(&profile.server_binary(), "TERM");
    command.arg("serve").env("SITE_ROOT", SITE);
    command
}

fn sources() -> Result<String> {
    fingerprint(&WATCHED.map(Path::new))
}
