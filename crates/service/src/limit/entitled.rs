//! What a customer is entitled to, kept so that any question can be answered from it.

use std::collections::HashMap;
use std::sync::Arc;

use billing::catalog::{FeatureSpec, Meter, Plan};
use billing::entitlement::{GrantedFeature, Override, Standing, Terms};
use billing::id::{CustomerId, PriceId, SubscriptionId};
use billing::subscription::{Status, Subscription};
use billing::usage::Window;
use chrono::{DateTime, Utc};
use store::PgConnection;
use store::entitlement::Stamp;

use crate::entitlement::prices_of;
use crate::run::Catalog;
use crate::usage::live_usage;
use crate::{Error, Result};

#[derive(Debug)]
pub struct Entitled {
    pub stamp: Stamp,
    live: Option<Live>,
}

/// The main subscription with the plans it is on.
#[derive(Debug)]
struct Live {
    subscription: Subscription,
    plans: Vec<(PriceId, Arc<Plan>)>,
    overrides: Vec<Override>,
}

impl Live {
    fn terms(&self) -> Result<Terms<'_>> {
        let plan_of = |price| {
            let known = self.plans.iter().find(|(id, _)| *id == price);
            known.map(|(_, plan)| plan.as_ref())
        };
        Terms::of(&self.subscription, plan_of, &self.overrides).ok_or(Error::NotFound("plan"))
    }
}

impl Entitled {
    pub async fn load(
        conn: &mut PgConnection,
        catalog: &mut Catalog,
        stamps: Vec<Stamp>,
    ) -> Result<Vec<Self>> {
        let customers: Vec<_> = stamps.iter().map(|stamp| stamp.customer).collect();
        let live = store::subscription::live_of(conn, &customers).await?;
        let live: Vec<_> = live.into_iter().filter(|own| !own.standalone).collect();
        catalog.learn(conn, live.iter().flat_map(prices_of)).await?;
        let ids: Vec<_> = live.iter().map(|own| own.id).collect();
        let mut overrides = store::entitlement::overrides(conn, &ids).await?;
        let mut found: HashMap<CustomerId, Live> = HashMap::new();
        for subscription in live {
            let own = Live::of(subscription, catalog, &mut overrides);
            found.insert(own.subscription.customer, own);
        }
        let entitled = stamps.into_iter().map(|stamp| Self {
            live: found.remove(&stamp.customer),
            stamp,
        });
        Ok(entitled.collect())
    }

    pub fn standing(&self, meter_key: &str) -> Result<Standing> {
        match &self.live {
            Some(live) => Ok(Standing::of(live.subscription.status, &live.terms()?, meter_key)),
            None => Ok(Standing::NO_SUBSCRIPTION),
        }
    }

    pub fn status(&self) -> Option<Status> {
        self.live.as_ref().map(|live| live.subscription.status)
    }

    /// What the plan charges, in its order.
    pub fn meters(&self) -> Result<Vec<&Meter>> {
        let Some(live) = &self.live else {
            return Ok(Vec::new());
        };
        Ok(live
            .terms()?
            .charges()
            .map(|granted| &granted.charge.meter)
            .collect())
    }

    pub fn features(&self, defaults: &[FeatureSpec]) -> Result<Vec<GrantedFeature>> {
        match &self.live {
            Some(live) => Ok(live.terms()?.features(defaults)),
            None => Ok(Vec::new()),
        }
    }

    pub fn window(&self, meter: &Meter, at: DateTime<Utc>) -> Result<Window> {
        let live = self.live.as_ref().map(|live| live_usage(&live.subscription));
        Ok(Window::of(meter, at, live.as_ref(), self.stamp.zone)?)
    }
}

impl Live {
    fn of(
        subscription: Subscription,
        catalog: &Catalog,
        overrides: &mut HashMap<SubscriptionId, Vec<Override>>,
    ) -> Self {
        let plan = |price| Some((price, catalog.shared(price)?));
        Self {
            plans: prices_of(&subscription).filter_map(plan).collect(),
            overrides: overrides.remove(&subscription.id).unwrap_or_default(),
            subscription,
        }
    }
}
