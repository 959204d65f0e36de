//! The style sheet by Tailwind and the chart bundle by esbuild.

use super::Profile;
use crate::{fingerprint::Stamp, process};
use anyhow::Result;
use std::{path::Path, process::Command};

pub fn build(profile: Profile) -> Result<()> {
    let scratch = profile.scratch();
    once(
        &scratch.join("css.stamp"),
        &["style", "app/src", "package-lock.json"],
        || {
            let mut tailwind = process::npm_tool("tailwindcss");
            tailwind
                .args(["--input", "style/main.css", "--output"])
                .arg(scratch.join("portal.css"));
            minified(&mut tailwind, profile);
            process::capture(&mut tailwind, "building the styles")
        },
    )?;
    once(
        &scratch.join("charts.stamp"),
        &["style/charts", "package-lock.json"],
        || {
            let mut esbuild = process::npm_tool("esbuild");
            esbuild.args([
                "style/charts/entry.js",
                "--bundle",
                "--format=iife",
                "--legal-comments=none",
            ]);
            // Always minified: the server reads it too, and nobody debugs ECharts here.
            esbuild
                .arg("--minify")
                .arg(format!("--outfile={}", scratch.join("charts.js").display()));
            process::capture(&mut esbuild, "building the charts")
        },
    )
}

fn once(stamp: &Path, inputs: &[&str], work: impl FnOnce() -> Result<String>) -> Result<()> {
    let inputs: Vec<&Path> = inputs.iter().map(Path::new).collect();
    let stamp = Stamp::new(stamp, &inputs)?;
    if !stamp.is_fresh() {
        work()?;
        stamp.save()?;
    }
    Ok(())
}

fn minified(command: &mut Command, profile: Profile) {
    if profile == Profile::Release {
        command.arg("--minify");
    }
}
