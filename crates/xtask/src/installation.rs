//! The product set up beside a test or a measurement: copies of what was built, a data directory of its own, gone
//! at the end. Copies, so that a build during a long run changes nothing under the server's feet.

use crate::{
    build::{Profile, SITE},
    fingerprint::{SCRATCH, collect_files, write},
    leftovers, lock, process,
    server::Server,
};
use anyhow::{Context, Result};
use std::{
    env, fs,
    path::{self, Path, PathBuf},
    process::{Command, id},
    sync::atomic::{AtomicU32, Ordering},
};

const PREFIX: &str = "installation-";
const INHERITED: [&str; 5] = ["PATH", "HOME", "TMPDIR", "LANG", "RUST_BACKTRACE"];

pub struct Installation {
    directory: PathBuf,
    database_url: String,
}

impl Installation {
    pub fn new(profile: Profile, database_url: String) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        leftovers::remove(Path::new(SCRATCH), PREFIX);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = Path::new(SCRATCH).join(format!("{PREFIX}{}-{number}", id()));
        let installation = Self {
            directory,
            database_url,
        };
        let _lock = lock::take("build")?;
        installation.copy_build(&profile.server_binary())?;
        Ok(installation)
    }

    /// Tables and the small world of demo data, before the first start rather than in its background: tests know what they find.
    pub fn fill(&self) -> Result<()> {
        process::capture(&mut self.command("migrate"), "`server migrate`")?;
        let mut seed = self.command("seed");
        process::capture(seed.args(["--world", "small"]), "`server seed`")?;
        Ok(())
    }

    pub fn start(&self, log: &Path) -> Result<Server> {
        Server::start(&mut self.command("serve"), log)
    }

    /// Without background work: nothing happens but what is asked for.
    pub fn start_without_worker(&self, log: &Path) -> Result<Server> {
        Server::start(self.command("serve").arg("--no-worker"), log)
    }

    /// As fast as tests ask, all of them from one address and with one key.
    pub fn start_without_rates(&self, log: &Path) -> Result<Server> {
        let mut serve = self.command("serve");
        for rate in [
            "API_RATE_LIMIT",
            "API_RATE_LIMIT_METERING",
            "API_RATE_LIMIT_ADDRESS",
        ] {
            serve.env(rate, "1000000");
        }
        Server::start(&mut serve, log)
    }

    /// A key of the host platform that may do everything.
    pub fn key_of_every_scope(&self) -> Result<String> {
        let mut command = self.command("api-key");
        command.args(["--name", "document", "--scopes", "events_write,read,write,money"]);
        Ok(process::capture(&mut command, "`server api-key`")?
            .trim()
            .to_owned())
    }

    /// A key of the host platform, for tests that report usage.
    pub fn host_key(&self) -> Result<String> {
        let mut command = self.command("api-key");
        command.args(["--name", "browser tests"]);
        Ok(process::capture(&mut command, "`server api-key`")?
            .trim()
            .to_owned())
    }

    /// Its command line, for tests that do what staff does there.
    pub fn lend(&self, tests: &mut Command) -> Result<()> {
        let directory = path::absolute(&self.directory)?;
        tests
            .env("SERVER_PROGRAM", directory.join("server"))
            .env("DATABASE_URL", &self.database_url)
            .env("DATA_DIR", directory.join("data"));
        Ok(())
    }

    /// Whether everything that must tie does; the server says what does not.
    pub fn verify(&self) -> bool {
        process::run(&mut self.command("verify"), "the server's own check").is_ok()
    }

    /// Nothing of the caller's own settings reaches it but what any program needs.
    fn command(&self, verb: &str) -> Command {
        let mut command = process::tied_to_us(&self.directory.join("server"), "TERM");
        command
            .env_clear()
            .envs(env::vars_os().filter(|(name, _)| INHERITED.iter().any(|kept| name == kept)));
        command.env("DATABASE_URL", &self.database_url);
        command
            .env("DATA_DIR", self.directory.join("data"))
            .env("SITE_ROOT", self.directory.join("site"));
        command.arg(verb);
        command
    }

    fn copy_build(&self, binary: &Path) -> Result<()> {
        fs::create_dir_all(self.directory.join("data"))?;
        fs::copy(binary, self.directory.join("server"))
            .with_context(|| format!("cannot copy {}", binary.display()))?;
        // Beside the program, where it looks for the browser files' hashes.
        fs::copy(binary.with_file_name("hash.txt"), self.directory.join("hash.txt"))?;
        let mut files = Vec::new();
        collect_files(Path::new(SITE), &mut files)?;
        for file in files {
            write(
                &self.directory.join("site").join(file.strip_prefix(SITE)?),
                &fs::read(&file)?,
            )?;
        }
        Ok(())
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        // What stays behind is removed by the next run.
        let _ = fs::remove_dir_all(&self.directory);
    }
}
