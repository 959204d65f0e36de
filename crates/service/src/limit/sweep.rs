//! Reservations nobody asks about any more.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use store::usage::CounterKey;

use crate::{Billing, Result};

/// Counters in one transaction, and rows in one statement.
const COUNTERS: i64 = 500;
const ROWS: i64 = 10_000;

impl Billing {
    /// Gives back what has run out, and forgets what ended more than an hour ago; says how many were forgotten. Nothing
    /// depends on it but the size of the table: who decides looks at the time itself.
    pub async fn sweep_reservations(&self) -> Result<u64> {
        while self.give_back_run_out().await? {}
        let mut forgotten = 0;
        loop {
            let mut conn = store::acquire(self.pool()).await?;
            let rows = store::usage::forget_reservations(&mut conn, ROWS).await?;
            forgotten += rows;
            if rows < ROWS.unsigned_abs() {
                return Ok(forgotten);
            }
        }
    }

    /// Whether there may be more.
    async fn give_back_run_out(&self) -> Result<bool> {
        let mut tx = store::begin(self.pool()).await?;
        let counters = store::usage::run_out(&mut tx, COUNTERS).await?;
        if counters.is_empty() {
            return Ok(false);
        }
        let locked = store::usage::lock_counters(&mut tx, &counters).await?.counts;
        let ran_out = store::usage::expire(&mut tx, &counters).await?;
        let mut units: BTreeMap<CounterKey, Decimal> = BTreeMap::new();
        for gone in ran_out.iter().filter(|gone| locked.contains_key(&gone.counter)) {
            *units.entry(gone.counter).or_default() += gone.quantity;
        }
        store::usage::give_back(&mut tx, &units.into_iter().collect::<Vec<_>>()).await?;
        store::commit(tx).await?;
        // Nothing taken: all that is left is being committed at this moment.
        Ok(!ran_out.is_empty())
    }
}
