//! `.br` and `.gz` beside every text-like file of a release site, so that the server only picks one.

use crate::fingerprint::{SCRATCH, collect_files, content_hash, write};
use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use std::{
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

const WORTH_IT: [&str; 5] = ["js", "wasm", "css", "svg", "txt"];
/// Below this a packet carries the file whole either way.
const SMALLEST: usize = 1024;

pub fn compress_directory(directory: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect_files(directory, &mut files)?;
    for file in files {
        let worth_it = file
            .extension()
            .is_some_and(|e| WORTH_IT.iter().any(|known| e == *known));
        let content = fs::read(&file)?;
        if worth_it && content.len() >= SMALLEST {
            fs::write(sibling(&file, ".br"), brotli(&content)?)?;
            fs::write(sibling(&file, ".gz"), gzip(&content)?)?;
        }
    }
    Ok(())
}

/// Brotli at its slowest, remembered by content: the chart bundle alone takes seconds and seldom changes.
pub fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let remembered = Path::new(SCRATCH).join("brotli").join(content_hash(content));
    if let Ok(compressed) = fs::read(&remembered) {
        return Ok(compressed);
    }
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &params).context("brotli failed")?;
    write(&remembered, &compressed)?;
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn sibling(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    PathBuf::from(name)
}
