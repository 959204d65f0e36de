//! One at a time: two builds or two browser runs in one tree would delete each other's files.

use crate::fingerprint::SCRATCH;
use anyhow::{Context, Result};
use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

/// Held until the value is dropped, or the process ends.
pub struct Lock {
    _file: File,
}

pub fn take(name: &str) -> Result<Lock> {
    fs::create_dir_all(SCRATCH)?;
    let path = Path::new(SCRATCH).join(format!("{}.lock", name.replace(' ', "-")));
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("waiting for another {name} in this directory …");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    Ok(Lock { _file: file })
}
