//! What the manifests say: our crates, their features, and which of ours they name.

use crate::process;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub dependencies: Vec<Dependency>,
    pub features: BTreeMap<String, Vec<String>>,
    pub targets: Vec<Target>,
}

#[derive(Deserialize)]
pub struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// Set for crates of this workspace alone.
    pub path: Option<String>,
}

pub fn packages() -> Result<Vec<Package>> {
    let mut cargo = process::cargo(["metadata", "--no-deps", "--format-version=1"]);
    let json = process::capture(&mut cargo, "reading the manifests")?;
    let metadata: Metadata = serde_json::from_str(&json).context("cargo's metadata has another shape")?;
    Ok(metadata.packages)
}

/// The part of the workspace that runs on this machine, as arguments for cargo: each crate by name and with all
/// its features but the browser's. `--workspace` would switch the server's and the browser's half of `app` on at
/// once.
pub fn host_selection() -> Result<Vec<String>> {
    Ok(selection(&packages()?))
}

/// The names of the test programs, of all crates.
pub fn test_programs() -> Result<BTreeSet<String>> {
    let targets = packages()?.into_iter().flat_map(|package| package.targets);
    let programs = targets.filter(|target| target.kind.iter().any(|kind| kind == "test"));
    Ok(programs.map(|target| target.name).collect())
}

fn selection(packages: &[Package]) -> Vec<String> {
    let mut arguments = Vec::new();
    for package in packages.iter().filter(|package| package.name != "frontend") {
        arguments.push(format!("--package={}", package.name));
        for feature in package
            .features
            .keys()
            .filter(|name| !["default", "hydrate"].contains(&name.as_str()))
        {
            arguments.push(format!("--features={}/{feature}", package.name));
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::{Package, selection};

    #[test]
    fn the_browser_s_half_stays_out() {
        let package = |name: &str, features: &[&str]| Package {
            name: name.to_owned(),
            dependencies: Vec::new(),
            features: features
                .iter()
                .map(|name| ((*name).to_owned(), Vec::new()))
                .collect(),
            targets: Vec::new(),
        };
        let packages = [
            package("app", &["default", "hydrate", "ssr"]),
            package("frontend", &[]),
            package("store", &[]),
        ];
        assert_eq!(
            selection(&packages),
            ["--package=app", "--features=app/ssr", "--package=store"]
        );
    }
}
