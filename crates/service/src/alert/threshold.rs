//! From where on a customer wants to be told of a meter, in place of what the rule says.

use std::collections::HashMap;

use billing::alert::{Rule, RuleKind, Severity, Step};
use billing::entitlement::Thresholds;
use billing::id::CustomerId;
use rust_decimal::Decimal;
use serde_json::json;

use super::rules::{reads_budget, sets_budget};
use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Result};

/// Ten times what is included: beyond it the bill tells more.
const HIGHEST: Decimal = Decimal::TEN;

/// Parts of what is included, as 0.8; none: as the rule has it.
#[derive(Debug, Clone)]
pub struct SetThresholds {
    pub customer: CustomerId,
    pub meter: String,
    pub levels: Vec<Decimal>,
}

impl Billing {
    /// By meter, lowest first; meters that are told as usual are left out.
    pub async fn usage_thresholds(
        &self,
        actor: &Actor,
        customer: CustomerId,
    ) -> Result<HashMap<String, Vec<Decimal>>> {
        let scope = reads_budget(actor, customer)?;
        let mut conn = store::acquire(self.pool()).await?;
        let own = store::alert::threshold::of(&mut conn, &[scope.customer()]).await?;
        Ok(own
            .into_iter()
            .map(|((_, meter), levels)| (meter, levels))
            .collect())
    }

    /// Who sets a budget sets these. They are looked at at once.
    pub async fn set_usage_thresholds(&self, actor: &Actor, set: SetThresholds) -> Result<()> {
        let scope = sets_budget(actor, set.customer)?;
        let steps = if set.levels.is_empty() {
            Vec::new()
        } else {
            own_steps(&set.levels, self.config().usage_thresholds)?
        };
        let levels: Vec<Decimal> = steps.iter().map(|step| step.at).collect();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope).await?;
        customer.ok_or(Error::NotFound("customer"))?;
        let meters = store::catalog::meters(&mut tx).await?;
        let meter = meters.into_iter().find(|meter| meter.key == set.meter);
        let meter = meter.ok_or(Error::NotFound("meter"))?;
        let by = actor.audit_name();
        store::alert::threshold::set(&mut tx, (scope, meter.id), &levels, (&by, self.now())).await?;
        let what = Note {
            actor,
            at: self.now(),
            what: "customer.thresholds_changed",
            customer: set.customer,
            subject: set.customer.to_string(),
            detail: json!({ "meter": set.meter, "levels": levels }),
        };
        note(&mut tx, &[what]).await?;
        store::commit(tx).await?;
        self.touch([set.customer]);
        Ok(())
    }
}

/// As bad as the usual steps are there.
pub(super) fn own_steps(levels: &[Decimal], usual: Thresholds) -> Result<Vec<Step>> {
    let step = |level: &Decimal| Step {
        at: level.normalize(),
        severity: if *level >= usual.critical {
            Severity::Critical
        } else {
            Severity::Warning
        },
    };
    let steps = levels.iter().map(step).collect();
    let rule = Rule::new(RuleKind::Usage, true, steps).map_err(|_| Error::Invalid { field: "levels" })?;
    if rule.steps.iter().any(|step| step.at > HIGHEST) {
        return Err(Error::Invalid { field: "levels" });
    }
    Ok(rule.steps)
}
