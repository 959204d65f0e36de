//! While the demo data are made, business time belongs to them: pages can be looked at, nothing can be changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Whether the demo data are being made. In memory, as asking the database on each request would cost more than
/// the request; the seed runs in this very process.
#[derive(Debug, Clone, Default)]
pub struct Preparing(Arc<AtomicU8>);

const OFF: u8 = 0;
const ON: u8 = 1;
const FAILED: u8 = 2;

impl Preparing {
    pub fn set(&self, preparing: bool) {
        self.0.store(if preparing { ON } else { OFF }, Ordering::Release);
    }

    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire) == ON
    }

    /// The demo data could not be made and nothing of them is left: the site is open, and empty.
    pub fn fail(&self) {
        self.0.store(FAILED, Ordering::Release);
    }

    pub fn has_failed(&self) -> bool {
        self.0.load(Ordering::Acquire) == FAILED
    }
}
