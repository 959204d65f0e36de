//! The program's own Postgres: a cluster in the data folder, reached by a socket only its owner can open,
//! that starts and stops with the program.

mod binaries;
mod cluster;
mod postmaster;
mod socket;
mod supervisor;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use secrecy::SecretString;
use url::Url;

use crate::data_dir::{DataDir, create_dir};
use crate::os_user::OsUser;
use cluster::Cluster;
use supervisor::Supervisor;

const ROLE: &str = "billing";
const DATABASE: &str = "billing";

/// Running as long as this value lives.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: SecretString,
    socket: PathBuf,
    supervisor: Option<Supervisor>,
    /// Keeps other instances away from the cluster.
    _lock: Option<File>,
}

impl EmbeddedPostgres {
    /// Creates the cluster if there is none, ends what a killed predecessor left running, and starts it.
    pub fn start(data: &DataDir, user: Option<OsUser>) -> Result<Self> {
        let place = Place::prepare(data, user)?;
        let lock = place.lock()?;
        let Some(lock) = lock else {
            bail!(
                "another instance is running on the data folder {}: stop it first, or choose another folder with \
                 --data-dir",
                data.path().display()
            );
        };
        place.start(lock)
    }

    /// Uses the cluster of an instance that is running; starts it if there is none.
    pub fn start_or_join(data: &DataDir, user: Option<OsUser>) -> Result<Self> {
        let place = Place::prepare(data, user)?;
        match place.lock()? {
            Some(lock) => place.start(lock),
            None => {
                let socket = postmaster::ready_socket(&place.cluster()).context(
                    "another instance is just starting on this data folder: try again in a moment",
                )?;
                Ok(Self {
                    url: url(&socket)?,
                    socket,
                    supervisor: None,
                    _lock: None,
                })
            }
        }
    }

    /// Where the database is. The role has no password: the socket's folder is closed to everyone else.
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// Resolves when Postgres is gone for good and does not come back by itself.
    pub async fn given_up(&self) {
        match &self.supervisor {
            Some(supervisor) => supervisor.given_up().await,
            None => std::future::pending().await,
        }
    }

    /// Ends every connection, writes everything to disk and waits for the end.
    pub fn stop(self) {
        if let Some(supervisor) = self.supervisor {
            supervisor.stop();
            // Empty now, and perhaps in /tmp; the next start makes it again.
            let _ = fs::remove_dir(&self.socket);
        }
    }
}

/// The folder of one cluster and who runs it.
struct Place {
    folder: PathBuf,
    user: Option<OsUser>,
}

impl Place {
    fn prepare(data: &DataDir, user: Option<OsUser>) -> Result<Self> {
        let folder = data.path().join("postgres");
        create_dir(&folder, 0o700).with_context(|| format!("{} cannot be created", folder.display()))?;
        let cluster = folder.join(cluster::NAME);
        // A cluster that an ordinary user made earlier stays with that user.
        let user = match user {
            Some(user) if cluster.exists() => OsUser::owner_of(&cluster)?.or(Some(user)),
            user => user,
        };
        if let Some(user) = &user {
            user.owns(&folder)?;
        }
        Ok(Self { folder, user })
    }

    fn cluster(&self) -> PathBuf {
        self.folder.join(cluster::NAME)
    }

    /// None if another instance holds it. The lock goes with the process, however that ends.
    fn lock(&self) -> Result<Option<File>> {
        let path = self.folder.join("lock");
        let refused = || {
            format!(
                "{} cannot be written: does the folder belong to another user?",
                path.display()
            )
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(refused)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(refused),
        }
    }

    fn start(&self, lock: File) -> Result<EmbeddedPostgres> {
        let cluster = Cluster::open_or_create(&self.folder, self.user.clone())?;
        postmaster::end_predecessor(cluster.path())?;
        let socket = socket::folder(&self.folder, self.user.as_ref())?;
        keep_last_log(&self.folder)?;
        let supervisor = Supervisor::start(cluster, socket.clone(), self.folder.join("log"))?;
        Ok(EmbeddedPostgres {
            url: url(&socket)?,
            socket,
            supervisor: Some(supervisor),
            _lock: Some(lock),
        })
    }
}

/// One log a start, and the one before it: enough to see why it ended, and no more to clean up.
fn keep_last_log(folder: &Path) -> Result<()> {
    let log = folder.join("log");
    if log.exists() {
        fs::rename(&log, folder.join("log.previous")).context("the Postgres log cannot be moved aside")?;
    }
    Ok(())
}

fn url(socket: &Path) -> Result<SecretString> {
    let mut url = Url::parse(&format!("postgres://{ROLE}@localhost/{DATABASE}"))?;
    let folder = socket
        .to_str()
        .context("the data folder's name is not text: choose another with --data-dir")?;
    url.query_pairs_mut().append_pair("host", folder);
    Ok(String::from(url).into())
}
