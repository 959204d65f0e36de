//! Taking a step, in a transaction of its own: the card is tried again, the customer is told, access is taken back.

use billing::payment::dunning::{Action, Due, DunningEnd};
use billing::subscription::{Status, Subscription, fall_behind, leave_unpaid, suspend};
use chrono::{DateTime, TimeDelta, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, Tx};

use super::{Debt, debts, first_due, next_at};
use crate::mail::{self, Addressed, DunningLetter, Letter, Unpaid};
use crate::payment::{BeginAttempt, Cause, begin_attempts, is_being_paid, is_owed};
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

/// How long the end waits for a payment that is under way.
pub(crate) const HOLD: TimeDelta = TimeDelta::hours(1);

/// A step that is being taken, under its customer's lock.
struct Taking<'a> {
    customer: &'a CustomerRecord,
    debt: &'a Debt,
    due: Due,
    /// The subscription that stands or falls with the invoice.
    subscription: Option<&'a Subscription>,
    now: DateTime<Utc>,
}

impl Taking<'_> {
    fn save<'s>(&'s self, after: &'s Subscription, what: &'static str) -> Save<'s> {
        Save {
            actor: &Actor::System,
            customer: self.customer,
            after,
            what,
            at: self.now,
        }
    }

    /// Before the step.
    fn status(&self) -> Option<Status> {
        self.subscription.map(|subscription| subscription.status)
    }

    /// The subscription, where access is still to be lost.
    fn past_due(&self) -> Option<&Subscription> {
        self.subscription
            .filter(|subscription| matches!(subscription.status, Status::PastDue { .. }))
    }

    /// The subscription that the end is about.
    fn served(&self) -> Option<&Subscription> {
        self.subscription.filter(|subscription| {
            matches!(
                subscription.status,
                Status::PastDue { .. } | Status::Suspended { .. }
            )
        })
    }
}

impl Billing {
    /// Takes the next step of a customer's dunning. False if none is due after all: then it is looked at later.
    pub(crate) async fn dun(&self, scope: CustomerScope) -> Result<bool> {
        self.make_way_for_the_end(scope).await?;
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let debts = debts(&mut tx, &customer).await?;
        let live = store::subscription::live(&mut tx, scope).await?;
        let own_due = live.as_ref().and_then(Subscription::due_at);
        let Some((debt, due)) = first_due(&debts, customer.zone, now) else {
            let next = next_at(&debts, customer.zone, now);
            store::dunning::schedule(&mut tx, scope, next, own_due).await?;
            store::commit(tx).await?;
            return Ok(false);
        };
        if own_due.is_some_and(|boundary| boundary < due.at) {
            // After an outage what happened first to the subscription goes first.
            store::dunning::schedule(&mut tx, scope, Some(due.at), own_due).await?;
            store::commit(tx).await?;
            return Ok(false);
        }
        let taking = Taking {
            customer: &customer,
            debt,
            due,
            subscription: live.as_ref().filter(|live| is_owed(live, &debt.invoice)),
            now,
        };
        if due.step.action == Action::End
            && let Some(served) = taking.served()
            && is_being_paid(&mut tx, served).await?
        {
            store::dunning::schedule(&mut tx, scope, Some(now + HOLD), own_due).await?;
            store::commit(tx).await?;
            return Ok(false);
        }
        if !store::dunning::take(&mut tx, debt.invoice.id, due.step, now).await? {
            return Err(Error::Internal("a step of dunning came up twice"));
        }
        self.take(&mut tx, &taking).await?;
        self.look_again(&mut tx, &customer).await?;
        store::commit(tx).await?;
        Ok(true)
    }

    /// When the next step is due, now that one was taken.
    async fn look_again(&self, tx: &mut Tx, customer: &CustomerRecord) -> Result<()> {
        let scope = CustomerScope::of(customer.id);
        let next = next_at(&debts(tx, customer).await?, customer.zone, self.now());
        let live = store::subscription::live(tx, scope).await?;
        let own_due = live.and_then(|live| live.due_at());
        Ok(store::dunning::schedule(tx, scope, next, own_due).await?)
    }

    async fn take(&self, tx: &mut Tx, taking: &Taking<'_>) -> Result<()> {
        let at = taking.due.at;
        match taking.due.step.action {
            Action::Fail => {
                let active = taking.subscription.filter(|s| s.status == Status::Active);
                if let Some(active) = active.cloned() {
                    let after = fall_behind(active, at)?;
                    save(tx, taking.save(&after, "subscription.past_due")).await?;
                }
                self.tell(tx, taking).await
            }
            Action::Retry => self.retry(tx, taking).await,
            Action::Remind | Action::Warn => self.tell(tx, taking).await,
            Action::Suspend => {
                if let Some(behind) = taking.past_due() {
                    let after = suspend(behind.clone(), at)?;
                    save(tx, taking.save(&after, "subscription.suspended")).await?;
                }
                self.tell(tx, taking).await
            }
            Action::End => self.end(tx, taking).await,
        }
    }

    /// Nothing is charged while somebody pays it another way.
    async fn retry(&self, tx: &mut Tx, taking: &Taking<'_>) -> Result<()> {
        let invoice = &taking.debt.invoice;
        let under_way = store::payment::live_of_invoice(tx, invoice.id).await?.is_some();
        let scope = CustomerScope::of(taking.customer.id);
        let method = store::payment::default_method(tx, scope).await?;
        let Some(method) = method.filter(|_| taking.due.charges && !under_way) else {
            return Ok(());
        };
        let begin = BeginAttempt {
            customer: taking.customer.id,
            invoice: invoice.id,
            amount: invoice.amount_due(),
            method: &method,
            cause: Cause::Retry,
            at: taking.now,
        };
        begin_attempts(self, tx, &[begin]).await?;
        Ok(())
    }

