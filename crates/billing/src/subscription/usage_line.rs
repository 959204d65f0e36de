//! The lines that bill usage beyond what a plan includes, in arrears.

use super::{ChangeError, Subscription};
use crate::catalog::Plan;
use crate::invoice::{Charge, DraftLine, Explain, LineKind};
use crate::period::Period;
use crate::rating;
use crate::usage::MeterTotal;

/// Overage of a usage period that ended, priced by the plan that was in force.
pub fn usage_lines(
    subscription: &Subscription,
    plan: &Plan,
    usage: &[MeterTotal],
    period: Period,
) -> Result<Vec<DraftLine>, ChangeError> {
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    let currency = item.price.amount.currency();
    let mut lines = Vec::new();
    for charge in &plan.charges {
        let Some(total) = usage.iter().find(|total| total.meter_key == charge.meter.key) else {
            continue;
        };
        let Some(over) = rating::overage(charge, total.quantity, currency)? else {
            continue;
        };
        lines.push(DraftLine {
            item: item.id,
            kind: LineKind::Usage,
            charge: Charge::Meter(charge.meter.key.clone()),
            description: format!(
                "{} beyond the included {}",
                charge.meter.name,
                over.included.normalize()
            ),
            period,
            quantity: over.beyond,
            net: over.amount,
            explain: Explain::Overage {
                meter: charge.meter.name.clone(),
                aggregation: charge.meter.aggregation.as_str().to_owned(),
                used: over.used,
                included: over.included,
                beyond: over.beyond,
                price: over.price,
                counted: total.period,
                currency,
            },
            credits: None,
        });
    }
    Ok(lines)
}
