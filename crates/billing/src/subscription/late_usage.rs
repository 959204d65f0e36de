//! Usage that became known after its period was billed: what the period comes to by now, less what was billed.

use super::{BilledMeter, BilledUsage, ChangeError, Subscription};
use crate::catalog::{MeterCharge, MeterPrice, Plan};
use crate::entitlement::Allowance;
use crate::invoice::{Charge, DraftLine, Explain, LineKind, MinimumSpend};
use crate::proration::Share;
use crate::rating::Rated;
use crate::usage::MeterTotal;

/// A billed period, and what is known of it by now.
#[derive(Debug, Clone, Copy)]
pub struct LateUsage<'a> {
    pub billed: &'a BilledUsage,
    /// Whose terms it was billed by.
    pub plan: &'a Plan,
    pub usage: &'a [MeterTotal],
}

/// Bills what a period comes to beyond what was billed, and says what is billed by then. A period that comes to
/// less stays as it was billed: nothing is given back by itself.
pub(super) fn late_lines(
    subscription: &Subscription,
    late: LateUsage<'_>,
) -> Result<(Vec<DraftLine>, BilledUsage), ChangeError> {
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?.id;
    let (mut lines, mut billed) = (Vec::new(), late.billed.clone());
    for meter in &mut billed.meters {
        let total = late.usage.iter().find(|total| total.meter_key == meter.meter);
        let charge = late.plan.charge(&meter.meter);
        let (Some(total), Some(charge)) = (total, charge) else {
            continue;
        };
        let Some(price) = charge.price.as_ref() else {
            continue;
        };
        if total.quantity == meter.quantity {
            continue;
        }
        let explain = explain(meter, (charge, price), total, late.billed)?;
        let amount = explain.amount()?;
        meter.quantity = total.quantity;
        if !amount.is_positive() {
            continue;
        }
        meter.billed = meter.billed.plus(amount)?;
        lines.push(DraftLine {
            item: Some(item),
            kind: LineKind::LateUsage,
            charge: Charge::Meter(meter.meter.clone()),
            description: format!("{}, reported late", charge.meter.name),
            period: late.billed.period,
            quantity: meter.included.overage(total.quantity),
            amount,
            explain,
            credits: None,
        });
    }
    Ok((lines, billed))
}

fn explain(
    meter: &BilledMeter,
    (charge, price): (&MeterCharge, &MeterPrice),
    total: &MeterTotal,
    billed: &BilledUsage,
) -> Result<Explain, ChangeError> {
    let share = Share::of(billed.period, billed.month);
    // Nothing lies beyond what has no end: not even what a scheme charges for no units.
    let rated = match meter.included {
        Allowance::Units(_) => price.rate(meter.included.overage(total.quantity))?,
        Allowance::Unlimited => Rated::default(),
    };
    Ok(Explain::LateUsage {
        meter: charge.meter.name.clone(),
        aggregation: charge.meter.aggregation.as_str().to_owned(),
        used: total.quantity,
        known: meter.quantity,
        included: meter.included.units(),
        included_part: meter.included_part,
        rated,
        minimum: price.minimum().map(|minimum| MinimumSpend { minimum, share }),
        maximum: price.maximum(),
        billed: meter.billed,
        counted: meter.counted,
    })
}
