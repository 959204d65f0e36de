//! Preview and confirmation of a change of plan: one function decides both.

use billing::catalog::{Plan, Price};
use billing::credit::Wallet;
use billing::id::{InvoiceId, PriceId};
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{
    ChangeError, ChangeInput, ChangeTarget, PlanChange, RenewalInput, Subscription, SubscriptionItem,
    UpgradeBill, await_payment, complete_upgrade, plan_change,
};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::invoice::WaitingOneOff;
use store::{CustomerScope, PgConnection, Tx};

use super::aim::Done;
use super::standalone::standalone_of;
use super::upgrade::{Along, Upgrade};
use super::{Aim, ChangeKind, ChangeOutcome, ChangePreview, MAX_QUANTITY, Subscribed};
use crate::credit::PlannedNote;
use crate::entitlement::Carried;
use crate::id::mint;
use crate::payment::{owed_unpaid, refuse_in_debt};
use crate::quote::{self, Intent, Quote};
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result, credit, invoice, usage};

/// A change decided from what stands in the database.
struct Decided {
    customer: CustomerRecord,
    subscription: Subscription,
    /// What the subscription is on now.
    carried: Carried,
    to: Plan,
    price: PriceId,
    quantity: u32,
    change: PlanChange,
    /// What is given back by itself, where the invoice alone would pay money out.
    credit_note: Option<PlannedNote>,
    /// What is due now; without lines where nothing is.
    draft: InvoiceDraft,
    /// What credit is left once all of this is done.
    wallet: Wallet,
    /// What goes onto the next bill once.
    waiting: Vec<WaitingOneOff>,
    beside: Vec<Subscribed>,
}

impl Decided {
    fn credited(&self) -> Money {
        let note = self.credit_note.as_ref().map(|note| note.draft.total());
        note.unwrap_or(Money::zero(self.customer.currency))
    }

    fn quote(&self, intent: Intent, at: DateTime<Utc>) -> Result<Quote> {
        Ok(Quote {
            subscription: self.subscription.id,
            version: self.subscription.version,
            intent,
            at,
            total: self.draft.total(),
            due: self.draft.amount_due()?,
            credited: self.credited(),
            net_days: self.customer.terms.net_days(),
        })
    }

    fn save<'a>(
        &'a self,
        actor: &'a Actor,
        after: &'a Subscription,
        what: &'static str,
        at: DateTime<Utc>,
    ) -> Save<'a> {
        Save {
            actor,
            customer: &self.customer,
            after,
            what,
            at,
        }
    }
}

/// What was agreed for a plan is left by whoever agreed on it, not by choosing its list price.
fn check_list_price(item: &SubscriptionItem, to: &Plan, list: Option<&Price>) -> Result<()> {
    let list = list.ok_or(Error::NotFound("price"))?;
    match item.plan == to.id && list.interval == item.price.interval {
        true => Err(Error::Change(ChangeError::SamePrice)),
        false => Ok(()),
    }
}

impl Billing {
    /// Prices a change without doing it.
    pub async fn preview_change(&self, actor: &Actor, price: PriceId) -> Result<ChangePreview> {
        self.preview(actor, Some(price), None).await
    }

    /// Prices more or less of the same without doing it.
    pub async fn preview_quantity(&self, actor: &Actor, quantity: u32) -> Result<ChangePreview> {
        if !(1..=MAX_QUANTITY).contains(&quantity) {
            return Err(Error::Invalid { field: "quantity" });
        }
        self.preview(actor, None, Some(quantity)).await
    }

    async fn preview(
        &self,
        actor: &Actor,
        price: Option<PriceId>,
        quantity: Option<u32>,
    ) -> Result<ChangePreview> {
        let scope = actor.reads_customer()?;
        let live = self.catch_up(scope).await?.ok_or(Error::NoSubscription)?;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let decided = self
            .decide(&mut conn, (customer, live), (price, quantity), now)
            .await?;
        let price = decided.price;
        let quote = decided.quote(Intent::Change { price, quantity }, now)?;
        Ok(ChangePreview {
            token: quote::sign(&quote, &self.parts.config.quote_key)?,
            expires_at: now + quote::VALID_FOR,
            kind: ChangeKind::of(&decided.change),
            next_bill: self.bill_after(&decided)?,
            from: decided.carried.terms(&decided.subscription)?.plan.clone(),
            to: decided.to,
            price,
            draft: decided.draft,
        })
    }

