//! Buying: a new subscription and its first invoice, which credit pays first and a hosted page the rest of. On net
//! terms the invoice is sent instead.

use billing::credit::{GrantKind, by_kind};
use billing::id::{InvoiceId, PriceId, SubscriptionId, SubscriptionItemId};
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{Bought, CancelReason, Create, Status, Subscription, activate, buy, supersede};
use billing::tax::TaxBehavior;
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::payment::Purpose;
use store::{CustomerScope, PgConnection, Tx};

use super::open::{Cause, Page};
use crate::coupon::{Redeemable, redeemable, use_up};
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::record::{Save, create, save};
use crate::{Actor, Billing, Error, Result, credit};

/// A purchase, written down.
pub enum Purchase {
    /// This page takes the payment.
    Asks(Box<Page>),
    /// Credit paid for all of it, or the invoice is sent: it is done, and no page that could fail to open is needed.
    Done(InvoiceId),
}

impl Billing {
    pub(super) async fn begin_purchase(
        &self,
        actor: &Actor,
        scope: CustomerScope,
        wanted: (PriceId, Option<&str>),
    ) -> Result<Purchase> {
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        make_room(&mut tx, actor, &customer, now).await?;
        let (bought, redeemable) = self.decide_purchase(&mut tx, &customer, wanted, None).await?;
        let (subscription, draft) = self.price_purchase(&mut tx, &customer, bought).await?;
        let due = draft.amount_due()?;
        let asks = due.is_positive() && !customer.terms.is_net();
        let (subscription, what) = if asks {
            (subscription, "subscription.created")
        } else {
            (activate(subscription)?, "subscription.activated")
        };
        let after = &subscription;
        let before = ended_before(&mut tx, scope).await?;
        let saved = Save {
            actor,
            customer: &customer,
            after,
            what,
            at: now,
        };
        create(&mut tx, saved).await?;
        if let Some(redeemable) = &redeemable {
            use_up(&mut tx, scope, redeemable, subscription.id).await?;
        }
        if let Some(before) = before {
            store::subscription::set_follows(&mut tx, scope, subscription.id, before).await?;
        }
        let id = mint(InvoiceId::from_uuid);
        let f = Finalize {
            id,
            actor,
            customer: &customer,
            subscription: Some(after.id),
            one_offs: &[],
            draft: &draft,
            reason: "purchase",
            at: now,
        };
        finalize(&mut tx, &[f], self.base_url()).await?;
        if !asks {
            store::commit(tx).await?;
            return Ok(Purchase::Done(id));
        }
        let cause = Cause {
            purpose: Purpose::Purchase,
            pays: Some((id, due)),
            subscription: Some(subscription.id),
        };
        let mut page = self.write_page(&mut tx, customer, cause).await?;
        store::commit(tx).await?;
        page.lines = bill_lines(&draft);
        Ok(Purchase::Asks(Box::new(page)))
    }

    /// What the purchase is, with the code where one was typed.
    pub(crate) async fn decide_purchase(
        &self,
        conn: &mut PgConnection,
        customer: &CustomerRecord,
        (price, code): (PriceId, Option<&str>),
        makes_way: Option<SubscriptionId>,
    ) -> Result<(Bought, Option<Redeemable>)> {
        let plan = self.plan_on_sale(conn, customer.id, price).await?;
        let price = plan.list_price(price).ok_or(Error::NotFound("price"))?;
        let redeemable = match code {
            Some(code) => {
                let wanted = (code, (plan.id, price.amount));
                Some(redeemable(conn, customer, wanted, (makes_way, self.now())).await?)
            }
            None => None,
        };
        let discounts: Vec<_> = redeemable.iter().map(|code| code.redemption.clone()).collect();
        let bought = buy(Create {
            id: mint(SubscriptionId::from_uuid),
            item: mint(SubscriptionItemId::from_uuid),
            customer: customer.id,
            plan: &plan,
            price,
            billing_time: plan.billing_time,
            discounts: &discounts,
            included_taxes: customer.taxation(self.parts.config.tax).included(),
            zone: customer.zone,
            now: self.now(),
        })?;
        Ok((bought, redeemable))
    }

    async fn price_purchase(
        &self,
        tx: &mut Tx,
        customer: &CustomerRecord,
        bought: Bought,
    ) -> Result<(Subscription, InvoiceDraft)> {
        let Bought {
            subscription,
            lines,
            discounts,
        } = bought;
        let mut wallet = credit::wallet(tx, CustomerScope::of(customer.id), customer.currency).await?;
        let draft = self.draft(customer, lines, &discounts)?;
        Ok((subscription, draft.settle(&mut wallet, self.now())?))
    }
}

/// A purchase needs the customer to have no live subscription. A trial that ended without a card makes way; a
/// plan that the customer paused does not: it would be gone before the new one is paid.
async fn make_room(tx: &mut Tx, actor: &Actor, customer: &CustomerRecord, now: DateTime<Utc>) -> Result<()> {
    let live = store::subscription::live(tx, CustomerScope::of(customer.id)).await?;
    match live {
        None => Ok(()),
        Some(subscription) if subscription.is_paused_trial() => {
            let scope = CustomerScope::of(customer.id);
            store::coupon::give_back(tx, scope, subscription.id, now).await?;
            let saved = Save {
                actor,
                customer,
                after: &supersede(subscription, now)?,
                what: "subscription.superseded",
                at: now,
            };
            save(tx, saved).await
        }
        Some(subscription) if matches!(subscription.status, Status::Paused { .. }) => Err(Error::Paused),
        Some(_) => Err(Error::AlreadySubscribed),
    }
}

/// The last subscription that was more than a purchase nobody finished.
async fn ended_before(tx: &mut Tx, scope: CustomerScope) -> Result<Option<SubscriptionId>> {
    let all = store::subscription::all(tx, scope).await?;
    let mut mains = all.into_iter().filter(|subscription| !subscription.standalone);
    let served = mains.find(|subscription| {
        !matches!(
            subscription.status,
            Status::Canceled {
                reason: CancelReason::Expired,
                ..
            }
        )
    });
    Ok(served.map(|subscription| subscription.id))
}

/// The lines and their tax as the hosted page shows them: they add up to what it charges, so that tax which prices hold
/// is said and not listed.
pub(super) fn bill_lines(draft: &InvoiceDraft) -> Vec<(String, Money)> {
    let holds_tax = draft.basis().behavior == TaxBehavior::Inclusive && !draft.tax().is_zero();
    let label = |description: &str| match holds_tax {
        true => format!("{description}, tax included"),
        false => description.to_owned(),
    };
    let mut lines: Vec<_> = draft
        .lines()
        .iter()
        .map(|line| (label(&line.draft.description), line.draft.amount))
        .collect();
    if let Some(discount) = draft.discount().negate().ok().filter(|off| !off.is_zero()) {
        lines.push(("Discount".to_owned(), discount));
    }
    if !holds_tax && !draft.tax().is_zero() {
        lines.push(("Tax".to_owned(), draft.tax()));
    }
    if !draft.carried().is_zero() {
        lines.push(("Of earlier invoices".to_owned(), draft.carried()));
    }
    for (kind, amount) in by_kind(draft.currency(), draft.credits()).unwrap_or_default() {
        let label = match kind {
            GrantKind::Promotional => "Promotional credit",
            GrantKind::Paid => "Credit",
        };
        lines.extend(amount.negate().map(|taken| (label.to_owned(), taken)));
    }
    lines
}
