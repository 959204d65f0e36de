//! Living the story day by day, through the doors that customers, cards and the host platform use.

use billing::id::{CustomerId, PriceId};
use billing::period::Interval;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use gateway::sandbox::{CardInput, SubmitOutcome};
use rust_decimal::Decimal;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::story::{Deed, STORIES, Story, day_of};
use super::{DEMO_PASSWORD, midnight};
use crate::{Actor, Billing, ChangeOutcome, Error, EventInput, Result, SignUp, StartCheckout};

/// Customers act in the morning, one after the other; the host reports usage in the evening.
const MORNING_HOUR: u32 = 8;
const EVENING_HOUR: u32 = 20;

pub struct World {
    billing: Billing,
    /// Who has joined so far, in the order of the stories.
    customers: [Option<(Actor, CustomerId)>; STORIES.len()],
}

impl World {
    pub fn new(billing: Billing) -> Self {
        Self {
            billing,
            customers: [const { None }; STORIES.len()],
        }
    }

    pub async fn live_day(&mut self, start: NaiveDate, day: NaiveDate, today: NaiveDate) -> Result<()> {
        for (index, story) in STORIES.iter().enumerate() {
            for (deed_day, deed) in story.deeds {
                if day_of(*deed_day, start, today) == day {
                    let minute = u32::try_from(index).map_err(|_| Error::Internal("story"))?;
                    self.billing
                        .move_clock(&Actor::System, at(day, MORNING_HOUR, minute))
                        .await?;
                    self.act(index, story, *deed).await?;
                }
            }
        }
        self.billing
            .move_clock(&Actor::System, at(day, EVENING_HOUR, 0))
            .await?;
        self.report_usage(day).await
    }

    async fn act(&mut self, index: usize, story: &Story, deed: Deed) -> Result<()> {
        let actor = self.customer(index, story).await?;
        match deed {
            Deed::Buy { plan, interval, card } => {
                let start = StartCheckout {
                    price: self.price(plan, interval).await?,
                    trial: false,
                };
                let url = self.billing.start_checkout(&actor, start).await?;
                self.pay(&actor, &url, card).await
            }
            Deed::Try { plan, card } => {
                let start = StartCheckout {
                    price: self.price(plan, Interval::Month).await?,
                    trial: true,
                };
                let url = self.billing.start_checkout(&actor, start).await?;
                match card {
                    Some(card) => self.pay(&actor, &url, card).await,
                    None => Ok(()),
                }
            }
            Deed::Change { plan, interval } => {
                let preview = self
                    .billing
                    .preview_change(&actor, self.price(plan, interval).await?)
                    .await?;
                match self.billing.confirm_change(&actor, &preview.token).await? {
                    ChangeOutcome::Applied { .. } | ChangeOutcome::Scheduled { .. } => Ok(()),
                    _ => Err(Error::Internal("a demo customer's change failed")),
                }
            }
            Deed::Cancel => self.billing.cancel(&actor, None).await,
            Deed::ReplaceCard { card } => {
                let url = self.billing.start_add_card(&actor).await?;
                self.pay(&actor, &url, card).await?;
                self.billing.drain_queue().await
            }
        }
    }

    /// The customer's owner; signs up on the first call.
    async fn customer(&mut self, index: usize, story: &Story) -> Result<Actor> {
        let slot = self.customers.get_mut(index).ok_or(Error::Internal("story"))?;
        if let Some((actor, _)) = slot {
            return Ok(actor.clone());
        }
        let sign_up = SignUp {
            company: story.company.to_owned(),
            name: story.person.to_owned(),
            email: story.email.to_owned(),
            password: DEMO_PASSWORD.into(),
            time_zone: story.zone.to_owned(),
            address: None,
        };
        let principal = self.billing.sign_up(sign_up).await?;
        let actor = self.billing.actor(principal).await?;
        let customer = actor.reads_customer()?.customer();
        *slot = Some((actor.clone(), customer));
        Ok(actor)
    }

