//! The add-ons that a customer has or could have.

use billing::catalog::{Plan, Price};
use billing::subscription::{ChangeError, Subscription};
use store::PgConnection;

use crate::entitlement::Carried;
use crate::{Actor, Billing, Error, Result};

/// An add-on that the customer has or could have.
#[derive(Debug, Clone)]
pub struct AddOnOffer {
    pub add_on: Plan,
    /// Paid as the plan is.
    pub price: Price,
    /// None where it is not carried.
    pub quantity: u32,
    /// From the end of the billing period on, where it is to be fewer.
    pub next_quantity: Option<u32>,
}

impl Billing {
    /// What goes with the customer's plan and is paid as it is, and whatever is carried already.
    pub async fn add_ons(&self, actor: &Actor) -> Result<Vec<AddOnOffer>> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let Some(subscription) = store::subscription::live(&mut conn, scope).await? else {
            return Ok(Vec::new());
        };
        let carried = Carried::load(&mut conn, &subscription).await?;
        self.offers(&mut conn, &subscription, &carried).await
    }

    pub(super) async fn offers(
        &self,
        conn: &mut PgConnection,
        subscription: &Subscription,
        carried: &Carried,
    ) -> Result<Vec<AddOnOffer>> {
        let terms = carried.terms(subscription)?;
        let own = subscription
            .plan_item()
            .ok_or(Error::Change(ChangeError::NoPlan))?
            .price;
        let mut offers: Vec<AddOnOffer> = subscription
            .add_ons()
            .filter_map(|item| {
                Some(AddOnOffer {
                    add_on: terms.add_on(item.plan)?.clone(),
                    price: item.price,
                    quantity: item.quantity,
                    next_quantity: item.next_quantity,
                })
            })
            .collect();
        let on_sale = store::catalog::add_ons_on_sale(conn, subscription.customer, self.now()).await?;
        for add_on in on_sale {
            let price = add_on.price_for(own.interval, own.amount.currency()).copied();
            let carried = offers.iter().any(|offer| offer.add_on.id == add_on.id);
            if let Some(price) = price.filter(|_| !carried && add_on.kind.goes_with(&terms.plan.key)) {
                offers.push(AddOnOffer {
                    add_on,
                    price,
                    quantity: 0,
                    next_quantity: None,
                });
            }
        }
        offers.sort_by(|a, b| (a.add_on.rank, &a.add_on.key).cmp(&(b.add_on.rank, &b.add_on.key)));
        Ok(offers)
    }
}
