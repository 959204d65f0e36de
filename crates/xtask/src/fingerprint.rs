//! Skips work whose inputs did not change: a stamp file holds names, sizes and times of the inputs.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Where stamps and half-finished files lie.
pub const SCRATCH: &str = "target/xtask";

pub struct Stamp {
    path: PathBuf,
    wanted: String,
}

impl Stamp {
    /// `inputs` are files or directories; a missing one counts as empty.
    pub fn new(path: impl Into<PathBuf>, inputs: &[&Path]) -> Result<Self> {
        Ok(Self {
            path: path.into(),
            wanted: fingerprint(inputs)?,
        })
    }

    pub fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|found| found == self.wanted)
    }

    /// Called last, when the work is complete.
    pub fn save(&self) -> Result<()> {
        write(&self.path, self.wanted.as_bytes())
    }
}

/// Equal as long as no file among the inputs was added, removed or written.
pub fn fingerprint(inputs: &[&Path]) -> Result<String> {
    let mut files = Vec::new();
    for input in inputs {
        collect_files(input, &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        // A file may vanish while an editor saves it; the next look sees the new one.
        let Ok(meta) = fs::metadata(&file) else { continue };
        let modified = meta.modified()?.duration_since(UNIX_EPOCH)?;
        hash.update(format!(
            "{}\0{}\0{}\n",
            file.display(),
            meta.len(),
            modified.as_nanos()
        ));
    }
    Ok(hex(&hash.finalize()))
}

/// The first 16 hex digits of a content's SHA-256: plenty to tell two builds of one file apart.
pub fn content_hash(content: &[u8]) -> String {
    hex(&Sha256::digest(content)[..8])
}

pub fn collect_files(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
            collect_files(&entry?.path(), found)?;
        }
    } else if path.exists() {
        found.push(path.to_owned());
    }
    Ok(())
}

/// Writes a file and the directories above it.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
