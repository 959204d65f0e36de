//! Keys. Those nobody gave are made once, kept in the data folder and read again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::data_dir::create_dir;

const KEY_BYTES: usize = 32;
const FILE: &str = "encryption_key";

/// One key rules the others: servers that share it agree on all of them.
#[derive(Clone)]
pub struct Secrets {
    encryption_key: [u8; KEY_BYTES],
}

/// Without the key.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    pub const fn given(encryption_key: [u8; KEY_BYTES]) -> Self {
        Self { encryption_key }
    }

    /// Reads the folder's key, or makes it. Of two programs that make one at once both end with the same.
    pub fn kept_in(data_dir: &Path) -> Result<Self> {
        let folder = data_dir.join("secrets");
        let path = folder.join(FILE);
        create_dir(&folder, 0o700).with_context(|| format!("{} cannot be created", folder.display()))?;
        if !path.exists() {
            make(&folder, &path).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        match BASE64_STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
        {
            Some(encryption_key) => Ok(Self { encryption_key }),
            None => bail!(
                "{} does not hold 32 bytes in base64: restore it from a backup",
                path.display()
            ),
        }
    }

    /// Signs the quotes customers confirm.
    pub fn quote_key(&self) -> Result<[u8; KEY_BYTES]> {
        self.derive("quotes")
    }

    /// Seals the answers that are kept to be given again.
    pub fn seal_key(&self) -> Result<[u8; KEY_BYTES]> {
        self.derive("answers")
    }

    /// Seals secrets that have to be read again.
    pub fn sealing_key(&self) -> Result<[u8; KEY_BYTES]> {
        self.derive("sealed secrets")
    }

    fn derive(&self, purpose: &str) -> Result<[u8; KEY_BYTES]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.encryption_key).context("a key of 32 bytes")?;
        mac.update(purpose.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }
}

/// Written aside and linked into place: the file is complete or not there.
fn make(folder: &Path, path: &Path) -> io::Result<()> {
    let key: [u8; KEY_BYTES] = rand::random();
    let aside = folder.join(format!("{FILE}.{}", std::process::id()));
    let mut file = File::options()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)?;
    writeln!(file, "{}", BASE64_STANDARD.encode(key))?;
    file.sync_all()?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}
