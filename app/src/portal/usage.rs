//! How much of each meter is used up.

use billing::catalog::Reset;
use billing::entitlement::{Allowance, Enforcement};
use leptos::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use service::MeterUsage;

use crate::catalog::meter_price;
use crate::format;
use crate::text::en::portal::overview as t;
use crate::ui::Icon;

/// From here on a bar warns, as alerts do by default.
const WARN_PERCENT: Decimal = Decimal::from_parts(80, 0, 0, false, 0);

#[component]
pub fn UsageList(usage: Vec<MeterUsage>) -> impl IntoView {
    let rows = usage
        .iter()
        .map(|usage| view! { <li>{meter(usage)}</li> })
        .collect_view();
    view! { <ul class="flex flex-col gap-4">{rows}</ul> }
}

fn meter(usage: &MeterUsage) -> AnyView {
    let charge = &usage.charge;
    let used = format::units(usage.used, &charge.meter.unit);
    match charge.included {
        Allowance::Unlimited => view! {
            <div class="flex justify-between gap-3">
                <span class="font-medium">{charge.meter.name.clone()}</span>
                <span class="tabular-nums">{used}<span class="text-muted">" · "{t::UNLIMITED}</span></span>
            </div>
        }
        .into_any(),
        Allowance::Units(included) => limited(usage, included).into_any(),
    }
}

fn limited(usage: &MeterUsage, included: Decimal) -> impl IntoView + use<> {
    let charge = &usage.charge;
    let counted = usage.used.max(Decimal::ZERO);
    let percent = format::percent(counted, included).unwrap_or(Decimal::ONE_HUNDRED);
    let of = t::of(
        &format::quantity_short(usage.used),
        &format::units(included, &charge.meter.unit),
    );
    let (bar, icon) = if usage.used > included {
        ("progress progress-error", Some(icondata::LuTriangleAlert))
    } else if percent >= WARN_PERCENT {
        ("progress progress-warning", Some(icondata::LuTriangleAlert))
    } else {
        ("progress progress-primary", None)
    };
    let name = charge.meter.name.clone();
    let label = format!("{name}: {of}");
    let shown = percent.min(Decimal::ONE_HUNDRED).to_u32().unwrap_or(0);
    view! {
        <div class="flex flex-wrap items-center justify-between gap-x-3">
            <span class="font-medium">{name}</span>
            <span class="tabular-nums inline-flex items-center gap-1">
                {icon.map(|icon| view! { <Icon icon=icon/> })}
                {of}
                {(!usage.used.is_sign_negative()).then(|| {
                    view! { <span class="text-muted">" · "{format::quantity(percent)}"%"</span> }
                })}
            </span>
        </div>
        <progress class=bar value=shown max="100" aria-label=label></progress>
        <p class="label-sm">{outlook(usage, included)}</p>
    }
}

/// What the period's end will look like at the present pace, and what it costs where that is not free.
fn outlook(usage: &MeterUsage, included: Decimal) -> String {
    let charge = &usage.charge;
    let unit = &charge.meter.unit;
    let beyond = charge.included.overage(usage.used);
    match &charge.price {
        Some(price) if beyond > Decimal::ZERO && usage.used > included => {
            t::over(&format::units(beyond, unit), &meter_price(price, unit))
        }
        _ if charge.enforcement == Enforcement::Hard && usage.used >= included => t::FULL.to_owned(),
        _ if charge.meter.reset == Reset::Never => t::AS_NOW.to_owned(),
        _ if charge.meter.reset == Reset::SlidingWindow => t::LAST_30_DAYS.to_owned(),
        _ => usage.projected.map_or_else(String::new, |units| {
            t::projected(&format::units(units.round(), unit))
        }),
    }
}
