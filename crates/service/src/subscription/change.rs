//! Preview and confirmation of a change of plan: one function decides both.

use billing::catalog::Plan;
use billing::credit::{CreditNoteDraft, CreditReason};
use billing::id::{InvoiceId, PaymentAttemptId, PriceId};
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{
    ChangeError, ChangeInput, ChangeTarget, PlanChange, RenewalInput, Subscription, UpgradeBill,
    await_payment, complete_upgrade, plan_change, renew,
};
use chrono::{DateTime, Utc};
use gateway::ChargeOutcome;
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection, Tx};

use super::{ChangeKind, ChangeOutcome, ChangePreview};
use crate::credit::Issue;
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::payment::{BeginAttempt, begin_attempts};
use crate::quote::{self, Intent, Quote};
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result, credit, usage};

/// More than this is a slip of the finger, and amounts stay far from overflowing.
const MAX_QUANTITY: u32 = 100_000;

/// A change decided from what stands in the database.
struct Decided {
    customer: CustomerRecord,
    subscription: Subscription,
    from: Plan,
    to: Plan,
    price: PriceId,
    quantity: u32,
    change: PlanChange,
    /// What is given back by itself, where the invoice alone would pay money out.
    credit_note: Option<CreditNoteDraft>,
    /// What is due now; without lines where nothing is.
    draft: InvoiceDraft,
    /// The credit balance once all of this is done.
    credit_left: Money,
}

impl Decided {
    fn credited(&self) -> Money {
        let note = self.credit_note.as_ref().map(CreditNoteDraft::total);
        note.unwrap_or(Money::zero(self.customer.currency))
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
        self.catch_up(scope).await?;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let decided = self.decide(&mut conn, customer, (price, quantity), now).await?;
        let price = decided.price;
        let quote = Quote {
            subscription: decided.subscription.id,
            version: decided.subscription.version,
            intent: Intent::Change { price, quantity },
            at: now,
            total: decided.draft.total(),
            due: decided.draft.amount_due()?,
            credited: decided.credited(),
        };
        Ok(ChangePreview {
            token: quote::sign(&quote, &self.parts.config.quote_key)?,
            expires_at: now + quote::VALID_FOR,
            kind: kind(&decided.change),
            next_bill: self.next_bill(&decided)?,
            from: decided.from,
            to: decided.to,
            price,
            draft: decided.draft,
        })
    }

    /// Does what the token's preview showed, at the instant it was priced for.
    pub async fn confirm_change(&self, actor: &Actor, token: &str) -> Result<ChangeOutcome> {
        let scope = actor.manages_billing()?;
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
        let decided = self
            .decide(&mut tx, customer, (Some(price), quantity), quote.at)
            .await?;
        let same = decided.subscription.id == quote.subscription
            && decided.subscription.version == quote.version
            && decided.draft.total() == quote.total
            && decided.draft.amount_due()? == quote.due
            && decided.credited() == quote.credited;
        if !same {
            return Err(Error::QuoteStale);
        }
        match decided.change.clone() {
            PlanChange::AtPeriodEnd { at, after } => {
                save(
                    &mut tx,
                    decided.save(actor, &after, "subscription.change_scheduled", now),
                )
                .await?;
                store::commit(tx).await?;
                Ok(ChangeOutcome::Scheduled { at })
            }
            PlanChange::InTrial { after } => {
                save(&mut tx, decided.save(actor, &after, "subscription.changed", now)).await?;
                store::commit(tx).await?;
                Ok(ChangeOutcome::Applied { invoice: None })
            }
            PlanChange::Upgrade { .. } => self.upgrade(tx, actor, decided, quote.at).await,
        }
    }

