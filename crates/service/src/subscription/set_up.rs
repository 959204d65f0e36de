//! What staff does for a customer: a subscription that starts later or earlier, a fixed term, a longer trial.

use billing::catalog::PlanKind;
use billing::id::{CustomerId, PriceId, SubscriptionId};
use billing::period::BillingTime;
use billing::subscription::{Term, extend_trial, set_up};
use chrono::{DateTime, Utc};
use store::CustomerScope;

use super::sell::{Sale, reachable, sold_at};
use crate::clock::within_reach;
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

/// A subscription that staff sets up.
#[derive(Debug, Clone, Copy)]
pub struct SetUp {
    pub customer: CustomerId,
    pub price: PriceId,
    /// The plan's where none is said.
    pub billing_time: Option<BillingTime>,
    pub term: Term,
}

impl Billing {
    /// Starts at the instant given: the billing run comes to it then, or at once where it is past, and bills
    /// each period since.
    pub async fn set_up_subscription(&self, actor: &Actor, command: SetUp) -> Result<SubscriptionId> {
        actor.serves_customers()?;
        reachable(command.term, self.now())?;
        let scope = CustomerScope::of(command.customer);
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        if store::subscription::live(&mut tx, scope).await?.is_some() {
            return Err(Error::AlreadySubscribed);
        }
        let plan = store::catalog::plan_of_price(&mut tx, command.price)
            .await?
            .filter(|plan| plan.kind == PlanKind::Plan && plan.audience.admits(customer.id))
            .ok_or(Error::NotFound("price"))?;
        let sale = Sale {
            actor,
            customer: &customer,
            plan: &plan,
            price: sold_at(&plan, command.price, &customer)?,
            billing_time: command.billing_time.unwrap_or(plan.billing_time),
        };
        self.sell(tx, sale, |new| set_up(new, command.term)).await
    }

    /// Gives a trial more time, or ends it sooner.
    pub async fn extend_trial(
        &self,
        actor: &Actor,
        customer: CustomerId,
        ends_at: DateTime<Utc>,
    ) -> Result<()> {
        actor.serves_customers()?;
        let scope = CustomerScope::of(customer);
        let ends_at = within_reach(ends_at, self.now(), "ends_at")?;
        self.catch_up(scope).await?;
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let subscription = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        let after = extend_trial(subscription, ends_at, now)?;
        let saved = Save {
            actor,
            customer: &customer,
            after: &after,
            what: "trial.extended",
            at: now,
        };
        save(&mut tx, saved).await?;
        store::commit(tx).await?;
        Ok(())
    }
}
