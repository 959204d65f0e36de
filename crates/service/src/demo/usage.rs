//! What the host reports: each week what its days came to, of the last weeks each day, and of some customers
//! each hour.

use std::collections::HashMap;

use billing::id::CustomerId;
use billing::subscription::{Status, Subscription};
use billing::usage::hour_of;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::stage::{Member, Stage};
use super::story::Story;
use crate::{Actor, Error, EventInput, EventOutcome, MAX_EVENTS, Result};

/// The part of a day's usage, in thousandths, that has come by each hour of the office's clock.
const BY_HOUR: [u64; 25] = [
    0, 12, 22, 30, 37, 45, 56, 75, 110, 170, 245, 325, 400, 465, 535, 610, 685, 755, 815, 862, 900, 932, 960,
    982, 1000,
];
/// Reported so long before a period ends, so that nothing comes too late for its bill.
const BEFORE_THE_END: TimeDelta = TimeDelta::minutes(1);
/// What requests ask for, the more often the earlier it stands.
const ENDPOINTS: [&str; 6] = [
    "/v1/blocks",
    "/v1/transactions",
    "/v1/accounts",
    "/v1/validators",
    "/v1/governance",
    "/v1/faucet",
];
const STORED_ON: u32 = 15;
const DAYS_A_MONTH: i64 = 30;

impl Stage {
    /// The host tells of the days since one; of featured customers, where it is fine, of the hours since it last did.
    pub async fn report(&mut self, since: NaiveDate, fine: bool) -> Result<()> {
        let served = self.served().await?;
        let now = self.billing.now();
        let mut events = Vec::new();
        for who in 0..self.stories.len() {
            let story = self.story(who)?;
            let Some(Some(member)) = self.members.get_mut(who) else {
                continue;
            };
            let Some(subscription) = served.get(&member.customer) else {
                member.told_until = now;
                continue;
            };
            let days: Vec<_> = since
                .max(subscription.created_at.date_naive())
                .iter_days()
                .take_while(|day| *day <= now.date_naive())
                .collect();
            let tell = Teller {
                who,
                story,
                member: &*member,
            };
            events.extend(tell.levels(&days, now));
            if fine && story.featured {
                events.extend(tell.hours(subscription.created_at, now));
            } else {
                events.extend(tell.days(&days, now));
            }
            member.has_chains = true;
            member.told_until = now;
        }
        self.send(events).await
    }

    /// Stops shortly before each usage period of a featured customer that ends on the way, to report its last hours.
    pub async fn tell_before_periods_end(&mut self, until: DateTime<Utc>) -> Result<()> {
        let mut ends = Vec::new();
        for (customer, subscription) in self.served().await? {
            let place = self
                .members
                .iter()
                .position(|member| member.as_ref().is_some_and(|member| member.customer == customer));
            let at = subscription.usage_period.end() - BEFORE_THE_END;
            if let Some(who) = place
                && self.story(who)?.featured
                && at > self.billing.now()
                && at < until
            {
                ends.push((at, who, subscription.created_at));
            }
        }
        ends.sort_unstable();
        for (at, who, since) in ends {
            self.move_to(at).await?;
            let story = self.story(who)?;
            if let Some(Some(member)) = self.members.get_mut(who) {
                let events = Teller {
                    who,
                    story,
                    member: &*member,
                }
                .hours(since, at);
                member.told_until = at;
                self.send(events).await?;
            }
        }
        Ok(())
    }

    /// The subscriptions that are served now.
    async fn served(&self) -> Result<HashMap<CustomerId, Subscription>> {
        let joined: Vec<_> = self
            .members
            .iter()
            .flatten()
            .map(|member| member.customer)
            .collect();
        let mut conn = store::acquire(self.billing.pool()).await?;
        let live = store::subscription::live_of(&mut conn, &joined).await?;
        let served = live
            .into_iter()
            .filter(|live| !live.standalone && is_served(live.status));
        Ok(served.map(|live| (live.customer, live)).collect())
    }

    async fn send(&self, mut events: Vec<EventInput>) -> Result<()> {
        while !events.is_empty() {
            let rest = events.split_off(events.len().min(MAX_EVENTS));
            let report = self.billing.ingest(&Actor::System, events).await?;
            if report
                .outcomes
                .iter()
                .any(|outcome| *outcome != EventOutcome::Accepted)
            {
                return Err(Error::Internal("usage of a demo customer was not taken"));
            }
            events = rest;
        }
        Ok(())
    }
}

