//! Lays out `target/site`, the directory the server serves: everything under `/pkg` carries a hash of its content
//! in its name, so that browsers may keep it for ever.
//!
//! Leptos finds the hashes in `hash.txt` beside the server's binary. There is one site and two possible binaries,
//! so both directories get the file.

use super::{OUTPUT_NAME, Profile, compress};
use crate::fingerprint::{SCRATCH, Stamp, collect_files, content_hash, write};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};

pub const SITE: &str = "target/site";
const PUBLIC: &str = "public";
const HASH_FILES: [&str; 2] = ["target/debug/hash.txt", "target/release/hash.txt"];

/// The hashed files: key in hash.txt, name, extension. Leptos reads the first three, the charts are ours.
const HASHED: [(&str, &str, &str); 4] = [
    ("js", OUTPUT_NAME, "js"),
    ("wasm", OUTPUT_NAME, "wasm"),
    ("css", OUTPUT_NAME, "css"),
    ("charts", "charts", "js"),
];

pub fn assemble(profile: Profile) -> Result<()> {
    let scratch = profile.scratch();
    let sources = HASHED.map(|(_, name, extension)| scratch.join(format!("{name}.{extension}")));
    let mut inputs: Vec<&Path> = sources.iter().map(PathBuf::as_path).collect();
    inputs.push(Path::new(PUBLIC));
    // One stamp for both profiles, whose inputs differ by their paths: the other profile's site is never fresh.
    let stamp = Stamp::new(Path::new(SCRATCH).join("site.stamp"), &inputs)?;
    if stamp.is_fresh()
        && HASH_FILES
            .iter()
            .chain([&SITE])
            .all(|path| Path::new(path).exists())
    {
        return Ok(());
    }
    if Path::new(SITE).exists() {
        fs::remove_dir_all(SITE)?;
    }
    copy_public()?;
    let mut hashes = String::new();
    for ((key, name, extension), source) in HASHED.iter().zip(&sources) {
        let content = fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
        let hash = content_hash(&content);
        write(
            &Path::new(SITE).join(format!("pkg/{name}.{hash}.{extension}")),
            &content,
        )?;
        hashes.push_str(&format!("{key}: {hash}\n"));
    }
    // The server renders charts too and reads the bundle under a name that stays.
    fs::copy(scratch.join("charts.js"), Path::new(SITE).join("charts.min.js"))?;
    if profile == Profile::Release {
        compress::compress_directory(Path::new(SITE))?;
    }
    for file in HASH_FILES {
        write(Path::new(file), hashes.as_bytes())?;
    }
    stamp.save()
}

fn copy_public() -> Result<()> {
    let mut files = Vec::new();
    collect_files(Path::new(PUBLIC), &mut files)?;
    for file in files {
        write(
            &Path::new(SITE).join(file.strip_prefix(PUBLIC)?),
            &fs::read(&file)?,
        )?;
    }
    Ok(())
}
