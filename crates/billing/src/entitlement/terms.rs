//! What is in force for one subscription. Of a feature: default < plan < add-on < override. Of a meter an override
//! stands in place of the plan's quantity, and add-ons come on top.

use super::Allowance;
use crate::catalog::{Feature, FeatureSpec, MeterCharge, Plan};
use crate::id::{PlanId, PriceId, SubscriptionItemId};
use crate::subscription::{Subscription, SubscriptionItem};

/// Where an entitlement comes from, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    FeatureDefault,
    Plan,
    AddOn,
    Override,
}

/// What was agreed with one customer: of a meter in place of the plan's quantity, of a feature in place of whatever
/// plan and add-ons give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Override {
    Meter { key: String, included: Allowance },
    Feature { key: String, value: String },
}

/// An add-on that a subscription carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddOn<'a> {
    pub plan: &'a Plan,
    pub quantity: u32,
}

/// The plan of a subscription, its add-ons and what is overridden of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms<'a> {
    pub plan: &'a Plan,
    pub add_ons: Vec<AddOn<'a>>,
    /// Add-ons that went within the present usage period.
    pub gone: Vec<&'a Plan>,
    pub overrides: &'a [Override],
}

/// A meter's charge with what is really included of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantedCharge<'a> {
    pub charge: &'a MeterCharge,
    /// The plan's or what was agreed instead.
    pub own: Allowance,
    /// With what the add-ons include that are carried now.
    pub included: Allowance,
    pub source: Source,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedFeature {
    pub feature: Feature,
    pub source: Source,
}

impl<'a> Terms<'a> {
    /// A plan that nothing is added to and nothing is agreed about.
    pub const fn of_plan(plan: &'a Plan) -> Self {
        Self {
            plan,
            add_ons: Vec::new(),
            gone: Vec::new(),
            overrides: &[],
        }
    }

    /// What a subscription's items come to, given the plan of each price; `None` if one is not known.
    pub fn of(
        subscription: &Subscription,
        plan_of: impl Fn(PriceId) -> Option<&'a Plan>,
        overrides: &'a [Override],
    ) -> Option<Self> {
        let add_on = |item: &SubscriptionItem| {
            let plan = plan_of(item.price.id)?;
            let quantity = item.quantity;
            Some(AddOn { plan, quantity })
        };
        Some(Self {
            plan: plan_of(subscription.plan_item()?.price.id)?,
            add_ons: subscription.add_ons().map(add_on).collect::<Option<_>>()?,
            gone: subscription.gone_add_ons().map(&plan_of).collect::<Option<_>>()?,
            overrides,
        })
    }

    /// The same beside another plan.
    #[must_use]
    pub fn with_plan(&self, plan: &'a Plan) -> Self {
        Self { plan, ..self.clone() }
    }

    /// The plan's charges, in its order. What an add-on includes of a meter counts where the plan charges it.
    pub fn charges(&self) -> impl Iterator<Item = GrantedCharge<'a>> {
        self.plan.charges.iter().map(|charge| self.granted(charge))
    }

    /// What is granted of one meter; none where the plan does not charge it.
    pub fn charge(&self, meter_key: &str) -> Option<GrantedCharge<'a>> {
        Some(self.granted(self.plan.charge(meter_key)?))
    }

    fn granted(&self, charge: &'a MeterCharge) -> GrantedCharge<'a> {
        let key = &charge.meter.key;
        let agreed = self.overrides.iter().find_map(|agreed| match agreed {
            Override::Meter { key: meter, included } if meter == key => Some(*included),
            _ => None,
        });
        let own = agreed.unwrap_or(charge.included);
        let added = self.add_ons.iter().filter_map(|add_on| {
            let more = add_on.plan.charge(key)?;
            Some((more.included, add_on.quantity))
        });
        let included = added.fold(own, |included, (more, times)| included.plus(more, times));
        GrantedCharge {
            charge,
            own,
            included,
            source: match agreed {
                Some(_) => Source::Override,
                None if included == own => Source::Plan,
                None => Source::AddOn,
            },
        }
    }

    /// By key, in the order of the defaults; what only a plan or an add-on names comes after them.
    pub fn features(&self, defaults: &[FeatureSpec]) -> Vec<GrantedFeature> {
        let mut granted: Vec<GrantedFeature> = defaults
            .iter()
            .filter_map(|default| {
                let (key, name) = (default.key.clone(), default.name.clone());
                let value = default.default.clone()?;
                let feature = Feature { key, name, value };
                Some(GrantedFeature {
                    feature,
                    source: Source::FeatureDefault,
                })
            })
            .collect();
        let added = self.add_ons.iter().flat_map(|add_on| &add_on.plan.features);
        let named = self.plan.features.iter().map(|feature| (feature, Source::Plan));
        for (feature, source) in named.chain(added.map(|feature| (feature, Source::AddOn))) {
            let feature = feature.clone();
            grant(&mut granted, GrantedFeature { feature, source });
        }
        for agreed in self.overrides {
            if let Override::Feature { key, value } = agreed {
                let (key, value) = (key.clone(), value.clone());
                let known = defaults.iter().find(|default| default.key == key);
                let name = known.map_or(key.clone(), |known| known.name.clone());
                let feature = Feature { key, name, value };
                let source = Source::Override;
                grant(&mut granted, GrantedFeature { feature, source });
            }
        }
        let place = |granted: &GrantedFeature| {
            let place = defaults
                .iter()
                .position(|default| default.key == granted.feature.key);
            place.unwrap_or(defaults.len())
        };
        granted.sort_by_key(place);
        granted
    }

    /// An add-on that the subscription carries.
    pub fn add_on(&self, id: PlanId) -> Option<&'a Plan> {
        let carried = self.add_ons.iter().find(|add_on| add_on.plan.id == id);
        carried.map(|add_on| add_on.plan)
    }

    /// The add-on of a price that is carried, or was earlier in the present usage period.
    pub fn add_on_of_price(&self, price: PriceId) -> Option<&'a Plan> {
        let carried = self.add_ons.iter().map(|add_on| add_on.plan);
        let mut all = carried.chain(self.gone.iter().copied());
        all.find(|add_on| add_on.price(price).is_some())
    }

    /// What an item's lines call it; the plan's own name for an item that is gone by now.
    pub fn name_of(&self, subscription: &Subscription, item: SubscriptionItemId) -> &'a str {
        let item = subscription.items.iter().find(|own| own.id == item);
        let add_on = item.and_then(|item| self.add_on(item.plan));
        &add_on.unwrap_or(self.plan).name
    }
}

/// In place of what the same feature was before.
fn grant(granted: &mut Vec<GrantedFeature>, new: GrantedFeature) {
    let same = |other: &&mut GrantedFeature| other.feature.key == new.feature.key;
    match granted.iter_mut().find(same) {
        Some(other) => {
            other.feature.value = new.feature.value;
            other.source = new.source;
        }
        None => granted.push(new),
    }
}
