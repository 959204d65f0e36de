//! How often somebody may try something within a minute: a guesser is slowed down, others are not.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);
/// Bounds the memory; a full table with nothing stale in it refuses newcomers.
const MAX_KEYS: usize = 50_000;

#[derive(Debug)]
pub(crate) struct Tries {
    a_window: usize,
    recent: Mutex<HashMap<String, VecDeque<Instant>>>,
}

impl Tries {
    pub(crate) fn at_most(a_window: usize) -> Self {
        Self {
            a_window,
            recent: Mutex::default(),
        }
    }

    /// Counts a try, unless there were too many within the window.
    pub(crate) fn allow(&self, key: &str, now: Instant) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= MAX_KEYS && !recent.contains_key(key) {
            recent.retain(|_, tries| {
                tries
                    .back()
                    .is_some_and(|last| now.duration_since(*last) < WINDOW)
            });
            if recent.len() >= MAX_KEYS {
                return false;
            }
        }
        let tries = recent.entry(key.to_owned()).or_default();
        while tries
            .front()
            .is_some_and(|first| now.duration_since(*first) >= WINDOW)
        {
            tries.pop_front();
        }
        if tries.len() >= self.a_window {
            return false;
        }
        tries.push_back(now);
        true
    }

    /// Whoever got in owes nothing.
    pub(crate) fn forget(&self, key: &str) {
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }

    /// Takes the last try back: it was none.
    pub(crate) fn take_back(&self, key: &str) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = recent.get_mut(key) {
            tries.pop_back();
        }
    }
}

/// One login tried from one place.
pub(crate) fn pair(email: &str, place: Option<&str>) -> String {
    format!("{} {}", place.unwrap_or_default(), email.to_lowercase())
}

/// What one person at the other end holds: an address, or the 2^64 of them that come with a line over IPv6.
pub(crate) fn place(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_and_counts_each_pair_by_itself() {
        let tries = Tries::at_most(10);
        let start = Instant::now();
        let allow = |email: &str, place: &str, seconds| {
            tries.allow(&pair(email, Some(place)), start + Duration::from_secs(seconds))
        };
        assert!((0..10).all(|second| allow("ada@lumen.example", "10.0.0.1", second)));
        assert!(!allow("Ada@Lumen.example", "10.0.0.1", 30));
        assert!(allow("ada@lumen.example", "10.0.0.2", 30));
        assert!(allow("bob@lumen.example", "10.0.0.1", 30));
        assert!(allow("ada@lumen.example", "10.0.0.1", 60));
        assert!(!allow("ada@lumen.example", "10.0.0.1", 60));
        tries.take_back(&pair("ada@lumen.example", Some("10.0.0.1")));
        assert!(allow("ada@lumen.example", "10.0.0.1", 60));
        tries.forget(&pair("ada@lumen.example", Some("10.0.0.1")));
        assert!((0..10).all(|_| allow("ada@lumen.example", "10.0.0.1", 60)));
    }

    #[test]
    fn a_line_over_ipv6_is_one_place() {
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(place("2001:db8:1:2::9"), "2001:db8:1:2::");
        assert_eq!(place("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn keeps_no_more_than_it_may() {
        let tries = Tries::at_most(10);
        let start = Instant::now();
        for n in 0..MAX_KEYS {
            assert!(tries.allow(&n.to_string(), start));
        }
        assert!(!tries.allow("one more", start));
        assert!(tries.allow("one more", start + WINDOW));
        assert_eq!(tries.recent.lock().unwrap().len(), 1);
    }
}
