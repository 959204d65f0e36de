//! Demo data, lived through the real use cases under the seed's own clock.

mod live;
mod story;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use store::demo::State;

use crate::clock::ManualClock;
use crate::{Actor, Billing, Error, NewStaff, Result, StaffRole};

/// The password of every demo account.
pub const DEMO_PASSWORD: &str = "cosmos-demo-2026";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoAccount {
    pub email: &'static str,
    pub who: &'static str,
    pub staff: bool,
}

const ACCOUNTS: [DemoAccount; 4] = [
    DemoAccount {
        email: "ada@lumen.example",
        who: "Lumen Labs, on Starter",
        staff: false,
    },
    DemoAccount {
        email: "nora@orbit.example",
        who: "Orbit Social, past due",
        staff: false,
    },
    DemoAccount {
        email: "admin@cosmosbuilder.example",
        who: "Operator, may do everything",
        staff: true,
    },
    DemoAccount {
        email: "viewer@cosmosbuilder.example",
        who: "Operator, may only read",
        staff: true,
    },
];

/// Accounts to show on the sign-in page of a sandbox with demo data.
pub const fn demo_accounts() -> &'static [DemoAccount] {
    &ACCOUNTS
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedProgress {
    pub steps_done: u32,
    pub steps_total: u32,
}

impl Billing {
    /// How far the demo data have come; none when no seed is running, or the one that ran was killed.
    pub async fn seed_progress(&self) -> Result<Option<SeedProgress>> {
        let mut conn = store::acquire(self.pool()).await?;
        let seed = store::demo::find(&mut conn)
            .await?
            .filter(|seed| seed.state == State::Running && seed.alive);
        Ok(seed.map(|seed| SeedProgress {
            steps_done: seed.steps_done,
            steps_total: seed.steps_total,
        }))
    }

    /// Whether this database wants demo data: it is empty, or a seed was cut off in it.
    pub async fn wants_demo_data(&self) -> Result<bool> {
        let mut conn = store::acquire(self.pool()).await?;
        match store::demo::find(&mut conn).await? {
            Some(seed) => {
                Ok(seed.state == State::Running
                    && !store::demo::has_others(&mut conn, &story::emails()).await?)
            }
            None => Ok(store::demo::is_empty(&mut conn).await?),
        }
    }

    /// Announces the seed, so that pages show its progress and nothing else writes. What an earlier
    /// seed that was cut off had written is wiped.
    pub async fn begin_demo_data(&self, today: NaiveDate) -> Result<()> {
        let total = u32::try_from(story::days(today).count()).map_err(|_| Error::Internal("seed"))?;
        let mut tx = store::begin(self.pool()).await?;
        match store::demo::find(&mut tx).await? {
            Some(seed) if seed.state == State::Running => {
                // Whoever signed up meanwhile is no demo customer: their data are never wiped.
                if store::demo::has_others(&mut tx, &story::emails()).await? {
                    return Err(Error::NotEmpty);
                }
                store::demo::wipe(&mut tx).await?;
            }
            Some(_) => return Err(Error::NotEmpty),
            None if !store::demo::is_empty(&mut tx).await? => return Err(Error::NotEmpty),
            None => {}
        }
        store::demo::begin(&mut tx, today, total).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// Lives the story up to the morning of `today` under a clock of its own, then lets the world go on.
    pub async fn seed_demo_data(&self, today: NaiveDate) -> Result<()> {
        let start = story::days(today)
            .next()
            .ok_or(Error::Internal("a story without days"))?;
        let clock = ManualClock::at(midnight(start));
        let seed = Self::over(self.pool().clone(), clock, self.config().clone());
        seed.ensure_catalog().await?;
        seed.create_demo_staff().await?;
        let mut world = live::World::new(seed.clone());
        for (done, day) in (1..).zip(story::days(today)) {
            world.live_day(start, day, today).await?;
            let mut conn = store::acquire(self.pool()).await?;
            store::demo::progress(&mut conn, done).await?;
        }
        seed.move_clock(&Actor::System, midnight(today)).await?;
        seed.roll_up_usage().await?;
        let mut conn = store::acquire(self.pool()).await?;
        store::demo::finish(&mut conn).await?;
        Ok(())
    }

    /// Removes what a seed that failed has written, so that the database is empty again.
    pub async fn give_up_demo_data(&self) -> Result<()> {
        let mut tx = store::begin(self.pool()).await?;
        let begun = store::demo::find(&mut tx).await?;
        let unfinished = begun.is_some_and(|seed| seed.state == State::Running);
        if unfinished && !store::demo::has_others(&mut tx, &story::emails()).await? {
            store::demo::wipe(&mut tx).await?;
        }
        store::commit(tx).await?;
        // The catalog went with the rest.
        self.ensure_catalog().await
    }

    /// When the customer's live subscription began.
    async fn live_since(&self, actor: &Actor) -> Result<Option<DateTime<Utc>>> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let live = store::subscription::live(&mut conn, scope).await?;
        Ok(live.map(|subscription| subscription.created_at))
    }

    async fn create_demo_staff(&self) -> Result<()> {
        let staff = [
            ("admin@", "Alex Admin", StaffRole::Admin),
            ("viewer@", "Robin Reader", StaffRole::ReadOnly),
        ];
        for (prefix, name, role) in staff {
            let account = ACCOUNTS.iter().find(|account| account.email.starts_with(prefix));
            let email = account.ok_or(Error::Internal("a demo account"))?.email.to_owned();
            let new = NewStaff {
                email,
                name: name.to_owned(),
                password: DEMO_PASSWORD.into(),
                role,
            };
            self.create_staff(&Actor::System, new).await?;
        }
        Ok(())
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
