//! MRR over the months, and below it what moved it.

use billing::money::{Money, MoneyError};
use billing::revenue::{CalendarMonth, MovementKind};
use charming::component::{Axis, Grid};
use charming::datatype::CompositeValue;
use charming::element::{AreaStyle, AxisLabel, AxisLine, AxisType, ItemStyle, LineStyle};
use charming::series::{Bar, Line};
use service::MonthMovements;

use super::figures::{Movements, amount_of, growth, signed};
use crate::format;
use crate::text::en::admin as t;
use crate::ui::chart::{Chart, ChartTable, Ink, LegendEntry, Unit};

/// The order bars are stacked, listed and tabled in: gains, then losses.
pub const STACK: [(MovementKind, Ink); 5] = [
    (MovementKind::New, Ink::Success),
    (MovementKind::Expansion, Ink::Info),
    (MovementKind::Reactivation, Ink::Secondary),
    (MovementKind::Contraction, Ink::Warning),
    (MovementKind::Churn, Ink::Error),
];

/// None where there is nothing to draw yet.
pub fn mrr_chart(months: &[MonthMovements]) -> Result<Option<Chart>, MoneyError> {
    let (Some(first), Some(last), Some(movements)) = (months.first(), months.last(), Movements::of(months)?)
    else {
        return Ok(None);
    };
    if movements.is_empty() && last.mrr_end.is_zero() {
        return Ok(None);
    }
    let start = last.mrr_end.minus(movements.net)?;
    Ok(Some(Chart {
        caption: caption(first.month, start, last.mrr_end, &movements),
        option: option(months),
        unit: Unit::money(last.mrr_end.currency()),
        legend: legend(),
        table: table(months)?,
    }))
}

