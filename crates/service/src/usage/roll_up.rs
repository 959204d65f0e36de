//! What keeps usage quick: months made ahead, days summed up.

use std::sync::atomic::{AtomicI32, Ordering};

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use store::PgConnection;
use store::usage::RollUp;

use crate::{Billing, Error, Result};

/// The month under way and the next two.
const MONTHS: u32 = 3;

/// The month, counted from the year 0, that this process has made partitions for: the clock is moved in many
/// steps a month.
#[derive(Debug, Default)]
pub struct PartitionsMade(AtomicI32);

impl Billing {
    /// To be called at start and whenever the clock was moved; once is as good as often.
    pub async fn prepare_partitions(&self) -> Result<()> {
        let now = self.now();
        let month = now.year() * 12 + i32::try_from(now.month0()).unwrap_or(0);
        let PartitionsMade(made) = &self.parts.partitions;
        if made.load(Ordering::Relaxed) != month {
            let mut conn = store::acquire(self.pool()).await?;
            match ensure(&mut conn, now).await {
                Ok(()) => made.store(month, Ordering::Relaxed),
                // Months are made long before they are needed: whoever comes next tries again.
                Err(Error::Store(error)) if error.waited_too_long() => {
                    tracing::warn!(
                        "Events are being read for long: the next months' partitions are made later"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Recomputes the days that changed since the last time; says how many were written.
    pub async fn roll_up_usage(&self) -> Result<u64> {
        self.roll_up(RollUp::Changed).await
    }

    /// Recomputes all days from one up to and with another.
    pub async fn roll_up_usage_days(&self, from: NaiveDate, to: NaiveDate) -> Result<u64> {
        self.roll_up(RollUp::Days { from, to }).await
    }

    async fn roll_up(&self, what: RollUp) -> Result<u64> {
        Ok(store::usage::roll_up(self.pool(), what).await?)
    }
}

async fn ensure(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
    for ahead in 0..MONTHS {
        let month = now.date_naive().checked_add_months(Months::new(ahead));
        let month = month.ok_or(Error::Internal("a month out of range"))?;
        store::usage::make_partition(conn, month).await?;
    }
    Ok(())
}
