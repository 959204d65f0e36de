//! One boundary of one customer, under the customer's lock.

use billing::catalog::Plan;
use billing::id::InvoiceId;
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{
    ChangeError, PendingChange, Renewal, RenewalInput, Status, StatusName, Subscription, fall_behind, renew,
};
use billing::usage::MeterTotal;
use store::customer::CustomerRecord;
use store::payment::PaymentMethod;
use store::subscription::Boundary;
use store::{CustomerScope, PgConnection, Tx};

use super::{RanOut, Step};
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::mail::{self, Addressed, Letter};
use crate::payment::{BeginAttempt, begin_attempts};
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result, credit};

/// What a renewal is decided from, as loaded.
pub struct Loaded {
    pub plan: Plan,
    pub scheduled: Option<Plan>,
    pub usage: Vec<MeterTotal>,
    pub method: Option<PaymentMethod>,
    pub credit: Money,
}

impl Loaded {
    /// Loads for the usage period that ends next.
    pub async fn load(conn: &mut PgConnection, subscription: &Subscription) -> Result<Self> {
        let scope = CustomerScope::of(subscription.customer);
        let item = subscription
            .plan_item()
            .ok_or(Error::Change(ChangeError::NoPlan))?;
        let plan = store::catalog::plan_of_price(conn, item.price.id)
            .await?
            .ok_or(Error::NotFound("plan"))?;
        let scheduled = match subscription.pending_change {
            Some(PendingChange::AtPeriodEnd { price, .. }) => {
                store::catalog::plan_of_price(conn, price).await?
            }
            _ => None,
        };
        let meters: Vec<_> = plan.charges.iter().map(|charge| charge.meter.clone()).collect();
        let usage = crate::usage::period_totals(conn, scope, &meters, subscription.usage_period).await?;
        let method = store::payment::default_method(conn, scope).await?;
        Ok(Self {
            plan,
            scheduled,
            usage,
            method,
            credit: credit::balance(conn, scope, item.price.amount.currency()).await?,
        })
    }

    /// The decision, as the billing run and the upcoming invoice both make it.
    pub fn renew(&self, customer: &CustomerRecord, subscription: &Subscription) -> Result<Renewal> {
        let scheduled = match (subscription.pending_change, &self.scheduled) {
            (Some(PendingChange::AtPeriodEnd { price, .. }), Some(plan)) => {
                plan.price(price).map(|price| (plan, price))
            }
            _ => None,
        };
        let input = RenewalInput {
            plan: &self.plan,
            scheduled,
            usage: &self.usage,
            has_payment_method: self.method.is_some(),
            zone: customer.zone,
        };
        Ok(renew(subscription, input)?)
    }
}

impl Billing {
    /// Processes the customer's next boundary, if its time has come.
    pub(super) async fn bill_next(&self, tx: &mut Tx, customer: &CustomerRecord) -> Result<Step> {
        let now = self.now();
        let scope = CustomerScope::of(customer.id);
        let Some(subscription) = store::subscription::live(tx, scope).await? else {
            store::customer::set_due_at(tx, &[(customer.id, None)]).await?;
            return Ok(Step::Processed(customer.id));
        };
        if let Some(PendingChange::AwaitingPayment { expires_at, .. }) = subscription.pending_change
            && expires_at <= now
        {
            return Ok(Step::RanOut(scope, RanOut::Upgrade));
        }
        match subscription.status {
            Status::Incomplete { expires_at } if expires_at <= now => {
                Ok(Step::RanOut(scope, RanOut::Purchase))
            }
            _ if subscription.is_due(now) => {
                self.renew(tx, customer, &subscription).await?;
                Ok(Step::Processed(customer.id))
            }
            _ => {
                store::customer::set_due_at(tx, &[(customer.id, subscription.due_at())]).await?;
                Ok(Step::Processed(customer.id))
            }
        }
    }

