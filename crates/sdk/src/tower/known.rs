//! What is known of customers, for a few seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// More customers than this are not remembered at once.
const MOST: usize = 10_000;

#[derive(Debug)]
pub(super) struct Known<T>(Mutex<HashMap<String, Entry<T>>>);

#[derive(Debug)]
struct Entry<T> {
    turn: Turn,
    /// And until when it holds.
    found: Option<(Instant, T)>,
}

/// Whoever has locked it asks; the others wait for what that one finds out.
pub(super) type Turn = Arc<tokio::sync::Mutex<()>>;

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Copy> Known<T> {
    pub fn get(&self, customer: &str, now: Instant) -> Option<T> {
        let known = self.lock();
        let (until, found) = known.get(customer)?.found?;
        (now < until).then_some(found)
    }

    pub fn learn(&self, customer: &str, now: Instant, (found, lasts): (T, Duration)) {
        if let Some(entry) = entry(&mut self.lock(), customer, now) {
            entry.found = Some((now + lasts, found));
        }
    }

    /// Of its own for each customer, as long as there is room for more of them.
    pub fn turn(&self, customer: &str, now: Instant) -> Turn {
        let mut known = self.lock();
        entry(&mut known, customer, now).map_or_else(Turn::default, |entry| Arc::clone(&entry.turn))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None where there is no room.
fn entry<'a, T>(
    known: &'a mut HashMap<String, Entry<T>>,
    customer: &str,
    now: Instant,
) -> Option<&'a mut Entry<T>> {
    if !known.contains_key(customer) {
        if known.len() >= MOST {
            known.retain(|_, entry| {
                let holds = entry.found.as_ref().is_some_and(|(until, _)| now < *until);
                holds || Arc::strong_count(&entry.turn) > 1
            });
        }
        if known.len() >= MOST {
            return None;
        }
        let (turn, found) = (Turn::default(), None);
        known.insert(customer.to_owned(), Entry { turn, found });
    }
    known.get_mut(customer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTS: Duration = Duration::from_secs(5);

    #[test]
    fn is_forgotten_when_its_time_is_over() {
        let (known, now) = (Known::default(), Instant::now());
        known.learn("cus_1", now, ("suspended", LASTS));
        let almost = now + Duration::from_millis(4_999);
        assert_eq!(known.get("cus_1", almost), Some("suspended"));
        assert_eq!(known.get("cus_1", now + LASTS), None);
        assert_eq!(known.get("cus_2", now), None);
    }

    #[test]
    fn remembers_so_many_and_makes_room_by_forgetting_the_old() {
        let (known, now) = (Known::default(), Instant::now());
        for number in 0..MOST {
            known.learn(&number.to_string(), now, (1, LASTS));
        }
        known.learn("new", now, (1, LASTS));
        assert_eq!(known.get("new", now), None);
        known.learn("new", now + LASTS, (1, LASTS));
        assert_eq!(known.get("new", now + LASTS), Some(1));
        assert_eq!(known.lock().len(), 1);
    }

    #[test]
    fn a_customer_has_one_turn_and_keeps_it_while_somebody_waits_for_it() {
        let (known, now) = (Known::<()>::default(), Instant::now());
        let turn = known.turn("cus_1", now);
        assert!(Arc::ptr_eq(&turn, &known.turn("cus_1", now)));
        assert!(!Arc::ptr_eq(&turn, &known.turn("cus_2", now)));
        for number in 0..MOST {
            known.learn(&number.to_string(), now, ((), LASTS));
        }
        assert!(Arc::ptr_eq(&turn, &known.turn("cus_1", now + LASTS)));
    }
}
