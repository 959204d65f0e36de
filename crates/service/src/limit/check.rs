//! Whether more may be used, and what there is: nothing is held by asking, and answers are a few seconds old at most.

use std::collections::HashSet;
use std::sync::Arc;

use billing::catalog::{Aggregation, Meter};
use billing::entitlement::{Answer, Reason, Standing, granted_feature};
use billing::id::CustomerId;
use billing::usage::Event;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use store::entitlement::Changes;

use super::cache::{Checked, Look};
use super::only_own;
use crate::usage::{Shown, shown};
use crate::{Actor, Billing, Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckUsage {
    pub customer: CustomerId,
    pub meter: String,
    /// How much more; 0 asks how things stand.
    pub quantity: Decimal,
}

/// A meter of the plan and how things stand with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterStanding {
    pub meter: String,
    pub answer: Answer,
}

/// What a customer may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entitlement {
    /// One more of it.
    Meter(MeterStanding),
    /// In its own words; the reason where it is not granted.
    Feature {
        feature: String,
        granted: std::result::Result<String, Reason>,
    },
}

impl Billing {
    pub async fn check_usage(&self, actor: &Actor, command: &CheckUsage) -> Result<Answer> {
        only_own(actor.reads_by_key()?, command.customer)?;
        // No more than an event may say.
        let can_be_sent = Event::new(self.now(), command.quantity, Aggregation::Sum).is_ok();
        if command.quantity < Decimal::ZERO || !can_be_sent {
            return Err(Error::Invalid { field: "quantity" });
        }
        let (customer, now) = (command.customer, self.now());
        let look = self.look(customer).await?;
        let checked = look
            .found
            .get()
            .ok_or(Error::Internal("a look that saw nothing"))?;
        if let Some(answer) = self.answer(checked, (&command.meter, command.quantity), now)? {
            return Ok(answer);
        }
        // A month ended since, or the meter is new.
        self.parts.limits.checked.forget(customer);
        let look = self.look(customer).await?;
        let checked = look
            .found
            .get()
            .ok_or(Error::Internal("a look that saw nothing"))?;
        let answer = self.answer(checked, (&command.meter, command.quantity), now)?;
        answer.ok_or(Error::NotFound("meter"))
    }

    /// Each meter of the plan, in its order, and how things stand with one more of it.
    pub async fn usage_standings(&self, actor: &Actor, customer: CustomerId) -> Result<Vec<MeterStanding>> {
        only_own(actor.reads_by_key()?, customer)?;
        let look = self.look(customer).await?;
        let checked = look
            .found
            .get()
            .ok_or(Error::Internal("a look that saw nothing"))?;
        self.standings(checked)
    }

    /// Meters and features of the plan.
    pub async fn entitlements(&self, actor: &Actor, customer: CustomerId) -> Result<Vec<Entitlement>> {
        only_own(actor.reads_by_key()?, customer)?;
        let look = self.look(customer).await?;
        let checked = look
            .found
            .get()
            .ok_or(Error::Internal("a look that saw nothing"))?;
        let meters = self.standings(checked)?.into_iter().map(Entitlement::Meter);
        let features = checked.entitled.features(&checked.listed.features)?;
        let features = features.iter().map(|granted| {
            let key = &granted.feature.key;
            feature(checked, &features, key)
        });
        Ok(meters.chain(features).collect())
    }

    /// Of a meter or feature that the catalog knows.
    pub async fn entitlement(&self, actor: &Actor, customer: CustomerId, key: &str) -> Result<Entitlement> {
        only_own(actor.reads_by_key()?, customer)?;
        let look = self.look(customer).await?;
        let checked = look
            .found
            .get()
            .ok_or(Error::Internal("a look that saw nothing"))?;
        let known = checked.listed.features.iter().any(|feature| feature.key == key);
        let features = checked.entitled.features(&checked.listed.features)?;
        if known || features.iter().any(|granted| granted.feature.key == key) {
            return Ok(feature(checked, &features, key));
        }
        let command = CheckUsage {
            customer,
            meter: key.to_owned(),
            quantity: Decimal::ONE,
        };
        let answer = self.check_usage(actor, &command).await;
        let answer = answer.map_err(|error| match error {
            Error::NotFound("meter") => Error::NotFound("meter or feature"),
            error => error,
        });
        Ok(Entitlement::Meter(MeterStanding {
            meter: key.to_owned(),
            answer: answer?,
        }))
    }

    /// Forgets what was looked up, as if the few seconds were over.
    pub fn forget_checked(&self) {
        self.parts.limits.checked.forget_all();
    }

    /// Hears of what other processes, and this one, change. Returns when it cannot any more.
    pub async fn follow_entitlements(&self) -> Result<()> {
        let mut changes = Changes::listen(self.pool()).await?;
        // Whatever changed before was not heard.
        self.forget_checked();
        loop {
            match changes.next().await? {
                Some(customer) => self.parts.limits.checked.forget(customer),
                None => self.forget_checked(),
            }
        }
    }

