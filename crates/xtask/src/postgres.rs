//! A private Postgres on a Unix socket: thrown away after tests, kept for development.

use crate::{leftovers, process};
use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};
use std::{
    env, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio, id},
    thread,
    time::{Duration, Instant},
};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const PREFIX: &str = "cosmosbuilder-test-pg-";
const DEVELOPMENT: &str = "cosmosbuilder-dev-pg";

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Faster, and fine for data that nobody will miss.
    None,
    /// As in production, for measurements.
    Full,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::None => &["fsync=off", "synchronous_commit=off", "full_page_writes=off"],
            Self::Full => &["shared_buffers=1GB", "max_wal_size=4GB"],
        }
    }
}

/// A cluster that lives as long as this value.
pub struct Postgres {
    directory: PathBuf,
    child: Child,
}

impl Postgres {
    pub fn start(durability: Durability) -> Result<Self> {
        leftovers::remove(&env::temp_dir(), PREFIX);
        let directory = env::temp_dir().join(format!("{PREFIX}{}", id()));
        if directory.exists() {
            // Of an earlier process that had this one's number.
            fs::remove_dir_all(&directory)?;
        }
        init(&directory)?;
        // However this program ends, even killed, the kernel sends the cluster its "stop fast" signal.
        let child = server(&directory, durability, &["--pdeathsig", "INT"])?
            .spawn()
            .context("cannot start Postgres")?;
        let postgres = Self { directory, child };
        wait_until_ready(&postgres.directory)?;
        postgres.create_database("app")?;
        Ok(postgres)
    }

    pub fn url(&self, database: &str) -> String {
        url(&self.directory, database)
    }

    pub fn create_database(&self, name: &str) -> Result<()> {
        create_database(&self.directory, name)
    }

    /// Runs one statement as the superuser.
    pub fn run(&self, database: &str, statement: &str) -> Result<()> {
        let mut psql = client("psql")?;
        psql.args([
            "--quiet",
            "--no-psqlrc",
            "--set=ON_ERROR_STOP=1",
            "--command",
            statement,
        ]);
        process::capture(psql.arg(self.url(database)), "a statement").map(drop)
    }

    /// What the cluster has logged.
    pub fn log(&self) -> Result<String> {
        fs::read_to_string(self.directory.join("log")).context("the log of Postgres cannot be read")
    }

    /// Runs every migration in order, as the server would.
    pub fn migrate(&self, database: &str) -> Result<usize> {
        let mut files = Vec::new();
        crate::fingerprint::collect_files(Path::new("migrations"), &mut files)?;
        files.retain(|file| file.extension().is_some_and(|e| e == "sql") && !is_down(file));
        files.sort();
        for file in &files {
            let mut psql = client("psql")?;
            psql.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]);
            if !fs::read_to_string(file)?.starts_with("-- no-transaction") {
                psql.arg("--single-transaction");
            }
            psql.arg("--file").arg(file).arg(self.url(database));
            process::capture(&mut psql, &format!("migration {}", file.display()))?;
        }
        Ok(files.len())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        signal(&self.child, Signal::SIGINT);
        // Nothing to do about a failure here but leave the directory to the next run.
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Starts, or finds running, the cluster that stays up; prints its address and nothing else.
pub fn start_for_development() -> Result<()> {
    let directory = env::temp_dir().join(DEVELOPMENT);
    if !directory.join("data/PG_VERSION").exists() {
        init(&directory)?;
    }
    if !is_ready(&directory)? {
        // A group of its own, so that Ctrl-C in this terminal leaves it alone.
        server(&directory, Durability::None, &[])?
            .process_group(0)
            .spawn()
            .context("cannot start Postgres")?;
        wait_until_ready(&directory)?;
    }
    // Fails when it exists, which is what we want.
    let _ = create_database(&directory, "app");
    println!("{}", url(&directory, "app"));
    Ok(())
}

fn url(directory: &Path, database: &str) -> String {
    format!("postgres://app@localhost/{database}?host={}", directory.display())
}

fn init(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    if geteuid().is_root() {
        process::run(
            Command::new("chown").arg("postgres:").arg(directory),
            "giving Postgres its directory",
        )?;
    }
    let mut initdb = as_postgres(&tool("initdb")?, &[]);
    initdb.arg("-D").arg(directory.join("data"));
    initdb.args([
        "-U",
        "app",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]);
    process::capture(initdb.current_dir(directory), "creating a Postgres cluster").map(drop)
}

fn server(directory: &Path, durability: Durability, setpriv: &[&str]) -> Result<Command> {
    let mut command = as_postgres(&tool("postgres")?, setpriv);
    command
        .arg("-D")
        .arg(directory.join("data"))
        .arg("-k")
        .arg(directory);
    command.args(["-c", "listen_addresses=", "-c", "max_connections=200"]);
    for setting in durability.settings() {
        command.args(["-c", setting]);
    }
    let log = fs::File::create(directory.join("log"))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .current_dir(directory);
    Ok(command)
}

/// Postgres refuses to run as root, so root hands it to the user `postgres`.
fn as_postgres(program: &Path, setpriv: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.args(setpriv).arg(program);
    command
}

fn wait_until_ready(directory: &Path) -> Result<()> {
    let started = Instant::now();
    while !is_ready(directory)? {
        if started.elapsed() > START_TIMEOUT {
            let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
            bail!(
                "Postgres did not start within {} s\n{log}",
                START_TIMEOUT.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(30));
    }
    Ok(())
}

fn is_ready(directory: &Path) -> Result<bool> {
    Ok(process::succeeds(
        client("pg_isready")?.arg("--quiet").arg("--host").arg(directory),
    ))
}

fn create_database(directory: &Path, name: &str) -> Result<()> {
    let mut createdb = client("createdb")?;
    createdb
        .arg("--host")
        .arg(directory)
        .args(["--username", "app", name]);
    process::capture(&mut createdb, "creating a database").map(drop)
}

fn client(name: &str) -> Result<Command> {
    Ok(Command::new(tool(name)?))
}

/// Debian keeps the server's programs out of PATH, one directory per version; the newest is taken.
fn tool(name: &str) -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin").join(name),
            ))
        })
        .filter(|(_, path): &(u32, PathBuf)| path.exists())
        .collect();
    found.sort();
    if let Some((_, path)) = found.pop() {
        return Ok(path);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.exists());
    found.with_context(|| format!("Postgres is not installed (no `{name}`): `make setup` installs it"))
}

fn is_down(file: &Path) -> bool {
    file.to_string_lossy().ends_with(".down.sql")
}

/// Asks a child to stop; one that has already gone is fine.
pub fn signal(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}