/// The finding, with figures that add up: start + movements = end.
fn caption(since: CalendarMonth, start: Money, end: Money, movements: &Movements) -> String {
    let since = since.first_day().format("%b %-d, %Y").to_string();
    let levels = (format::money(start), format::money(end));
    let change = match (movements.net.is_zero(), movements.net.is_negative()) {
        (true, _) => t::mrr_unchanged(&since, &levels.1),
        (_, true) => t::mrr_fell(&since, &levels.0, &levels.1),
        _ => t::mrr_rose(&since, &levels.0, &levels.1),
    };
    let growth = growth(movements.net, start).filter(|_| !movements.net.is_zero());
    let growth = growth.map(|growth| format!(" ({growth})")).unwrap_or_default();
    let parts = STACK.iter().filter_map(|(kind, _)| {
        let (_, amount) = movements.by_kind.iter().find(|(known, _)| known == kind)?;
        (!amount.is_zero()).then(|| format!("{} {}", signed(*amount), t::movement(*kind).to_lowercase()))
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        format!("{change}.")
    } else {
        format!("{change}{growth}: {}.", parts.join(", "))
    }
}

fn legend() -> Vec<LegendEntry> {
    let mrr = LegendEntry {
        ink: Ink::Primary,
        label: t::MRR.to_owned(),
    };
    let movements = STACK.map(|(kind, ink)| LegendEntry {
        ink,
        label: t::movement(kind).to_owned(),
    });
    std::iter::once(mrr).chain(movements).collect()
}

fn option(months: &[MonthMovements]) -> charming::Chart {
    let names: Vec<String> = months.iter().map(|month| month_name(month.month)).collect();
    let x_axis = |grid: i32| {
        let line = AxisLine::new().on_zero(false);
        Axis::new()
            .type_(AxisType::Category)
            .grid_index(grid)
            .data(names.clone())
            .axis_line(line)
    };
    let y_axis = |grid: i32| {
        Axis::new()
            .type_(AxisType::Value)
            .grid_index(grid)
            .split_number(3)
    };
    let mut chart = charming::Chart::new()
        .grid(Grid::new().left(56).right(8).top(8).height(116))
        .grid(Grid::new().left(56).right(8).top(154).bottom(24))
        .x_axis(x_axis(0).axis_label(AxisLabel::new().show(false)))
        .x_axis(x_axis(1))
        .y_axis(y_axis(0))
        .y_axis(y_axis(1))
        .series(mrr_line(months));
    for (kind, ink) in STACK {
        chart = chart.series(movement_bars(months, kind, ink));
    }
    chart
}

fn mrr_line(months: &[MonthMovements]) -> Line {
    let colour = Ink::Primary.css();
    Line::new()
        .name(t::MRR)
        .x_axis_index(0)
        .y_axis_index(0)
        .line_style(LineStyle::new().color(colour))
        .item_style(ItemStyle::new().color(colour))
        .area_style(AreaStyle::new().color(colour).opacity(0.08))
        .data(
            months
                .iter()
                .map(|month| month.mrr_end.minor())
                .collect::<Vec<i64>>(),
        )
}

fn movement_bars(months: &[MonthMovements], kind: MovementKind, ink: Ink) -> Bar {
    // Of what did not move there is no bar, and nothing to say when pointing at it.
    let value = |amount: Money| (!amount.is_zero()).then(|| amount.minor());
    Bar::new()
        .name(t::movement(kind))
        .stack("movements")
        .x_axis_index(1)
        .y_axis_index(1)
        .item_style(ItemStyle::new().color(ink.css()))
        .data(
            months
                .iter()
                .map(|month| CompositeValue::from(value(amount_of(month, kind))))
                .collect::<Vec<_>>(),
        )
}

fn table(months: &[MonthMovements]) -> Result<ChartTable, MoneyError> {
    let mut head = vec![t::MONTH.to_owned(), t::MRR.to_owned()];
    head.extend(STACK.map(|(kind, _)| t::movement(kind).to_owned()));
    head.push(t::NET_NEW.to_owned());
    let mut rows = Vec::with_capacity(months.len());
    for month in months.iter().rev() {
        let net = Movements::of(std::slice::from_ref(month))?.map(|movements| signed(movements.net));
        let mut row = vec![month_name(month.month), format::money(month.mrr_end)];
        row.extend(STACK.map(|(kind, _)| signed(amount_of(month, kind))));
        row.extend(net);
        rows.push(row);
    }
    Ok(ChartTable { head, rows })
}

pub fn month_name(month: CalendarMonth) -> String {
    month.first_day().format("%b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::month;
    use super::*;
    use serde_json::json;

    fn chart_of(months: &[MonthMovements]) -> Chart {
        mrr_chart(months).unwrap().unwrap()
    }

    #[test]
    fn the_option_holds_exact_amounts_and_colour_names() {
        let months = [
            month("2026-10-01", [999, 0, 0, 0, 0], 999),
            month("2026-11-01", [199, 800, 0, -199, 0], 1799),
        ];
        let names = json!(["Oct 2026", "Nov 2026"]);
        let bars = |name: &str, ink: &str, data: serde_json::Value| {
            json!({
                "type": "bar", "name": name, "stack": "movements", "xAxisIndex": 1.0, "yAxisIndex": 1.0,
                "itemStyle": { "color": format!("var(--color-{ink})") }, "data": data,
            })
        };
        let expected = json!({
            "grid": [
                { "left": 56, "right": 8, "top": 8, "height": 116 },
                { "left": 56, "right": 8, "top": 154, "bottom": 24 },
            ],
            "xAxis": [
                {
                    "type": "category", "gridIndex": 0.0, "axisLine": { "onZero": false },
                    "axisLabel": { "show": false }, "data": names,
                },
                { "type": "category", "gridIndex": 1.0, "axisLine": { "onZero": false }, "data": names },
            ],
            "yAxis": [
                { "type": "value", "gridIndex": 0.0, "splitNumber": 3.0 },
                { "type": "value", "gridIndex": 1.0, "splitNumber": 3.0 },
            ],
            "series": [
                {
                    "type": "line", "name": "MRR", "xAxisIndex": 0.0, "yAxisIndex": 0.0,
                    "lineStyle": { "color": "var(--color-primary)" },
                    "itemStyle": { "color": "var(--color-primary)" },
                    "areaStyle": { "color": "var(--color-primary)", "opacity": 0.08 },
                    "data": [99900, 179_900],
                },
                bars("New", "success", json!([99900, 19900])),
                bars("Expansion", "info", json!([null, 80000])),
                bars("Reactivation", "secondary", json!([null, null])),
                bars("Contraction", "warning", json!([null, null])),
                bars("Churn", "error", json!([null, -19900])),
            ],
        });
        assert_eq!(serde_json::to_value(chart_of(&months).option).unwrap(), expected);
    }

    #[test]
    fn the_caption_states_what_moved_mrr() {
        let rose = [
            month("2025-12-01", [199, 0, 0, 0, 0], 1198),
            month("2026-01-01", [999, 0, 0, -199, 0], 1998),
        ];
        assert_eq!(
            chart_of(&rose).caption,
            "Since Dec 1, 2025, MRR rose from $999.00 to $1,998.00 (+100%): +$1,198.00 new, \u{2212}$199.00 churn."
        );
        let from_nothing = [month("2026-01-01", [999, 0, 0, 0, 0], 999)];
        assert_eq!(
            chart_of(&from_nothing).caption,
            "Since Jan 1, 2026, MRR rose from $0.00 to $999.00: +$999.00 new."
        );
        let fell = [month("2026-01-01", [0, 0, -800, 0, 0], 199)];
        assert_eq!(
            chart_of(&fell).caption,
            "Since Jan 1, 2026, MRR fell from $999.00 to $199.00 (\u{2212}80%): \u{2212}$800.00 contraction."
        );
        let level = [month("2026-01-01", [199, 0, 0, -199, 0], 999)];
        assert_eq!(
            chart_of(&level).caption,
            "Since Jan 1, 2026, MRR has stayed at $999.00: +$199.00 new, \u{2212}$199.00 churn."
        );
        let still = [month("2026-01-01", [0; 5], 999)];
        assert_eq!(
            chart_of(&still).caption,
            "Since Jan 1, 2026, MRR has stayed at $999.00."
        );
    }

    #[test]
    fn the_table_says_the_same_newest_first() {
        let months = [
            month("2026-10-01", [999, 0, 0, 0, 0], 999),
            month("2026-11-01", [0, 0, 0, -199, 0], 800),
        ];
        let table = chart_of(&months).table;
        let head = [
            "Month",
            "MRR",
            "New",
            "Expansion",
            "Reactivation",
            "Contraction",
            "Churn",
            "Net new",
        ];
        assert_eq!(table.head, head);
        let minus = "\u{2212}$199.00";
        assert_eq!(
            table.rows,
            [
                [
                    "Nov 2026", "$800.00", "$0.00", "$0.00", "$0.00", "$0.00", minus, minus
                ],
                [
                    "Oct 2026", "$999.00", "+$999.00", "$0.00", "$0.00", "$0.00", "$0.00", "+$999.00"
                ],
            ]
        );
    }

    #[test]
    fn nothing_yet_is_no_chart() {
        assert!(mrr_chart(&[]).unwrap().is_none());
        assert!(mrr_chart(&[month("2026-11-01", [0; 5], 0)]).unwrap().is_none());
    }
}
