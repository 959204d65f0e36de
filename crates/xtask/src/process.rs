//! Starting other programs: cargo without this program's own environment, npm's tools, and plain words on failure.

use anyhow::{Context, Result, bail};
use std::{
    env,
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

/// What `cargo run` exports to this program and build scripts watch: passed on, they would make cargo build
/// ring, rustls and sqlx anew each time one switches between `cargo build` and `cargo xtask build`.
const OWN_VARIABLES: [&str; 3] = ["CARGO_CRATE_NAME", "CARGO_BIN_NAME", "CARGO_PRIMARY_PACKAGE"];
const OWN_PREFIXES: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

pub fn cargo<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if OWN_VARIABLES.contains(&&*text) || OWN_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    // Leptos bakes this one into file names when it is set at compile time; here they are hashed instead.
    command.env_remove("LEPTOS_OUTPUT_NAME").args(args);
    command
}

/// A tool that `npm ci` installed.
pub fn npm_tool(name: &str) -> Command {
    Command::new(format!("node_modules/.bin/{name}"))
}

/// A program that gets `signal` when this one ends, however it ends: killed, too, it leaves nothing running.
pub fn tied_to_us(program: &Path, signal: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal]).arg(program);
    command
}

/// Runs with the terminal's own output.
pub fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("{what} failed");
    }
    Ok(())
}

/// Runs silently and returns what was written to stdout; shows everything if it fails.
pub fn capture(command: &mut Command, what: &str) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| cannot_start(command))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{what} failed\n{}{}", stdout.trim_end(), stderr.trim_end());
    }
    Ok(stdout)
}

pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}

fn cannot_start(command: &Command) -> String {
    format!(
        "cannot start {}: `make setup` installs what is missing",
        command.get_program().to_string_lossy()
    )
}
