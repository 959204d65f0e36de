//! Dependencies point downhill: each crate may name only the crates below it.

use crate::workspace::{self, Package};
use anyhow::{Result, bail};

/// A crate and those of ours that its manifest may name, tests included.
const ALLOWED: [(&str, &[&str]); 9] = [
    ("app", &["billing", "service"]),
    ("billing", &[]),
    ("frontend", &["app"]),
    ("gateway", &["billing"]),
    ("sdk", &[]),
    ("server", &["app", "billing", "sdk", "service"]),
    ("service", &["billing", "gateway", "store"]),
    ("store", &["billing"]),
    ("xtask", &[]),
];

pub fn check() -> Result<()> {
    let wrong: Vec<String> = workspace::packages()?.iter().flat_map(uphill).collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

fn uphill(package: &Package) -> Vec<String> {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!(
            "{} has no place among the layers in crates/xtask/src/layers.rs",
            package.name
        )];
    };
    let ours = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.path.is_some());
    ours.filter(|dependency| !allowed.contains(&dependency.name.as_str()))
        .map(|dependency| format!("{} must not depend on {}", package.name, dependency.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::uphill;
    use crate::workspace::{Dependency, Package};
    use std::collections::BTreeMap;

    fn package(name: &str, dependency: &str) -> Package {
        let dependency = Dependency {
            name: dependency.to_owned(),
            path: Some(String::new()),
        };
        Package {
            name: name.to_owned(),
            dependencies: vec![dependency],
            features: BTreeMap::new(),
            targets: Vec::new(),
        }
    }

    #[test]
    fn service_may_use_store_but_not_the_other_way_round() {
        assert!(uphill(&package("service", "store")).is_empty());
        assert_eq!(
            uphill(&package("store", "service")),
            ["store must not depend on service"]
        );
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(uphill(&package("extra", "billing")).len(), 1);
    }
}
