//! Preview and confirmation of more or fewer of an add-on: one function decides both.

use billing::credit::Wallet;
use billing::entitlement::AddOn;
use billing::id::{InvoiceId, PlanId, SubscriptionItemId};
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{
    AddOnInput, AddOnTarget, PlanChange, RenewalInput, Subscription, await_add_on, change_add_on, undo_add_on,
};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::invoice::WaitingOneOff;
use store::{CustomerScope, PgConnection, Tx};

use super::standalone::standalone_of;
use super::upgrade::{Along, Upgrade};
use super::{AddOnOffer, ChangeKind, ChangeOutcome, Subscribed};
use crate::entitlement::Carried;
use crate::id::mint;
use crate::payment::refuse_in_debt;
use crate::quote::{self, Intent, Quote};
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result, credit, invoice};

/// More than this is a slip of the finger.
const MAX_QUANTITY: u32 = 1_000;
const CHANGED: &str = "subscription.add_on_changed";

/// A priced preview: confirming its token within the time charges exactly these amounts.
#[derive(Debug, Clone)]
pub struct AddOnPreview {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    pub kind: ChangeKind,
    pub offer: AddOnOffer,
    /// How many there are to be.
    pub quantity: u32,
    /// Due now; without lines when nothing is.
    pub draft: InvoiceDraft,
    /// The first full bill after the change, before usage: when and how much, tax included.
    /// None where a fixed term ends before it.
    pub next_bill: Option<(DateTime<Utc>, InvoiceDraft)>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    add_on: PlanId,
    quantity: u32,
    /// What carries it where no item does yet.
    item: SubscriptionItemId,
}

impl Wanted {
    const fn intent(self) -> Intent {
        let Self {
            add_on,
            quantity,
            item,
        } = self;
        Intent::AddOn {
            add_on,
            quantity,
            item,
        }
    }
}

/// A change of an add-on decided from what stands in the database.
struct Decided {
    customer: CustomerRecord,
    subscription: Subscription,
    carried: Carried,
    offer: AddOnOffer,
    wanted: Wanted,
    change: PlanChange,
    /// What is due now; without lines where nothing is.
    draft: InvoiceDraft,
    /// What credit is left once all of this is done.
    wallet: Wallet,
    /// What goes onto the next bill once.
    waiting: Vec<WaitingOneOff>,
    beside: Vec<Subscribed>,
}

impl Decided {
    const fn target(&self) -> AddOnTarget<'_> {
        target(&self.offer, self.wanted)
    }

    fn quote(&self, at: DateTime<Utc>) -> Result<Quote> {
        Ok(Quote {
            subscription: self.subscription.id,
            version: self.subscription.version,
            intent: self.wanted.intent(),
            at,
            total: self.draft.total(),
            due: self.draft.amount_due()?,
            credited: Money::zero(self.customer.currency),
            net_days: self.customer.terms.net_days(),
        })
    }
}

impl Billing {
    /// Prices more or fewer of an add-on without doing it.
    pub async fn preview_add_on(&self, actor: &Actor, add_on: PlanId, quantity: u32) -> Result<AddOnPreview> {
        let scope = actor.reads_customer()?;
        if quantity > MAX_QUANTITY {
            return Err(Error::Invalid { field: "quantity" });
        }
        self.catch_up(scope).await?;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let wanted = Wanted {
            add_on,
            quantity,
            item: mint(SubscriptionItemId::from_uuid),
        };
        let decided = self.decide_add_on(&mut conn, customer, wanted, now).await?;
        Ok(AddOnPreview {
            token: quote::sign(&decided.quote(now)?, &self.parts.config.quote_key)?,
            expires_at: now + quote::VALID_FOR,
            kind: ChangeKind::of(&decided.change),
            next_bill: self.bill_with_add_on(&decided)?,
            offer: decided.offer,
            quantity,
            draft: decided.draft,
        })
    }

    /// Does what the token's preview showed, at the instant it was priced for.
    pub async fn confirm_add_on(&self, actor: &Actor, token: &str) -> Result<ChangeOutcome> {
        let scope = actor.manages_billing()?;
        let now = self.now();
        let quote = quote::open(token, &self.parts.config.quote_key, now)?;
        let Intent::AddOn {
            add_on,
            quantity,
            item,
        } = quote.intent
        else {
            return Err(Error::QuoteStale);
        };
        let wanted = Wanted {
            add_on,
            quantity,
            item,
        };
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let decided = self.decide_add_on(&mut tx, customer, wanted, quote.at).await?;
        if decided.quote(quote.at)? != quote {
            return Err(Error::QuoteStale);
        }
        let (after, what, outcome) = match &decided.change {
            PlanChange::Upgrade { after, .. } => {
                return self.add(tx, actor, &decided, (after, quote.at)).await;
            }
            PlanChange::AtPeriodEnd { at, after } => {
                let outcome = ChangeOutcome::Scheduled { at: *at };
                (after, "subscription.add_on_change_scheduled", outcome)
            }
            PlanChange::InTrial { after } => (after, CHANGED, ChangeOutcome::Applied { invoice: None }),
        };
        let saved = Save {
            actor,
            customer: &decided.customer,
            after,
            what,
            at: now,
        };
        save(&mut tx, saved).await?;
        store::commit(tx).await?;
        Ok(outcome)
    }

