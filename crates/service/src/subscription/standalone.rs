//! Subscriptions of standalone plans: sold beside the customer's plan by staff, ended by either.

use billing::catalog::Plan;
use billing::credit::NoteParts;
use billing::id::{CustomerId, PriceId, SubscriptionId};
use billing::subscription::{
    ChangeError, MAX_STANDALONE, Subscription, Term, UnusedTime, add_standalone, schedule_cancel, undo_cancel,
};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection, Tx};

use super::cancel::{CANCEL_SCHEDULED, CANCEL_UNDONE};
use super::sell::{Sale, reachable, sold_at};
use super::{Aim, MAX_QUANTITY};
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

/// A standalone plan that staff sells to a customer.
#[derive(Debug, Clone, Copy)]
pub struct AddStandalone {
    pub customer: CustomerId,
    pub price: PriceId,
    pub quantity: u32,
    pub term: Term,
}

/// When a standalone subscription ends that staff cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelWhen {
    PeriodEnd,
    Now { unused: UnusedTime },
}

/// A live subscription with its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    pub subscription: Subscription,
    pub plan: Plan,
}

impl Billing {
    /// What staff may sell the customer beside its plan, with the prices in its currency.
    pub async fn standalone_plans(&self, actor: &Actor, customer: CustomerId) -> Result<Vec<Plan>> {
        actor.serves_customers()?;
        let mut conn = store::acquire(self.pool()).await?;
        let found = store::customer::find(&mut conn, CustomerScope::of(customer)).await?;
        let currency = found.ok_or(Error::NotFound("customer"))?.currency;
        let mut plans = store::catalog::standalone_on_sale(&mut conn, customer, self.now()).await?;
        for plan in &mut plans {
            plan.prices.retain(|price| price.amount.currency() == currency);
        }
        Ok(plans)
    }

    /// Starts at the instant given, as any subscription that staff sets up. Paid with the saved card, or sent.
    pub async fn add_standalone(&self, actor: &Actor, command: AddStandalone) -> Result<SubscriptionId> {
        actor.serves_customers()?;
        if !(1..=MAX_QUANTITY).contains(&command.quantity) {
            return Err(Error::Invalid { field: "quantity" });
        }
        reachable(command.term, self.now())?;
        let scope = CustomerScope::of(command.customer);
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = locked(&mut tx, scope).await?;
        let plan = may_buy(&mut tx, &customer, command.price).await?;
        let price = sold_at(&plan, command.price, &customer)?;
        let pays = customer.terms.is_net() || store::payment::default_method(&mut tx, scope).await?.is_some();
        if !pays {
            return Err(Error::NoPaymentMethod);
        }
        let sale = Sale {
            actor,
            customer: &customer,
            plan: &plan,
            price,
            billing_time: plan.billing_time,
        };
        let (quantity, term) = (command.quantity, command.term);
        self.sell(tx, sale, |new| add_standalone(new, quantity, term))
            .await
    }

    /// What is live of a customer: the main subscription first.
    pub async fn subscriptions_of(&self, actor: &Actor, customer: CustomerId) -> Result<Vec<Subscribed>> {
        actor.serves_customers()?;
        let mut conn = store::acquire(self.pool()).await?;
        let live = store::subscription::all_live(&mut conn, CustomerScope::of(customer)).await?;
        with_plans(&mut conn, live).await
    }

    /// The customer keeps it to the end of what is paid for.
    pub async fn cancel_standalone(&self, actor: &Actor, id: SubscriptionId) -> Result<()> {
        let decision = (schedule_cancel as Decide, CANCEL_SCHEDULED);
        let own = (actor.manages_billing()?, id);
        self.decide_standalone(actor, own, decision, Aim::default()).await
    }

    pub async fn undo_cancel_standalone(&self, actor: &Actor, id: SubscriptionId) -> Result<()> {
        let decision = (undo_cancel as Decide, CANCEL_UNDONE);
        let own = (actor.manages_billing()?, id);
        self.decide_standalone(actor, own, decision, Aim::default()).await
    }

    /// Staff ends it with its period, or at once. Says what is given back, and as what.
    pub async fn cancel_standalone_for(
        &self,
        actor: &Actor,
        (customer, id): (CustomerId, SubscriptionId),
        when: CancelWhen,
    ) -> Result<Option<NoteParts>> {
        actor.serves_customers()?;
        let scope = CustomerScope::of(customer);
        let CancelWhen::Now { unused } = when else {
            let decision = (schedule_cancel as Decide, CANCEL_SCHEDULED);
            let own = (scope, id);
            self.decide_standalone(actor, own, decision, Aim::default())
                .await?;
            return Ok(None);
        };
        self.end_standalone_now(actor, (scope, id), unused, Aim::default())
            .await
    }

