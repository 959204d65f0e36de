//! The lines that bill usage beyond what a plan includes, in arrears.

use rust_decimal::Decimal;

use super::{BilledMeter, BilledUsage, ChangeError, Subscription, SubscriptionItem};
use crate::catalog::{MeterCharge, MeterPrice};
use crate::entitlement::{Allowance, Terms};
use crate::invoice::{Charge, DraftLine, Explain, IncludedPart, LineKind, MaximumSpend};
use crate::money::{Money, MoneyError};
use crate::period::{Period, Zone};
use crate::proration::Share;
use crate::rating::Fraction;
use crate::usage::MeterTotal;

/// The usage of a period that ends, with what tells later usage of it apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageBill {
    pub lines: Vec<DraftLine>,
    pub billed: BilledUsage,
}

/// Usage of a period that ended, priced by the terms that were in force: of each meter what lies beyond the
/// included quantity, and what that lacks of an agreed minimum. What add-ons include counts for all of the period,
/// whenever in it they were added.
pub fn bill_usage(
    subscription: &Subscription,
    (terms, zone): (&Terms<'_>, Zone),
    usage: &[MeterTotal],
    period: Period,
) -> Result<UsageBill, ChangeError> {
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    let month = subscription.whole_usage_period(zone)?;
    // By the second however the base is prorated: an hour on a plan that counts days includes an hour's part.
    let served = Share::of(period, month);
    let (mut lines, mut meters) = (Vec::new(), Vec::new());
    for granted in terms.charges() {
        let charge = granted.charge;
        let total = usage.iter().find(|total| total.meter_key == charge.meter.key);
        let (Some(price), Some(included), Some(total)) = (&charge.price, granted.included.units(), total)
        else {
            continue;
        };
        if price.currency() != item.price.amount.currency() {
            return Err(MoneyError::MixedCurrencies.into());
        }
        let metered = Metered {
            item,
            charge,
            price,
            included: Included::of(charge, included, served)?,
            total,
            period,
        };
        let used = metered.line()?;
        let nothing = Money::zero(price.currency());
        let billed = used.as_ref().map_or(nothing, |line| line.net);
        let true_up = metered.true_up(billed, served)?;
        meters.push(BilledMeter {
            meter: charge.meter.key.clone(),
            quantity: total.quantity,
            included: Allowance::Units(metered.included.units),
            included_part: metered.included.part,
            billed: billed.plus(true_up.as_ref().map_or(nothing, |line| line.net))?,
        });
        lines.extend(used);
        lines.extend(true_up);
    }
    let billed = BilledUsage {
        period,
        month,
        price: item.price.id,
        meters,
    };
    Ok(UsageBill { lines, billed })
}

/// What costs nothing of a meter in the part of a usage period that is billed.
struct Included {
    units: Decimal,
    part: Option<IncludedPart>,
}

impl Included {
    /// Whoever is served for a part of the period has a part of what the whole includes, rounded up: else an
    /// hour that is paid for would do for a month's use.
    fn of(charge: &MeterCharge, whole: Decimal, served: Share) -> Result<Self, MoneyError> {
        if served.rest().seconds <= 0 || !charge.meter.grows_with_time() {
            return Ok(Self {
                units: whole,
                part: None,
            });
        }
        let exact = whole
            .checked_mul(Decimal::from(served.seconds))
            .and_then(|units| units.checked_div(Decimal::from(served.of_seconds)))
            .ok_or(MoneyError::Overflow)?;
        Ok(Self {
            units: exact.ceil().min(whole),
            part: Some(IncludedPart { whole, served }),
        })
    }
}

/// One meter's priced usage of one period.
struct Metered<'a> {
    item: &'a SubscriptionItem,
    charge: &'a MeterCharge,
    price: &'a MeterPrice,
    included: Included,
    total: &'a MeterTotal,
    period: Period,
}

impl Metered<'_> {
    /// `None` where nothing is beyond or what is beyond costs nothing.
    fn line(&self) -> Result<Option<DraftLine>, ChangeError> {
        let Self {
            charge, price, total, ..
        } = self;
        let included = self.included.units;
        let beyond = Allowance::Units(included).overage(total.quantity);
        let rated = price.rate(beyond)?;
        if rated.amount()? == Fraction::ZERO {
            return Ok(None);
        }
        let currency = price.currency();
        // A usage period has one line a meter: nothing was billed of its maximum before.
        let maximum = price.maximum().map(|maximum| MaximumSpend {
            maximum,
            billed: Money::zero(currency),
        });
        let explain = Explain::Rated {
            meter: charge.meter.name.clone(),
            aggregation: charge.meter.aggregation.as_str().to_owned(),
            used: total.quantity,
            included,
            included_part: self.included.part,
            rated,
            maximum,
            counted: total.period,
            currency,
        };
        let description = if included.is_zero() {
            charge.meter.name.clone()
        } else {
            format!("{} beyond the included {}", charge.meter.name, grouped(included))
        };
        Ok(Some(self.draft(LineKind::Usage, description, beyond, explain)?))
    }

    /// What was billed is the usage line: the minimum of a part of the period is the same part of it.
    fn true_up(&self, billed: Money, share: Share) -> Result<Option<DraftLine>, ChangeError> {
        let Some(minimum) = self.price.minimum() else {
            return Ok(None);
        };
        let explain = Explain::TrueUp {
            minimum,
            share,
            billed,
        };
        let description = format!("{}, up to the agreed minimum", self.charge.meter.name);
        let line = self.draft(LineKind::TrueUp, description, Decimal::ONE, explain)?;
        Ok((!line.net.is_zero()).then_some(line))
    }

    fn draft(
        &self,
        kind: LineKind,
        description: String,
        quantity: Decimal,
        explain: Explain,
    ) -> Result<DraftLine, MoneyError> {
        Ok(DraftLine {
            item: Some(self.item.id),
            kind,
            charge: Charge::Meter(self.charge.meter.key.clone()),
            description,
            period: self.period,
            quantity,
            net: explain.amount()?,
            explain,
            credits: None,
        })
    }
}

/// As a document writes it: `1,000,000.5`.
fn grouped(units: Decimal) -> String {
    let text = units.normalize().to_string();
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_read_in_groups() {
        let of = |text: &str| grouped(text.parse().unwrap());
        assert_eq!(
            ["0", "100", "1000.0", "100000", "1234567.25"].map(of),
            ["0", "100", "1,000", "100,000", "1,234,567.25"]
        );
    }
}
