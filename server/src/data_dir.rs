//! The folder in which the program keeps what it may not lose: its own Postgres and the secrets it made.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::config::BaseUrl;
use crate::os_user::OsUser;

const DEFAULT: &str = ".data";
const BASE_URL: &str = "base_url";
/// Where the folder lies when the user Postgres runs as cannot reach the place the program was started in.
const SYSTEM_WIDE: &str = "/var/lib/cosmosbuilder-billing";

/// An existing folder, by its absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder that was asked for, or the default one. A Postgres of our own must reach it as `postgres_user`;
    /// root's own folders are closed to that user.
    pub fn open(given: Option<&Path>, postgres_user: Option<&OsUser>) -> Result<Self> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => default_path(postgres_user)?,
        };
        let dir = Self::create(&path)?;
        if let Some(user) = postgres_user
            && !user.can_enter(&dir.0)
        {
            bail!(
                "the user `{}`, who runs Postgres for root, cannot enter the data folder {}: choose a folder that \
                 everyone may enter with --data-dir, or run the program as an ordinary user",
                user.name(),
                dir.0.display()
            );
        }
        Ok(dir)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where browsers reached the server that ran on this folder last: what commands write into mails.
    pub fn base_url(&self) -> Option<BaseUrl> {
        fs::read_to_string(self.0.join(BASE_URL))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Kept by the server. One that cannot be written costs a link in a mail, and no start.
    pub fn keep_base_url(&self, base_url: &BaseUrl) {
        if self.base_url().as_ref() == Some(base_url) {
            return;
        }
        if let Err(error) = fs::write(self.0.join(BASE_URL), format!("{}\n", base_url.as_str())) {
            tracing::warn!(%error, "The data folder cannot keep where browsers reach us: {error}");
        }
    }

    fn create(path: &Path) -> Result<Self> {
        let refused = || {
            format!(
                "the data folder {} cannot be used: choose another with --data-dir or give yourself access to it",
                path.display()
            )
        };
        create_dir(path, 0o711).with_context(refused)?;
        let path = path.canonicalize().with_context(refused)?;
        // A folder that cannot be listed or written shows here, not halfway through the start.
        fs::read_dir(&path).with_context(refused)?;
        let probe = path.join(".writable");
        fs::write(&probe, b"")
            .and_then(|()| fs::remove_file(&probe))
            .with_context(refused)?;
        Ok(Self(path))
    }
}

fn default_path(postgres_user: Option<&OsUser>) -> Result<PathBuf> {
    let here = absolute(DEFAULT).context("the folder the program was started in has gone")?;
    let reachable = |user: &OsUser| here.parent().is_some_and(|parent| user.can_enter(parent));
    if postgres_user.is_none_or(reachable) {
        return Ok(here);
    }
    let digest = Sha256::digest(here.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let path = Path::new(SYSTEM_WIDE).join(name);
    tracing::info!(
        "Postgres may not enter {} for root: the data lie in {}",
        here.display(),
        path.display()
    );
    Ok(path)
}

/// Creates the folder and those above it; one that exists is fine.
pub fn create_dir(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_server_was_reached_last_is_kept() {
        let folder = std::env::temp_dir().join(format!("cbt-base-url-{}", std::process::id()));
        let data = DataDir::create(&folder).unwrap();
        assert_eq!(data.base_url(), None);
        for url in ["http://127.0.0.1:4000", "https://billing.example.com"] {
            let url: BaseUrl = url.parse().unwrap();
            data.keep_base_url(&url);
            assert_eq!(data.base_url(), Some(url));
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
