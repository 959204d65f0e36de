//! A panel for each meter: its days, and what they are made of.

use leptos::prelude::*;
use service::{MeterPeriod, UsageOverview};

use super::bars::anchor;
use super::breakdown::breakdown;
use super::chart::chart;
use crate::text::en::usage as t;
use crate::ui::Panel;
use crate::ui::chart::{ChartFigure, Drawing};

pub async fn panels(usage: &UsageOverview) -> AnyView {
    let mut panels = Vec::with_capacity(usage.meters.len());
    for own in &usage.meters {
        // Drawn on the heap: a chart's description is large.
        let drawing = match chart(own, usage) {
            Some(chart) => Some(Box::pin(chart.draw()).await),
            None => None,
        };
        panels.push(panel(own, drawing));
    }
    view! {
        <div class="grid gap-4 lg:grid-cols-2 items-start">{panels}</div>
        <p class="label-sm max-w-3xl">{t::DAYS_HINT}</p>
    }
    .into_any()
}

fn panel(own: &MeterPeriod, drawing: Option<Drawing>) -> AnyView {
    let breakdown = breakdown(own).into_any();
    view! {
        <Panel title=own.meter.name.clone() id=anchor(&own.meter)>
            {match drawing {
                Some(drawing) => view! { <ChartFigure drawing=drawing/> }.into_any(),
                None => view! { <p class="text-muted">{t::NOTHING_USED}</p> }.into_any(),
            }}
            {breakdown}
        </Panel>
    }
    .into_any()
}
