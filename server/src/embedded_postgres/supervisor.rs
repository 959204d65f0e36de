//! One thread owns the Postgres process: it starts it, starts it again should it fall, and stops it.
//!
//! It must be one thread for the whole time: the kernel tells Postgres to stop when the thread that started it
//! is gone, and threads of an async runtime come and go.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::watch;

use super::cluster::{Cluster, reason};
use super::postmaster;

/// A crash leaves a log to replay; a long one is normal, a hanging one is not.
const START_TIMEOUT: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const LOOK_AFTER: Duration = Duration::from_millis(200);
/// Polite first, then as after a power cut, then not at all.
const STOP_STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(20)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];
/// More falls than this in a row are no accident.
const MAX_FALLS: u32 = 5;
const FALLS_FORGOTTEN: Duration = Duration::from_secs(60);
/// After a start that failed, times the falls so far: what stood in its way may pass.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Supervisor {
    stop: Sender<()>,
    given_up: watch::Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

struct Postgres {
    cluster: Cluster,
    socket: PathBuf,
    log: PathBuf,
}

impl Supervisor {
    /// Returns when the server accepts connections.
    pub fn start(cluster: Cluster, socket: PathBuf, log: PathBuf) -> Result<Self> {
        let postgres = Postgres { cluster, socket, log };
        let (stop, stopped) = mpsc::channel();
        let (give_up, given_up) = watch::channel(false);
        let (started, first) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || match postgres.start() {
                Ok(child) => {
                    // The receiver waits for exactly this.
                    let _ = started.send(Ok(()));
                    postgres.look_after(child, &stopped);
                    let _ = give_up.send(true);
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                }
            })?;
        first
            .recv()
            .map_err(|_| anyhow!("the thread that starts Postgres ended"))??;
        Ok(Self {
            stop,
            given_up,
            thread: Some(thread),
        })
    }

    pub async fn given_up(&self) {
        let mut given_up = self.given_up.clone();
        // An error means the thread is gone, which is the same news.
        let _ = given_up.wait_for(|given_up| *given_up).await;
    }

    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.end();
    }
}

impl Postgres {
    fn start(&self) -> Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .context("the Postgres log cannot be written")?;
        let mut child = self
            .cluster
            .server(&self.socket)
            // A group of its own: Ctrl-C reaches us alone, and we stop Postgres when our requests are done.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("Postgres cannot be started")?;
        let started = Instant::now();
        while !postmaster::is_ready(self.cluster.path(), child.id()) {
            if child.try_wait()?.is_some() {
                let written = fs::read_to_string(&self.log).unwrap_or_default();
                bail!(
                    "Postgres did not start: {} (its log is {})",
                    reason(&written),
                    self.log.display()
                );
            }
            if started.elapsed() > START_TIMEOUT {
                stop(&mut child);
                bail!(
                    "Postgres did not start in {} s; its log is {}",
                    START_TIMEOUT.as_secs(),
                    self.log.display()
                );
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(child)
    }

    /// Until it is told to stop, or the server falls again and again.
    fn look_after(&self, mut child: Child, stopped: &Receiver<()>) {
        let mut falls = 0;
        let mut standing_since = Instant::now();
        while let Some(status) = wait(&mut child, stopped) {
            if standing_since.elapsed() > FALLS_FORGOTTEN {
                falls = 0;
            }
            tracing::error!("Postgres ended ({status}) and is started again");
            child = match self.start_again(&mut falls, stopped) {
                Some(child) => child,
                None => return,
            };
            standing_since = Instant::now();
        }
        stop(&mut child);
    }

    /// A start that fails is one more fall. None after too many of them, or when told to stop.
    fn start_again(&self, falls: &mut u32, stopped: &Receiver<()>) -> Option<Child> {
        loop {
            *falls += 1;
            if *falls > MAX_FALLS {
                tracing::error!("Postgres keeps ending; its log is {}", self.log.display());
                return None;
            }
            match postmaster::end_predecessor(self.cluster.path()).and_then(|()| self.start()) {
                Ok(child) => return Some(child),
                Err(error) => tracing::error!("{error:#}"),
            }
            if stopped.recv_timeout(RESTART_PAUSE * *falls) != Err(RecvTimeoutError::Timeout) {
                return None;
            }
        }
    }
}

/// How the server ended, or none when it is to be stopped.
fn wait(child: &mut Child, stopped: &Receiver<()>) -> Option<ExitStatus> {
    loop {
        match stopped.recv_timeout(LOOK_AFTER) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
    }
}

fn stop(child: &mut Child) {
    let Ok(pid) = i32::try_from(child.id()) else {
        return;
    };
    for (signal, patience) in STOP_STEPS {
        // Not yet waited for, so the number is still this child's.
        let _ = kill(Pid::from_raw(pid), signal);
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
    tracing::error!("Postgres (process {pid}) does not end");
}
