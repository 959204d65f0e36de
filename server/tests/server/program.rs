//! The built program as a process, with a folder of its own and nothing of the caller's settings.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::http::{Answer, Request};

/// Removed with everything in it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // The short way: the path of a socket inside it must fit.
        let path = Path::new("/tmp").join(format!("cbt-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A Postgres whose server was killed takes a moment to end, and writes until then.
        for _ in 0..50 {
            if fs::remove_dir_all(&self.0).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

pub fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir(folder)
        .args(args);
    command
}

/// Runs a command that ends by itself.
pub fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).stdin(Stdio::null()).output().unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A server on a Postgres of its own; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &["--no-demo"])
    }

    pub fn start_with(data: &Path, args: &[&str]) -> Self {
        Self::start_in(data, args, &[])
    }

    pub fn start_in(data: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let address = free_address();
        let child = command(Path::new("/tmp"), &["serve"])
            .args(args)
            .envs(variables.iter().copied())
            .env("DATA_DIR", data)
            .env("ADDRESS", address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, address };
        server.wait_until_ready();
        server
    }

    pub fn wait_until_ready(&mut self) {
        let started = Instant::now();
        while self.get("/readyz").is_none_or(|answer| answer.status != 200) {
            assert!(self.child.try_wait().unwrap().is_none(), "the server ended");
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "the server is not ready"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn get(&self, path: &str) -> Option<Answer> {
        let request = Request {
            method: "GET",
            path,
            headers: &[],
            body: b"",
        };
        request.send_blocking(self.address).ok()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// The exit code; none if a signal ended it.
    pub fn wait(mut self) -> Option<i32> {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                asked.elapsed() < Duration::from_secs(30),
                "the server does not end"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Postgres server that runs on the data folder.
pub fn postmaster(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postgres/cluster/postmaster.pid")).ok()?;
    let pid = Pid::from_raw(text.lines().next()?.parse().ok()?);
    is_alive(pid).then_some(pid)
}

pub fn is_alive(pid: Pid) -> bool {
    // A zombie has ended; only its parent has not looked.
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ")
}

pub fn wait_until(what: &str, happened: impl Fn() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{what} did not happen"
        );
        thread::sleep(Duration::from_millis(20));
    }
}
