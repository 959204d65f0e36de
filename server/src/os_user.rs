//! The operating system's user that Postgres runs as: ourselves, or for root somebody with fewer rights.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::{Uid, User, geteuid};

const POSTGRES: &str = "postgres";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsUser {
    name: String,
    uid: u32,
    gid: u32,
}

impl OsUser {
    /// Who must run Postgres in root's place; none where we are not root and run it ourselves.
    pub fn in_place_of_root() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let found = User::from_name(POSTGRES).context("the list of users cannot be read")?;
        match found {
            Some(user) => Ok(Some(Self::of(user))),
            None => bail!(
                "Postgres refuses to run as root and there is no user `{POSTGRES}`: run the program as an ordinary \
                 user, or set DATABASE_URL"
            ),
        }
    }

    /// The owner of an existing folder, if that is somebody with fewer rights.
    pub fn owner_of(path: &Path) -> Result<Option<Self>> {
        let uid = fs::metadata(path)
            .with_context(|| format!("{} cannot be read", path.display()))?
            .uid();
        if uid == 0 {
            return Ok(None);
        }
        Ok(User::from_uid(Uid::from_raw(uid)).ok().flatten().map(Self::of))
    }

    fn of(user: User) -> Self {
        Self {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn owns(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("{} cannot be given to the user `{}`", path.display(), self.name))
    }

    pub fn runs(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Tried for real, as mode bits alone do not tell (access lists, mounts): a program started in the folder
    /// changes to it with the user's rights.
    pub fn can_enter(&self, folder: &Path) -> bool {
        let mut probe = Command::new("/bin/true");
        probe.current_dir(folder).stdin(Stdio::null());
        self.runs(&mut probe);
        probe.status().is_ok_and(|status| status.success())
    }
}

/// Who a folder's content must belong to so that we, running as root or not, may use it.
pub fn own_uid() -> u32 {
    geteuid().as_raw()
}

impl OsUser {
    pub fn uid(&self) -> u32 {
        self.uid
    }
}
