//! What a monitor asks: how much waits, how long it took to be let at the database, and who is at it.

use std::time::{Duration, Instant};

use store::PgPool;
pub use store::backlog::Waiting;

use crate::{Billing, Result, queue};

/// What waits in this moment, whichever process does it.
#[derive(Debug, Clone, PartialEq)]
pub struct Backlog {
    pub waiting: Vec<Waiting>,
    /// How long whoever asked for it waited for a connection.
    pub connected_after: Duration,
}

/// Connections of this process to the database, and who they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub of: &'static str,
    pub in_use: u32,
    pub idle: u32,
    pub most: u32,
}

impl Billing {
    /// Counts alone, of nobody in particular: it names no actor.
    pub async fn backlog(&self) -> Result<Backlog> {
        let asked = Instant::now();
        let mut conn = store::acquire(self.pool()).await?;
        let connected_after = asked.elapsed();
        let mut waiting = store::backlog::waiting(&mut conn, self.now()).await?;
        waiting.append(&mut store::backlog::jobs(&mut conn, &queue::TASKS).await?);
        Ok(Backlog {
            waiting,
            connected_after,
        })
    }

    pub fn connections(&self) -> [Connections; 2] {
        let of = |of, pool: &PgPool| {
            let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
            Connections {
                of,
                in_use: pool.size().saturating_sub(idle),
                idle,
                most: pool.options().get_max_connections(),
            }
        };
        let writers = self.parts.writers.pool();
        [of("all", self.pool()), of("usage_writers", writers)]
    }

    /// Usage events that were handed in to this process and are in no transaction yet.
    pub fn events_handed_in(&self) -> usize {
        self.parts.intake.events()
    }
}
