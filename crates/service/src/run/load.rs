//! What boundaries are decided from, read for many subscriptions at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use billing::catalog::{Meter, Plan, Price};
use billing::credit::Wallet;
use billing::entitlement::{Override, Terms};
use billing::id::{CustomerId, MeterId, OneOffId, PriceId, SubscriptionId};
use billing::invoice::{InvoiceDraft, LineKind, Part};
use billing::period::Period;
use billing::subscription::{
    ChangeError, PendingChange, Renewal, RenewalInput, Status, Subscription, SubscriptionItem, renew,
};
use billing::tax::TaxDefaults;
use billing::usage::SpanUsage;
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::invoice::WaitingOneOff;
use store::payment::PaymentMethod;
use store::usage::SpanOf;
use store::{CustomerScope, PgConnection};

use crate::entitlement::prices_of;
use crate::usage::Late;
use crate::{Error, Result, credit, usage};

/// Plans by price, each read once in a run: a version in use never changes.
#[derive(Debug, Default)]
pub struct Catalog {
    plans: HashMap<PriceId, Arc<Plan>>,
}

impl Catalog {
    pub(crate) async fn learn(
        &mut self,
        conn: &mut PgConnection,
        prices: impl Iterator<Item = PriceId>,
    ) -> Result<()> {
        let mut unknown: Vec<_> = prices.filter(|price| !self.plans.contains_key(price)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if unknown.is_empty() {
            return Ok(());
        }
        for plan in store::catalog::plans_of_prices(conn, &unknown).await? {
            let plan = Arc::new(plan);
            let prices = plan.prices.iter().map(|price| (price.id, plan.clone()));
            self.plans.extend(prices);
        }
        Ok(())
    }

    pub fn plan(&self, price: PriceId) -> Result<&Plan> {
        Ok(self.plans.get(&price).ok_or(Error::NotFound("plan"))?)
    }

    /// The same for whoever keeps it.
    pub(crate) fn shared(&self, price: PriceId) -> Option<Arc<Plan>> {
        self.plans.get(&price).cloned()
    }

    fn terms<'t>(&'t self, subscription: &Subscription, overrides: &'t [Override]) -> Result<Terms<'t>> {
        let plan_of = |price| self.plans.get(&price).map(Arc::as_ref);
        Terms::of(subscription, plan_of, overrides).ok_or(Error::NotFound("plan"))
    }

    fn priced(&self, id: PriceId) -> Result<(&Plan, &Price)> {
        let plan = self.plan(id)?;
        Ok((plan, plan.price(id).ok_or(Error::NotFound("price"))?))
    }
}

/// What boundaries that are billed together come to.
#[derive(Debug)]
pub struct BoundaryBill {
    /// In the order given, without their lines and discounts, which are the draft's.
    pub renewals: Vec<Renewal>,
    pub draft: InvoiceDraft,
    /// What of the draft was waiting for an invoice.
    pub one_offs: Vec<OneOffId>,
}

/// What renewals are decided from, as loaded.
#[derive(Debug)]
pub struct Loaded<'c> {
    catalog: &'c Catalog,
    usage: HashMap<SubscriptionId, HashMap<MeterId, SpanUsage>>,
    methods: HashMap<CustomerId, PaymentMethod>,
    wallets: HashMap<CustomerId, Wallet>,
    overrides: HashMap<SubscriptionId, Vec<Override>>,
    /// Of the paused ones.
    owing: HashSet<SubscriptionId>,
    late: HashMap<SubscriptionId, Vec<Late>>,
    one_offs: HashMap<CustomerId, Vec<WaitingOneOff>>,
}

