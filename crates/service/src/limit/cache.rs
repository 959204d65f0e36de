//! What was looked up for checks, remembered for a few seconds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use billing::id::{CustomerId, MeterId};
use tokio::sync::OnceCell;

use super::entitled::Entitled;
use super::known::Listed;
use crate::usage::Shown;

/// No answer is older.
const MAX_AGE: Duration = Duration::from_secs(5);
/// Whoever is asked about so long after a look is looked up again beside the answer, so that nobody waits for it.
const RENEW_AFTER: Duration = Duration::from_secs(2);
/// Bounds the memory: when there are more, everything is looked up anew.
const MAX_CUSTOMERS: usize = 50_000;

/// One customer as of one moment.
#[derive(Debug)]
pub struct Checked {
    pub entitled: Arc<Entitled>,
    pub listed: Arc<Listed>,
    pub shown: HashMap<MeterId, Shown>,
}

/// A customer that is being looked up, or was; who asks meanwhile waits for the same look.
#[derive(Debug)]
pub struct Look {
    since: Instant,
    pub found: OnceCell<Checked>,
    renewed: AtomicBool,
}

impl Look {
    pub fn now() -> Arc<Self> {
        Arc::new(Self {
            since: Instant::now(),
            found: OnceCell::new(),
            renewed: AtomicBool::new(false),
        })
    }

    /// True once, when it is time to look again.
    pub fn is_to_be_renewed(&self) -> bool {
        self.since.elapsed() >= RENEW_AFTER && !self.renewed.swap(true, Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub struct Cache {
    looks: RwLock<HashMap<CustomerId, Arc<Look>>>,
}

impl Cache {
    /// The last look, or a new one.
    pub fn look(&self, customer: CustomerId) -> Arc<Look> {
        let young = |look: &&Arc<Look>| look.since.elapsed() < MAX_AGE;
        {
            let looks = self.looks.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(look) = looks.get(&customer).filter(young) {
                return look.clone();
            }
        }
        let mut looks = self.looks.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(look) = looks.get(&customer).filter(young) {
            return look.clone();
        }
        if looks.len() >= MAX_CUSTOMERS {
            looks.clear();
        }
        let look = Look::now();
        looks.insert(customer, look.clone());
        look
    }

    /// In place of the look it renews, unless that is not wanted any more.
    pub fn renew(&self, customer: CustomerId, (old, new): (&Arc<Look>, Arc<Look>)) {
        let mut looks = self.looks.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(look) = looks.get_mut(&customer).filter(|look| Arc::ptr_eq(look, old)) {
            *look = new;
        }
    }

    /// The next who asks looks again.
    pub fn forget(&self, customer: CustomerId) {
        let mut looks = self.looks.write().unwrap_or_else(PoisonError::into_inner);
        looks.remove(&customer);
    }

    pub fn forget_all(&self) {
        let mut looks = self.looks.write().unwrap_or_else(PoisonError::into_inner);
        looks.clear();
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_look_is_shared_until_it_is_forgotten() {
        let cache = Cache::default();
        let customer = CustomerId::from_uuid(Uuid::nil());
        let first = cache.look(customer);
        assert!(Arc::ptr_eq(&first, &cache.look(customer)));
        let next = Look::now();
        cache.renew(customer, (&first, next.clone()));
        assert!(Arc::ptr_eq(&next, &cache.look(customer)));
        // What was forgotten since is not brought back.
        cache.forget(customer);
        let newest = cache.look(customer);
        cache.renew(customer, (&next, Look::now()));
        assert!(Arc::ptr_eq(&newest, &cache.look(customer)));
    }
}
