//! How demo customers come by credit that no invoice gave back.

use billing::credit::{GrantKind, GrantTerms, Priority};
use billing::money::Money;
use chrono::Days;

use super::stage::{Member, Stage};
use super::story::{CreditDeed, GOOD_CARD};
use crate::{GrantCredit, Result};

impl Stage {
    pub async fn act_on_credit(&self, member: &Member, deed: CreditDeed) -> Result<()> {
        let (actor, billing) = (&member.actor, &self.billing);
        match deed {
            CreditDeed::TopUp(amount) => {
                let url = billing.top_up(actor, amount.into()).await?;
                self.pay(actor, &url, GOOD_CARD).await
            }
            CreditDeed::AbandonTopUp(amount) => billing.top_up(actor, amount.into()).await.map(drop),
            CreditDeed::Promote {
                amount,
                priority,
                days,
            } => self.promote(member, amount, (priority, days)).await,
        }
    }

    async fn promote(&self, member: &Member, amount: u32, (priority, days): (u8, u32)) -> Result<()> {
        let terms = GrantTerms {
            kind: GrantKind::Promotional,
            priority: Priority::new(priority.into())?,
            amount: Money::round_major(amount.into(), self.billing.config().currency)?,
            expires_at: Some(self.billing.now() + Days::new(days.into())),
        };
        let command = GrantCredit {
            customer: member.customer,
            terms,
            reason: "Thanks for building with us".to_owned(),
        };
        self.billing.grant_credit(&self.operator, command).await?;
        self.drain().await
    }
}
