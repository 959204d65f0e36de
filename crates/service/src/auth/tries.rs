//! How often one address may try one login: a guesser is slowed down, its owner elsewhere is not.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);
const TRIES_A_WINDOW: usize = 10;
/// Bounds the memory; a full table with nothing stale in it refuses newcomers.
const MAX_PAIRS: usize = 50_000;

type Pair = (String, Option<String>);

#[derive(Debug, Default)]
pub(super) struct Tries {
    recent: Mutex<HashMap<Pair, VecDeque<Instant>>>,
}

impl Tries {
    /// Counts a try, unless there were too many within the window.
    pub(super) fn allow(&self, email: &str, address: Option<&str>, now: Instant) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = pair(email, address);
        if recent.len() >= MAX_PAIRS && !recent.contains_key(&pair) {
            recent.retain(|_, tries| {
                tries
                    .back()
                    .is_some_and(|last| now.duration_since(*last) < WINDOW)
            });
            if recent.len() >= MAX_PAIRS {
                return false;
            }
        }
        let tries = recent.entry(pair).or_default();
        while tries
            .front()
            .is_some_and(|first| now.duration_since(*first) >= WINDOW)
        {
            tries.pop_front();
        }
        if tries.len() >= TRIES_A_WINDOW {
            return false;
        }
        tries.push_back(now);
        true
    }

    /// Whoever got in owes nothing.
    pub(super) fn forget(&self, email: &str, address: Option<&str>) {
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&pair(email, address));
    }
}

fn pair(email: &str, address: Option<&str>) -> Pair {
    (email.to_lowercase(), address.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_and_counts_each_pair_by_itself() {
        let tries = Tries::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!((0..10).all(|second| tries.allow("ada@lumen.example", Some("10.0.0.1"), at(second))));
        assert!(!tries.allow("Ada@Lumen.example", Some("10.0.0.1"), at(30)));
        assert!(tries.allow("ada@lumen.example", Some("10.0.0.2"), at(30)));
        assert!(tries.allow("bob@lumen.example", Some("10.0.0.1"), at(30)));
        assert!(tries.allow("ada@lumen.example", Some("10.0.0.1"), at(60)));
        assert!(!tries.allow("ada@lumen.example", Some("10.0.0.1"), at(60)));
        tries.forget("ada@lumen.example", Some("10.0.0.1"));
        assert!(tries.allow("ada@lumen.example", Some("10.0.0.1"), at(60)));
    }

    #[test]
    fn keeps_no_more_than_it_may() {
        let tries = Tries::default();
        let start = Instant::now();
        for n in 0..MAX_PAIRS {
            assert!(tries.allow(&n.to_string(), None, start));
        }
        assert!(!tries.allow("one more", None, start));
        assert!(tries.allow("one more", None, start + WINDOW));
        assert_eq!(tries.recent.lock().unwrap().len(), 1);
    }
}