    async fn renew(&self, tx: &mut Tx, customer: &CustomerRecord, subscription: &Subscription) -> Result<()> {
        let loaded = Loaded::load(tx, subscription).await?;
        let renewal = loaded.renew(customer, subscription)?;
        let boundary = Boundary {
            subscription: subscription.id,
            at: renewal.boundary,
        };
        if !store::subscription::claim(tx, &[boundary]).await? {
            return Err(Error::Internal("a boundary came up twice"));
        }
        let draft = InvoiceDraft::assemble(
            customer.currency,
            renewal.lines.clone(),
            self.parts.config.tax_rate,
        )?
        .apply_credit(loaded.credit)?;
        let due = draft.amount_due()?;
        let collects = due.is_positive();
        let mut after = renewal.after.clone();
        if collects && loaded.method.is_none() && after.status == Status::Active {
            after = fall_behind(after, renewal.boundary)?;
        }
        let what = what_happened(subscription, &after);
        let actor = &Actor::System;
        save(
            tx,
            Save {
                actor,
                customer,
                after: &after,
                what,
                at: renewal.boundary,
            },
        )
        .await?;
        self.write_ending(tx, customer, &loaded.plan, &after).await?;
        if draft.lines().is_empty() {
            return Ok(());
        }
        let at = self.now();
        let id = mint(InvoiceId::from_uuid);
        let subscription = &after;
        let f = Finalize {
            id,
            actor,
            customer,
            subscription,
            draft: &draft,
            reason: if what == RESUMED { "resume" } else { "renewal" },
            at,
        };
        // Last, for it takes the number.
        finalize(tx, &[f], self.base_url()).await?;
        if let Some(method) = loaded.method.as_ref().filter(|_| collects) {
            let begin = BeginAttempt {
                customer: customer.id,
                invoice: id,
                amount: due,
                method,
                at,
            };
            begin_attempts(self, tx, &[begin]).await?;
        }
        Ok(())
    }

    async fn write_ending(
        &self,
        conn: &mut PgConnection,
        customer: &CustomerRecord,
        plan: &Plan,
        after: &Subscription,
    ) -> Result<()> {
        let letter = match after.status {
            Status::Paused { .. } => Letter::TrialPaused { plan: &plan.name },
            Status::Canceled { at, .. } => Letter::Canceled { plan: &plan.name, at },
            _ => return Ok(()),
        };
        mail::send(
            conn,
            &[Addressed { to: customer, letter }],
            self.base_url(),
            self.now(),
        )
        .await
    }

    /// An upgrade that nobody paid: its charge is withdrawn at the gateway, then what that says is settled.
    pub(super) async fn give_up_upgrade(&self, scope: CustomerScope) -> Result<()> {
        let attempt = {
            let mut conn = store::acquire(self.pool()).await?;
            let live = store::subscription::live(&mut conn, scope).await?;
            let Some(PendingChange::AwaitingPayment { invoice, .. }) =
                live.and_then(|live| live.pending_change)
            else {
                return Ok(());
            };
            store::payment::live_of_invoice(&mut conn, invoice).await?
        };
        // Settled this moment, by somebody who was faster.
        let Some(attempt) = attempt else { return Ok(()) };
        match self.parts.gateway.cancel_charge(attempt).await? {
            Some(outcome) => self.settle(attempt, &outcome).await,
            None if self.withdraw_unsent(attempt).await? => Ok(()),
            // On its way to the gateway, or lost on it by a crash: its job sends it again and learns the outcome.
            None => Err(Error::PaymentUnderWay),
        }
    }
}

pub const RESUMED: &str = "subscription.resumed";

fn what_happened(before: &Subscription, after: &Subscription) -> &'static str {
    match (before.status.name(), after.status.name()) {
        (StatusName::Trialing, StatusName::Active | StatusName::PastDue) => "trial.converted",
        (StatusName::Trialing, StatusName::Paused) => "trial.paused",
        (StatusName::Paused, StatusName::Active | StatusName::PastDue) => RESUMED,
        (_, StatusName::Canceled) => "subscription.canceled",
        _ => "subscription.renewed",
    }
}
