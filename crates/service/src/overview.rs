//! What a customer sees first: plan, usage against limits, the next bill and the last invoices.

use billing::catalog::Plan;
use billing::entitlement::{GrantedFeature, Terms};
use billing::id::PriceId;
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::payment::dunning::{DunningEnd, Outlook};
use billing::period::Zone;
use billing::subscription::{Access, PendingChange, Status, Subscription, next_due};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use crate::entitlement::Carried;
use crate::payment::{debts, is_owed, outlook_of};
use crate::run::{Catalog, Loaded};
use crate::subscription::with_plans;
use crate::{
    Actor, Billing, CustomerProfile, Error, InvoiceSummary, MeterUsage, PaymentMethod, Result, Subscribed,
    credit, usage,
};

const LAST_INVOICES: i64 = 5;

#[derive(Debug, Clone)]
pub struct Overview {
    pub now: DateTime<Utc>,
    pub customer: CustomerProfile,
    /// The live subscription, or the last one.
    pub subscription: Option<Subscription>,
    pub plan: Option<Plan>,
    /// The plan a pending change leads to, or the add-on it is about.
    pub next_plan: Option<Plan>,
    pub usage: Vec<MeterUsage>,
    /// What plan and add-ons grant, defaults and agreements included.
    pub features: Vec<GrantedFeature>,
    /// Live subscriptions of standalone plans, in the order they came.
    pub standalone: Vec<Subscribed>,
    pub upcoming: Option<Upcoming>,
    pub payment_method: Option<PaymentMethod>,
    /// The last five.
    pub invoices: Vec<InvoiceSummary>,
    /// None where everything is paid.
    pub owed: Option<Owed>,
    /// What will happen by itself, where something is owed.
    pub dunning: Option<Dunning>,
    pub trial_available: bool,
    /// What the next invoices take from first.
    pub credit: Money,
}

impl Overview {
    /// Whether the plan stays what it is until what is owed is paid.
    pub fn changes_blocked(&self) -> bool {
        let status = self.subscription.as_ref().map(|subscription| subscription.status);
        let Some(behind) = status.filter(|status| status.is_behind()) else {
            return false;
        };
        let from = self.dunning.map(|dunning| dunning.outlook.changes_blocked_at);
        behind.access() < Access::Full || from.is_some_and(|from| from <= self.now)
    }
}

/// What dunning does next, and what it ends with.
#[derive(Debug, Clone, Copy)]
pub struct Dunning {
    pub outlook: Outlook,
    pub end: DunningEnd,
}

/// What the open invoices of its subscriptions come to, of those that are live what is due. An upgrade that waits for
/// its payment is not owed.
#[derive(Debug, Clone)]
pub struct Owed {
    pub total: Money,
    /// How many invoices.
    pub count: usize,
    pub oldest: InvoiceSummary,
    /// What another card is tried on at once: all but what was sent.
    pub on_card: Money,
}

/// The next invoice as the billing run would make it, were the usage period to end now: of everything that is due on
/// its day.
#[derive(Debug, Clone)]
pub struct Upcoming {
    pub at: DateTime<Utc>,
    /// Whether the main subscription is on it.
    pub bills_plan: bool,
    pub draft: InvoiceDraft,
}

impl Billing {
    pub async fn overview(&self, actor: &Actor) -> Result<Overview> {
        let scope = actor.reads_customer()?;
        self.look_up_purchase(scope).await;
        self.look_up_approvals(scope).await;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let (standalone, mains): (Vec<_>, Vec<_>) = store::subscription::all(&mut conn, scope)
            .await?
            .into_iter()
            .partition(|subscription| subscription.standalone);
        let subscription = mains.into_iter().next();
        let beside = standalone.iter().rev().filter(|own| own.status.is_live());
        let live = subscription.iter().chain(beside.clone());
        let carried = match &subscription {
            Some(subscription) => Some(Carried::load(&mut conn, subscription).await?),
            None => None,
        };
        let terms = match (&subscription, &carried) {
            (Some(subscription), Some(carried)) => Some(carried.terms(subscription)?),
            _ => None,
        };
        let defaults = store::catalog::features(&mut conn).await?;
        let next_plan = match subscription.as_ref().and_then(|s| s.pending_change) {
            Some(change) => store::catalog::plan_of_price(&mut conn, leads_to(change)).await?,
            None => None,
        };
        let usage = match (&subscription, &terms) {
            (Some(subscription), Some(terms)) => {
                meter_usage(&mut conn, (subscription, customer.zone), terms, now).await?
            }
            _ => Vec::new(),
        };
        let upcoming = self.upcoming(&mut conn, &customer, live).await?;
        let all: Vec<_> = subscription.iter().chain(&standalone).collect();
        let owed = owed(&mut conn, scope, (&all, now)).await?;
        let dunning = self
            .dunning(&mut conn, &customer, (subscription.as_ref(), &standalone))
            .await?;
        let standalone = with_plans(&mut conn, beside.cloned().collect()).await?;
        Ok(Overview {
            now,
            owed,
            dunning,
            usage,
            standalone,
            upcoming,
            next_plan,
            features: terms
                .as_ref()
                .map_or_else(Vec::new, |terms| terms.features(&defaults)),
            plan: terms.map(|terms| terms.plan.clone()),
            subscription,
            payment_method: store::payment::default_method(&mut conn, scope).await?,
            invoices: store::invoice::list(&mut conn, scope, LAST_INVOICES).await?,
            credit: credit::wallet(&mut conn, scope, customer.currency)
                .await?
                .balance(now)?,
            trial_available: !store::subscription::trial_used(&mut conn, scope).await?,
            customer: CustomerProfile::of(customer, self.parts.config.tax),
        })
    }

