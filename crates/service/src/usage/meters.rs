//! The meters as this process last read them: most transactions learn from their stamp that nothing changed since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use billing::catalog::{Aggregation, Meter};
use store::PgConnection;

use crate::Result;

#[derive(Debug, Default)]
pub struct Meters(Mutex<Arc<AsRead>>);

#[derive(Debug, Default)]
pub struct AsRead {
    pub stamp: String,
    /// By the type of the events they count.
    pub by_type: HashMap<String, Vec<Meter>>,
}

impl Meters {
    pub(super) fn remembered(&self) -> Arc<AsRead> {
        self.lock().clone()
    }

    /// Read after their stamp: what is remembered is never older than the stamp says.
    pub(super) async fn read(&self, conn: &mut PgConnection, stamp: String) -> Result<Arc<AsRead>> {
        let mut by_type: HashMap<_, Vec<_>> = HashMap::new();
        let countable =
            |meter: &Meter| meter.aggregation != Aggregation::Unique || meter.selection.property.is_some();
        for meter in store::catalog::meters(conn).await?.into_iter().filter(countable) {
            let of_type = by_type.entry(meter.event_type().to_owned()).or_default();
            of_type.push(meter);
        }
        let read = Arc::new(AsRead { stamp, by_type });
        *self.lock() = read.clone();
        Ok(read)
    }

    fn lock(&self) -> MutexGuard<'_, Arc<AsRead>> {
        // Whoever panicked held it between two whole states.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