const fn is_served(status: Status) -> bool {
    matches!(
        status,
        Status::Trialing { .. } | Status::Active | Status::PastDue { .. }
    )
}

/// Tells what one customer used.
struct Teller<'a> {
    who: usize,
    story: &'static Story,
    member: &'a Member,
}

impl Teller<'_> {
    /// Chains the first time, storage then and in the middle of each month.
    fn levels(&self, days: &[NaiveDate], now: DateTime<Utc>) -> Vec<EventInput> {
        let (habit, first) = (self.story.habit, !self.member.has_chains);
        let months = days.iter().filter(|day| day.day() == STORED_ON).count() as u64;
        let storage = u64::from(habit.storage_gb_a_month) * (months + u64::from(first));
        let chains = if first { u64::from(habit.chains) } else { 0 };
        let told = [("chain_deployments", chains), ("storage_gb", storage)];
        told.into_iter()
            .filter_map(|(meter, value)| self.event(meter, value, now))
            .collect()
    }

    /// What the days came to together.
    fn days(&self, days: &[NaiveDate], now: DateTime<Utc>) -> Vec<EventInput> {
        let of = |meter| {
            let value = days.iter().map(|day| self.day(meter, *day)).sum();
            self.event(meter, value, now)
        };
        ["api_requests", "deployments"]
            .into_iter()
            .filter_map(of)
            .collect()
    }

    /// Each full hour that was not told yet, in the shape of an office's day.
    fn hours(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> Vec<EventInput> {
        let zone = self.story.zone();
        let mut events = Vec::new();
        let mut hour = hour_of(since.max(self.member.told_until)) + TimeDelta::hours(1);
        while hour <= until {
            let local = zone.local(hour);
            let at = local.hour() as usize;
            let by = |hour: usize| BY_HOUR.get(hour).copied().unwrap_or(1000);
            for meter in ["api_requests", "deployments"] {
                let day = self.day(meter, local.date());
                let value = day * by(at + 1) / 1000 - day * by(at) / 1000;
                events.extend(self.event(meter, value, hour));
            }
            hour += TimeDelta::hours(1);
        }
        events
    }

    /// Between 75 and 125 percent of the habit, the same for the same day; weekends are quieter.
    fn day(&self, meter: &str, day: NaiveDate) -> u64 {
        let habit = self.story.habit;
        let base = match meter {
            "deployments" => habit.deployments,
            _ => habit.api_requests,
        };
        let digest = Sha256::digest(format!("{}/{meter}/{day}", self.story.email));
        let percent = 75 + u64::from(digest.first().copied().unwrap_or(0)) % 51;
        let weekend = day.weekday().number_from_monday() > 5;
        let percent = if weekend { percent / 2 } else { percent };
        let months = (day - self.member.since).num_days() / DAYS_A_MONTH;
        let grown = 100 + u64::from(habit.growth) * u64::try_from(months).unwrap_or(0);
        u64::from(base) * percent * grown / 10_000
    }

    /// None of nothing.
    fn event(&self, meter: &str, value: u64, at: DateTime<Utc>) -> Option<EventInput> {
        if value == 0 {
            return None;
        }
        let who = self.who.to_string();
        Some(event(self.member.customer, meter, (at, value), &who))
    }
}

/// Something used at an instant; `who` tells reports of one minute apart.
pub fn event(customer: CustomerId, meter: &str, (at, value): (DateTime<Utc>, u64), who: &str) -> EventInput {
    let event_id = format!("demo-{who}-{meter}-{}", at.format("%Y-%m-%dT%H:%M"));
    let body_hash = Sha256::digest(format!("{event_id}={value}")).into();
    EventInput {
        customer,
        source: "demo".to_owned(),
        event_type: meter.to_owned(),
        occurred_at: Some(at),
        value: Decimal::from(value),
        data: match meter {
            "api_requests" => json!({ "endpoint": endpoint(&event_id) }),
            _ => json!({}),
        },
        body_hash,
        event_id,
        reverses: None,
        backfill: false,
        bytes: 0,
    }
}

/// The same of the same event: half of them ask for the first, half of the others for the second, and so on.
fn endpoint(event_id: &str) -> &'static str {
    let digest = Sha256::digest(event_id);
    let drawn = digest.first().copied().unwrap_or(0).leading_zeros();
    let last = ENDPOINTS.len() - 1;
    ENDPOINTS.get(drawn as usize).copied().unwrap_or(ENDPOINTS[last])
}
