//! What a meter's use is made of: the values of its dimensions.

use billing::usage::Measure;
use leptos::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use service::{DimensionUse, MeterPeriod, ValueTotal};

use crate::format;
use crate::text::en::usage as t;
use crate::ui::Table;

/// More rows than these are read by nobody; the others are one.
const SHOWN: usize = 8;

struct Row {
    label: String,
    /// A value as it was reported.
    is_value: bool,
    amount: Decimal,
}

/// Of what adds up alone: the parts of a level or of a greatest value come to something else.
pub fn breakdown(own: &MeterPeriod) -> impl IntoView + use<> {
    let measure = Measure::of(&own.meter);
    let counts = measure == Measure::Events;
    let dimensions = own.dimensions.iter().filter(|_| measure.adds_up());
    let parts = dimensions.map(|dimension| by(own, dimension, counts));
    parts.collect_view()
}

fn by(own: &MeterPeriod, dimension: &DimensionUse, counts: bool) -> AnyView {
    let amount = |total: &ValueTotal| match counts {
        true => Decimal::from(total.event_count),
        false => total.sum,
    };
    let rows = rows(&dimension.values, amount);
    let whole: Decimal = rows.iter().map(|row| row.amount).sum();
    let (title, name) = (t::by(&dimension.name), capitalized(&dimension.name));
    if rows.is_empty() {
        return if own.counted.is_zero() {
            ().into_any()
        } else {
            view! {
                <div>
                    <h3>{title}</h3>
                    <p class="text-muted">{t::NOT_SUMMED_UP}</p>
                </div>
            }
            .into_any()
        };
    }
    let caption = format!("{}: {}", own.meter.name, t::by(&dimension.name));
    let unit = format::unit_name(Decimal::TWO, &own.meter.unit);
    let unit = match counts {
        true => t::EVENTS.to_owned(),
        false => capitalized(&unit),
    };
    let rows = rows.into_iter().map(|row| show(row, whole)).collect_view();
    view! {
        <div class="flex flex-col gap-1">
            <h3>{title}</h3>
            <Table caption=caption>
                <thead>
                    <tr>
                        <th scope="col" class="w-full">{name}</th>
                        <th scope="col"><span class="sr-only">{t::SHARE}</span></th>
                        <th scope="col" class="num">{unit}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </div>
    }
    .into_any()
}

/// The most first; what is not told apart comes last.
fn rows(values: &[ValueTotal], amount: impl Fn(&ValueTotal) -> Decimal) -> Vec<Row> {
    let (named, unnamed): (Vec<_>, Vec<_>) = values
        .iter()
        .filter(|total| !amount(total).is_zero())
        .partition(|total| !total.value.is_empty());
    let (shown, others) = named.split_at(named.len().min(SHOWN));
    let sum = |totals: &[&ValueTotal]| totals.iter().map(|total| amount(total)).sum::<Decimal>();
    let mut rows: Vec<_> = shown
        .iter()
        .map(|total| Row {
            label: total.value.clone(),
            is_value: true,
            amount: amount(total),
        })
        .collect();
    for (label, totals) in [(t::OTHERS, others), (t::NONE_OR_MANY, &unnamed[..])] {
        if !totals.is_empty() {
            rows.push(Row {
                label: label.to_owned(),
                is_value: false,
                amount: sum(totals),
            });
        }
    }
    rows
}

fn show(row: Row, whole: Decimal) -> impl IntoView {
    let percent = format::percent(row.amount, whole).unwrap_or_default();
    let shown = percent.to_u32().unwrap_or(0).min(100);
    let label = format!("{}: {}%", row.label, format::quantity(percent));
    view! {
        <tr>
            <th scope="row" class="font-normal break-all">
                {match row.is_value {
                    true => view! { <code>{row.label}</code> }.into_any(),
                    false => view! { <span class="text-muted">{row.label}</span> }.into_any(),
                }}
            </th>
            <td>
                <span class="flex items-center justify-end gap-2">
                    <progress class="progress progress-primary w-16 max-sm:hidden" value=shown max="100" aria-label=label></progress>
                    <span class="tabular-nums text-muted whitespace-nowrap">{format::quantity(percent)}"%"</span>
                </span>
            </td>
            <td class="num">{format::quantity_short(row.amount)}</td>
        </tr>
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_apart_comes_last_and_nothing_is_left_out() {
        let total = |value: &str, sum: i64| ValueTotal {
            value: value.to_owned(),
            event_count: 1,
            sum: sum.into(),
        };
        let mut values = vec![total("", 500)];
        values.extend((0..12).map(|n| total(&format!("v{n}"), 100 - n)));
        values.push(total("taken back", 0));
        let rows = rows(&values, |total| total.sum);
        let labels: Vec<_> = rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels.len(), SHOWN + 2);
        assert_eq!(labels[0], "v0");
        assert_eq!(labels[SHOWN..], [t::OTHERS, t::NONE_OR_MANY]);
        let whole: Decimal = rows.iter().map(|row| row.amount).sum();
        assert_eq!(whole, values.iter().map(|total| total.sum).sum::<Decimal>());
    }
}