    /// What the policy ends with, where the subscription is still behind.
    async fn end(&self, tx: &mut Tx, taking: &Taking<'_>) -> Result<()> {
        let Some(behind) = taking.served() else {
            return Ok(());
        };
        match self.dunning_end(taking.customer) {
            DunningEnd::Cancel => {
                return self.end_unpaid(tx, taking.customer.clone(), taking.due.at).await;
            }
            DunningEnd::Unpaid => {
                let suspended = self.suspended(tx, taking, behind).await?;
                let after = leave_unpaid(suspended, taking.due.at)?;
                save(tx, taking.save(&after, "subscription.unpaid")).await?;
            }
            DunningEnd::Keep => {}
        }
        self.tell(tx, taking).await
    }

    /// One that was paused on the day on which it would have been suspended is only now.
    async fn suspended(
        &self,
        tx: &mut Tx,
        taking: &Taking<'_>,
        behind: &Subscription,
    ) -> Result<Subscription> {
        let Status::PastDue { .. } = behind.status else {
            return Ok(behind.clone());
        };
        let after = suspend(behind.clone(), taking.due.at)?;
        save(tx, taking.save(&after, "subscription.suspended")).await?;
        let saved = store::subscription::live(tx, CustomerScope::of(taking.customer.id)).await?;
        saved.ok_or(Error::NoSubscription)
    }

    /// What was agreed with the customer, or holds for everybody.
    pub(crate) fn dunning_end(&self, customer: &CustomerRecord) -> DunningEnd {
        customer.dunning_end.unwrap_or(self.parts.config.dunning_end)
    }

    async fn tell(&self, tx: &mut Tx, taking: &Taking<'_>) -> Result<()> {
        if !taking.due.tells {
            return Ok(());
        }
        let number = taking.debt.invoice.number.to_string();
        let to = taking.customer;
        let letter = Letter::Dunning(self.letter(taking, &number));
        mail::send(tx, &[Addressed { to, letter }], self.base_url(), taking.now).await
    }

    fn letter<'l>(&self, taking: &Taking<'_>, number: &'l str) -> DunningLetter<'l> {
        let (invoice, zone) = (&taking.debt.invoice, taking.customer.zone);
        let unpaid = Unpaid {
            number,
            due: invoice.amount_due(),
            invoice: invoice.id,
        };
        let outlook = taking.debt.outlook(zone);
        let day = |at: DateTime<Utc>| zone.local(at).date();
        let retried_on = outlook.retry_at.map(day);
        let stops_on = taking.past_due().and(outlook.suspended_at).map(day);
        let end = self.dunning_end(taking.customer);
        match (taking.due.step.action, taking.status()) {
            (Action::Fail, _) if invoice.due_date().is_sent() => DunningLetter::Overdue {
                unpaid,
                due_on: day(invoice.due_at),
            },
            (Action::Fail, _) => DunningLetter::NoCard { unpaid },
            (Action::Warn, _) if let Some(on) = stops_on => DunningLetter::AccessStops {
                unpaid,
                on,
                retried_on,
            },
            (Action::Suspend, Some(Status::PastDue { .. } | Status::Suspended { .. })) => {
                DunningLetter::Suspended {
                    unpaid,
                    then: outlook.ended_at.map(|at| (end, day(at))),
                }
            }
            (Action::Suspend, _) => DunningLetter::Final { unpaid },
            (Action::End, _) if end == DunningEnd::Unpaid => DunningLetter::LeftUnpaid { unpaid },
            (Action::End, _) => DunningLetter::Kept { unpaid },
            (Action::Warn, _) => DunningLetter::LastReminder { unpaid, retried_on },
            (Action::Retry | Action::Remind, _) => DunningLetter::Reminder {
                unpaid,
                retried_on,
                stops_on,
            },
        }
    }

    /// Before a subscription ends, what is paid for it somewhere is called off: pages are closed, charges withdrawn.
    /// What cannot be is waited for.
    async fn make_way_for_the_end(&self, scope: CustomerScope) -> Result<()> {
        let under_way = {
            let mut conn = store::acquire(self.pool()).await?;
            let customer = store::customer::find(&mut conn, scope)
                .await?
                .ok_or(Error::NotFound("customer"))?;
            let debts = debts(&mut conn, &customer).await?;
            let ends = first_due(&debts, customer.zone, self.now())
                .is_some_and(|(_, due)| due.step.action == Action::End);
            if !ends || self.dunning_end(&customer) == DunningEnd::Keep {
                return Ok(());
            }
            let mut under_way = Vec::new();
            for debt in &debts {
                under_way.extend(store::payment::live_of_invoice(&mut conn, debt.invoice.id).await?);
            }
            under_way
        };
        if under_way.is_empty() {
            return Ok(());
        }
        self.close_payment_pages(scope).await?;
        for attempt in under_way {
            if let Err(error) = self.call_off(attempt).await {
                tracing::warn!(%error, "Attempt `{attempt}` cannot be called off");
            }
        }
        Ok(())
    }

    /// What the gateway says of it is settled; one that it never heard of is withdrawn.
    async fn call_off(&self, attempt: billing::id::PaymentAttemptId) -> Result<()> {
        match self.parts.gateway.cancel_charge(attempt).await? {
            Some(outcome) => self.settle(attempt, &outcome).await,
            None => self.withdraw_unsent(attempt).await.map(drop),
        }
    }
}
