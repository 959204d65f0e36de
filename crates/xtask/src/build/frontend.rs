//! The WebAssembly module: compiled by cargo, bound by wasm-bindgen as a library (Cargo.lock keeps both halves
//! in step), made small by wasm-opt.

use super::{OUTPUT_NAME, Profile};
use crate::{fingerprint::Stamp, process};
use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// Named one by one: with `--all-features` binaryen writes compact imports, and Chromium refuses the module.
const WASM_OPT: [&str; 7] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

pub fn compile(profile: Profile) -> Result<()> {
    let mut cargo = process::cargo(["build", "--package", "frontend", "--target", TARGET]);
    if profile == Profile::Release {
        cargo.args(["--profile", "wasm-release"]);
    }
    process::run(&mut cargo, "building the frontend")
}

/// Leaves `portal.js` and `portal.wasm` in the profile's scratch directory.
pub fn bind(profile: Profile) -> Result<()> {
    let compiled = compiled_module(profile);
    let scratch = profile.scratch();
    let stamp = Stamp::new(
        scratch.join("bindings.stamp"),
        &[&compiled, Path::new("package-lock.json")],
    )?;
    if stamp.is_fresh() {
        return Ok(());
    }
    let raw = scratch.join("bindings");
    if raw.exists() {
        fs::remove_dir_all(&raw)?;
    }
    Bindgen::new()
        .input_path(&compiled)
        .web(true)?
        .typescript(false)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(true)
        // The page's script passes the module's hashed address.
        .omit_default_module_path(true)
        .out_name(OUTPUT_NAME)
        .generate(&raw)
        .context("wasm-bindgen refused the frontend")?;
    bundle(profile, &raw)?;
    shrink(profile, &raw.join(format!("{OUTPUT_NAME}_bg.wasm")))?;
    stamp.save()
}

fn compiled_module(profile: Profile) -> PathBuf {
    let directory = if profile == Profile::Dev {
        "debug"
    } else {
        "wasm-release"
    };
    Path::new("target")
        .join(TARGET)
        .join(directory)
        .join("frontend.wasm")
}

/// One script of wasm-bindgen's glue and the crates' own snippets: fewer requests, and one hash covers all.
fn bundle(profile: Profile, raw: &Path) -> Result<()> {
    let mut esbuild = process::npm_tool("esbuild");
    esbuild.arg(raw.join(format!("{OUTPUT_NAME}.js")));
    esbuild.args([
        "--bundle",
        "--format=esm",
        "--target=es2022",
        "--legal-comments=none",
        "--log-level=warning",
    ]);
    if profile == Profile::Release {
        esbuild.arg("--minify");
    }
    let script = profile.scratch().join(format!("{OUTPUT_NAME}.js"));
    esbuild.arg(format!("--outfile={}", script.display()));
    process::capture(&mut esbuild, "bundling the frontend's script").map(drop)
}

fn shrink(profile: Profile, module: &Path) -> Result<()> {
    let out = profile.scratch().join(format!("{OUTPUT_NAME}.wasm"));
    if profile == Profile::Dev {
        fs::copy(module, out)?;
        return Ok(());
    }
    let mut wasm_opt = process::npm_tool("wasm-opt");
    wasm_opt.args(WASM_OPT).arg(module).arg("-o").arg(out);
    process::capture(&mut wasm_opt, "optimising the frontend").map(drop)
}
