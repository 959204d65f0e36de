//! The program under load, as a process of its own, with customers and a key of the host platform.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use billing::id::CustomerId;
use secrecy::ExposeSecret;
use service::{Actor, Billing, NewApiKey, Scope, ServiceConfig};
use sqlx::{Connection, Executor, PgConnection};

pub const CUSTOMERS: usize = 1_000;
const START_TIMEOUT: Duration = Duration::from_secs(60);
const LOG: &str = "target/bench-ingest.log";

pub struct Program {
    pub address: SocketAddr,
    pub api_key: String,
    pub customers: Vec<CustomerId>,
    child: Mutex<Child>,
    cpu_asked: Mutex<f64>,
}

impl Program {
    pub async fn start(url: &str) -> Result<Self> {
        let billing = Billing::connect(config(url)).await?;
        billing.migrate().await?;
        billing.ensure_catalog().await?;
        let mut connection = PgConnection::connect(url).await?;
        connection.execute(include_str!("customers.sql")).await?;
        let customers: Vec<sqlx::types::Uuid> = sqlx::query_scalar("SELECT id FROM customer ORDER BY id")
            .fetch_all(&mut connection)
            .await?;
        let new = NewApiKey {
            name: "bench".to_owned(),
            customer: None,
            scopes: vec![Scope::EventsWrite],
            expires_at: None,
        };
        let created = billing.create_api_key(&Actor::System, new).await?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let program = Self {
            address,
            api_key: created.key.expose_secret().to_owned(),
            customers: customers.into_iter().map(CustomerId::from_uuid).collect(),
            child: Mutex::new(spawn(url, address)?),
            cpu_asked: Mutex::new(0.0),
        };
        program.ready()?;
        Ok(program)
    }

    fn ready(&self) -> Result<()> {
        let started = Instant::now();
        while std::net::TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child().try_wait()? {
                bail!("the program ended with {status}: see {LOG}");
            }
            if started.elapsed() > START_TIMEOUT {
                bail!("the program does not answer: see {LOG}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Seconds of work since this was asked the last time.
    pub fn cpu_since_asked(&self) -> Result<f64> {
        let now = cpu_seconds(self.child().id())?;
        let mut asked = self
            .cpu_asked
            .lock()
            .map_err(|_| anyhow::anyhow!("a sender broke off"))?;
        let since = now - *asked;
        *asked = now;
        Ok(since)
    }

    pub fn stop(&self) -> Result<()> {
        let mut child = self.child();
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Ended already is fine.
        let _ = self.stop();
    }
}

fn spawn(url: &str, address: SocketAddr) -> Result<Child> {
    let log = File::create(LOG)?;
    // Tied to us: if we are killed, nothing is left running.
    let mut command = Command::new("setpriv");
    command
        .args([
            "--pdeathsig",
            "KILL",
            "target/release/server",
            "serve",
            "--no-demo",
        ])
        .env("DATABASE_URL", url)
        .env("ADDRESS", address.to_string())
        .env("LOG", "warn")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    command.spawn().context("cannot start target/release/server")
}

fn config(url: &str) -> ServiceConfig {
    ServiceConfig::usual(url, "http://127.0.0.1", [7; 32])
}

/// User and system time of a process; the kernel counts hundredths.
pub fn cpu_seconds(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("no process line")?;
    let field = |number: usize| {
        fields
            .split_whitespace()
            .nth(number)
            .and_then(|text| text.parse::<f64>().ok())
    };
    let (user, system) = (
        field(11).context("no user time")?,
        field(12).context("no system time")?,
    );
    Ok((user + system) / 100.0)
}
