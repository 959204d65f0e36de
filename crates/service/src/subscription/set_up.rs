//! What staff does for a customer: a subscription that starts later or earlier, a fixed term, a longer trial.

use billing::catalog::PlanKind;
use billing::id::{CustomerId, PriceId, SubscriptionId, SubscriptionItemId};
use billing::period::BillingTime;
use billing::subscription::{Create, Term, extend_trial, set_up};
use chrono::{DateTime, Utc};
use store::CustomerScope;

use crate::id::mint;
use crate::record::{Save, create, save};
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
        let now = self.now();
        let scope = CustomerScope::of(command.customer);
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
        let price = plan.list_price(command.price).ok_or(Error::NotFound("price"))?;
        if price.amount.currency() != customer.currency {
            return Err(Error::Invalid { field: "price" });
        }
        let taxation = customer.taxation(self.parts.config.tax);
        let new = Create {
            discounts: &[],
            included_taxes: taxation.included(),
            id: mint(SubscriptionId::from_uuid),
            item: mint(SubscriptionItemId::from_uuid),
            customer: customer.id,
            plan: &plan,
            price,
            billing_time: command.billing_time.unwrap_or(plan.billing_time),
            zone: customer.zone,
            now,
        };
        let subscription = set_up(new, command.term)?;
        let saved = Save {
            actor,
            customer: &customer,
            after: &subscription,
            what: "subscription.created",
            at: now,
        };
        create(&mut tx, saved).await?;
        store::commit(tx).await?;
        self.catch_up(scope).await?;
        Ok(subscription.id)
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
