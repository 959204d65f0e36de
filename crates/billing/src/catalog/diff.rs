//! What it takes to turn the catalog that stands into the one that is wanted.

use chrono::{DateTime, Utc};

use super::{
    Aggregation, CatalogSpec, ChargeSpec, Feature, FeatureSpec, Listing, Meter, MeterSpec, Plan, PlanKind,
    PlanSpec, PriceSpec, Release, Reset, Selection, VersionTerms,
};
use crate::id::{MeterId, PlanId, PlanVersionId};
use crate::period::BillingTime;
use crate::proration::ProrationMode;

/// The catalog as it stands at an instant, all versions that came into effect being active.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogState {
    pub meters: Vec<Meter>,
    pub features: Vec<FeatureSpec>,
    pub plans: Vec<PlanState>,
}

/// A plan with the versions that are not archived: at most one of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanState {
    pub id: PlanId,
    pub key: String,
    pub listing: Listing,
    pub last_number: u32,
    pub draft: Option<Plan>,
    pub scheduled: Option<(DateTime<Utc>, Plan)>,
    pub active: Option<Plan>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    AddMeter(MeterSpec),
    /// A new name, unit or dimensions; what is counted never changes.
    EditMeter {
        id: MeterId,
        meter: MeterSpec,
    },
    AddFeature(FeatureSpec),
    /// Another name or default: the default counts at once for every plan that does not name the feature.
    EditFeature {
        feature: FeatureSpec,
        before: FeatureSpec,
    },
    /// Nothing grants it by default any more; what names it still does.
    RemoveFeature(FeatureSpec),
    AddPlan(PlanSpec),
    EditPlan {
        id: PlanId,
        key: String,
        listing: Listing,
        before: Listing,
    },
    /// A new version beside those that stand, some of which it takes the place of.
    Publish {
        plan: PlanId,
        key: String,
        kind: PlanKind,
        number: u32,
        release: Release,
        terms: VersionTerms,
        archives: Vec<Archived>,
        /// Against what is sold now.
        differences: Vec<Difference>,
    },
    /// Versions that nothing takes the place of. Their subscribers stay.
    Archive {
        plan: PlanId,
        key: String,
        kind: PlanKind,
        versions: Vec<Archived>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    pub id: PlanVersionId,
    pub number: u32,
}

/// One point in which two versions differ; `None` where one of them has no such thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    TrialDays(u32, u32),
    BillingTime(BillingTime, BillingTime),
    Proration(ProrationMode, ProrationMode),
    Price(Option<PriceSpec>, Option<PriceSpec>),
    Charge(Option<Box<ChargeSpec>>, Option<Box<ChargeSpec>>),
    Feature(Option<Feature>, Option<Feature>),
}

/// Usage of the meter is counted already: counting it in another way makes past totals wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterConflict {
    pub meter: String,
    pub aggregation: Option<(Aggregation, Aggregation)>,
    pub reset: Option<(Reset, Reset)>,
    /// Which events are counted, and what of them: the names of what differs.
    pub selection: Vec<&'static str>,
}

/// Nothing to do where empty. A date that has come is now.
pub fn diff(
    state: &CatalogState,
    wanted: &CatalogSpec,
    now: DateTime<Utc>,
) -> Result<Vec<Change>, Vec<MeterConflict>> {
    let mut changes = meters(&state.meters, &wanted.meters)?;
    changes.extend(features(&state.features, &wanted.features));
    for spec in &wanted.plans {
        let spec = PlanSpec {
            release: match spec.release {
                Release::At(at) if at <= now => Release::Now,
                release => release,
            },
            ..spec.clone()
        };
        match state.plans.iter().find(|plan| plan.key == spec.key) {
            None => changes.push(Change::AddPlan(spec)),
            Some(plan) => changes.extend(plan.changes(spec)),
        }
    }
    let gone = |plan: &&PlanState| wanted.plans.iter().all(|spec| spec.key != plan.key);
    for plan in state.plans.iter().filter(gone) {
        changes.extend(plan.archive(plan.versions()));
    }
    Ok(changes)
}

fn meters(standing: &[Meter], wanted: &[MeterSpec]) -> Result<Vec<Change>, Vec<MeterConflict>> {
    let (mut changes, mut conflicts) = (Vec::new(), Vec::new());
    for spec in wanted {
        let Some(meter) = standing.iter().find(|meter| meter.key == spec.key) else {
            changes.push(Change::AddMeter(spec.clone()));
            continue;
        };
        let conflict = MeterConflict {
            meter: spec.key.clone(),
            aggregation: differ(meter.aggregation, spec.aggregation),
            reset: differ(meter.reset, spec.reset),
            selection: selection(&meter.selection, &spec.selection),
        };
        if conflict.aggregation.is_some() || conflict.reset.is_some() || !conflict.selection.is_empty() {
            conflicts.push(conflict);
        } else if (&meter.name, &meter.unit, &meter.selection) != (&spec.name, &spec.unit, &spec.selection) {
            changes.push(Change::EditMeter {
                id: meter.id,
                meter: spec.clone(),
            });
        }
    }
    if conflicts.is_empty() {
        Ok(changes)
    } else {
        Err(conflicts)
    }
}

