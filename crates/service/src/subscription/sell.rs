//! What staff sells: a subscription saved with its start, and then billed up to now.

use billing::catalog::{Plan, Price};
use billing::id::{PriceId, SubscriptionId, SubscriptionItemId};
use billing::period::BillingTime;
use billing::subscription::{Create, CreateError, Subscription, Term};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, Tx};

use crate::clock::within_reach;
use crate::id::mint;
use crate::record::{Save, create};
use crate::{Actor, Billing, Error, Result};

/// What is sold to a customer, under its lock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sale<'a> {
    pub actor: &'a Actor,
    pub customer: &'a CustomerRecord,
    pub plan: &'a Plan,
    pub price: &'a Price,
    pub billing_time: BillingTime,
}

/// The list price that is named, if it is in the customer's currency.
pub(super) fn sold_at<'p>(plan: &'p Plan, price: PriceId, customer: &CustomerRecord) -> Result<&'p Price> {
    let price = plan.list_price(price).ok_or(Error::NotFound("price"))?;
    if price.amount.currency() != customer.currency {
        return Err(Error::Invalid { field: "price" });
    }
    Ok(price)
}

/// Whether somebody can mean it.
pub(super) fn reachable(term: Term, now: DateTime<Utc>) -> Result<()> {
    within_reach(term.starts_at, now, "starts_at")?;
    if let Some(at) = term.ends_at {
        within_reach(at, now, "ends_at")?;
    }
    Ok(())
}

impl Billing {
    /// The billing run comes to its start then, or here where it is past: each period since is billed at once.
    pub(super) async fn sell(
        &self,
        mut tx: Tx,
        sale: Sale<'_>,
        begin: impl FnOnce(Create<'_>) -> std::result::Result<Subscription, CreateError>,
    ) -> Result<SubscriptionId> {
        let (customer, now) = (sale.customer, self.now());
        let taxation = customer.taxation(self.parts.config.tax);
        let subscription = begin(Create {
            discounts: &[],
            included_taxes: taxation.included(),
            id: mint(SubscriptionId::from_uuid),
            item: mint(SubscriptionItemId::from_uuid),
            customer: customer.id,
            plan: sale.plan,
            price: sale.price,
            billing_time: sale.billing_time,
            zone: customer.zone,
            now,
        })?;
        let saved = Save {
            actor: sale.actor,
            customer,
            after: &subscription,
            what: "subscription.created",
            at: now,
        };
        create(&mut tx, saved).await?;
        store::commit(tx).await?;
        self.catch_up_where_it_can(CustomerScope::of(customer.id)).await;
        Ok(subscription.id)
    }
}
