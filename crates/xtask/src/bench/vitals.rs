//! `lcp_ms` and `cls`: the signed-in overview in Chromium with its processor slowed down four times.

use super::{Bench, SERVER_LOG};
use crate::process;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{path::Path, process::Command};

const SCRIPT: &str = "target/xtask/vitals.mjs";

#[derive(Clone, Copy, Deserialize)]
pub struct Vitals {
    pub lcp_ms: f64,
    pub cls: f64,
    /// The same of a page of one word.
    pub floor_ms: f64,
}

pub fn measure(bench: &Bench) -> Result<Vitals> {
    let mut esbuild = process::npm_tool("esbuild");
    esbuild.args([
        "end2end/bench/vitals.ts",
        "--bundle",
        "--platform=node",
        "--format=esm",
    ]);
    esbuild.args([
        "--packages=external",
        "--log-level=warning",
        &format!("--outfile={SCRIPT}"),
    ]);
    process::capture(&mut esbuild, "bundling the browser measurement")?;
    let installation = bench.install("vitals")?;
    let server = installation.start(Path::new(SERVER_LOG))?;
    let mut node = Command::new("node");
    node.arg(SCRIPT).env("BASE_URL", server.base_url());
    let answer = process::capture(&mut node, "measuring in the browser")?;
    serde_json::from_str(&answer).with_context(|| format!("the browser measurement said: {answer}"))
}