    async fn price(&self, plan: &str, interval: Interval) -> Result<PriceId> {
        let plans = self.billing.public_plans().await?;
        let plan = plans
            .iter()
            .find(|candidate| candidate.key == plan)
            .ok_or(Error::NotFound("plan"))?;
        let price = plan
            .price_for(interval, self.billing.config().currency)
            .ok_or(Error::NotFound("price"))?;
        Ok(price.id)
    }

    /// Fills in the hosted page and comes back, as a browser does.
    async fn pay(&self, actor: &Actor, url: &str, card: &str) -> Result<()> {
        let session_ref = url.rsplit('/').next().unwrap_or_default();
        let now = self.billing.now();
        let exp_year = u16::try_from(now.year() + 3).map_err(|_| Error::Internal("year"))?;
        let input = CardInput {
            number: card.to_owned(),
            exp_month: 12,
            exp_year,
            cvc: "123".to_owned(),
        };
        match self
            .billing
            .sandbox()
            .submit_card(session_ref, input, now)
            .await?
        {
            SubmitOutcome::Redirect { .. } => {}
            _ => return Err(Error::Internal("a demo card was refused")),
        }
        self.billing.checkout_result(actor, session_ref).await?;
        Ok(())
    }

    async fn report_usage(&self, day: NaiveDate) -> Result<()> {
        let mut events = Vec::new();
        for (index, story) in STORIES.iter().enumerate() {
            if let Some(Some((actor, customer))) = self.customers.get(index) {
                let overview = self.billing.live_since(actor).await?;
                if let Some(since) = overview {
                    events.extend(day_of_usage(*customer, index, story, since, day));
                }
            }
        }
        if !events.is_empty() {
            self.billing.ingest(&Actor::System, events).await?;
        }
        Ok(())
    }
}

/// What the host reports of one customer in the evening: requests and deployments of the day, storage
/// twice a month, chains when they are created.
fn day_of_usage(
    customer: CustomerId,
    index: usize,
    story: &Story,
    since: DateTime<Utc>,
    day: NaiveDate,
) -> Vec<EventInput> {
    let habit = story.habit;
    let occurred_at = at(day, EVENING_HOUR, 0);
    let event = |meter: &str, value: u32| event(customer, index, meter, value, occurred_at);
    let mut events = vec![
        event("api_requests", jitter(index, day, habit.api_requests)),
        event(
            "deployments",
            jitter(index + STORIES.len(), day, habit.deployments),
        ),
    ];
    if since.date_naive() == day {
        events.push(event("chain_deployments", habit.chains));
    }
    if since.date_naive() == day || day.day() == 15 {
        events.push(event("storage_gb", habit.storage_gb_a_month));
    }
    events
}

fn event(
    customer: CustomerId,
    index: usize,
    meter: &str,
    value: u32,
    occurred_at: DateTime<Utc>,
) -> EventInput {
    let event_id = format!("demo-{index}-{meter}-{}", occurred_at.date_naive());
    let body_hash = Sha256::digest(format!("{event_id}={value}")).into();
    EventInput {
        customer,
        event_id,
        source: "demo".to_owned(),
        meter: meter.to_owned(),
        occurred_at: Some(occurred_at),
        value: Decimal::from(value),
        data: json!({}),
        body_hash,
    }
}

/// Between 75 and 125 percent of the base, the same for the same day; weekends are quieter.
fn jitter(salt: usize, day: NaiveDate, base: u32) -> u32 {
    let digest = Sha256::digest(format!("{salt}/{}", day.num_days_from_ce()));
    let percent = 75 + u32::from(digest.first().copied().unwrap_or(0)) % 51;
    let weekend = day.weekday().number_from_monday() > 5;
    let percent = if weekend { percent / 2 } else { percent };
    base * percent / 100
}

fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    NaiveTime::from_hms_opt(hour, minute, 0).map_or(midnight(day), |time| day.and_time(time).and_utc())
}