    async fn decide(
        &self,
        conn: &mut PgConnection,
        customer: CustomerRecord,
        (price, quantity): (Option<PriceId>, Option<u32>),
        at: DateTime<Utc>,
    ) -> Result<Decided> {
        let scope = CustomerScope::of(customer.id);
        let subscription = store::subscription::live(conn, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        if subscription.is_due(self.now()) {
            // A period ended this moment: what was shown before it is not what is charged after it.
            return Err(Error::QuoteStale);
        }
        let item = subscription
            .plan_item()
            .ok_or(Error::Change(ChangeError::NoPlan))?;
        let price = price.unwrap_or(item.price.id);
        let quantity = quantity.unwrap_or(item.quantity);
        let on_sale = store::catalog::is_on_sale(conn, price, customer.id, self.now()).await?;
        if item.price.id != price && !on_sale {
            return Err(Error::NotFound("price"));
        }
        let from = store::catalog::plan_of_price(conn, item.price.id)
            .await?
            .ok_or(Error::NotFound("plan"))?;
        let to = store::catalog::plan_of_price(conn, price)
            .await?
            .ok_or(Error::NotFound("price"))?;
        let target = ChangeTarget {
            plan: &to,
            price: target_price(&to, price)?,
            quantity,
            zone: customer.zone,
        };
        let usage = usage::used_until(conn, &subscription, &from, at).await?;
        let billed = store::credit::billed_lines(conn, scope, subscription.id, at).await?;
        let input = ChangeInput {
            current: &from,
            target,
            billed: &billed,
            usage: &usage,
            at,
        };
        let change = plan_change(&subscription, input)?;
        let lines = match &change {
            PlanChange::Upgrade { lines, .. } => lines.clone(),
            PlanChange::AtPeriodEnd { .. } | PlanChange::InTrial { .. } => Vec::new(),
        };
        let bill = UpgradeBill::of(lines, input, self.parts.config.tax_rate)?;
        let mut balance = credit::balance(conn, scope, customer.currency).await?;
        if let Some(note) = &bill.credit_note {
            balance = balance.plus(note.total())?;
        }
        let draft = bill.invoice.apply_credit(balance)?;
        Ok(Decided {
            credit_left: balance.minus(draft.credit_applied())?,
            credit_note: bill.credit_note,
            customer,
            subscription,
            from,
            to,
            price,
            quantity,
            change,
            draft,
        })
    }

    /// Charges for the change inline; the plan moves when the money is there.
    async fn upgrade(
        &self,
        mut tx: Tx,
        actor: &Actor,
        decided: Decided,
        at: DateTime<Utc>,
    ) -> Result<ChangeOutcome> {
        let now = self.now();
        let scope = CustomerScope::of(decided.customer.id);
        let target = ChangeTarget {
            plan: &decided.to,
            price: target_price(&decided.to, decided.price)?,
            quantity: decided.quantity,
            zone: decided.customer.zone,
        };
        let invoice = mint(InvoiceId::from_uuid);
        let due = decided.draft.amount_due()?;
        if due.is_zero() {
            let after = complete_upgrade(&decided.subscription, target, at)?;
            save(&mut tx, decided.save(actor, &after, "subscription.upgraded", now)).await?;
            self.finalize_upgrade(&mut tx, actor, &decided, invoice).await?;
            store::commit(tx).await?;
            return Ok(ChangeOutcome::Applied {
                invoice: Some(invoice),
            });
        }
        let method = store::payment::default_method(&mut tx, scope)
            .await?
            .ok_or(Error::NoPaymentMethod)?;
        let after = await_payment(&decided.subscription, target, invoice, at);
        save(
            &mut tx,
            decided.save(actor, &after, "subscription.upgrade_requested", now),
        )
        .await?;
        self.finalize_upgrade(&mut tx, actor, &decided, invoice).await?;
        let begin = BeginAttempt {
            customer: scope.customer(),
            invoice,
            amount: due,
            method: &method,
            at: now,
        };
        let attempts = begin_attempts(self, &mut tx, &[begin]).await?;
        let attempt = *attempts
            .first()
            .ok_or(Error::Internal("an attempt was not written"))?;
        store::commit(tx).await?;
        self.collect_at_once(attempt, invoice).await
    }

    /// Collects at once instead of waiting for the queue, whose job then finds nothing left to do.
    pub(super) async fn collect_at_once(
        &self,
        attempt: PaymentAttemptId,
        invoice: InvoiceId,
    ) -> Result<ChangeOutcome> {
        let outcome = match self.collect(attempt).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(%attempt, %error, "The outcome of attempt `{attempt}` is not known yet");
                return Ok(ChangeOutcome::Processing);
            }
        };
        Ok(match outcome {
            Some(ChargeOutcome::Succeeded { .. }) => ChangeOutcome::Applied {
                invoice: Some(invoice),
            },
            Some(ChargeOutcome::Declined { code, .. }) => ChangeOutcome::Declined {
                code: code.as_str().to_owned(),
            },
            Some(ChargeOutcome::RequiresAction { url, .. }) => ChangeOutcome::RequiresAction { url },
            Some(ChargeOutcome::Processing { .. } | ChargeOutcome::Canceled { .. }) | None => {
                ChangeOutcome::Processing
            }
        })
    }

    async fn finalize_upgrade(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        decided: &Decided,
        id: InvoiceId,
    ) -> Result<()> {
        if let Some(draft) = &decided.credit_note {
            let note = Issue {
                actor,
                customer: &decided.customer,
                subscription: decided.subscription.id,
                draft,
                reason: CreditReason::Change,
                at: self.now(),
            };
            credit::issue(conn, note, self.base_url()).await?;
        }
        let f = Finalize {
            id,
            actor,
            customer: &decided.customer,
            subscription: &decided.subscription,
            draft: &decided.draft,
            reason: "upgrade",
            at: self.now(),
        };
        finalize(conn, &[f], self.base_url()).await
    }

    /// The first full bill after the change, by the same function that the billing run uses.
    fn next_bill(&self, decided: &Decided) -> Result<Option<(DateTime<Utc>, InvoiceDraft)>> {
        let (after, plan, scheduled) = match &decided.change {
            PlanChange::Upgrade { after, .. } | PlanChange::InTrial { after } => (after, &decided.to, None),
            PlanChange::AtPeriodEnd { after, .. } => {
                let price = target_price(&decided.to, decided.price)?;
                (after, &decided.from, Some((&decided.to, price)))
            }
        };
        let input = RenewalInput {
            plan,
            scheduled,
            usage: &[],
            has_payment_method: true,
            owes: false,
            zone: decided.customer.zone,
        };
        let mut step = renew(after, input)?;
        // A year's plan has months in between that bill usage alone.
        for _ in 0..12 {
            if !step.lines.is_empty() || !step.after.status.is_live() {
                break;
            }
            step = renew(&step.after, input)?;
        }
        let draft =
            InvoiceDraft::assemble(decided.customer.currency, step.lines, self.parts.config.tax_rate)?
                .apply_credit(decided.credit_left)?;
        Ok((!draft.lines().is_empty()).then_some((step.boundary, draft)))
    }
}

fn target_price(plan: &Plan, price: PriceId) -> Result<&billing::catalog::Price> {
    plan.price(price).ok_or(Error::NotFound("price"))
}

const fn kind(change: &PlanChange) -> ChangeKind {
    match change {
        PlanChange::Upgrade { .. } => ChangeKind::Upgrade,
        PlanChange::AtPeriodEnd { at, .. } => ChangeKind::AtPeriodEnd { at: *at },
        PlanChange::InTrial { .. } => ChangeKind::InTrial,
    }
}
