//! What the history ends with on the pages that tell of usage: a budget, alerts, one of them looked after, and a key.

use billing::money::Money;

use super::stage::Stage;
use crate::{AlertPage, AlertState, NewApiKey, Result, Scope, SetBudget};

/// The first of the stories, whom people sign in as.
const WHO: usize = 0;
/// Whole units of the currency: more than a month of the story's usage costs.
const BUDGET: i64 = 150;
/// The meter whose limit is reached since the first day.
const LOOKED_AFTER: &str = "chain_deployments";

impl Stage {
    pub async fn tell(&mut self) -> Result<()> {
        let member = self.member(WHO).await?;
        let (actor, billing) = (&member.actor, &self.billing);
        let set = SetBudget {
            customer: member.customer,
            amount: Some(Money::round_major(BUDGET.into(), billing.config().currency)?),
        };
        billing.set_budget(actor, set).await?;
        billing.evaluate_alerts().await?;
        let page = AlertPage {
            state: Some(AlertState::Open),
            after: None,
            limit: 100,
        };
        let open = billing.alerts(actor, page).await?.alerts;
        for alert in open.iter().filter(|alert| alert.scope == LOOKED_AFTER) {
            billing.acknowledge_alert(actor, alert.id).await?;
        }
        let key = NewApiKey {
            name: "Deploy pipeline".to_owned(),
            customer: None,
            scopes: vec![Scope::Read, Scope::Write],
            expires_at: None,
        };
        billing.create_api_key(actor, key).await?;
        self.drain().await
    }
}
