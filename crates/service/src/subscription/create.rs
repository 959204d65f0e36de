//! A subscription that the host platform makes: set up as staff does, begun as a trial, or sold beside the plan.

use billing::catalog::{Plan, PlanKind};
use billing::id::{CustomerId, PriceId, SubscriptionId, SubscriptionItemId};
use billing::period::Interval;
use billing::subscription::{
    Create, Subscription, Term, add_standalone, extend_trial, set_up, start_trial, trial_end,
};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection, Tx};

use super::standalone::may_buy;
use super::{MAX_QUANTITY, Subscribed};
use crate::clock::within_reach;
use crate::id::mint;
use crate::record::{Save, create};
use crate::{Actor, Billing, Error, Intent, Result};

/// What is wanted: a price by its id, or of a plan by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedPrice {
    Id(PriceId),
    Of { plan: String, interval: Interval },
}

#[derive(Debug, Clone)]
pub struct NewSubscription {
    pub customer: CustomerId,
    pub price: WantedPrice,
    pub quantity: u32,
    /// Begins with a trial of so many days.
    pub trial_days: Option<u32>,
    /// Now where none is said.
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
}

impl Billing {
    /// Carried out again for the same intent, it finds the subscription it made.
    pub async fn create_subscription(
        &self,
        actor: &Actor,
        new: &NewSubscription,
        intent: Intent,
    ) -> Result<Subscribed> {
        actor.serves_customers()?;
        if !(1..=MAX_QUANTITY).contains(&new.quantity) {
            return Err(Error::Invalid { field: "quantity" });
        }
        let now = self.now();
        let reach = |at: Option<DateTime<Utc>>, field| at.map(|at| within_reach(at, now, field)).transpose();
        let new = &NewSubscription {
            starts_at: reach(new.starts_at, "starts_at")?,
            ends_at: reach(new.ends_at, "ends_at")?,
            ..new.clone()
        };
        let (scope, id) = (
            CustomerScope::of(new.customer),
            intent.id(SubscriptionId::from_uuid),
        );
        if !(intent.is_again() && self.was_made(scope, id).await?) {
            // What cannot be brought up to date is told before anything is sold, and not of what was sold.
            self.catch_up(scope).await?;
            self.make_once(actor, scope, (new, id)).await?;
        }
        self.catch_up_where_it_can(scope).await;
        self.subscribed(scope, id).await
    }

    async fn was_made(&self, scope: CustomerScope, id: SubscriptionId) -> Result<bool> {
        let mut conn = store::acquire(self.pool()).await?;
        let made = store::subscription::page::find(&mut conn, scope, id).await?;
        Ok(made.is_some())
    }

    async fn make_once(
        &self,
        actor: &Actor,
        scope: CustomerScope,
        (new, id): (&NewSubscription, SubscriptionId),
    ) -> Result<()> {
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        // Somebody who carries the same request out may have been faster.
        if store::subscription::page::find(&mut tx, scope, id)
            .await?
            .is_some()
        {
            return Ok(store::roll_back(tx).await?);
        }
        self.make_subscription(&mut tx, actor, &customer, (new, id))
            .await?;
        Ok(store::commit(tx).await?)
    }

    async fn make_subscription(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: &CustomerRecord,
        (new, id): (&NewSubscription, SubscriptionId),
    ) -> Result<()> {
        let now = self.now();
        let price = self.wanted_price(tx, customer, &new.price).await?;
        let plan = match plan_of(tx, customer, price).await? {
            plan if plan.kind.is_standalone() => may_buy(tx, customer, price).await?,
            plan => plan,
        };
        // What is not sold any more has a price by its id still.
        if !is_sold(tx, &plan, customer.id, now).await? {
            return Err(Error::NotFound("price"));
        }
        let price = plan.list_price(price).ok_or(Error::NotFound("price"))?;
        if price.amount.currency() != customer.currency {
            return Err(Error::Invalid { field: "price" });
        }
        let taxation = customer.taxation(self.parts.config.tax);
        let begin = Create {
            discounts: &[],
            included_taxes: taxation.included(),
            id,
            item: mint(SubscriptionItemId::from_uuid),
            customer: customer.id,
            plan: &plan,
            price,
            billing_time: plan.billing_time,
            zone: customer.zone,
            now,
        };
        let scope = CustomerScope::of(customer.id);
        let after = decide(tx, customer, begin, new).await?;
        let saved = Save {
            actor,
            customer,
            after: &after,
            what: "subscription.created",
            at: now,
        };
        create(tx, saved).await?;
        if new.trial_days.is_some() {
            store::subscription::grant_trial(tx, scope, id, now).await?;
        }
        Ok(())
    }