impl<'c> Loaded<'c> {
    /// Loads for the usage periods that end next.
    pub async fn load(
        conn: &mut PgConnection,
        catalog: &'c mut Catalog,
        subscriptions: &[&Subscription],
    ) -> Result<Self> {
        let prices = subscriptions
            .iter()
            .flat_map(|subscription| prices_of(subscription));
        catalog.learn(conn, prices).await?;
        let late = usage::late_usage(conn, catalog, subscriptions).await?;
        let catalog = &*catalog;
        let customers: Vec<_> = subscriptions
            .iter()
            .map(|subscription| subscription.customer)
            .collect();
        let ids: Vec<_> = subscriptions.iter().map(|subscription| subscription.id).collect();
        Ok(Self {
            catalog,
            overrides: store::entitlement::overrides(conn, &ids).await?,
            usage: usage_of(conn, catalog, subscriptions).await?,
            methods: store::payment::default_methods(conn, &customers).await?,
            wallets: wallets_of(conn, subscriptions).await?,
            owing: owing_of(conn, subscriptions).await?,
            one_offs: store::invoice::waiting_one_offs(conn, &customers).await?,
            late,
        })
    }

    /// What a subscription is on.
    pub fn terms(&self, subscription: &Subscription) -> Result<Terms<'_>> {
        let overrides = self
            .overrides
            .get(&subscription.id)
            .map_or(&[][..], Vec::as_slice);
        self.catalog.terms(subscription, overrides)
    }

    /// The plan a subscription is on.
    pub fn plan(&self, subscription: &Subscription) -> Result<&'c Plan> {
        self.catalog.plan(plan_item(subscription)?.price.id)
    }

    pub fn method(&self, customer: CustomerId) -> Option<&PaymentMethod> {
        self.methods.get(&customer)
    }

    /// What the next invoice is paid from first.
    fn wallet(&self, customer: &CustomerRecord) -> Wallet {
        let own = self.wallets.get(&customer.id).cloned();
        own.unwrap_or(Wallet::empty(customer.currency))
    }

    /// The decision and its invoice, as the billing run and the upcoming invoice both make them. What waits to be
    /// billed once goes onto it where service is billed.
    pub fn bill(
        &self,
        customer: &CustomerRecord,
        (subscriptions, at): (&[&Subscription], DateTime<Utc>),
        defaults: TaxDefaults,
    ) -> Result<BoundaryBill> {
        let taxation = customer.taxation(defaults);
        let (mut renewals, mut parts, mut bills) = (Vec::new(), Vec::new(), false);
        for subscription in subscriptions {
            let mut renewal = self.renew(customer, subscription)?;
            let serves = [subscription, &renewal.after].map(|s| s.status.counts_as_recurring());
            // After an end there may be no other invoice.
            bills |= serves.contains(&true) || !renewal.after.status.is_live();
            // MRR is without the taxes its price was billed with: a bill of usage alone changes none of them.
            if renewal.lines.iter().any(|line| line.kind == LineKind::Base) {
                renewal.after.included_taxes = taxation.included().to_vec();
            }
            parts.push(Part {
                lines: std::mem::take(&mut renewal.lines),
                discounts: std::mem::take(&mut renewal.discounts),
            });
            renewals.push(renewal);
        }
        let waiting = self.one_offs.get(&customer.id).filter(|_| bills);
        let waiting = waiting.map_or(&[][..], Vec::as_slice);
        let once = waiting.iter().map(|one_off| one_off.item.line(at));
        parts.push(Part {
            lines: once.collect::<std::result::Result<_, _>>()?,
            discounts: Vec::new(),
        });
        let draft = InvoiceDraft::consolidate(customer.currency, parts, &taxation)?;
        Ok(BoundaryBill {
            // As of the boundary: that a run is late costs nobody credit that was good then.
            draft: draft.settle(&mut self.wallet(customer), at)?,
            one_offs: waiting.iter().map(|one_off| one_off.id).collect(),
            renewals,
        })
    }

    fn renew(&self, customer: &CustomerRecord, subscription: &Subscription) -> Result<Renewal> {
        let terms = &self.terms(subscription)?;
        let scheduled = match subscription.pending_change {
            Some(PendingChange::AtPeriodEnd { price, .. }) => Some(self.catalog.priced(price)?),
            _ => None,
        };
        let nothing = HashMap::new();
        let used = self.usage.get(&subscription.id).unwrap_or(&nothing);
        let meters: Vec<_> = meters_of(terms.plan).collect();
        let whole = subscription.whole_usage_period(customer.zone)?;
        let spans = (counted(subscription), whole);
        let usage = usage::totals_until(&meters, spans, used)?;
        let late = self.late.get(&subscription.id).map_or(&[][..], Vec::as_slice);
        let late: Vec<_> = late
            .iter()
            .map(|late| late.input(self.catalog))
            .collect::<Result<_>>()?;
        let input = RenewalInput {
            terms,
            late: &late,
            scheduled,
            usage: &usage,
            // Who is sent invoices needs no card to go on.
            has_payment_method: self.method(customer.id).is_some() || customer.terms.is_net(),
            owes: self.owing.contains(&subscription.id),
            zone: customer.zone,
        };
        Ok(renew(subscription, input)?)
    }
}