    pub(super) async fn end_standalone_now(
        &self,
        actor: &Actor,
        (scope, id): (CustomerScope, SubscriptionId),
        unused: UnusedTime,
        aim: Aim,
    ) -> Result<Option<NoteParts>> {
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = locked(&mut tx, scope).await?;
        let subscription = standalone(&mut tx, scope, id).await?;
        aim.check(&subscription)?;
        let given_back = self
            .end_standalone(&mut tx, actor, (customer, subscription), unused)
            .await?;
        aim.intent.keep(&mut tx, &()).await?;
        store::commit(tx).await?;
        Ok(given_back)
    }

    /// Staff takes back an end that is to come.
    pub async fn undo_cancel_standalone_for(
        &self,
        actor: &Actor,
        (customer, id): (CustomerId, SubscriptionId),
    ) -> Result<()> {
        actor.serves_customers()?;
        let decision = (undo_cancel as Decide, CANCEL_UNDONE);
        let own = (CustomerScope::of(customer), id);
        self.decide_standalone(actor, own, decision, Aim::default()).await
    }

    pub(super) async fn decide_standalone(
        &self,
        actor: &Actor,
        (scope, id): (CustomerScope, SubscriptionId),
        (decide, what): (Decide, &'static str),
        aim: Aim,
    ) -> Result<()> {
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = locked(&mut tx, scope).await?;
        let found = standalone(&mut tx, scope, id).await?;
        aim.check(&found)?;
        let after = &decide(found)?;
        let saved = Save {
            actor,
            customer: &customer,
            after,
            what,
            at: self.now(),
        };
        save(&mut tx, saved).await?;
        aim.intent.keep(&mut tx, &()).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

type Decide = fn(Subscription) -> std::result::Result<Subscription, ChangeError>;

async fn locked(tx: &mut Tx, scope: CustomerScope) -> Result<CustomerRecord> {
    let locked = store::customer::lock(tx, scope).await?;
    locked.ok_or(Error::NotFound("customer"))
}

async fn standalone(tx: &mut Tx, scope: CustomerScope, id: SubscriptionId) -> Result<Subscription> {
    let live = store::subscription::all_live(tx, scope).await?;
    let own = live.into_iter().find(|live| live.standalone && live.id == id);
    own.ok_or(Error::NotFound("standalone subscription"))
}

/// The plan of the price, if the customer may have it beside what is there.
pub(super) async fn may_buy(tx: &mut Tx, customer: &CustomerRecord, price: PriceId) -> Result<Plan> {
    let plan = store::catalog::plan_of_price(tx, price)
        .await?
        .filter(|plan| plan.kind.is_standalone() && plan.audience.admits(customer.id))
        .ok_or(Error::NotFound("price"))?;
    let mut live = store::subscription::all_live(tx, CustomerScope::of(customer.id)).await?;
    live.retain(|live| live.standalone);
    let has = |live: &Subscription| live.plan_item().is_some_and(|item| item.plan == plan.id);
    if live.iter().any(has) {
        return Err(Error::AlreadySubscribed);
    }
    if live.len() >= MAX_STANDALONE {
        return Err(Error::TooManyStandalone);
    }
    Ok(plan)
}

/// What is live beside the plan.
pub async fn standalone_of(conn: &mut PgConnection, customer: CustomerId) -> Result<Vec<Subscribed>> {
    let mut live = store::subscription::all_live(conn, CustomerScope::of(customer)).await?;
    live.retain(|live| live.standalone);
    with_plans(conn, live).await
}

/// In the order given.
pub async fn with_plans(
    conn: &mut PgConnection,
    subscriptions: Vec<Subscription>,
) -> Result<Vec<Subscribed>> {
    let price = |own: &Subscription| own.plan_item().map(|item| item.price.id);
    let prices: Vec<_> = subscriptions.iter().filter_map(price).collect();
    if prices.is_empty() {
        return Ok(Vec::new());
    }
    let plans = store::catalog::plans_of_prices(conn, &prices).await?;
    let of = |subscription: Subscription| {
        let price = price(&subscription)?;
        let plan = plans.iter().find(|plan| plan.price(price).is_some())?.clone();
        Some(Subscribed { subscription, plan })
    };
    subscriptions
        .into_iter()
        .map(of)
        .collect::<Option<_>>()
        .ok_or(Error::NotFound("plan"))
}