    /// Takes back that there are to be fewer of an add-on from the period's end on.
    pub async fn undo_add_on(&self, actor: &Actor, add_on: PlanId) -> Result<()> {
        let scope = actor.manages_billing()?;
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let subscription = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        let carried = Carried::load(&mut tx, &subscription).await?;
        let terms = carried.terms(&subscription)?;
        let after = undo_add_on(&subscription, &terms, carried.scheduled(&subscription)?, add_on)?;
        let saved = Save {
            actor,
            customer: &customer,
            after: &after,
            what: "subscription.add_on_change_undone",
            at: self.now(),
        };
        save(&mut tx, saved).await?;
        store::commit(tx).await?;
        Ok(())
    }

    async fn decide_add_on(
        &self,
        conn: &mut PgConnection,
        customer: CustomerRecord,
        wanted: Wanted,
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
        let carried = Carried::load(conn, &subscription).await?;
        let offers = self.offers(conn, &subscription, &carried).await?;
        let offer = offers
            .into_iter()
            .find(|offer| offer.add_on.id == wanted.add_on)
            .ok_or(Error::NotFound("add-on"))?;
        if wanted.quantity > offer.quantity {
            refuse_in_debt(conn, &customer, &subscription, self.now()).await?;
        }
        let input = AddOnInput {
            terms: &carried.terms(&subscription)?,
            scheduled: carried.scheduled(&subscription)?,
            zone: customer.zone,
            target: target(&offer, wanted),
            at,
        };
        let change = change_add_on(&subscription, input)?;
        let (lines, discounts) = match &change {
            PlanChange::Upgrade { lines, discounts, .. } => (lines.clone(), &discounts[..]),
            PlanChange::AtPeriodEnd { .. } | PlanChange::InTrial { .. } => (Vec::new(), &[][..]),
        };
        let mut wallet = credit::wallet(conn, scope, customer.currency).await?;
        let draft = self
            .draft(&customer, lines, discounts)?
            .settle(&mut wallet, self.now())?;
        Ok(Decided {
            wallet,
            waiting: invoice::waiting(conn, &customer).await?,
            beside: standalone_of(conn, customer.id).await?,
            customer,
            subscription,
            carried,
            offer,
            wanted,
            change,
            draft,
        })
    }

    /// Charged for the rest of the period, then there.
    async fn add(
        &self,
        tx: Tx,
        actor: &Actor,
        decided: &Decided,
        (after, at): (&Subscription, DateTime<Utc>),
    ) -> Result<ChangeOutcome> {
        let invoice = mint(InvoiceId::from_uuid);
        let waits = await_add_on(&decided.subscription, decided.target(), invoice, at)?;
        let upgrade = Upgrade {
            actor,
            intent: crate::Intent::new(),
            customer: &decided.customer,
            done: (after, CHANGED),
            waits: (&waits, "subscription.add_on_requested"),
            credit_note: None,
            invoice,
            draft: &decided.draft,
            billed_usage: None,
        };
        self.charge_first(tx, upgrade).await
    }

    fn bill_with_add_on(&self, decided: &Decided) -> Result<Option<(DateTime<Utc>, InvoiceDraft)>> {
        let (PlanChange::Upgrade { after, .. }
        | PlanChange::AtPeriodEnd { after, .. }
        | PlanChange::InTrial { after }) = &decided.change;
        let mut terms = decided.carried.terms(&decided.subscription)?;
        if terms.add_on(decided.offer.add_on.id).is_none() {
            terms.add_ons.push(AddOn {
                plan: &decided.offer.add_on,
                quantity: decided.wanted.quantity,
            });
        }
        let input = RenewalInput {
            terms: &terms,
            scheduled: decided.carried.scheduled(&decided.subscription)?,
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

const fn target(offer: &AddOnOffer, wanted: Wanted) -> AddOnTarget<'_> {
    AddOnTarget {
        add_on: &offer.add_on,
        price: &offer.price,
        quantity: wanted.quantity,
        item: wanted.item,
    }
}
