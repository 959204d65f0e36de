//! How a month's movements lead from one MRR to the next: a waterfall.

use billing::money::{Money, MoneyError};
use billing::revenue::Bridge;
use charming::component::{Axis, Grid};
use charming::datatype::{DataPoint, DataPointItem};
use charming::element::{AxisLabel, AxisLine, AxisType, ItemStyle, Label, LabelPosition};
use charming::series::Bar;
use service::MonthRevenue;

use super::chart::STACK;
use super::figures::signed;
use crate::format;
use crate::text::en::admin as words;
use crate::text::en::revenue as t;
use crate::ui::chart::{Chart, ChartTable, Ink, LegendEntry, Unit, WATERFALL};

/// What moved is small where it is less than this part of what was there.
const SMALL: i64 = 4;

/// How a month and its two ends are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    pub month: String,
    pub start: String,
    pub end: String,
}

struct Step {
    name: String,
    ink: Ink,
    /// Where the bar hangs: what the step before it led to.
    from: Money,
    /// The signed change; of the two ends all there is.
    change: Money,
}

/// None where nothing moved.
pub fn waterfall(revenue: &MonthRevenue, names: &Names) -> Result<Option<Chart>, MoneyError> {
    let bridge = revenue.totals.bridge;
    if bridge.gains()?.is_zero() && bridge.losses()?.is_zero() {
        return Ok(None);
    }
    let steps = steps(bridge, names)?;
    let floor = floor(&steps)?;
    Ok(Some(Chart {
        caption: caption(bridge, names, floor)?,
        option: option(&steps, floor),
        unit: Unit::money(bridge.start.currency()),
        legend: legend(),
        table: table(&steps, bridge)?,
    }))
}

fn steps(bridge: Bridge, names: &Names) -> Result<Vec<Step>, MoneyError> {
    let nothing = Money::zero(bridge.start.currency());
    let mut level = bridge.start;
    let mut steps = vec![Step {
        name: names.start.clone(),
        ink: Ink::Primary,
        from: nothing,
        change: level,
    }];
    for (kind, ink) in STACK {
        let change = bridge.moved(kind)?;
        steps.push(Step {
            name: words::movement(kind).to_owned(),
            ink,
            from: level,
            change,
        });
        level = level.plus(change)?;
    }
    steps.push(Step {
        name: names.end.clone(),
        ink: Ink::Primary,
        from: nothing,
        change: level,
    });
    Ok(steps)
}

/// Where the scale begins: at zero, unless movements would be too small to be seen beside what does not move.
fn floor(steps: &[Step]) -> Result<Money, MoneyError> {
    let mut levels = Vec::with_capacity(steps.len());
    for step in steps {
        levels.push(step.from.plus(step.change)?);
    }
    let (Some(lowest), Some(highest)) = (
        levels.iter().map(|level| level.minor()).min(),
        levels.iter().map(|level| level.minor()).max(),
    ) else {
        return Err(MoneyError::Overflow);
    };
    let currency = levels[0].currency();
    let span = highest - lowest;
    if span == 0 || highest / span < SMALL {
        return Ok(Money::zero(currency));
    }
    // A round number: the scale's own steps are of the span's size.
    let step = 10_i64.pow(span.ilog10());
    Ok(Money::new((lowest - span) / step * step, currency))
}

/// The finding, and where the scale begins if that is not zero.
fn caption(bridge: Bridge, names: &Names, floor: Money) -> Result<String, MoneyError> {
    let growth = bridge.growth()?;
    let (from, to) = (format::money(bridge.start), format::money(growth.end));
    let by = |amount: Money| format::money(amount);
    let found = match (growth.growth.is_zero(), growth.growth.is_negative()) {
        (true, _) => t::month_stayed(&names.month, &to),
        (_, true) => t::month_fell(&names.month, &by(growth.growth.negate()?), &from, &to),
        _ => t::month_rose(&names.month, &by(growth.growth), &from, &to),
    };
    let parts = t::most_of_it(&format::money(bridge.gains()?), &format::money(bridge.losses()?));
    let scale = (!floor.is_zero()).then(|| t::scale_begins(&format::money(floor)));
    Ok(format!("{found}{parts}{}", scale.unwrap_or_default()))
}

fn option(steps: &[Step], floor: Money) -> charming::Chart {
    let names: Vec<String> = steps.iter().map(|step| step.name.clone()).collect();
    let hangs = |step: &Step| DataPoint::from(step.from.minor());
    let bar = |step: &Step| {
        let style = ItemStyle::new().color(step.ink.css());
        DataPoint::from(DataPointItem::new(step.change.minor()).item_style(style))
    };
    charming::Chart::new()
        .grid(Grid::new().left(56).right(8).top(24).bottom(64))
        .x_axis(
            Axis::new()
                .type_(AxisType::Category)
                .data(names)
                .axis_line(AxisLine::new().on_zero(false))
                .axis_label(AxisLabel::new().interval(0).rotate(32)),
        )
        .y_axis(
            Axis::new()
                .type_(AxisType::Value)
                .split_number(3)
                .min(floor.minor()),
        )
        .series(
            Bar::new()
                .stack(WATERFALL)
                .item_style(ItemStyle::new().color("transparent"))
                .data(steps.iter().map(hangs).collect()),
        )
        .series(
            Bar::new()
                .name(t::CHANGE)
                .stack(WATERFALL)
                .label(Label::new().show(true).position(LabelPosition::Top))
                .data(steps.iter().map(bar).collect()),
        )
}

