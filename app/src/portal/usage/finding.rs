//! What a chart finds, in sentences.

use billing::catalog::Aggregation;
use billing::entitlement::Enforcement;
use billing::usage::{DayUse, Measure};
use rust_decimal::Decimal;
use service::{MeterPeriod, UsageOverview};

use super::chart::name;
use crate::format;
use crate::text::en::usage as t;

/// None where there is no day.
pub fn caption(own: &MeterPeriod, usage: &UsageOverview) -> Option<String> {
    let words = Words { own, usage };
    match Measure::of(&own.meter) {
        Measure::Used | Measure::Events => words.adding_up(),
        Measure::Level => words.level(),
        Measure::Greatest => words.extreme(t::greatest, |a, b| b > a),
        Measure::Least => words.extreme(t::least, |a, b| b < a),
        Measure::Latest => words.extreme(t::latest, |_, _| true),
    }
}

struct Words<'a> {
    own: &'a MeterPeriod,
    usage: &'a UsageOverview,
}

impl Words<'_> {
    fn units(&self, amount: Decimal) -> String {
        format::units(amount, &self.own.meter.unit)
    }

    /// The first of the days whose value none passes.
    fn most(&self) -> Option<(&DayUse, Decimal)> {
        self.best(|a, b| b > a)
    }

    fn best(&self, passes: impl Fn(Decimal, Decimal) -> bool) -> Option<(&DayUse, Decimal)> {
        let values = self.own.days.iter().filter_map(|day| Some((day, day.value?)));
        values.reduce(|best, next| if passes(best.1, next.1) { next } else { best })
    }

    fn adding_up(&self) -> Option<String> {
        let (own, used) = (self.own, self.units(self.own.counted));
        if own.meter.aggregation == Aggregation::Unique {
            return Some(t::different_values(&used));
        }
        let (day, most) = self.most()?;
        let (most, day) = (format::quantity_short(most), name(day.day));
        let found = match self.usage.is_present {
            true => t::used_so_far(&used, &most, &day),
            false => t::used_in_all(&used, &most, &day),
        };
        let comes_to = match self.usage.is_present {
            true => self.pace(),
            false => self.share(own.counted),
        };
        Some(
            [Some(found), comes_to]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    fn included(&self) -> Option<Decimal> {
        self.own.charge.as_ref()?.included.units()
    }

    fn share(&self, units: Decimal) -> Option<String> {
        let included = self.included()?;
        let percent = format::percent(units, included)?;
        Some(t::of_included(
            &format::quantity(percent),
            &format::quantity_short(included),
        ))
    }

    fn pace(&self) -> Option<String> {
        let projected = self.own.projected()?;
        let (units, date) = (
            self.units(projected.round()),
            format::date_short(self.usage.ends_at, self.usage.zone),
        );
        let Some(included) = self.included() else {
            return Some(t::at_pace(&units, &date));
        };
        let whole = format::quantity_short(included);
        Some(match format::percent(projected, included) {
            Some(percent) if projected <= included => {
                t::within(&units, &date, &format::quantity(percent), &whole)
            }
            _ => t::beyond(
                &units,
                &date,
                &format::quantity_short((projected - included).round()),
                &whole,
            ),
        })
    }

    fn level(&self) -> Option<String> {
        let (day, most) = self.most()?;
        let (level, most, day) = (
            self.units(self.own.counted),
            format::quantity_short(most),
            name(day.day),
        );
        let stands = match self.usage.is_present {
            true => t::stands_at(&level, &most, &day),
            false => t::stood_at(&level, &most, &day),
        };
        let average = self
            .own
            .average
            .map(|average| t::on_average(&self.units(average)));
        let limit = self.own.charge.as_ref().and_then(|charge| {
            let units = self.units(charge.included.units()?);
            Some(match charge.enforcement {
                Enforcement::Hard | Enforcement::Soft => t::limit_is(&units),
                Enforcement::Overage => t::included_is(&units),
            })
        });
        Some(
            [Some(stands), average, limit]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    fn extreme(
        &self,
        words: fn(&str, &str) -> String,
        passes: impl Fn(Decimal, Decimal) -> bool,
    ) -> Option<String> {
        let (day, value) = self.best(passes)?;
        Some(words(&self.units(value), &name(day.day)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::tests::{LEVEL, SUM, june, own, units};
    use super::*;
    use billing::catalog::Reset;
    use billing::entitlement::Allowance;

    fn said(own: &MeterPeriod, is_present: bool) -> String {
        let caption = caption(own, &june(own, is_present)).unwrap();
        caption.replace('\u{a0}', " ")
    }

    #[test]
    fn says_what_it_comes_to() {
        let beyond = own(SUM, &["10", "30", "20"], (units("100"), Enforcement::Overage));
        assert_eq!(
            said(&beyond, true),
            "60 units so far, most of it on Jun 2: 30. At this pace it is about 180 units by Jul 1, 80 more than the \
             included 100."
        );
        let within = own(SUM, &["10"], (units("100"), Enforcement::Overage));
        assert_eq!(
            said(&within, true),
            "10 units so far, most of it on Jun 1: 10. At this pace it is about 30 units by Jul 1, 30% of the included \
             100."
        );
        assert_eq!(
            said(&within, false),
            "10 units in all, most of it on Jun 1: 10. That is 10% of the included 100."
        );
        let unlimited = own(SUM, &["10"], (Allowance::Unlimited, Enforcement::Overage));
        assert_eq!(
            said(&unlimited, true),
            "10 units so far, most of it on Jun 1: 10. At this pace it is about 30 units by Jul 1."
        );
        let mut early = within;
        early.present.as_mut().unwrap().projected = None;
        assert_eq!(said(&early, true), "10 units so far, most of it on Jun 1: 10.");
    }

    #[test]
    fn says_where_a_level_stands() {
        let chains = own(LEVEL, &["1", "4", "3"], (units("5"), Enforcement::Hard));
        assert_eq!(
            said(&chains, true),
            "It stands at 3 units; it was at most 4, on Jun 2. The limit is 5 units."
        );
        let kind = (Aggregation::TimeWeighted, Reset::Never);
        let storage = MeterPeriod {
            average: Some("2.5".parse().unwrap()),
            ..own(kind, &["1", "4", "3"], (units("50"), Enforcement::Overage))
        };
        assert_eq!(
            said(&storage, false),
            "It stood at 3 units at the end; it was at most 4, on Jun 2. On average it is 2.5 units, which is what is \
             billed. 50 units are included."
        );
    }

    #[test]
    fn says_the_value_that_counts() {
        let of = |aggregation| {
            let own = own(
                (aggregation, Reset::UsagePeriod),
                &["2", "7", "3"],
                (Allowance::Unlimited, Enforcement::Hard),
            );
            said(&own, true)
        };
        assert_eq!(of(Aggregation::Max), "The greatest value is 7 units, of Jun 2.");
        assert_eq!(of(Aggregation::Min), "The least value is 2 units, of Jun 1.");
        assert_eq!(of(Aggregation::Latest), "The last value is 3 units, of Jun 3.");
        assert!(of(Aggregation::Unique).starts_with("12 units in all."));
    }
}
