//! Limits: whether more of a meter may be used, and units held for calls under way.
//!
//! What is asked alone is answered from what this process remembered a few seconds ago. What is reserved is decided by
//! what is so at that moment, whichever process asks, many callers in one transaction: stored only where the counters are
//! still as they were seen, or decided under their locks.

mod cache;
mod check;
mod coalesce;
mod commit;
mod entitled;
mod hold;
mod known;
mod reserve;
mod sweep;

pub use check::{CheckUsage, Entitlement, MeterStanding};
pub use commit::{CommitUsage, Committed};
pub use reserve::{Held, ReservationError, ReserveOutcome, ReserveUsage};

use std::sync::Arc;

use billing::entitlement::Thresholds;
use billing::id::CustomerId;

use crate::usage::Meters;
use crate::writers::Writers;
use crate::{Error, Result};
use cache::Cache;
use coalesce::Coalescer;
pub(crate) use coalesce::WRITERS;
use known::Known;

/// What limits are decided with, in one process.
#[derive(Debug)]
pub struct Limits {
    known: Arc<Known>,
    checked: Cache,
    holds: Coalescer<hold::Ask, hold::Done>,
    commits: Coalescer<commit::Ask, Committed>,
}

impl Limits {
    pub(crate) fn new(writers: Arc<Writers>, meters: Arc<Meters>, thresholds: Thresholds) -> Self {
        let known = Arc::new(Known::new(writers, meters, thresholds));
        Self {
            checked: Cache::default(),
            holds: Coalescer::over(known.clone(), hold::together, hold::customer),
            commits: Coalescer::over(known.clone(), commit::together, commit::customer),
            known,
        }
    }
}

/// Who speaks for one customer alone knows of no other.
fn only_own(own: Option<CustomerId>, customer: CustomerId) -> Result<()> {
    match own {
        Some(own) if own != customer => Err(Error::NotFound("customer")),
        _ => Ok(()),
    }
}
