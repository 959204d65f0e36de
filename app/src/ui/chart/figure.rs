//! The figure around a chart: what it finds, the drawing, the legend, and the same figures as a table.

use std::sync::Arc;

use leptos::prelude::*;

use super::engine::{self, Order};
use super::island::LiveChart;
use super::{Ink, Unit};
use crate::text::en::chart as t;
use crate::ui::Table;

/// A page's columns are about this wide on a desk, and this wide in a hand.
const WIDE: u16 = 800;
const NARROW: u16 = 340;
/// `h-72`, the height of every chart: the page does not move when it appears.
const HEIGHT: u16 = 288;

/// A chart as a page describes it.
pub struct Chart {
    /// What the chart shows, in a sentence with its figures.
    pub caption: String,
    pub option: charming::Chart,
    pub unit: Unit,
    pub legend: Vec<LegendEntry>,
    pub table: ChartTable,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegendEntry {
    pub ink: Ink,
    pub label: String,
}

/// The chart's figures in words: each row a label and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartTable {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A chart as far as it could be drawn.
pub struct Drawing {
    chart: Chart,
    option: Arc<str>,
    wide: Option<Arc<str>>,
    narrow: Option<Arc<str>>,
}

impl Chart {
    pub async fn draw(self) -> Drawing {
        let option: Arc<str> = serde_json::to_string(&self.option).unwrap_or_default().into();
        let unit: Arc<str> = serde_json::to_string(&self.unit).unwrap_or_default().into();
        let order = |width, class| Order {
            option: option.clone(),
            unit: unit.clone(),
            width,
            height: HEIGHT,
            class,
        };
        let wide = engine::draw(order(WIDE, "size-full hidden @xl:block")).await;
        let narrow = engine::draw(order(NARROW, "size-full @xl:hidden")).await;
        Drawing {
            chart: self,
            option,
            wide,
            narrow,
        }
    }
}

/// Without a drawing the table stands open.
#[component]
pub fn ChartFigure(drawing: Drawing) -> impl IntoView {
    let Drawing {
        chart,
        option,
        wide,
        narrow,
    } = drawing;
    let svg = wide.zip(narrow).map(|(wide, narrow)| format!("{wide}{narrow}"));
    let drawn = svg.zip(engine::address());
    let open = drawn.is_none();
    let legend = chart.legend.into_iter().map(legend_entry).collect_view();
    let unit = chart.unit;
    view! {
        <figure class="flex flex-col gap-3">
            <figcaption class="max-w-3xl">{chart.caption.clone()}</figcaption>
            {drawn.map(|(svg, bundle)| view! {
                <div aria-hidden="true">
                    <div class="@container h-72 overflow-hidden">
                        <LiveChart option=option.to_string() unit=unit bundle=bundle>
                            <div class="size-full" inner_html=svg></div>
                        </LiveChart>
                    </div>
                    <ul class="flex flex-wrap gap-x-4 gap-y-1 pt-2 label-sm">{legend}</ul>
                </div>
            })}
            <details open=open>
                <summary class="cursor-pointer text-muted w-fit">{t::AS_TABLE}</summary>
                {table(chart.caption, chart.table)}
            </details>
        </figure>
    }
}

fn legend_entry(entry: LegendEntry) -> impl IntoView {
    view! {
        <li class="flex items-center gap-1.5">
            <svg class="size-2.5" viewBox="0 0 10 10"><rect width="10" height="10" rx="2" fill=entry.ink.css()/></svg>
            {entry.label}
        </li>
    }
}

fn table(caption: String, table: ChartTable) -> impl IntoView {
    let heads = table.head.into_iter().enumerate().map(|(index, head)| {
        view! { <th scope="col" class=if index == 0 { "" } else { "num" }>{head}</th> }
    });
    let rows = table.rows.into_iter().map(|row| {
        let mut cells = row.into_iter();
        let label = cells.next();
        let values = cells
            .map(|value| view! { <td class="num">{value}</td> })
            .collect_view();
        view! { <tr><th scope="row" class="whitespace-nowrap">{label}</th>{values}</tr> }
    });
    view! {
        <Table caption=caption>
            <thead><tr>{heads.collect_view()}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </Table>
    }
}
