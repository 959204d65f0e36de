//! The folder of the socket: closed to everyone but the cluster's owner, and with a path the system accepts.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::data_dir::create_dir;
use crate::os_user::{OsUser, own_uid};

/// What the system allows in a socket's address.
const LONGEST_PATH: usize = 107;
const SOCKET_NAME: &str = "/.s.PGSQL.5432";
const CLOSED: u32 = 0o700;

/// Inside the cluster's folder, or where that path is too long, in /tmp.
pub fn folder(postgres: &Path, user: Option<&OsUser>) -> Result<PathBuf> {
    let beside = postgres.join("socket");
    let path = if fits(&beside) {
        beside
    } else {
        short_path(postgres)
    };
    create_dir(&path, CLOSED).with_context(|| format!("{} cannot be created", path.display()))?;
    let found = fs::symlink_metadata(&path)?;
    let owner = user.map_or_else(own_uid, OsUser::uid);
    // In /tmp somebody else may have been there first.
    if !found.is_dir() || (found.uid() != owner && found.uid() != own_uid()) {
        bail!(
            "{} belongs to somebody else: choose a data folder with a shorter path with --data-dir",
            path.display()
        );
    }
    fs::set_permissions(&path, Permissions::from_mode(CLOSED))?;
    if let Some(user) = user {
        user.owns(&path)?;
    }
    Ok(path)
}

fn fits(folder: &Path) -> bool {
    folder.as_os_str().len() + SOCKET_NAME.len() <= LONGEST_PATH
}

/// The same for the same data folder, so that a joining program finds it.
fn short_path(postgres: &Path) -> PathBuf {
    let digest = Sha256::digest(postgres.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Path::new("/tmp").join(format!("cosmosbuilder-{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_one_byte_too_long_does_not_fit() {
        let room = LONGEST_PATH - SOCKET_NAME.len();
        let longest = format!("/{}", "a".repeat(room - 1));
        assert!(fits(Path::new(&longest)));
        assert!(!fits(Path::new(&format!("{longest}a"))));
        assert!(fits(&short_path(Path::new(&longest))));
    }
}