    /// What is granted of a meter, and the standing as it is looked up for checks.
    pub(super) async fn standing(&self, customer: CustomerId, meter: &str) -> Result<(Standing, Arc<Look>)> {
        let look = self.look(customer).await?;
        let checked = look
            .found
            .get()
            .ok_or(Error::Internal("a look that saw nothing"))?;
        checked.listed.meter(meter).ok_or(Error::NotFound("meter"))?;
        let standing = checked.entitled.standing(meter)?;
        Ok((standing, look))
    }

    fn standings(&self, checked: &Checked) -> Result<Vec<MeterStanding>> {
        let now = self.now();
        let standing = |key: &String| {
            let answer = self.answer(checked, (key, Decimal::ONE), now)?;
            let meter = key.clone();
            // Where a month ended a moment ago, the next look shows the new one.
            Ok(answer.map(|answer| MeterStanding { meter, answer }))
        };
        let keys: Vec<_> = checked
            .entitled
            .meters()?
            .into_iter()
            .map(|meter| &meter.key)
            .collect();
        keys.into_iter()
            .filter_map(|key| standing(key).transpose())
            .collect()
    }

    /// None where the look was too early for it.
    fn answer(
        &self,
        checked: &Checked,
        (key, more): (&str, Decimal),
        now: DateTime<Utc>,
    ) -> Result<Option<Answer>> {
        let Some(meter) = checked.listed.meter(key) else {
            return Ok(None);
        };
        let standing = checked.entitled.standing(key)?;
        if standing.quota.is_none() {
            return Ok(Some(self.plain_answer(standing, standing.refused)));
        }
        let window = checked.entitled.window(meter, now)?;
        let shown = checked
            .shown
            .get(&meter.id)
            .filter(|shown| shown.window == window);
        let Some(Shown { count, reset_at, .. }) = shown else {
            return Ok(None);
        };
        let thresholds = &self.parts.limits.known.thresholds;
        let mut answer = standing.check(count, more, (now, *reset_at), thresholds);
        if !self.config().usage_tracking && answer.reason == Some(Reason::LimitReached) {
            answer.reason = None;
        }
        Ok(Some(answer))
    }

    /// What is known of the customer, at most a few seconds old.
    async fn look(&self, customer: CustomerId) -> Result<Arc<Look>> {
        let look = self.parts.limits.checked.look(customer);
        // Apart, as it is large and seldom needed.
        let look_up = || Box::pin(self.look_up(customer));
        let seen = look.found.get_or_try_init(look_up).await;
        if let Err(error) = seen {
            self.parts.limits.checked.forget(customer);
            return Err(error);
        }
        if look.is_to_be_renewed() {
            let (billing, old) = (self.clone(), look.clone());
            tokio::spawn(async move { billing.renew(customer, old).await });
        }
        Ok(look)
    }

    /// Beside whoever asks. Where it fails, the next who asks after the old one's time is told.
    async fn renew(&self, customer: CustomerId, old: Arc<Look>) {
        let new = Look::now();
        match new.found.get_or_try_init(|| self.look_up(customer)).await {
            Ok(_) => self.parts.limits.checked.renew(customer, (&old, new.clone())),
            Err(error) => tracing::warn!(%error, "What a customer is entitled to cannot be looked up again"),
        }
    }

    async fn look_up(&self, customer: CustomerId) -> Result<Checked> {
        let (known, now) = (&self.parts.limits.known, self.now());
        let mut conn = store::acquire(self.pool()).await?;
        let entitled = known.entitled(&mut conn, &[customer]).await?.remove(&customer);
        let entitled = entitled.ok_or(Error::NotFound("customer"))?;
        let listed = known.listed(&mut conn, &HashSet::new()).await?;
        let window = |meter: &&Meter| Ok((meter.id, entitled.window(meter, now)?));
        let windows: Vec<_> = entitled.meters()?.iter().map(window).collect::<Result<_>>()?;
        let mut shown = shown(&mut conn, customer, &windows).await?;
        for meter in entitled.meters()? {
            let standing = entitled.standing(&meter.key)?;
            let Some(Shown { window, count, .. }) = shown.get_mut(&meter.id) else {
                continue;
            };
            // Events alone may have passed a soft limit, or come back within it: who sees it first notes it.
            let passed_at = standing.passed_at(count, now);
            if passed_at != count.passed_at {
                let counter = (customer, meter.id, window.counter_start());
                store::usage::note_passed(&mut conn, counter, (count.passed_at, passed_at)).await?;
                count.passed_at = passed_at;
            }
        }
        Ok(Checked {
            entitled,
            listed,
            shown,
        })
    }
}

fn feature(checked: &Checked, features: &[billing::entitlement::GrantedFeature], key: &str) -> Entitlement {
    let granted = match checked.entitled.status() {
        Some(status) => granted_feature(status, features, key).map(str::to_owned),
        None => Err(Reason::NoSubscription),
    };
    Entitlement::Feature {
        feature: key.to_owned(),
        granted,
    }
}
