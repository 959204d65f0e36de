//! The lines that bill usage beyond what a plan includes, in arrears.

use rust_decimal::Decimal;

use super::{BilledMeter, BilledUsage, ChangeError, Subscription, SubscriptionItem};
use crate::catalog::{MeterCharge, MeterPrice, Plan};
use crate::entitlement::{Allowance, GrantedCharge, Terms};
use crate::format::quantity;
use crate::invoice::{AddOnPart, Charge, DraftLine, Explain, IncludedPart, LineKind, MaximumSpend};
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
/// included quantity, and what that lacks of an agreed minimum. What add-ons include goes by how long in the period
/// they were carried.
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
    let add_ons = carried(subscription, terms, (period, served))?;
    let (mut lines, mut meters) = (Vec::new(), Vec::new());
    for granted in terms.charges() {
        let charge = granted.charge;
        let total = usage.iter().find(|total| total.meter_key == charge.meter.key);
        let (Some(price), Some(total)) = (&charge.price, total) else {
            continue;
        };
        if price.currency() != item.price.amount.currency() {
            return Err(MoneyError::MixedCurrencies.into());
        }
        let metered = Metered {
            item,
            charge,
            price,
            included: Included::of(granted, &add_ons, served)?,
            total,
            period,
        };
        let used = metered.line()?;
        let nothing = Money::zero(price.currency());
        let billed = used.as_ref().map_or(nothing, |line| line.amount);
        let true_up = metered.true_up(billed, served)?;
        meters.push(BilledMeter {
            meter: charge.meter.key.clone(),
            quantity: total.quantity,
            counted: total.period,
            included: metered.included.units,
            included_part: metered.included.part,
            billed: billed.plus(true_up.as_ref().map_or(nothing, |line| line.amount))?,
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

/// An add-on in the part of a usage period that is billed.
struct CarriedAddOn<'a> {
    plan: &'a Plan,
    /// The time it was carried, times how many, of a whole usage period.
    time: Share,
    /// How many there are at the end, as if carried for all of a usage period.
    number: Share,
}

/// Those that are carried to the end, then those that went before it.
fn carried<'a>(
    subscription: &Subscription,
    terms: &Terms<'a>,
    (period, served): (Period, Share),
) -> Result<Vec<CarriedAddOn<'a>>, ChangeError> {
    // A customer whose clock changed may be served for more than a whole month: more it does not include.
    let of_seconds = served.of_seconds.max(served.seconds);
    let of = |seconds| Share { seconds, of_seconds };
    let items = subscription.add_ons().map(|item| (item.price.id, item.quantity));
    let gone = subscription.gone_add_ons().map(|price| (price, 0));
    let carried = items.chain(gone).map(|(price, quantity)| {
        Ok(CarriedAddOn {
            plan: terms.add_on_of_price(price).ok_or(ChangeError::NoAddOn)?,
            time: of(subscription.unit_seconds(price, period.end())),
            number: of(of_seconds.saturating_mul(i64::from(quantity))),
        })
    });
    carried.collect()
}

/// What costs nothing of a meter in the part of a usage period that is billed.
struct Included {
    /// Of the plan or of what was agreed instead, and of add-ons.
    units: Allowance,
    part: Option<IncludedPart>,
    add_ons: Vec<AddOnPart>,
}

impl Included {
    /// Whoever is served for a part of the period has a part of what the whole includes, rounded up: else an
    /// hour that is paid for would do for a month's use. The same holds of each add-on by itself.
    fn of(
        granted: GrantedCharge<'_>,
        carried: &[CarriedAddOn<'_>],
        served: Share,
    ) -> Result<Self, MoneyError> {
        let meter = &granted.charge.meter;
        let part = granted
            .own
            .units()
            .filter(|_| served.rest().seconds > 0 && meter.grows_with_time())
            .map(|whole| IncludedPart { whole, served });
        let mut units = match part {
            Some(part) => Allowance::Units(part.units()?),
            None => granted.own,
        };
        let mut add_ons = Vec::new();
        for add_on in carried {
            let time = if meter.grows_with_time() {
                add_on.time
            } else {
                add_on.number
            };
            let Some(charge) = add_on.plan.charge(&meter.key).filter(|_| time.seconds > 0) else {
                continue;
            };
            let Some(each) = charge.included.units() else {
                units = Allowance::Unlimited;
                continue;
            };
            let part = AddOnPart::of(add_on.plan.name.clone(), each, time)?;
            units = units.plus(Allowance::Units(part.units), 1);
            add_ons.push(part);
        }
        Ok(Self { units, part, add_ons })
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
    /// `None` where all is included, or what is beyond costs nothing.
    fn line(&self) -> Result<Option<DraftLine>, ChangeError> {
        let Self {
            charge, price, total, ..
        } = self;
        let Some(included) = self.included.units.units() else {
            return Ok(None);
        };
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
            add_ons: self.included.add_ons.clone(),
            rated,
            maximum,
            counted: total.period,
            currency,
        };
        let description = if included.is_zero() {
            charge.meter.name.clone()
        } else {
            format!("{} beyond the included {}", charge.meter.name, quantity(included))
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
        Ok((!line.amount.is_zero()).then_some(line))
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
            amount: explain.amount()?,
            explain,
            credits: None,
        })
    }
}
