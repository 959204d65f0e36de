//! Whose usage came in since the last look.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use billing::id::CustomerId;

/// Bounds the memory where nobody looks; the sweep finds whoever is left out.
const MAX: usize = 100_000;

#[derive(Debug, Default)]
pub(crate) struct Touched(Mutex<BTreeSet<CustomerId>>);

impl Touched {
    pub fn add(&self, customers: impl IntoIterator<Item = CustomerId>) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for customer in customers {
            if set.len() >= MAX {
                return;
            }
            set.insert(customer);
        }
    }

    /// All of them; the set is empty then.
    pub fn take(&self) -> Vec<CustomerId> {
        let set = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        set.into_iter().collect()
    }
}
