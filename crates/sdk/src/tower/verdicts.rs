//! What is known of customers, for a few seconds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::usage::Reason;

/// No older than this is an answer given.
const FRESH: Duration = Duration::from_secs(5);
/// More customers than this are not remembered at once.
const MOST: usize = 10_000;

/// None: the customer may.
pub(super) type Verdict = Option<Reason>;

#[derive(Debug, Default)]
pub(super) struct Verdicts(Mutex<HashMap<String, (Instant, Verdict)>>);

impl Verdicts {
    pub fn known(&self, customer: &str, now: Instant) -> Option<Verdict> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, verdict) = known.get(customer)?;
        (now.saturating_duration_since(*at) < FRESH).then_some(*verdict)
    }

    pub fn learn(&self, customer: &str, now: Instant, verdict: Verdict) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains_key(customer) {
            known.retain(|_, (at, _)| now.saturating_duration_since(*at) < FRESH);
            if known.len() >= MOST {
                return;
            }
        }
        known.insert(customer.to_owned(), (now, verdict));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_forgotten_after_five_seconds() {
        let (verdicts, now) = (Verdicts::default(), Instant::now());
        verdicts.learn("cus_1", now, Some(Reason::Suspended));
        assert_eq!(
            verdicts.known("cus_1", now + Duration::from_millis(4_999)),
            Some(Some(Reason::Suspended))
        );
        assert_eq!(verdicts.known("cus_1", now + FRESH), None);
        assert_eq!(verdicts.known("cus_2", now), None);
    }

    #[test]
    fn remembers_so_many_and_makes_room_by_forgetting_the_old() {
        let (verdicts, now) = (Verdicts::default(), Instant::now());
        for number in 0..MOST {
            verdicts.learn(&number.to_string(), now, None);
        }
        verdicts.learn("new", now, None);
        assert_eq!(verdicts.known("new", now), None);
        verdicts.learn("new", now + FRESH, None);
        assert_eq!(verdicts.known("new", now + FRESH), Some(None));
    }
}