    /// What is billed next; none where nothing goes on.
    pub async fn upcoming_invoice(&self, actor: &Actor) -> Result<Option<Upcoming>> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let live = store::subscription::all_live(&mut conn, scope).await?;
        self.upcoming(&mut conn, &customer, live.iter()).await
    }

    /// Somebody who paid and closed the page instead of coming back finds the purchase done, or the debt paid. The
    /// page is shown all the same if the provider does not answer.
    async fn look_up_purchase(&self, scope: CustomerScope) {
        if let Err(error) = self.look_up_open_checkouts(scope).await {
            tracing::warn!(%error, "Open checkouts cannot be looked up");
        }
    }

    /// Of the plan where that is behind, else of what is beside it.
    async fn dunning(
        &self,
        conn: &mut PgConnection,
        customer: &CustomerRecord,
        (main, standalone): (Option<&Subscription>, &[Subscription]),
    ) -> Result<Option<Dunning>> {
        let (debts, now) = (debts(conn, customer).await?, self.now());
        let mut outlooks = main
            .into_iter()
            .chain(standalone)
            .map(|subscription| outlook_of(&debts, subscription, (customer.zone, now)));
        let outlook = outlooks.find_map(|outlook| outlook);
        let end = self.dunning_end(customer);
        Ok(outlook.map(|outlook| Dunning { outlook, end }))
    }

    /// The billing run's own decision, made now and not saved. A trial without a card bills nothing.
    pub(crate) async fn upcoming(
        &self,
        conn: &mut PgConnection,
        customer: &CustomerRecord,
        live: impl Iterator<Item = &Subscription>,
    ) -> Result<Option<Upcoming>> {
        let goes_on = |own: &&Subscription| !matches!(own.status, Status::Paused { resume_at: None, .. });
        let live: Vec<_> = live.filter(goes_on).collect();
        let Some(due) = next_due(live.iter().copied(), customer.zone) else {
            return Ok(None);
        };
        let billed: Vec<_> = live
            .into_iter()
            .filter(|own| due.subscriptions.contains(&own.id))
            .collect();
        let mut catalog = Catalog::default();
        let loaded = Loaded::load(conn, &mut catalog, &billed).await?;
        let bill = loaded.bill(customer, (&billed, due.at), self.parts.config.tax)?;
        Ok(Some(Upcoming {
            at: due.at,
            bills_plan: billed.iter().any(|own| !own.standalone),
            draft: bill.draft,
        }))
    }
}

const fn leads_to(change: PendingChange) -> PriceId {
    match change {
        PendingChange::AwaitingPayment {
            add_on: Some(change), ..
        } => change.price,
        PendingChange::AtPeriodEnd { price, .. } | PendingChange::AwaitingPayment { price, .. } => price,
    }
}

async fn owed(
    conn: &mut PgConnection,
    scope: CustomerScope,
    (subscriptions, now): (&[&Subscription], DateTime<Utc>),
) -> Result<Option<Owed>> {
    let mut open = store::invoice::open(conn, scope).await?;
    open.retain(|invoice| {
        let mut own = subscriptions.iter().filter(|own| is_owed(own, invoice));
        own.any(|own| !own.status.is_live() || invoice.is_overdue(now))
    });
    let due = open.iter().map(InvoiceSummary::amount_due);
    let charged = open.iter().filter(|invoice| !invoice.due_date().is_sent());
    let charged: Vec<_> = charged.map(InvoiceSummary::amount_due).collect();
    let Some(oldest) = open.first().cloned() else {
        return Ok(None);
    };
    Ok(Some(Owed {
        total: Money::sum(oldest.total.currency(), due)?,
        on_card: Money::sum(oldest.total.currency(), charged)?,
        count: open.len(),
        oldest,
    }))
}

async fn meter_usage(
    conn: &mut PgConnection,
    (subscription, zone): (&Subscription, Zone),
    terms: &Terms<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<MeterUsage>> {
    let meters: Vec<_> = terms.charges().map(|granted| &granted.charge.meter).collect();
    let at = usage::shown_at(subscription, now);
    let shown = usage::current(conn, subscription, (&meters, zone), at).await?;
    usage::present(subscription, terms, &shown, now)
}