    /// Of what the customer may buy.
    pub(crate) async fn wanted_price(
        &self,
        conn: &mut PgConnection,
        customer: &CustomerRecord,
        wanted: &WantedPrice,
    ) -> Result<PriceId> {
        let (key, interval) = match wanted {
            WantedPrice::Id(id) => return Ok(*id),
            WantedPrice::Of { plan, interval } => (plan, *interval),
        };
        let now = self.now();
        let mut plans = store::catalog::plans_on_sale(conn, Some(customer.id), now).await?;
        plans.extend(store::catalog::standalone_on_sale(conn, customer.id, now).await?);
        let plan = plans.iter().find(|plan| plan.key == *key);
        let price = plan
            .ok_or(Error::NotFound("plan"))?
            .price_for(interval, customer.currency);
        Ok(price.ok_or(Error::NotFound("price"))?.id)
    }

    /// The same for a change of what the customer has.
    pub async fn price_for(&self, actor: &Actor, wanted: &WantedPrice) -> Result<PriceId> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        self.wanted_price(&mut conn, &customer, wanted).await
    }
}

async fn is_sold(
    conn: &mut PgConnection,
    plan: &Plan,
    customer: CustomerId,
    now: DateTime<Utc>,
) -> Result<bool> {
    if !plan.kind.is_standalone() {
        return Ok(store::catalog::is_on_sale(conn, plan, customer, now).await?);
    }
    let sold = store::catalog::standalone_on_sale(conn, customer, now).await?;
    Ok(sold.iter().any(|sold| sold.version == plan.version))
}

async fn plan_of(conn: &mut PgConnection, customer: &CustomerRecord, price: PriceId) -> Result<Plan> {
    let plan = store::catalog::plan_of_price(conn, price).await?;
    plan.filter(|plan| !plan.kind.is_add_on() && plan.audience.admits(customer.id))
        .ok_or(Error::NotFound("price"))
}

async fn decide(
    tx: &mut Tx,
    customer: &CustomerRecord,
    begin: Create<'_>,
    new: &NewSubscription,
) -> Result<Subscription> {
    let scope = CustomerScope::of(customer.id);
    let term = Term {
        starts_at: new.starts_at.unwrap_or(begin.now),
        ends_at: new.ends_at,
    };
    if begin.plan.kind.is_standalone() {
        let pays = customer.terms.is_net() || store::payment::default_method(tx, scope).await?.is_some();
        if !pays {
            return Err(Error::NoPaymentMethod);
        }
        if new.trial_days.is_some() {
            return Err(Error::Invalid { field: "trial_days" });
        }
        return Ok(add_standalone(begin, new.quantity, term)?);
    }
    if begin.plan.kind != PlanKind::Plan || new.quantity != 1 {
        return Err(Error::Invalid { field: "quantity" });
    }
    if store::subscription::live(tx, scope).await?.is_some() {
        return Err(Error::AlreadySubscribed);
    }
    let Some(days) = new.trial_days else {
        return Ok(set_up(begin, term)?);
    };
    if new.starts_at.is_some() || new.ends_at.is_some() {
        return Err(Error::Invalid { field: "trial_days" });
    }
    if store::subscription::trial_used(tx, scope).await? {
        return Err(Error::TrialUsed);
    }
    let trial = start_trial(begin)?;
    if days == begin.plan.trial_days {
        return Ok(trial);
    }
    let ends_at = trial_end(begin.now, days).map_err(|_| Error::Invalid { field: "trial_days" })?;
    let longer = extend_trial(trial, ends_at, begin.now);
    longer.map_err(|_| Error::Invalid { field: "trial_days" })
}
