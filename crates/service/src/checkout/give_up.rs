//! A purchase nobody finished: its page is closed at the provider first, then its invoice is void and
//! its subscription ends. If the customer was faster, the purchase stands.

use billing::subscription::{Status, expire_incomplete};
use store::CustomerScope;

use crate::invoice::Void;
use crate::payment::pay_from_credit;
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result, invoice};

impl Billing {
    pub(crate) async fn give_up_purchase(&self, scope: CustomerScope) -> Result<()> {
        let open = {
            let mut conn = store::acquire(self.pool()).await?;
            let live = store::subscription::live(&mut conn, scope).await?;
            let Some(subscription) = live.filter(|live| matches!(live.status, Status::Incomplete { .. }))
            else {
                return Ok(());
            };
            let rows = store::payment::open_checkouts(&mut conn, scope).await?;
            rows.into_iter()
                .filter(|row| row.subscription == Some(subscription.id))
                .collect::<Vec<_>>()
        };
        for row in &open {
            self.close_page(row).await?;
        }
        self.end_incomplete(scope).await
    }

    async fn end_incomplete(&self, scope: CustomerScope) -> Result<()> {
        let now = self.now();
        let actor = &Actor::System;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let live = store::subscription::live(&mut tx, scope).await?;
        let Some(subscription) = live.filter(|live| matches!(live.status, Status::Incomplete { .. })) else {
            return Ok(());
        };
        for open in store::invoice::open(&mut tx, scope).await? {
            if open.subscription == Some(subscription.id) {
                if store::payment::live_of_invoice(&mut tx, open.id).await?.is_some() {
                    return Err(Error::PaymentUnderWay);
                }
                let void = Void {
                    actor,
                    customer: &customer,
                    invoice: open.id,
                    reason: None,
                    at: now,
                };
                invoice::void(&mut tx, void).await?;
            }
        }
        store::coupon::give_back(&mut tx, scope, subscription.id, now).await?;
        let after = &expire_incomplete(subscription, now)?;
        save(
            &mut tx,
            Save {
                actor,
                customer: &customer,
                after,
                what: "subscription.expired",
                at: now,
            },
        )
        .await?;
        // A void purchase gave back the credit it had taken.
        pay_from_credit(&mut tx, &customer, (self.base_url(), now)).await?;
        store::commit(tx).await?;
        Ok(())
    }
}
