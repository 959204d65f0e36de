//! What keeps usage quick: months made ahead, days summed up.

use chrono::{DateTime, Months, NaiveDate, Utc};
use store::PgConnection;
use store::usage::RollUp;

use crate::{Billing, Error, Result};

/// The month under way and the next two.
const MONTHS: u32 = 3;

impl Billing {
    /// To be called at start and whenever the clock was moved; once is as good as often.
    pub async fn prepare_partitions(&self) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        ensure(&mut conn, self.now()).await
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
        let mut tx = store::begin(self.pool()).await?;
        let written = store::usage::roll_up(&mut tx, what).await?;
        store::commit(tx).await?;
        Ok(written)
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
