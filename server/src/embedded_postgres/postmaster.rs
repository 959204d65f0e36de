//! Reads what a running Postgres says of itself in `postmaster.pid`, and ends one that a killed program left.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const FAST_STOP: Duration = Duration::from_secs(30);
const IMMEDIATE_STOP: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The lines of the file that concern us.
#[derive(Debug, PartialEq, Eq)]
struct PidFile {
    pid: i32,
    socket: Option<PathBuf>,
    ready: bool,
}

/// Whether the server with this process number accepts connections.
pub fn is_ready(cluster: &Path, pid: u32) -> bool {
    read(cluster).is_some_and(|file| file.ready && u32::try_from(file.pid) == Ok(pid))
}

/// The socket's folder of whichever server is running on the cluster.
pub fn ready_socket(cluster: &Path) -> Option<PathBuf> {
    read(cluster)
        .filter(|file| file.ready)
        .and_then(|file| file.socket)
}

/// Nobody else holds the cluster's lock, so a server that still runs on it has lost its program.
pub fn end_predecessor(cluster: &Path) -> Result<()> {
    let Some(file) = read(cluster) else { return Ok(()) };
    let pid = Pid::from_raw(file.pid);
    if file.pid <= 1 || !exists(pid) {
        return Ok(());
    }
    if !runs_on(pid, cluster) {
        return disown(cluster, file.pid);
    }
    for (signal, patience) in [(Signal::SIGINT, FAST_STOP), (Signal::SIGQUIT, IMMEDIATE_STOP)] {
        // It may end by itself in between.
        let _ = kill(pid, signal);
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if !exists(pid) || !runs_on(pid, cluster) {
                return Ok(());
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
    bail!("the Postgres of an earlier run (process {pid}) does not end: end it and start again")
}

/// After a restart of the machine or a container the number in the file may be another program's, or that of one
/// which has ended and is still listed: Postgres would refuse to start. Our own number, the parent's, is one it knows to be harmless. The file itself must
/// stay: by its other lines Postgres finds out whether backends of the old server still run.
fn disown(cluster: &Path, pid: i32) -> Result<()> {
    let path = cluster.join("postmaster.pid");
    let text = fs::read_to_string(&path)?;
    let rest = text
        .strip_prefix(&pid.to_string())
        .context("postmaster.pid changed while it was read")?;
    fs::write(&path, format!("{}{rest}", std::process::id()))
        .with_context(|| format!("{} cannot be written", path.display()))
}

/// Also true of one that has ended and whose parent has not looked.
fn exists(pid: Pid) -> bool {
    kill(pid, None) != Err(nix::errno::Errno::ESRCH)
}

/// A Postgres server's working folder is its cluster; what has ended has none.
fn runs_on(pid: Pid, cluster: &Path) -> bool {
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => cluster.canonicalize().is_ok_and(|cluster| cluster == folder),
        // Where the system does not tell, the file is believed.
        Err(_) => !Path::new("/proc/self").exists(),
    }
}

fn read(cluster: &Path) -> Option<PidFile> {
    parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
}

/// Number, cluster, start, port, socket's folder, address, shared memory, state: one a line.
fn parse(text: &str) -> Option<PidFile> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let socket = lines.get(4).filter(|line| !line.is_empty()).map(PathBuf::from);
    let ready = lines.get(7).is_some_and(|state| *state == "ready");
    Some(PidFile {
        pid: lines.first()?.parse().ok()?,
        socket,
        ready,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_its_file_says_so() {
        let text = "4242\n/data/cluster\n1790000000\n5432\n/data/socket\n\n  5432001    32768\nready   \n";
        let file = PidFile {
            pid: 4242,
            socket: Some("/data/socket".into()),
            ready: true,
        };
        assert_eq!(parse(text), Some(file));
        assert!(!parse(&text.replace("ready", "starting")).unwrap().ready);
        assert_eq!(
            parse("4242\n"),
            Some(PidFile {
                pid: 4242,
                socket: None,
                ready: false
            })
        );
        assert_eq!(parse(""), None);
    }
}