    /// Does what the token's preview showed, at the instant it was priced for.
    pub async fn confirm_change(&self, actor: &Actor, token: &str) -> Result<ChangeOutcome> {
        self.change_plan(actor, token, Aim::default()).await
    }

    /// The same of the subscription that is aimed at.
    pub async fn change_plan(&self, actor: &Actor, token: &str, aim: Aim) -> Result<ChangeOutcome> {
        let scope = actor.manages_billing()?;
        if let Some(done) = self.done(aim.intent).await? {
            return self.became(done).await;
        }
        let now = self.now();
        let quote = quote::open(token, &self.parts.config.quote_key, now)?;
        let Intent::Change { price, quantity } = quote.intent else {
            return Err(Error::QuoteStale);
        };
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let live = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        aim.check(&live)?;
        let decided = self
            .decide(&mut tx, (customer, live), (Some(price), quantity), quote.at)
            .await?;
        if decided.quote(quote.intent, quote.at)? != quote {
            return Err(Error::QuoteStale);
        }
        match decided.change.clone() {
            PlanChange::AtPeriodEnd { at, after } => {
                save(
                    &mut tx,
                    decided.save(actor, &after, "subscription.change_scheduled", now),
                )
                .await?;
                aim.intent.keep(&mut tx, &Done::At(at)).await?;
                store::commit(tx).await?;
                Ok(ChangeOutcome::Scheduled { at })
            }
            PlanChange::InTrial { after } => {
                save(&mut tx, decided.save(actor, &after, "subscription.changed", now)).await?;
                aim.intent.keep(&mut tx, &Done::Now { invoice: None }).await?;
                store::commit(tx).await?;
                Ok(ChangeOutcome::Applied { invoice: None })
            }
            PlanChange::Upgrade { .. } => self.upgrade(tx, (actor, aim), decided, quote.at).await,
        }
    }

    async fn decide(
        &self,
        conn: &mut PgConnection,
        (customer, subscription): (CustomerRecord, Subscription),
        (price, quantity): (Option<PriceId>, Option<u32>),
        at: DateTime<Utc>,
    ) -> Result<Decided> {
        let scope = CustomerScope::of(customer.id);
        if subscription.is_due(self.now()) {
            // A period ended this moment: what was shown before it is not what is charged after it.
            return Err(Error::QuoteStale);
        }
        refuse_in_debt(conn, &customer, &subscription, self.now()).await?;
        let item = subscription
            .plan_item()
            .ok_or(Error::Change(ChangeError::NoPlan))?;
        let price = price.unwrap_or(item.price.id);
        let quantity = quantity.unwrap_or(item.quantity);
        let carried = Carried::load_with(conn, &subscription, Some(price)).await?;
        let to = carried.plan_of(price).cloned().ok_or(Error::NotFound("price"))?;
        if item.price.id != price {
            // A price that was agreed is that of its own subscription alone.
            let sold = store::catalog::is_on_sale(conn, &to, customer.id, self.now()).await?;
            check_list_price(item, &to, to.list_price(price).filter(|_| sold))?;
        }
        let terms = &carried.terms(&subscription)?;
        let target = ChangeTarget {
            plan: &to,
            price: target_price(&to, price)?,
            quantity,
            zone: customer.zone,
        };
        let usage = usage::used_until(conn, &subscription, (terms.plan, customer.zone), at).await?;
        let billed = store::credit::billed_lines(conn, scope, subscription.id, at).await?;
        let input = ChangeInput {
            terms,
            target,
            billed: &billed,
            usage: &usage,
            at,
        };
        let change = plan_change(&subscription, input)?;
        let (lines, discounts) = match &change {
            PlanChange::Upgrade { lines, discounts, .. } => (lines.clone(), &discounts[..]),
            PlanChange::AtPeriodEnd { .. } | PlanChange::InTrial { .. } => (Vec::new(), &[][..]),
        };
        let bill = UpgradeBill::of(&subscription, lines, input, &self.assembly(&customer, discounts))?;
        if bill.credit_note.is_some() && subscription.status.is_behind() {
            // Credit for what was not paid would pay the new plan before the old debt.
            return Err(Error::Change(ChangeError::InvoiceOpen));
        }
        let (mut wallet, now) = (credit::wallet(conn, scope, customer.currency).await?, self.now());
        let credit_note = match bill.credit_note {
            Some(note) => {
                let mut owed = owed_unpaid(conn, &subscription).await?;
                let own = (&billed[..], owed.iter_mut());
                Some(PlannedNote::plan(note, own, (&mut wallet, now))?)
            }
            None => None,
        };
        let draft = bill.invoice.settle(&mut wallet, now)?;
        Ok(Decided {
            wallet,
            waiting: invoice::waiting(conn, &customer).await?,
            beside: standalone_of(conn, customer.id).await?,
            credit_note,
            customer,
            subscription,
            carried,
            to,
            price,
            quantity,
            change,
            draft,
        })
    }

