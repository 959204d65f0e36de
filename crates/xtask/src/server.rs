//! A running server: started on a free port, awaited, stopped.

use crate::postgres::signal;
use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const READY: &str = "/readyz";

/// A running server; stopped when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    started_within: Duration,
}

impl Server {
    /// Runs a `serve` that was given everything but its address; returns once it says that it is ready. What it
    /// writes goes to `log`.
    pub fn start(serve: &mut Command, log: &Path) -> Result<Self> {
        let address = free_address()?;
        let output = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let started = Instant::now();
        serve
            .env("ADDRESS", address.to_string())
            .env("BASE_URL", format!("http://{address}"));
        serve
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let child = serve.spawn().context("cannot start the server")?;
        let mut server = Self {
            child,
            address,
            started_within: Duration::ZERO,
        };
        server.wait_until_ready(log)?;
        server.started_within = started.elapsed();
        Ok(server)
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn started_within(&self) -> Duration {
        self.started_within
    }

    fn wait_until_ready(&mut self, log: &Path) -> Result<()> {
        let started = Instant::now();
        loop {
            if is_ready(self.address) {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || started.elapsed() > START_TIMEOUT {
                let written = fs::read_to_string(log).unwrap_or_default();
                bail!(
                    "the server did not become ready; it wrote:\n{}",
                    last_lines(&written, 30)
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// Politely first, so that it finishes its requests and its own Postgres; then for good.
pub fn stop(child: &mut Child) {
    signal(child, Signal::SIGTERM);
    let asked = Instant::now();
    while asked.elapsed() < STOP_TIMEOUT {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
    Ok(listener.local_addr()?)
}

fn is_ready(address: SocketAddr) -> bool {
    let timeout = Duration::from_secs(2);
    let Ok(mut stream) = TcpStream::connect_timeout(&address, timeout) else {
        return false;
    };
    let request = format!("GET {READY} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(timeout)).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b"200")
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
