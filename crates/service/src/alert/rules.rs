//! Which rules hold, and what customers want to spend.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::alert::{Rule, RuleKind, Step};
use billing::id::CustomerId;
use billing::money::Money;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{CustomerScope, PgConnection};

use crate::record::{Note, audit, note};
use crate::{Actor, Billing, Error, Result};

/// A budget to set; none: there is none any more.
#[derive(Debug, Clone, Copy)]
pub struct SetBudget {
    pub customer: CustomerId,
    pub amount: Option<Money>,
}

/// A rule as it shall hold.
#[derive(Debug, Clone)]
pub struct SetAlertRule {
    pub kind: RuleKind,
    pub enabled: bool,
    pub steps: Vec<Step>,
    /// The revision that was seen: of another one nothing is changed.
    pub seen: Option<String>,
}

/// Names what somebody saw of a rule: another one once anything of it is different.
pub fn alert_rule_revision(rule: &Rule) -> String {
    let step = |step: &Step| json!([step.at.normalize(), step.severity]);
    let steps: Vec<_> = rule.steps.iter().map(step).collect();
    let digest = Sha256::digest(json!([rule.kind, rule.enabled, steps]).to_string());
    URL_SAFE_NO_PAD.encode(&digest[..12])
}

/// Names what somebody saw of a budget.
pub fn budget_revision(customer: CustomerId, budget: Option<Money>) -> String {
    let amount = budget.map(|budget| (budget.minor(), budget.currency().as_str().to_owned()));
    let digest = Sha256::digest(json!([customer, amount]).to_string());
    URL_SAFE_NO_PAD.encode(&digest[..12])
}

impl Billing {
    /// The rules as they hold: members, too, may know from where on they are told.
    pub async fn alert_rules(&self, actor: &Actor) -> Result<Vec<Rule>> {
        match actor {
            Actor::Member { .. } => drop(actor.reads_customer()?),
            _ => actor.reads_webhooks()?,
        }
        let mut conn = store::acquire(self.pool()).await?;
        self.rules(&mut conn).await
    }

    /// Decides from where on people are told.
    pub async fn set_alert_rule(
        &self,
        actor: &Actor,
        kind: RuleKind,
        (enabled, steps): (bool, Vec<Step>),
    ) -> Result<()> {
        let set = SetAlertRule {
            kind,
            enabled,
            steps,
            seen: None,
        };
        self.change_alert_rule(actor, set).await.map(drop)
    }

    /// The same, unless the rule is another one by now than was seen; the rule as it holds then.
    pub async fn change_alert_rule(&self, actor: &Actor, set: SetAlertRule) -> Result<Rule> {
        actor.manages_webhooks()?;
        let kind = set.kind;
        let rule = Rule::new(kind, set.enabled, set.steps).map_err(|_| Error::Invalid { field: "steps" })?;
        let mut tx = store::begin(self.pool()).await?;
        store::alert::rule::lock_all(&mut tx).await?;
        if let Some(seen) = set.seen {
            let known = self
                .rules(&mut tx)
                .await?
                .into_iter()
                .find(|known| known.kind == kind);
            if known.is_none_or(|known| alert_rule_revision(&known) != seen) {
                return Err(Error::ChangedMeanwhile);
            }
        }
        store::alert::rule::set(&mut tx, &rule).await?;
        let what = ("alert_rule.changed", kind.as_str());
        let detail = json!({ "enabled": rule.enabled, "steps": rule.steps });
        audit(&mut tx, (actor, self.now()), what, &detail).await?;
        store::commit(tx).await?;
        Ok(rule)
    }

    pub(super) async fn rules(&self, conn: &mut PgConnection) -> Result<Vec<Rule>> {
        let decided = store::alert::rule::list(conn).await?;
        let thresholds = self.config().usage_thresholds;
        let of = |kind: &RuleKind| {
            let decided = decided.iter().find(|rule| rule.kind == *kind);
            decided.cloned().unwrap_or_else(|| Rule::usual(*kind, thresholds))
        };
        Ok(RuleKind::ALL.iter().map(of).collect())
    }

    /// What the customer wants usage to cost at most; none: nothing is said.
    pub async fn budget(&self, actor: &Actor, customer: CustomerId) -> Result<Option<Money>> {
        let scope = reads_budget(actor, customer)?;
        let mut conn = store::acquire(self.pool()).await?;
        let known = store::customer::find(&mut conn, scope).await?;
        known.ok_or(Error::NotFound("customer"))?;
        let mut budgets = store::alert::rule::budgets(&mut conn, &[scope.customer()]).await?;
        Ok(budgets.remove(&customer))
    }

    /// Customers set their own, the host platform and operators any. It is looked at at once.
    pub async fn set_budget(&self, actor: &Actor, set: SetBudget) -> Result<()> {
        self.change_budget(actor, set, None).await
    }

    /// The same, unless the budget is another one by now than was seen.
    pub async fn change_budget(&self, actor: &Actor, set: SetBudget, seen: Option<&str>) -> Result<()> {
        let scope = sets_budget(actor, set.customer)?;
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope).await?;
        let customer = customer.ok_or(Error::NotFound("customer"))?;
        let fits = |amount: &Money| amount.is_positive() && amount.currency() == customer.currency;
        if set.amount.is_some_and(|amount| !fits(&amount)) {
            return Err(Error::Invalid { field: "amount" });
        }
        if let Some(seen) = seen {
            let known = store::alert::rule::budgets(&mut tx, &[set.customer]).await?;
            if budget_revision(set.customer, known.get(&set.customer).copied()) != seen {
                return Err(Error::ChangedMeanwhile);
            }
        }
        let by = actor.audit_name();
        store::alert::rule::set_budget(&mut tx, scope, set.amount, (&by, now)).await?;
        let amount = set
            .amount
            .map(|amount| json!({ "amount": amount.minor(), "currency": customer.currency }));
        let what = Note {
            actor,
            at: now,
            what: "customer.budget_changed",
            customer: set.customer,
            subject: set.customer.to_string(),
            detail: json!({ "budget": amount }),
        };
        note(&mut tx, &[what]).await?;
        store::commit(tx).await?;
        self.touch([set.customer]);
        Ok(())
    }
}

pub(super) fn reads_budget(actor: &Actor, customer: CustomerId) -> Result<CustomerScope> {
    let own = match actor {
        Actor::ApiKey { .. } | Actor::Token { .. } | Actor::OnBehalf { .. } => actor.reads_by_key()?,
        Actor::Member { .. } => Some(actor.reads_customer()?.customer()),
        _ => {
            actor.reads_admin()?;
            None
        }
    };
    own_or_any(own, customer)
}

pub(super) fn sets_budget(actor: &Actor, customer: CustomerId) -> Result<CustomerScope> {
    let own = match actor {
        Actor::ApiKey { .. } | Actor::Token { .. } | Actor::OnBehalf { .. } => actor.raises_alerts()?,
        Actor::Member { .. } => Some(actor.manages_billing()?.customer()),
        _ => {
            actor.serves_customers()?;
            None
        }
    };
    own_or_any(own, customer)
}

pub fn own_or_any(own: Option<CustomerId>, customer: CustomerId) -> Result<CustomerScope> {
    match own {
        Some(own) if own != customer => Err(Error::NotFound("customer")),
        _ => Ok(CustomerScope::of(customer)),
    }
}
