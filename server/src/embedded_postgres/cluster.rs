//! A cluster on disk: made once, complete or not there at all.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use super::binaries::Binaries;
use super::{DATABASE, ROLE};
use crate::os_user::OsUser;

pub const NAME: &str = "cluster";
/// A cluster in the making. It gets its name when it is complete, so a kill in between leaves only this one.
const UNFINISHED: &str = "cluster.unfinished";

#[derive(Debug, Clone)]
pub struct Cluster {
    path: PathBuf,
    binaries: Binaries,
    user: Option<OsUser>,
}

impl Cluster {
    pub fn open_or_create(folder: &Path, user: Option<OsUser>) -> Result<Self> {
        let path = folder.join(NAME);
        if path.exists() {
            let binaries = Binaries::find(Some(version_of(&path)?))?;
            return Ok(Self { path, binaries, user });
        }
        let unfinished = folder.join(UNFINISHED);
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).with_context(|| {
                format!(
                    "{}, left by a start that was killed, cannot be removed",
                    unfinished.display()
                )
            })?;
        }
        let cluster = Self {
            path: unfinished,
            binaries: Binaries::find(None)?,
            user,
        };
        cluster.initialise()?;
        cluster.create_database()?;
        fs::rename(&cluster.path, &path).context("the new Postgres cluster cannot be given its name")?;
        Ok(Self { path, ..cluster })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The server itself, not started.
    pub fn server(&self, socket: &Path) -> Command {
        let mut command = self.command("postgres", Signal::SIGINT);
        command.arg("-D").arg(&self.path).arg("-k").arg(socket);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command
    }

    fn initialise(&self) -> Result<()> {
        let mut initdb = self.command("initdb", Signal::SIGKILL);
        initdb.arg("-D").arg(&self.path);
        initdb.args(["-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        succeed(
            initdb.output().context("initdb cannot be started")?,
            "creating the Postgres cluster",
        )
    }

    /// With the server not yet running, so that the cluster is complete before anyone can connect to it.
    fn create_database(&self) -> Result<()> {
        let mut single = self.command("postgres", Signal::SIGKILL);
        single
            .args(["--single", "-c", "exit_on_error=on", "-D"])
            .arg(&self.path)
            .arg("postgres");
        single
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = single.spawn().context("postgres cannot be started")?;
        if let Some(mut stdin) = child.stdin.take() {
            writeln!(stdin, "CREATE DATABASE {DATABASE}").context("postgres does not listen")?;
        }
        succeed(child.wait_with_output()?, "creating the database")
    }

    /// One of Postgres' programs. It does not outlive us: however we end, the kernel sends it the signal. Where
    /// there is no `setpriv` to ask for that, the next start ends what a kill of ours left behind.
    fn command(&self, program: &str, at_our_end: Signal) -> Command {
        let program = self.binaries.program(program);
        let setpriv = Path::new("/usr/bin/setpriv");
        if !setpriv.exists() {
            return self.with_rights(Command::new(program));
        }
        let mut command = self.with_rights(Command::new(setpriv));
        command
            .args(["--pdeathsig", at_our_end.as_str().trim_start_matches("SIG")])
            .arg(program);
        command
    }

    fn with_rights(&self, mut command: Command) -> Command {
        if let Some(user) = &self.user {
            user.runs(&mut command);
        }
        // Nothing of our environment is Postgres' business, least of all our secrets.
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC");
        if let Some(folder) = self.path.parent() {
            command.current_dir(folder);
        }
        command
    }
}

/// Durable, and closed to the network.
const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "fsync=on",
    "max_connections=60",
    "log_checkpoints=off",
    "log_timezone=UTC",
    "timezone=UTC",
    "cluster_name=cosmosbuilder-billing",
];

fn version_of(cluster: &Path) -> Result<u32> {
    let file = cluster.join("PG_VERSION");
    let text = fs::read_to_string(&file).with_context(|| {
        format!(
            "{} cannot be read: does the data folder belong to another user?",
            file.display()
        )
    })?;
    text.trim()
        .parse()
        .with_context(|| format!("{} is not a Postgres cluster", cluster.display()))
}

fn succeed(output: Output, what: &str) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let written = String::from_utf8_lossy(&output.stderr);
    bail!("{what} failed: {}", reason(&written));
}

/// The one line of Postgres' output that says why.
pub fn reason(written: &str) -> String {
    let telling = |line: &&str| {
        ["FATAL:", "PANIC:", "ERROR:", "error:"]
            .iter()
            .any(|mark| line.contains(mark))
    };
    let line = written
        .lines()
        .rev()
        .find(telling)
        .or_else(|| written.lines().rev().find(|l| !l.trim().is_empty()));
    line.unwrap_or("it gave no reason").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::reason;

    #[test]
    fn the_reason_is_the_last_line_that_says_fatal() {
        let log =
            "2026-01-01 LOG:  starting\n2026-01-01 FATAL:  could not write\n2026-01-01 LOG:  shut down\n";
        assert_eq!(reason(log), "2026-01-01 FATAL:  could not write");
        assert_eq!(reason("something\n\n"), "something");
        assert_eq!(reason(""), "it gave no reason");
    }
}
