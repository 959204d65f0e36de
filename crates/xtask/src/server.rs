//! Runs the server beside a test or a measurement: a free port, an empty data directory, gone at the end.

use crate::{
    build::{Profile, SITE},
    postgres::signal,
    process,
};
use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use std::{
    env, fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio, id},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const READY: &str = "/readyz";
const INHERITED: [&str; 5] = ["PATH", "HOME", "TMPDIR", "LANG", "RUST_BACKTRACE"];

/// The server's program with a database and a data directory of its own.
pub struct Installation {
    profile: Profile,
    database_url: String,
    data: PathBuf,
}

impl Installation {
    pub fn new(profile: Profile, database_url: String) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let data = env::temp_dir().join(format!("cosmosbuilder-test-data-{}-{number}", id()));
        fs::create_dir_all(&data)?;
        Ok(Self {
            profile,
            database_url,
            data,
        })
    }

    /// Tables and demo data, before the first start rather than in its background: tests know what they find.
    pub fn fill(&self) -> Result<()> {
        for verb in ["migrate", "seed"] {
            process::capture(&mut self.command(verb), &format!("`server {verb}`"))?;
        }
        Ok(())
    }

    /// Returns once the server says that it is ready. What it writes goes to `log`.
    pub fn start(&self, log: &Path) -> Result<Server> {
        let address = free_address()?;
        let output = fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let started = Instant::now();
        let mut command = self.command("serve");
        command
            .env("ADDRESS", address.to_string())
            .env("BASE_URL", format!("http://{address}"));
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let child = command.spawn().context("cannot start the server")?;
        let mut server = Server {
            child,
            address,
            started_within: Duration::ZERO,
        };
        server.wait_until_ready(log)?;
        server.started_within = started.elapsed();
        Ok(server)
    }

    /// A key of the host platform, for tests that report usage.
    pub fn host_key(&self) -> Result<String> {
        let mut command = self.command("api-key");
        command.args(["--name", "browser tests"]);
        Ok(process::capture(&mut command, "`server api-key`")?
            .trim()
            .to_owned())
    }

    /// Whether everything that must tie does; the server says what does not.
    pub fn verify(&self) -> bool {
        process::run(&mut self.command("verify"), "the server's own check").is_ok()
    }

    /// Nothing of the caller's own settings reaches it but what any program needs.
    fn command(&self, verb: &str) -> Command {
        let mut command = process::tied_to_us(&self.profile.server_binary(), "TERM");
        command
            .env_clear()
            .envs(env::vars_os().filter(|(name, _)| INHERITED.iter().any(|kept| name == kept)));
        command
            .env("DATABASE_URL", &self.database_url)
            .env("DATA_DIR", &self.data)
            .env("SITE_ROOT", SITE);
        command.arg(verb);
        command
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        // A leftover is a few small files that nobody reads.
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// A running server; stopped when dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    started_within: Duration,
}

impl Server {
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