fn legend() -> Vec<LegendEntry> {
    let mrr = LegendEntry {
        ink: Ink::Primary,
        label: t::MRR.to_owned(),
    };
    let movements = STACK.map(|(kind, ink)| LegendEntry {
        ink,
        label: words::movement(kind).to_owned(),
    });
    std::iter::once(mrr).chain(movements).collect()
}

fn table(steps: &[Step], bridge: Bridge) -> Result<ChartTable, MoneyError> {
    let last = steps.len().saturating_sub(1);
    let mut rows: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| {
            let amount = match index {
                0 => format::money(step.change),
                index if index == last => format::money(step.change),
                _ => signed(step.change),
            };
            vec![step.name.clone(), amount]
        })
        .collect();
    let net = signed(bridge.growth()?.growth);
    rows.insert(last, vec![t::NET.to_owned(), net]);
    Ok(ChartTable {
        head: vec![t::STEP.to_owned(), t::AMOUNT.to_owned()],
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::super::formulas::tests::revenue;
    use super::*;
    use serde_json::json;

    fn names() -> Names {
        Names {
            month: "March 2026".to_owned(),
            start: "MRR on Mar 1".to_owned(),
            end: "MRR now".to_owned(),
        }
    }

    fn chart_of(start: i64, moved: [i64; 6]) -> Chart {
        waterfall(&revenue((start, 2), &[moved]), &names())
            .unwrap()
            .unwrap()
    }

    #[test]
    fn each_bar_hangs_where_the_last_one_ended() {
        let chart = chart_of(1_000, [1_000, 300, 200, 400, 250, 0]);
        let value = serde_json::to_value(&chart.option).unwrap();
        let names = json!([
            "MRR on Mar 1",
            "New",
            "Expansion",
            "Reactivation",
            "Contraction",
            "Churn",
            "MRR now",
        ]);
        assert_eq!(value["xAxis"]["data"], names);
        assert_eq!(
            value["series"][0]["data"],
            json!([0, 100_000, 130_000, 170_000, 190_000, 165_000, 0])
        );
        let bar = |minor: i64, ink: &str| json!({ "value": minor, "itemStyle": { "color": format!("var(--color-{ink})") } });
        let bars = json!([
            bar(100_000, "primary"),
            bar(30_000, "success"),
            bar(40_000, "info"),
            bar(20_000, "secondary"),
            bar(-25_000, "warning"),
            bar(0, "error"),
            bar(165_000, "primary"),
        ]);
        assert_eq!(value["series"][1]["data"], bars);
        assert_eq!(value["yAxis"]["min"], json!(0));
        assert_eq!(
            chart.caption,
            "In March 2026, MRR rose by $650.00, from $1,000.00 to $1,650.00: $900.00 gained, $250.00 lost."
        );
        let rows = [
            ["MRR on Mar 1", "$1,000.00"],
            ["New", "+$300.00"],
            ["Expansion", "+$400.00"],
            ["Reactivation", "+$200.00"],
            ["Contraction", "\u{2212}$250.00"],
            ["Churn", "$0.00"],
            ["Net new MRR", "+$650.00"],
            ["MRR now", "$1,650.00"],
        ];
        assert_eq!(chart.table.rows, rows);
    }

    #[test]
    fn small_movements_of_much_are_seen_and_the_scale_said() {
        let chart = chart_of(40_000, [1_000, 0, 0, 0, 0, 1_000]);
        let value = serde_json::to_value(&chart.option).unwrap();
        assert_eq!(value["yAxis"]["min"], json!(3_800_000));
        assert_eq!(
            chart.caption,
            "In March 2026, MRR fell by $1,000.00, from $40,000.00 to $39,000.00: $0.00 gained, $1,000.00 lost. The \
             scale begins at $38,000.00."
        );
        let level = chart_of(40_000, [1_000, 500, 0, 0, 500, 0]);
        assert_eq!(
            level.caption,
            "In March 2026, MRR ended where it began, at $40,000.00: $500.00 gained, $500.00 lost. The scale begins at \
             $39,500.00."
        );
    }

    #[test]
    fn nothing_moved_is_no_chart() {
        let still = revenue((500, 1), &[]);
        assert!(waterfall(&still, &names()).unwrap().is_none());
    }
}
