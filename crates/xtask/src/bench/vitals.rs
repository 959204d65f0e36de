//! `lcp_ms` and `cls`: the signed-in overview in Chromium with its processor slowed down four times.

use super::Bench;
use crate::process;
use anyhow::{Context, Result};
use serde::Deserialize;

const SCRIPT: &str = "target/xtask/vitals.mjs";

#[derive(Clone, Copy, Deserialize)]
pub struct Vitals {
    pub lcp_ms: f64,
    pub cls: f64,
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
    let server = bench.server("vitals")?;
    let mut node = std::process::Command::new("node");
    node.arg(SCRIPT).env("BASE_URL", server.base_url());
    let answer = process::capture(&mut node, "measuring in the browser")?;
    serde_json::from_str(&answer).with_context(|| format!("the browser measurement said: {answer}"))
}
