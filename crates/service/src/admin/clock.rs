//! The test clock: forward only, sandbox only, stopping at every instant at which something is due.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use graphile_worker::Worker;
use tracing::Instrument;

use crate::clock::{Clock, real_now};
use crate::queue::drain;
use crate::{Actor, Billing, Error, Result};

/// A move longer than this is refused: it would take too long to watch.
const LONGEST_MOVE: TimeDelta = TimeDelta::days(2 * 366);

/// The test clock, and how far a move of it has come.
#[derive(Debug, Clone)]
pub struct ClockState {
    pub now: DateTime<Utc>,
    pub shifted: bool,
    pub moving: Option<ClockMove>,
    /// Why the last move stopped short.
    pub last_error: Option<String>,
}

/// A move under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockMove {
    /// Where it stands.
    pub at: DateTime<Utc>,
    pub to: DateTime<Utc>,
    /// Boundaries of subscriptions processed on the way.
    pub processed: u64,
}

/// At most one move of the clock runs at a time.
#[derive(Debug, Default)]
pub struct ClockMoveSlot {
    state: Mutex<Slot>,
}

#[derive(Debug, Default, Clone)]
struct Slot {
    /// Where it leads, and how many boundaries had been processed when it began.
    target: Option<(DateTime<Utc>, u64)>,
    last_error: Option<String>,
}

impl ClockMoveSlot {
    fn read(&self) -> Slot {
        self.state.lock().map(|slot| slot.clone()).unwrap_or_default()
    }

    /// Takes the slot; false if a move is under way.
    fn begin(&self, target: DateTime<Utc>, processed: u64) -> bool {
        self.state.lock().is_ok_and(|mut slot| {
            let free = slot.target.is_none();
            if free {
                *slot = Slot {
                    target: Some((target, processed)),
                    last_error: None,
                };
            }
            free
        })
    }

    fn end(&self, error: Option<String>) {
        if let Ok(mut slot) = self.state.lock() {
            *slot = Slot {
                target: None,
                last_error: error,
            };
        }
    }
}

impl Billing {
    pub async fn clock_state(&self, actor: &Actor) -> Result<ClockState> {
        actor.reads_admin()?;
        Ok(self.present_clock())
    }

    /// Whether business time runs ahead of real time: pages say so to everyone.
    pub fn clock_is_shifted(&self) -> bool {
        matches!(&self.parts.clock, Clock::Shifted(clock) if clock.shift() > TimeDelta::zero())
    }

    pub(super) fn present_clock(&self) -> ClockState {
        let now = self.now();
        let slot = self.parts.moving.read();
        let processed = self.work_done().boundaries();
        ClockState {
            now,
            shifted: self.clock_is_shifted(),
            moving: slot.target.map(|(to, before)| ClockMove {
                at: now,
                to,
                processed: processed.saturating_sub(before),
            }),
            last_error: slot.last_error,
        }
    }

    /// Begins to move the test clock; returns at once, `clock_state` shows the progress.
    pub async fn start_clock_move(&self, actor: &Actor, to: DateTime<Utc>) -> Result<()> {
        actor.operates()?;
        let now = self.now();
        let processed = self.work_done().boundaries();
        if to <= now || to - now > LONGEST_MOVE || !self.parts.moving.begin(to, processed) {
            return Err(Error::ClockRefused);
        }
        let billing = self.clone();
        let actor = actor.clone();
        let work = async move {
            tracing::info!(actor = actor.audit_name(), %to, "Moving the test clock");
            let error = billing.move_clock(&actor, to).await.err();
            if let Some(error) = &error {
                tracing::error!(%error, "The test clock stopped short");
            }
            billing.parts.moving.end(error.map(|error| error.to_string()));
        };
        tokio::spawn(work.in_current_span());
        Ok(())
    }

    /// Lives the time to `to`: sets the clock to each due instant in turn, runs what is due, drains the queue.
    pub async fn move_clock(&self, actor: &Actor, to: DateTime<Utc>) -> Result<()> {
        actor.operates()?;
        Hand::of(self).await?.move_to(to).await?;
        // What was today may be long ago by now: pages read it from days.
        self.roll_up_usage().await?;
        Ok(())
    }

    async fn set_clock(&self, to: DateTime<Utc>) -> Result<()> {
        match &self.parts.clock {
            Clock::Manual(clock) => clock.advance_to(to),
            Clock::Shifted(clock) => {
                let shift = (to - real_now()).max(clock.shift());
                let mut conn = store::acquire(self.pool()).await?;
                // Remembered before it is believed: after a crash the clock never stands earlier.
                store::clock::advance_shift(&mut conn, shift).await?;
                clock.advance_shift(shift);
            }
        }
        Ok(())
    }

    /// Reads the shift that another process may have moved.
    pub async fn load_clock_shift(&self) -> Result<()> {
        if let Clock::Shifted(clock) = &self.parts.clock {
            let mut conn = store::acquire(self.pool()).await?;
            clock.advance_shift(store::clock::shift(&mut conn).await?);
        }
        Ok(())
    }
}

/// Moves the clock, with one worker for all stops on the way.
pub struct Hand {
    billing: Billing,
    worker: Worker,
}

impl Hand {
    pub async fn of(billing: &Billing) -> Result<Self> {
        Ok(Self {
            worker: billing.worker().await?,
            billing: billing.clone(),
        })
    }

    pub async fn move_to(&self, to: DateTime<Utc>) -> Result<()> {
        loop {
            self.run_what_is_due().await?;
            let due = {
                let mut conn = store::acquire(self.billing.pool()).await?;
                store::customer::next_due(&mut conn).await?
            };
            let told = self.billing.next_told(to).await?;
            let next = due.into_iter().chain(told).min();
            match next.filter(|next| *next <= to) {
                Some(next) => self.billing.set_clock(next).await?,
                None => break,
            }
        }
        self.billing.set_clock(to).await?;
        self.run_what_is_due().await?;
        self.drain().await
    }

    pub async fn drain(&self) -> Result<()> {
        drain(&self.worker).await
    }

    async fn run_what_is_due(&self) -> Result<()> {
        self.billing.prepare_partitions().await?;
        let report = self.billing.run_due().await?;
        if report.processed > 0 {
            self.drain().await?;
        }
        self.billing.tell_ends_on_the_way().await?;
        Ok(())
    }
}