    async fn upgrade(
        &self,
        tx: Tx,
        (actor, aim): (&Actor, Aim),
        decided: Decided,
        at: DateTime<Utc>,
    ) -> Result<ChangeOutcome> {
        let target = ChangeTarget {
            plan: &decided.to,
            price: target_price(&decided.to, decided.price)?,
            quantity: decided.quantity,
            zone: decided.customer.zone,
        };
        let subscription = &decided.subscription;
        let invoice = mint(InvoiceId::from_uuid);
        let terms = decided.carried.terms(subscription)?;
        let mut done = complete_upgrade(subscription, &terms, target, at)?;
        let taxation = decided.customer.taxation(self.parts.config.tax);
        done.included_taxes = taxation.included().to_vec();
        let waits = await_payment(subscription, target, invoice, at);
        let upgrade = Upgrade {
            actor,
            intent: aim.intent,
            customer: &decided.customer,
            done: (&done, "subscription.upgraded"),
            waits: (&waits, "subscription.upgrade_requested"),
            credit_note: decided.credit_note.as_ref(),
            invoice,
            draft: &decided.draft,
            billed_usage: match &decided.change {
                PlanChange::Upgrade { billed_usage, .. } => billed_usage.as_ref(),
                PlanChange::AtPeriodEnd { .. } | PlanChange::InTrial { .. } => None,
            },
        };
        self.charge_first(tx, upgrade).await
    }

    fn bill_after(&self, decided: &Decided) -> Result<Option<(DateTime<Utc>, InvoiceDraft)>> {
        let terms = decided.carried.terms(&decided.subscription)?;
        let (after, terms, scheduled) = match &decided.change {
            PlanChange::Upgrade { after, .. } | PlanChange::InTrial { after } => {
                (after, terms.with_plan(&decided.to), None)
            }
            PlanChange::AtPeriodEnd { after, .. } => {
                let price = target_price(&decided.to, decided.price)?;
                (after, terms, Some((&decided.to, price)))
            }
        };
        let input = RenewalInput {
            terms: &terms,
            scheduled,
            usage: &[],
            late: &[],
            has_payment_method: true,
            owes: false,
            zone: decided.customer.zone,
        };
        self.next_bill(
            (&decided.customer, after),
            input,
            Along {
                wallet: &decided.wallet,
                waiting: &decided.waiting,
                beside: &decided.beside,
            },
        )
    }
}

fn target_price(plan: &Plan, price: PriceId) -> Result<&billing::catalog::Price> {
    plan.price(price).ok_or(Error::NotFound("price"))
}
