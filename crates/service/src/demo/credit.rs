//! How demo customers come by credit, and what is given back to them.

use billing::credit::{
    CreditReason, GrantKind, GrantTerms, PaidTo, Priority, StandingLine, TopUpBounds, Wanted, WantedLine,
};
use billing::money::Money;
use chrono::Days;
use rust_decimal::Decimal;

use super::stage::{Member, Stage};
use super::story::{CreditDeed, GOOD_CARD};
use crate::{CreditInvoice, Error, GrantCredit, IssueCreditNote, Result, ShownNote};

impl Stage {
    pub async fn act_on_credit(&self, member: &Member, deed: CreditDeed) -> Result<()> {
        let (actor, billing) = (&member.actor, &self.billing);
        match deed {
            CreditDeed::TopUp(amount) => {
                let url = billing.top_up(actor, self.buyable(amount)?).await?;
                self.pay(actor, &url, GOOD_CARD).await
            }
            CreditDeed::AbandonTopUp(amount) => billing.top_up(actor, self.buyable(amount)?).await.map(drop),
            CreditDeed::Promote {
                amount,
                priority,
                days,
            } => self.promote(member, amount, (priority, days)).await,
            CreditDeed::GiveBack {
                percent,
                paid_to,
                reason,
            } => self.give_back(member, percent, (paid_to, reason)).await,
        }
    }

    /// So much, or the least that can be bought of a currency whose units are worth less.
    fn buyable(&self, amount: u32) -> Result<Decimal> {
        let currency = self.billing.config().currency;
        let TopUpBounds { min, max } = TopUpBounds::of(currency)?;
        let wanted = Money::round_major(amount.into(), currency)?;
        Ok(wanted.max(min)?.min(max)?.major())
    }

    async fn give_back(
        &self,
        member: &Member,
        percent: u32,
        (paid_to, reason): (PaidTo, CreditReason),
    ) -> Result<()> {
        let (actor, customer) = (&self.operator, member.customer);
        let invoices = self.billing.invoices(&member.actor).await?;
        let newest = invoices.iter().find(|invoice| !invoice.is_top_up());
        let invoice = newest.ok_or(Error::NotFound("an invoice of a demo customer"))?.id;
        let found = self.billing.creditable_invoice(actor, customer, invoice).await?;
        let lines = found.standing.lines.iter().filter(|line| line.net.is_positive());
        let part = |line: &StandingLine| {
            let amount = line.amount.fraction(percent.into(), 100)?;
            Ok(WantedLine {
                line: line.line,
                amount: Some(amount),
            })
        };
        let credit = CreditInvoice {
            customer,
            invoice,
            wanted: match percent {
                100 => Wanted::Rest,
                _ => Wanted::Lines(lines.map(part).collect::<Result<_>>()?),
            },
            paid_to,
        };
        let preview = self.billing.preview_credit_note(actor, &credit).await?;
        let command = IssueCreditNote {
            credit,
            reason,
            memo: "Sorry for the trouble".to_owned(),
            key: preview.key,
            shown: Some(ShownNote::of(&preview.note)),
        };
        self.billing.issue_credit_note(actor, command).await?;
        self.drain().await
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
