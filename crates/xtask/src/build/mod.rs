//! `cargo xtask build`: one frontend, one site, one server, each step skipped when nothing it reads has changed.

mod assets;
mod compress;
mod frontend;
mod site;

use crate::{fingerprint::SCRATCH, lock, process, steps::Steps};
use anyhow::{Result, anyhow};
use std::{
    path::{Path, PathBuf},
    thread,
};

pub use {compress::brotli, site::SITE};

/// The name of the browser's files before their hash: `/pkg/portal.<hash>.js`, `.wasm`, `.css`.
pub const OUTPUT_NAME: &str = "portal";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// Where this profile's half-finished files lie.
    fn scratch(self) -> PathBuf {
        Path::new(SCRATCH).join(self.name())
    }

    pub fn server_binary(self) -> PathBuf {
        Path::new("target")
            .join(if self == Self::Dev { "debug" } else { "release" })
            .join("server")
    }
}

pub fn build(profile: Profile) -> Result<()> {
    let _lock = lock::take("build")?;
    let mut steps = Steps::new("build", 4);
    steps.next(&format!("frontend, {}", profile.name()));
    // Styles and charts are node's work and take a second: done while cargo compiles.
    thread::scope(|scope| {
        let assets = scope.spawn(|| assets::build(profile));
        let wasm = frontend::compile(profile);
        assets
            .join()
            .map_err(|_| anyhow!("building the styles and charts failed"))??;
        wasm
    })?;
    steps.next("bindings between the browser and the frontend");
    frontend::bind(profile)?;
    steps.next("site");
    site::assemble(profile)?;
    steps.next(&format!("server, {}", profile.name()));
    build_server(profile)?;
    steps.finish(&format!("{} built", profile.server_binary().display()));
    Ok(())
}

fn build_server(profile: Profile) -> Result<()> {
    let mut cargo = process::cargo(["build", "--package", "server"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    process::run(&mut cargo, "building the server")
}