/// Dimensions may come and go: they break down what is counted in any case.
fn selection(standing: &Selection, wanted: &Selection) -> Vec<&'static str> {
    let differ = [
        ("event", standing.event_type != wanted.event_type),
        ("filter", standing.filter != wanted.filter),
        (
            "property",
            // A unique meter that has none counts nothing yet.
            standing.property.is_some() && standing.property != wanted.property,
        ),
    ];
    differ
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
}

fn features(standing: &[FeatureSpec], wanted: &[FeatureSpec]) -> Vec<Change> {
    let pairs = pairs(standing, wanted, |feature| feature.key.clone());
    let change = |pair| match pair {
        (None, Some(feature)) => Some(Change::AddFeature(feature)),
        (Some(before), Some(feature)) => Some(Change::EditFeature { feature, before }),
        (Some(feature), None) => Some(Change::RemoveFeature(feature)),
        (None, None) => None,
    };
    pairs.filter_map(change).collect()
}

fn differ<T: PartialEq>(before: T, after: T) -> Option<(T, T)> {
    (before != after).then_some((before, after))
}

impl PlanState {
    fn changes(&self, spec: PlanSpec) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.listing != spec.listing {
            changes.push(Change::EditPlan {
                id: self.id,
                key: self.key.clone(),
                listing: spec.listing,
                before: self.listing.clone(),
            });
        }
        let stands = |plan: &Option<Plan>| {
            plan.as_ref()
                .is_some_and(|plan| plan.terms().same_as(&spec.terms))
        };
        let scheduled = self.scheduled.as_ref().map(|(at, plan)| (*at, plan));
        let (active, draft) = (self.active.as_ref(), self.draft.as_ref());
        let (done, replaced) = match spec.release {
            Release::Draft => (stands(&self.draft), vec![draft]),
            Release::At(at) => (
                scheduled.is_some_and(|(set, plan)| set == at && plan.terms().same_as(&spec.terms)),
                vec![draft, scheduled.map(|(_, plan)| plan)],
            ),
            Release::Now => (
                stands(&self.active),
                vec![draft, scheduled.map(|(_, plan)| plan), active],
            ),
        };
        let archives: Vec<Archived> = replaced.into_iter().flatten().map(archived).collect();
        if !done {
            let before = self.active.as_ref().map(Plan::terms);
            changes.push(Change::Publish {
                plan: self.id,
                key: self.key.clone(),
                kind: self.listing.kind.clone(),
                number: self.last_number + 1,
                release: spec.release,
                differences: before.map_or_else(Vec::new, |before| differences(&before, &spec.terms)),
                terms: spec.terms,
                archives,
            });
            return changes;
        }
        // What stands stays; whatever else it would have taken the place of goes.
        let kept = match spec.release {
            Release::Draft => draft,
            Release::At(_) => scheduled.map(|(_, plan)| plan),
            Release::Now => active,
        };
        let stale = archives
            .into_iter()
            .filter(|version| kept.is_none_or(|kept| kept.version != version.id));
        changes.extend(self.archive(stale.collect()));
        changes
    }

    fn versions(&self) -> Vec<Archived> {
        let scheduled = self.scheduled.as_ref().map(|(_, plan)| plan);
        [self.draft.as_ref(), scheduled, self.active.as_ref()]
            .into_iter()
            .flatten()
            .map(archived)
            .collect()
    }

    fn archive(&self, versions: Vec<Archived>) -> Option<Change> {
        (!versions.is_empty()).then(|| Change::Archive {
            plan: self.id,
            key: self.key.clone(),
            kind: self.listing.kind.clone(),
            versions,
        })
    }
}

const fn archived(plan: &Plan) -> Archived {
    Archived {
        id: plan.version,
        number: plan.version_number,
    }
}

/// In the order a price list is read.
pub fn differences(before: &VersionTerms, after: &VersionTerms) -> Vec<Difference> {
    let trial = differ(before.trial_days, after.trial_days);
    let time = differ(before.billing_time, after.billing_time);
    let proration = differ(before.proration, after.proration);
    let mut all: Vec<Difference> = [
        trial.map(|(a, b)| Difference::TrialDays(a, b)),
        time.map(|(a, b)| Difference::BillingTime(a, b)),
        proration.map(|(a, b)| Difference::Proration(a, b)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let prices = pairs(&before.prices, &after.prices, PriceSpec::key);
    all.extend(prices.map(|(a, b)| Difference::Price(a, b)));
    let charges = pairs(&before.charges, &after.charges, |charge| charge.meter.clone());
    all.extend(charges.map(|(a, b)| Difference::Charge(a.map(Box::new), b.map(Box::new))));
    let features = pairs(&before.features, &after.features, |feature| feature.key.clone());
    all.extend(features.map(|(a, b)| Difference::Feature(a, b)));
    all
}

/// Entries of the same key side by side, without those that are equal.
fn pairs<'a, T: Clone + PartialEq, K: PartialEq + 'a>(
    before: &'a [T],
    after: &'a [T],
    key: impl Fn(&T) -> K + Copy + 'a,
) -> impl Iterator<Item = (Option<T>, Option<T>)> + 'a {
    let of = move |list: &'a [T], wanted: &T| list.iter().find(|entry| key(entry) == key(wanted)).cloned();
    let gone = before.iter().filter(move |entry| of(after, entry).is_none());
    let standing = after
        .iter()
        .map(move |entry| (of(before, entry), Some(entry.clone())));
    gone.map(|entry| (Some(entry.clone()), None))
        .chain(standing.filter(|(before, after)| before != after))
}