/// What is counted in each subscription's present usage period, read for all meters of their plans.
async fn usage_of(
    conn: &mut PgConnection,
    catalog: &Catalog,
    subscriptions: &[&Subscription],
) -> Result<HashMap<SubscriptionId, HashMap<MeterId, SpanUsage>>> {
    let plans = subscriptions
        .iter()
        .filter_map(|subscription| catalog.plan(subscription.plan_item()?.price.id).ok());
    let meters: HashMap<MeterId, &Meter> = plans.flat_map(meters_of).map(|meter| (meter.id, meter)).collect();
    let counting = subscriptions
        .iter()
        .filter(|subscription| !subscription.standalone);
    let spans: Vec<_> = counting
        .clone()
        .map(|subscription| SpanOf {
            scope: CustomerScope::of(subscription.customer),
            period: counted(subscription),
        })
        .collect();
    let meters: Vec<_> = meters.into_values().collect();
    let used = usage::period_usage(conn, &spans, &meters).await?;
    Ok(counting.map(|subscription| subscription.id).zip(used).collect())
}

/// Usage is billed up to the boundary, which may lie before the usage period's end.
fn counted(subscription: &Subscription) -> Period {
    subscription
        .counted_until(subscription.boundary())
        .unwrap_or(subscription.usage_period)
}

async fn wallets_of(
    conn: &mut PgConnection,
    subscriptions: &[&Subscription],
) -> Result<HashMap<CustomerId, Wallet>> {
    // One a customer, which pays everything in one currency.
    let of: HashMap<_, _> = subscriptions
        .iter()
        .filter_map(|subscription| {
            let item = subscription.plan_item()?;
            Some((subscription.customer, item.price.amount.currency()))
        })
        .collect();
    let of: Vec<_> = of.into_iter().collect();
    let wallets = credit::wallets(conn, &of).await?;
    Ok(of
        .into_iter()
        .map(|(customer, _)| customer)
        .zip(wallets)
        .collect())
}

/// Only a pause that ends asks for it, and pauses are few.
async fn owing_of(
    conn: &mut PgConnection,
    subscriptions: &[&Subscription],
) -> Result<HashSet<SubscriptionId>> {
    let paused: Vec<_> = subscriptions
        .iter()
        .copied()
        .filter(|subscription| matches!(subscription.status, Status::Paused { .. }))
        .filter_map(|subscription| Some((subscription, subscription.due_at()?)))
        .collect();
    if paused.is_empty() {
        return Ok(HashSet::new());
    }
    Ok(store::invoice::owing(conn, &paused).await?)
}

fn meters_of(plan: &Plan) -> impl Iterator<Item = &Meter> {
    plan.charges.iter().map(|charge| &charge.meter)
}

fn plan_item(subscription: &Subscription) -> Result<&SubscriptionItem> {
    subscription.plan_item().ok_or(Error::Change(ChangeError::NoPlan))
}
