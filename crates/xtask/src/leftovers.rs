//! Directories of runs that were killed before they could tidy up: named `<prefix><process id>`, then anything.

use nix::{errno::Errno, sys::signal::kill, unistd::Pid};
use std::{fs, path::Path};

/// Removes those whose process has gone. Failing is harmless: the next run tries again.
pub fn remove(parent: &Path, prefix: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let owner = entry.file_name().to_str().and_then(|name| owner(name, prefix));
        if owner.is_some_and(|pid| kill(pid, None) == Err(Errno::ESRCH)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn owner(name: &str, prefix: &str) -> Option<Pid> {
    let digits = name.strip_prefix(prefix)?.split('-').next()?;
    Some(Pid::from_raw(digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::owner;
    use nix::unistd::Pid;

    #[test]
    fn a_directory_names_its_process() {
        assert_eq!(
            owner("installation-812-0", "installation-"),
            Some(Pid::from_raw(812))
        );
        assert_eq!(owner("test-pg-812", "test-pg-"), Some(Pid::from_raw(812)));
        assert_eq!(owner("release", "installation-"), None);
    }
}
