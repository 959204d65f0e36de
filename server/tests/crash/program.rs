//! The real program as a process of its own, and the ways it ends.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::sleep;

use crate::http::exchange;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// 32 bytes in base64: quotes outlive a restart.
const KEY: &str = "Q3Jhc2ggdGVzdHMgdXNlIHRoaXMga2V5IGFsb25lLi4=";

#[derive(Debug)]
pub struct Program {
    pub address: SocketAddr,
    database_url: String,
    log: PathBuf,
    /// A name of our own for the program: a build beside a long test changes nothing in it.
    binary: PathBuf,
    child: Option<Child>,
}

impl Program {
    /// Not started yet. The address stays the same over restarts.
    pub fn new(database_url: String, name: &str) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let log = scratch.join(format!("crash-{name}.log"));
        fs::write(&log, "").unwrap();
        let binary = scratch.join(format!("crash-{name}-{}", std::process::id()));
        fs::hard_link(env!("CARGO_BIN_EXE_server"), &binary).unwrap();
        Self {
            address,
            database_url,
            log,
            binary,
            child: None,
        }
    }

    /// The lines in which the program complains about itself.
    pub fn complaints(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        let complains = |line: &&str| line.contains("ERROR") || line.contains("panicked");
        log.lines().filter(complains).map(str::to_owned).collect()
    }

    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Returns at once.
    pub fn spawn(&mut self) {
        self.spawn_verb("serve");
    }

    pub fn spawn_verb(&mut self, verb: &str) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options().append(true).open(&self.log).unwrap();
        let mut command = self.command(verb);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    pub async fn start(&mut self) {
        self.spawn();
        self.ready().await;
    }

    pub async fn ready(&mut self) {
        let started = Instant::now();
        loop {
            if exchange(self.address, "GET", "/readyz", "", "")
                .await
                .is_ok_and(|answer| answer.status == 200)
            {
                return;
            }
            let ended = self.child.as_mut().expect("it was started").try_wait().unwrap();
            let log = self.log.display();
            assert_eq!(ended, None, "it ended by itself, see {log}");
            assert!(started.elapsed() < START_TIMEOUT, "it is not ready, see {log}");
            sleep(LOOK_AGAIN).await;
        }
    }

    /// No warning, no clean-up.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// As a service manager stops it.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
        let asked = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(
                asked.elapsed() < STOP_TIMEOUT,
                "it does not stop, see {}",
                self.log.display()
            );
            sleep(LOOK_AGAIN).await;
        }
    }

    /// What `server verify` prints, and whether it ends well.
    pub fn verify(&self) -> (bool, String) {
        self.run("verify")
    }

    /// Runs to its end: whether that was well, and what it printed.
    pub fn run(&self, verb: &str) -> (bool, String) {
        let mut command = self.command(verb);
        let log = File::options().append(true).open(&self.log).unwrap();
        let output = command.stderr(log).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    }

    /// A verb with its arguments.
    fn command(&self, verb: &str) -> Command {
        // Tied to the test: if that is killed, nothing is left running.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(&self.binary)
            .args(verb.split(' '));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("DATABASE_URL", &self.database_url)
            .env("ADDRESS", self.address.to_string())
            .env("ENCRYPTION_KEY", KEY)
            .env("WEBHOOK_TARGETS", "any")
            .env("RUST_BACKTRACE", "1")
            .env("LOG", "info,sqlx=warn");
        command
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Already ended is fine.
            let _ = child.kill();
            let _ = child.wait();
        }
        // The next run makes its own.
        let _ = fs::remove_file(&self.binary);
    }
}
