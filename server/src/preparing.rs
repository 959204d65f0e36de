//! While the demo data are made, business time belongs to them: pages can be looked at, nothing can be changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the demo data are being made. In memory, as asking the database on each request would cost more than
/// the request; the seed runs in this very process.
#[derive(Debug, Clone, Default)]
pub struct Preparing(Arc<AtomicBool>);

impl Preparing {
    pub fn set(&self, preparing: bool) {
        self.0.store(preparing, Ordering::Release);
    }

    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
