//! A meter's period day by day: what each day came to, how far the period got by it, where that leads, and what is
//! included.

use billing::catalog::{Aggregation, Meter};
use billing::entitlement::{Allowance, Enforcement};
use billing::usage::{DayUse, Measure};
use charming::component::{Axis, Grid};
use charming::datatype::CompositeValue;
use charming::element::{AreaStyle, AxisLabel, AxisLine, AxisType, ItemStyle, LineStyle, LineStyleType};
use charming::series::{Bar, Line};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use service::{MeterPeriod, UsageOverview};

use super::finding::caption;
use crate::format;
use crate::text::en::usage as t;
use crate::ui::chart::{Chart, ChartTable, Ink, LegendEntry, Unit};

/// More decimals than this are not seen in a drawing.
const MOST_DIGITS: u32 = 3;
/// A line of what is included would press flat what is used, if it is so many times as much.
const IN_SIGHT: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// None where nothing was used.
pub fn chart(own: &MeterPeriod, usage: &UsageOverview) -> Option<Chart> {
    let drawn = Drawn::of(own, usage)?;
    let option = match drawn.measure.adds_up() {
        true => drawn.adding_up(),
        false => drawn.level(),
    };
    Some(Chart {
        caption: caption(own, usage)?,
        option,
        unit: Unit {
            mark: String::new(),
            suffix: format!(" {}", day_unit(&own.meter)),
            digits: drawn.digits,
        },
        legend: drawn.legend(),
        table: drawn.table(),
    })
}

/// What the days of a meter count. Of different values they are events: a value of two days would count twice.
pub fn day_unit(meter: &Meter) -> String {
    match counts_values(meter) {
        true => t::EVENTS_UNIT.to_owned(),
        false => format::unit_name(Decimal::TWO, &meter.unit),
    }
}

fn counts_values(meter: &Meter) -> bool {
    meter.aggregation == Aggregation::Unique
}

/// What is included, as charts call it; not of what is counted at other times than the days shown, nor of what is
/// counted otherwise.
fn limit_of(own: &MeterPeriod) -> Option<(&'static str, Decimal)> {
    let is_of_days = !own.apart && !counts_values(&own.meter);
    let charge = own.charge.as_ref().filter(|_| is_of_days)?;
    match (charge.included, charge.enforcement) {
        (Allowance::Units(units), Enforcement::Hard | Enforcement::Soft) => Some((t::LIMIT, units)),
        (Allowance::Units(units), Enforcement::Overage) => Some((t::INCLUDED, units)),
        (Allowance::Unlimited, _) => None,
    }
}

struct Drawn<'a> {
    own: &'a MeterPeriod,
    measure: Measure,
    /// All of the period, those to come too.
    days: Vec<NaiveDate>,
    digits: u32,
    /// What is included, where that is in sight.
    limit: Option<(&'static str, Decimal)>,
    /// Where the days that were lead to, one value a day from the last of them on.
    ahead: Vec<Decimal>,
}

impl<'a> Drawn<'a> {
    fn of(own: &'a MeterPeriod, usage: &UsageOverview) -> Option<Self> {
        let is_anything = |value: Option<Decimal>| value.is_some_and(|value| !value.is_zero());
        if own.counted.is_zero() && !own.days.iter().any(|day| is_anything(day.value)) {
            return None;
        }
        let (first, last) = (own.days.first()?.day, own.days.last()?.day);
        let end = match usage.is_present {
            true => (usage.ends_at - TimeDelta::microseconds(1))
                .date_naive()
                .max(last),
            false => last,
        };
        let days: Vec<_> = first.iter_days().take_while(|day| *day <= end).collect();
        let ahead = ahead(own, days.len());
        let shown = own.days.iter().flat_map(|day| [day.value, day.so_far]).flatten();
        let values: Vec<_> = shown.chain(ahead.last().copied()).collect();
        let peak = values.iter().copied().max()?;
        let limit = limit_of(own).filter(|(_, units)| *units <= peak * IN_SIGHT);
        let digits = values.iter().map(|value| value.normalize().scale()).max();
        Some(Self {
            own,
            measure: Measure::of(&own.meter),
            days,
            digits: digits.unwrap_or(0).min(MOST_DIGITS),
            limit,
            ahead,
        })
    }

    /// As the chart counts: whole numbers of the smallest part.
    fn parts(&self, value: Decimal) -> Option<i64> {
        let parts = value.checked_mul(Decimal::from(10_i64.checked_pow(self.digits)?))?;
        parts.round().to_i64()
    }

    /// A value a day, none of the days that have none.
    fn data(&self, of: impl Fn(&DayUse) -> Option<Decimal>) -> Vec<CompositeValue> {
        let days = (0..self.days.len()).map(|at| self.own.days.get(at).and_then(&of));
        days.map(|value| CompositeValue::from(value.and_then(|value| self.parts(value))))
            .collect()
    }

