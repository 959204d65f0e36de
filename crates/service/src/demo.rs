//! Demo data, lived through the real use cases under the seed's own clock.

mod act;
mod cast;
mod credit;
mod lives;
mod stage;
mod story;
mod tax;
mod timeline;
mod told;
mod usage;

use billing::coupon::{CodeLimits, Discount, Duration, Percent};
use billing::money::Money;
use billing::payment::dunning::DunningEnd;
use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use store::demo::State;

use self::cast::{EARLY, FAMILIAR, LATE};
use self::stage::Stage;
use self::story::Story;
use self::timeline::Timeline;
use crate::clock::ManualClock;
use crate::{
    Actor, Billing, Error, MakeCodes, NewCoupon, NewPromotionCodes, NewStaff, Principal, Result,
    ServiceConfig, StaffRole,
};

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

/// How much of a history is lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoWorld {
    /// Sixty customers over eighteen months.
    Full,
    /// Twelve of them over the last six months: soon made, for whoever only needs somebody to be there.
    Small,
}

impl DemoWorld {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "small" => Some(Self::Small),
            _ => None,
        }
    }

    const fn months(self) -> Months {
        match self {
            Self::Full => Months::new(18),
            Self::Small => Months::new(6),
        }
    }

    fn stories(self) -> impl Iterator<Item = &'static Story> + Clone {
        const NOBODY: &[Story] = &[];
        let (early, late): (&[Story], &[Story]) = match self {
            Self::Full => (&EARLY, &LATE),
            Self::Small => (NOBODY, NOBODY),
        };
        FAMILIAR.iter().chain(early).chain(late)
    }
}

fn emails() -> Vec<String> {
    let stories = DemoWorld::Full.stories();
    stories.map(|story| story.email.to_owned()).collect()
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
                Ok(seed.state == State::Running && !store::demo::has_others(&mut conn, &emails()).await?)
            }
            None => Ok(store::demo::is_empty(&mut conn).await?),
        }
    }

    /// Announces the seed, so that pages show its progress and nothing else writes. What an earlier
    /// seed that was cut off had written is wiped.
    pub async fn begin_demo_data(&self, world: DemoWorld, today: NaiveDate) -> Result<()> {
        let total = Timeline::of(world, today)?.effort();
        let mut tx = store::begin(self.pool()).await?;
        match store::demo::find(&mut tx).await? {
            Some(seed) if seed.state == State::Running => {
                // Whoever signed up meanwhile is no demo customer: their data are never wiped.
                if store::demo::has_others(&mut tx, &emails()).await? {
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

    /// Lives the world's history up to the morning of `today` under a clock of its own, then lets the world go on.
    pub async fn seed_demo_data(&self, world: DemoWorld, today: NaiveDate) -> Result<()> {
        let timeline = Timeline::of(world, today)?;
        let pool = store::hasty(self.pool()).await?;
        let clock = ManualClock::at(timeline.start);
        // Whatever the deployment does about debts: the same day gives the same history.
        let config = ServiceConfig {
            dunning_end: DunningEnd::Cancel,
            ..self.config().clone()
        };
        let seed = Self::over(pool.clone(), clock, config);
        seed.ensure_catalog().await?;
        let operator = seed.create_demo_staff().await?;
        seed.create_demo_coupons(&operator).await?;
        seed.create_demo_taxes(&operator).await?;
        let mut stage = Stage::set(seed.clone(), operator, world).await?;
        let mut done = 0;
        for stop in &timeline.stops {
            stage.live(stop).await?;
            done += stop.effort;
            let mut conn = store::acquire(&pool).await?;
            store::demo::progress(&mut conn, done).await?;
        }
        stage.tell().await?;
        seed.roll_up_usage().await?;
        pool.close().await;
        // The first commit that waits for the disk: all that came before is there with it.
        let mut conn = store::acquire(self.pool()).await?;
        store::demo::finish(&mut conn).await?;
        Ok(())
    }

    async fn create_demo_coupons(&self, operator: &Actor) -> Result<()> {
        let percent = |value: i64| Percent::new(value.into()).map(Discount::Percent);
        let percent = |value| percent(value).map_err(|_| Error::Internal("a demo coupon"));
        let fifty = Money::round_major(50.into(), self.config().currency)?;
        let coupons = [
            ("Launch", "LAUNCH20", percent(20)?, Duration::Periods(3)),
            ("Welcome", "WELCOME50", Discount::Amount(fifty), Duration::Once),
            ("Partner", "PARTNER", percent(10)?, Duration::Forever),
            ("Half a year", "SIXMONTHS", percent(15)?, Duration::Months(6)),
        ];
        for (name, code, discount, duration) in coupons {
            let new = NewCoupon {
                name: name.to_owned(),
                discount,
                duration,
                plans: None,
            };
            let codes = NewPromotionCodes {
                coupon: self.create_coupon(operator, new).await?,
                campaign: Some("Demo".to_owned()),
                make: MakeCodes::One(code.to_owned()),
                limits: CodeLimits::default(),
            };
            self.create_codes(operator, codes).await?;
        }
        Ok(())
    }

    /// Removes what a seed that failed has written, so that the database is empty again.
    pub async fn give_up_demo_data(&self) -> Result<()> {
        let mut tx = store::begin(self.pool()).await?;
        let begun = store::demo::find(&mut tx).await?;
        let unfinished = begun.is_some_and(|seed| seed.state == State::Running);
        if unfinished && !store::demo::has_others(&mut tx, &emails()).await? {
            store::demo::wipe(&mut tx).await?;
        }
        store::commit(tx).await?;
        // The catalog went with the rest.
        self.ensure_catalog().await
    }

    /// The operator who may do everything is who serves the customers.
    async fn create_demo_staff(&self) -> Result<Actor> {
        let staff = [
            ("viewer@", "Robin Reader", StaffRole::ReadOnly),
            ("admin@", "Alex Admin", StaffRole::Admin),
        ];
        let mut operator = Actor::System;
        for (prefix, name, role) in staff {
            let account = ACCOUNTS.iter().find(|account| account.email.starts_with(prefix));
            let email = account.ok_or(Error::Internal("a demo account"))?.email.to_owned();
            let new = NewStaff {
                email,
                name: name.to_owned(),
                password: DEMO_PASSWORD.into(),
                role,
            };
            let id = self.create_staff(&Actor::System, new).await?;
            operator = self.actor(Principal::Staff(id)).await?;
        }
        Ok(operator)
    }
}

fn at(day: NaiveDate, (hour, minute): (u32, u32)) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or(NaiveTime::MIN);
    day.and_time(time).and_utc()
}
