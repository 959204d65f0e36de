//! `bundle_kb`: what a browser loads for a page without charts, compressed as it is sent.

use super::Measured;
use crate::build::{OUTPUT_NAME, SITE, brotli};
use anyhow::{Result, ensure};
use std::{fs, path::Path};

pub fn bundle_kb() -> Result<Measured> {
    let mut bytes = 0_u32;
    let mut files = 0;
    for entry in fs::read_dir(Path::new(SITE).join("pkg"))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with(OUTPUT_NAME) && [".js", ".wasm", ".css"].iter().any(|end| name.ends_with(end)) {
            bytes += u32::try_from(brotli(&fs::read(&path)?)?.len())?;
            files += 1;
        }
    }
    ensure!(
        files == 3,
        "expected one script, one module and one style sheet, found {files} files"
    );
    Ok(Measured::alone(f64::from(bytes) / 1024.0, "KB"))
}