    /// How far the period got above, each day below.
    fn adding_up(&self) -> charming::Chart {
        let mut chart = charming::Chart::new()
            .grid(Grid::new().left(56).right(8).top(8).height(140))
            .grid(Grid::new().left(56).right(8).top(176).bottom(24))
            .x_axis(self.x_axis(0).axis_label(AxisLabel::new().show(false)))
            .x_axis(self.x_axis(1))
            .y_axis(y_axis(0).split_number(3))
            .y_axis(y_axis(1).split_number(2))
            .series(
                line(t::SO_FAR, Ink::Primary)
                    .area_style(AreaStyle::new().color(Ink::Primary.css()).opacity(0.08))
                    .data(self.data(|day| day.so_far)),
            );
        if !self.ahead.is_empty() {
            let known = self.own.days.len().saturating_sub(1);
            let ahead =
                (0..self.days.len()).map(|at| at.checked_sub(known).and_then(|at| self.ahead.get(at)));
            let ahead = ahead.map(|value| CompositeValue::from(value.and_then(|value| self.parts(*value))));
            chart = chart.series(dashed(t::AT_THIS_PACE, Ink::Primary).data(ahead.collect::<Vec<_>>()));
        }
        if let Some(limit) = self.limit_line() {
            chart = chart.series(limit);
        }
        chart.series(self.bars().x_axis_index(1).y_axis_index(1))
    }

    /// What days came to beside what is included: both are of a day.
    fn level(&self) -> charming::Chart {
        let chart = charming::Chart::new()
            .grid(Grid::new().left(56).right(8).top(8).bottom(24))
            .x_axis(self.x_axis(0))
            .y_axis(y_axis(0).split_number(4))
            .series(self.bars());
        match self.limit_line() {
            Some(limit) => chart.series(limit),
            None => chart,
        }
    }

    fn x_axis(&self, grid: i32) -> Axis {
        let names: Vec<_> = self.days.iter().map(|day| name(*day)).collect();
        Axis::new()
            .type_(AxisType::Category)
            .grid_index(grid)
            .data(names)
            .axis_line(AxisLine::new().on_zero(false))
    }

    fn bars(&self) -> Bar {
        Bar::new()
            .name(t::of_days(self.measure))
            .item_style(ItemStyle::new().color(Ink::Info.css()))
            .data(self.data(|day| day.value))
    }

    fn limit_line(&self) -> Option<Line> {
        let (name, units) = self.limit?;
        let value = CompositeValue::from(self.parts(units));
        Some(dashed(name, Ink::Warning).data(vec![value; self.days.len()]))
    }

    fn legend(&self) -> Vec<LegendEntry> {
        let entry = |ink, label: &str| LegendEntry {
            ink,
            label: label.to_owned(),
        };
        let mut legend = Vec::new();
        if self.measure.adds_up() {
            let so_far = match self.ahead.is_empty() {
                true => t::SO_FAR.to_owned(),
                false => t::SO_FAR_AND_AHEAD.to_owned(),
            };
            legend.push(entry(Ink::Primary, &so_far));
        }
        legend.push(entry(Ink::Info, t::of_days(self.measure)));
        legend.extend(self.limit.map(|(name, _)| entry(Ink::Warning, name)));
        legend
    }

    fn table(&self) -> ChartTable {
        let mut head = vec![t::DAY.to_owned(), t::of_days(self.measure).to_owned()];
        if self.measure.adds_up() {
            head.push(t::SO_FAR.to_owned());
        }
        let text = |value: Option<Decimal>| value.map_or_else(|| "–".to_owned(), format::quantity_brief);
        let rows = self.own.days.iter().rev().map(|day| {
            let mut row = vec![name(day.day), text(day.value)];
            if self.measure.adds_up() {
                row.push(text(day.so_far));
            }
            row
        });
        ChartTable {
            head,
            rows: rows.collect(),
        }
    }
}

/// A straight line from what there is to what is estimated; none where nothing is, or nothing is to come.
fn ahead(own: &MeterPeriod, days: usize) -> Vec<Decimal> {
    let (Some(projected), Some(so_far)) = (own.projected(), own.days.last().and_then(|day| day.so_far))
    else {
        return Vec::new();
    };
    let to_come = days.saturating_sub(own.days.len());
    if to_come == 0 {
        return Vec::new();
    }
    let step = (projected - so_far) / Decimal::from(to_come);
    let value = |day: usize| (so_far + step * Decimal::from(day)).round();
    // The last known day joins both lines.
    std::iter::once(so_far).chain((1..=to_come).map(value)).collect()
}

pub fn name(day: NaiveDate) -> String {
    day.format("%b %-d").to_string()
}

fn y_axis(grid: i32) -> Axis {
    Axis::new().type_(AxisType::Value).grid_index(grid)
}

fn line(name: &str, ink: Ink) -> Line {
    Line::new()
        .name(name)
        .show_symbol(false)
        .line_style(LineStyle::new().color(ink.css()))
        .item_style(ItemStyle::new().color(ink.css()))
}

fn dashed(name: &str, ink: Ink) -> Line {
    let style = LineStyle::new()
        .color(ink.css())
        .type_(LineStyleType::Dashed)
        .width(1.5);
    line(name, ink).line_style(style)
}

#[cfg(test)]
pub mod tests;
