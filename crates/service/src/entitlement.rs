//! What subscriptions are entitled to: their plans, add-ons and what staff agreed with their customers.

use billing::catalog::{Plan, Price};
use billing::entitlement::{Allowance, Override, Terms};
use billing::id::{CustomerId, PriceId};
use billing::subscription::{PendingChange, Subscription};
use rust_decimal::Decimal;
use serde_json::json;
use store::entitlement::NewOverride;
use store::{CustomerScope, PgConnection, Tx};

use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Result};

const MAX_TEXT: usize = 500;

/// An entitlement that staff sets for a customer, and why.
#[derive(Debug, Clone)]
pub struct SetOverride {
    pub customer: CustomerId,
    pub agreed: Override,
    pub reason: String,
}

/// An entitlement that is to be again what it is without an agreement.
#[derive(Debug, Clone)]
pub enum OverrideKey {
    Meter(String),
    Feature(String),
}

impl Billing {
    /// Stands in place of the plan's quantity of a meter, or of what plan and add-ons give of a feature, for the present usage period too, until it is removed or
    /// the subscription ends.
    pub async fn set_override(&self, actor: &Actor, command: SetOverride) -> Result<()> {
        actor.decides_about_money()?;
        let reason = command.reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_TEXT {
            return Err(Error::Invalid { field: "reason" });
        }
        self.catch_up(CustomerScope::of(command.customer)).await?;
        let mut tx = store::begin(self.pool()).await?;
        check(&mut tx, &command.agreed).await?;
        let subscription = overridable(&mut tx, command.customer).await?;
        let set_by = actor.audit_name();
        let new = NewOverride {
            subscription: subscription.id,
            agreed: &command.agreed,
            reason,
            set_by: &set_by,
            set_at: self.now(),
        };
        if !store::entitlement::set(&mut tx, CustomerScope::of(command.customer), new).await? {
            return Err(Error::NoSubscription);
        }
        let (kind, key, value) = words(&command.agreed);
        let entry = Note {
            actor,
            at: self.now(),
            what: "entitlement.overridden",
            customer: command.customer,
            subject: subscription.id.to_string(),
            detail: json!({ "kind": kind, "key": key, "value": value, "reason": reason }),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// What was agreed does not count any more, for the present usage period too.
    pub async fn remove_override(
        &self,
        actor: &Actor,
        customer: CustomerId,
        agreed: OverrideKey,
    ) -> Result<()> {
        actor.decides_about_money()?;
        let scope = CustomerScope::of(customer);
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let subscription = overridable(&mut tx, customer).await?;
        let (kind, key) = match &agreed {
            OverrideKey::Meter(key) => ("meter", key),
            OverrideKey::Feature(key) => ("feature", key),
        };
        if !store::entitlement::remove(&mut tx, scope, subscription.id, kind, key).await? {
            return Err(Error::NotFound("override"));
        }
        let entry = Note {
            actor,
            at: self.now(),
            what: "entitlement.override_removed",
            customer,
            subject: subscription.id.to_string(),
            detail: json!({ "kind": kind, "key": key }),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

/// Under the customer's lock, so that no bill is decided from half of what is agreed.
async fn overridable(tx: &mut Tx, customer: CustomerId) -> Result<Subscription> {
    let scope = CustomerScope::of(customer);
    store::customer::lock(tx, scope)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    store::subscription::live(tx, scope)
        .await?
        .ok_or(Error::NoSubscription)
}

/// Only of what there is.
async fn check(conn: &mut PgConnection, agreed: &Override) -> Result<()> {
    match agreed {
        Override::Meter { key, included } => {
            let meters = store::catalog::meters(conn).await?;
            if meters.iter().all(|meter| meter.key != *key) {
                return Err(Error::NotFound("meter"));
            }
            match included {
                Allowance::Units(units) if *units < Decimal::ZERO => {
                    Err(Error::Invalid { field: "included" })
                }
                _ => Ok(()),
            }
        }
        Override::Feature { key, value } => {
            let features = store::catalog::features(conn).await?;
            if features.iter().all(|feature| feature.key != *key) {
                return Err(Error::NotFound("feature"));
            }
            if value.trim().is_empty() || value.chars().count() > MAX_TEXT {
                return Err(Error::Invalid { field: "value" });
            }
            Ok(())
        }
    }
}

fn words(agreed: &Override) -> (&'static str, &str, String) {
    match agreed {
        Override::Meter { key, included } => {
            let units = included.units().map(|units| units.normalize().to_string());
            ("meter", key, units.unwrap_or_else(|| "unlimited".to_owned()))
        }
        Override::Feature { key, value } => ("feature", key, value.clone()),
    }
}

/// The plans that a subscription's items are on, also the one that is scheduled, and what is overridden of them.
#[derive(Debug)]
pub struct Carried {
    plans: Vec<Plan>,
    overrides: Vec<Override>,
}

impl Carried {
    pub async fn load(conn: &mut PgConnection, subscription: &Subscription) -> Result<Self> {
        Self::load_with(conn, subscription, None).await
    }

    /// The plan of one more price with them: what the subscription may become.
    pub async fn load_with(
        conn: &mut PgConnection,
        subscription: &Subscription,
        wanted: Option<PriceId>,
    ) -> Result<Self> {
        let prices: Vec<_> = prices_of(subscription).chain(wanted).collect();
        let plans = store::catalog::plans_of_prices(conn, &prices).await?;
        let mut overrides = store::entitlement::overrides(conn, &[subscription.id]).await?;
        Ok(Self {
            plans,
            overrides: overrides.remove(&subscription.id).unwrap_or_default(),
        })
    }

    pub fn terms(&self, subscription: &Subscription) -> Result<Terms<'_>> {
        Terms::of(subscription, |price| self.plan_of(price), &self.overrides).ok_or(Error::NotFound("plan"))
    }

    pub fn plan_of(&self, price: PriceId) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.price(price).is_some())
    }

    /// The plan and price of a scheduled downgrade.
    pub fn scheduled(&self, subscription: &Subscription) -> Result<Option<(&Plan, &Price)>> {
        let Some(PendingChange::AtPeriodEnd { price, .. }) = subscription.pending_change else {
            return Ok(None);
        };
        let priced = self
            .plans
            .iter()
            .find_map(|plan| Some((plan, plan.price(price)?)));
        Ok(Some(priced.ok_or(Error::NotFound("price"))?))
    }
}

/// Of its items now and in the next billing period, of add-ons that went within the usage period, and of what is
/// scheduled.
pub fn prices_of(subscription: &Subscription) -> impl Iterator<Item = PriceId> {
    let scheduled = match subscription.pending_change {
        Some(PendingChange::AtPeriodEnd { price, .. }) => Some(price),
        _ => None,
    };
    let items = subscription
        .items
        .iter()
        .flat_map(|item| [item.price.id, item.price_to_come().id]);
    items.chain(subscription.gone_add_ons()).chain(scheduled)
}
