//! Subscriptions as the host platform reads them: one by one, and page by page of one customer or all.

use billing::id::{CustomerId, SubscriptionId};
use billing::subscription::StatusName;
use store::CustomerScope;

use super::{Subscribed, with_plans};
use crate::behalf::asked_of;
use crate::page::{Page, PageQuery};
use crate::{Actor, Billing, Error, Result};

/// Which subscriptions.
#[derive(Debug, Clone, Copy, Default)]
pub struct SubscriptionsOf {
    pub customer: Option<CustomerId>,
    pub status: Option<StatusName>,
}

impl Billing {
    pub async fn subscription(&self, actor: &Actor, id: SubscriptionId) -> Result<Subscribed> {
        let scope = actor.reads_customer()?;
        self.subscribed(scope, id).await
    }

    /// Newest first.
    pub async fn list_subscriptions(
        &self,
        actor: &Actor,
        of: SubscriptionsOf,
        query: PageQuery,
    ) -> Result<Page<Subscribed>> {
        actor.reads_by_key()?;
        let reach = query.reach()?;
        let mut conn = store::acquire(self.pool()).await?;
        let scope = asked_of(&mut conn, actor, of.customer).await?;
        let rows = store::subscription::page::page(&mut conn, (scope, of.status), reach).await?;
        Ok(query.cut(with_plans(&mut conn, rows).await?))
    }

    pub(crate) async fn subscribed(&self, scope: CustomerScope, id: SubscriptionId) -> Result<Subscribed> {
        let mut conn = store::acquire(self.pool()).await?;
        let found = store::subscription::page::find(&mut conn, scope, id).await?;
        let found = found.ok_or(Error::NotFound("subscription"))?;
        let mut with_plan = with_plans(&mut conn, vec![found]).await?;
        with_plan.pop().ok_or(Error::NotFound("subscription"))
    }

    /// What is asked about this subscription is decided about the customer's plan: that it is this one, and live.
    pub async fn is_main(&self, actor: &Actor, id: SubscriptionId) -> Result<()> {
        let scope = actor.reads_customer()?;
        let own = self.subscribed(scope, id).await?.subscription;
        if own.standalone || !own.status.is_live() {
            return Err(Error::NoSubscription);
        }
        Ok(())
    }
}
