//! What coupons take off a bill, in all and for how much longer.

use billing::coupon::{Discount, Duration, Redemption};
use billing::id::RedemptionId;
use billing::invoice::{Line, LineDiscount};
use billing::money::Money;
use billing::period::Zone;
use chrono::{DateTime, Months, Utc};

use crate::format;
use crate::text::en::portal::coupon as t;

/// `Launch, 20% off`.
pub fn named(name: &str, discount: Discount) -> String {
    t::named(name, &off(discount))
}

/// `20% off`, `$50.00 off`.
pub fn off(discount: Discount) -> String {
    t::off(&match discount {
        Discount::Percent(percent) => format!("{}%", format::quantity(percent.value())),
        Discount::Amount(amount) => format::money(amount),
    })
}

/// Each coupon of a bill by name, with what it takes off all lines: a negative amount. In the order they are taken off.
pub fn taken_off(lines: &[Line]) -> Vec<(String, Money)> {
    let mut coupons: Vec<(RedemptionId, String, Money)> = Vec::new();
    for LineDiscount {
        redemption,
        name,
        discount,
        amount,
    } in lines.iter().flat_map(|line| &line.discounts)
    {
        let Ok(off) = amount.negate() else { continue };
        match coupons.iter_mut().find(|(known, ..)| known == redemption) {
            Some((.., sum)) => *sum = sum.plus(off).unwrap_or(*sum),
            None => coupons.push((*redemption, named(name, *discount), off)),
        }
    }
    coupons.into_iter().map(|(_, name, off)| (name, off)).collect()
}

/// For how much longer it discounts: `for 2 more invoices`, `until Feb 1, 2027`, `for good`.
pub fn runs(redemption: &Redemption, now: DateTime<Utc>, zone: Zone) -> String {
    if !redemption.covers(now) {
        // What is billed within the period is discounted as its beginning was.
        return t::PERIOD_ENDS.to_owned();
    }
    match redemption.duration {
        Duration::Once => t::more_invoices(1),
        Duration::Periods(periods) => t::more_invoices(periods.saturating_sub(redemption.used)),
        Duration::Months(months) => redemption
            .redeemed_at
            .checked_add_months(Months::new(months))
            .map_or_else(
                || t::FOR_GOOD.to_owned(),
                |end| t::until(&format::date(end, zone)),
            ),
        Duration::Forever => t::FOR_GOOD.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use billing::coupon::Percent;
    use billing::id::CouponId;
    use billing::money::Currency;

    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn percent(value: &str) -> Discount {
        Discount::Percent(Percent::new(value.parse().unwrap()).unwrap())
    }

    #[test]
    fn a_coupon_is_named_with_what_it_takes_off() {
        assert_eq!(named("Launch", percent("20.00")), "Launch, 20% off");
        assert_eq!(off(percent("33.5")), "33.5% off");
        let amount = Discount::Amount(Money::new(5_000, Currency::USD));
        assert_eq!(off(amount), "$50.00 off");
    }

    #[test]
    fn says_for_how_much_longer_it_runs() {
        let runs = |duration, used| {
            let redemption = Redemption {
                id: RedemptionId::from_uuid(Default::default()),
                coupon: CouponId::from_uuid(Default::default()),
                name: "Launch".into(),
                discount: percent("20"),
                duration,
                plans: None,
                redeemed_at: utc("2026-10-31T12:00:00Z"),
                used,
                period: None,
            };
            runs(&redemption, utc("2026-11-05T00:00:00Z"), Zone::UTC)
        };
        assert_eq!(runs(Duration::Once, 0), "for 1 more invoice");
        assert_eq!(runs(Duration::Once, 1), "until this billing period ends");
        assert_eq!(runs(Duration::Periods(3), 1), "for 2 more invoices");
        assert_eq!(runs(Duration::Periods(3), 3), "until this billing period ends");
        assert_eq!(runs(Duration::Months(4), 1), "until Feb 28, 2027");
        assert_eq!(runs(Duration::Months(0), 1), "until this billing period ends");
        assert_eq!(runs(Duration::Forever, 9), "for good");
    }
}
