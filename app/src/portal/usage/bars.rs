//! How much of each meter is used up.

use billing::catalog::{Meter, MeterPrice};
use billing::entitlement::{Allowance, Enforcement};
use billing::usage::carries_over;
use leptos::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use service::{MeterPeriod, MeterUsage, UsageOverview};

use crate::catalog::meter_price;
use crate::format;
use crate::text::en::portal::overview as t;
use crate::text::en::usage as u;
use crate::ui::Icon;

/// From here on a bar warns, as alerts do by default.
const WARN_PERCENT: Decimal = Decimal::from_parts(80, 0, 0, false, 0);

/// A meter's bar: what it says, and where it leads.
struct Bar {
    name: String,
    unit: String,
    /// None of a meter that the plan says nothing of.
    included: Option<Allowance>,
    used: Decimal,
    note: String,
    href: String,
}

/// The present period's; each name leads to its days.
#[component]
pub fn UsageList(usage: Vec<MeterUsage>) -> impl IntoView {
    let rows = usage.iter().map(|usage| {
        let (charge, meter) = (&usage.charge, &usage.charge.meter);
        let included = charge.included.units();
        let bar = Bar {
            name: meter.name.clone(),
            unit: meter.unit.clone(),
            included: Some(charge.included),
            used: usage.used,
            note: beyond(meter, charge.price.as_ref(), (usage.used, charge.included))
                .or_else(|| full(charge.enforcement, usage.used, included))
                .unwrap_or_else(|| outlook(usage)),
            href: format!("/usage#{}", meter.key),
        };
        view! { <li>{bar.show()}</li> }
    });
    view! { <ul class="flex flex-col gap-4">{rows.collect_view()}</ul> }
}

/// What the period's end will look like at the present pace.
fn outlook(usage: &MeterUsage) -> String {
    let meter = &usage.charge.meter;
    if carries_over(meter) {
        return t::AS_NOW.to_owned();
    }
    usage.projected.map_or_else(String::new, |units| {
        t::projected(&format::units(units.round(), &meter.unit))
    })
}

/// Of the period that is shown, two beside each other where there is room.
#[component]
pub fn PeriodBars(usage: UsageOverview) -> impl IntoView {
    let rows = usage.meters.iter().map(|own| {
        let bar = Bar {
            name: own.meter.name.clone(),
            unit: own.meter.unit.clone(),
            included: own.charge.as_ref().map(|charge| charge.included),
            used: own.used,
            note: note(own, &usage),
            href: format!("#{}", own.meter.key),
        };
        view! { <li>{bar.show()}</li> }
    });
    view! {
        <section class="panel p-4">
            <h2 class="sr-only">{u::METERS}</h2>
            <ul class="grid gap-x-8 gap-y-4 md:grid-cols-2">{rows.collect_view()}</ul>
        </section>
    }
}

fn note(own: &MeterPeriod, usage: &UsageOverview) -> String {
    let (meter, unit) = (&own.meter, &own.meter.unit);
    let Some(charge) = &own.charge else {
        return if usage.has_plan { u::NOT_OF_PLAN } else { "" }.to_owned();
    };
    if !usage.is_present {
        let cost = match own.billed {
            Some(billed) if !billed.is_zero() => u::billed(&format::money(billed)),
            _ => u::COST_NOTHING.to_owned(),
        };
        let average = own.average.map(|average| u::average_was(&format::units(average, unit)));
        return average.into_iter().chain([cost]).collect::<Vec<_>>().join("; ");
    }
    if let Some(average) = own.average {
        return u::average(&format::units(average, unit));
    }
    beyond(meter, charge.price.as_ref(), (own.used, charge.included))
        .or_else(|| full(charge.enforcement, own.used, charge.included.units()))
        .unwrap_or_else(|| pace(own, usage))
}

fn pace(own: &MeterPeriod, usage: &UsageOverview) -> String {
    if carries_over(&own.meter) {
        return t::AS_NOW.to_owned();
    }
    let Some(projected) = own.projected else {
        return u::TOO_EARLY.to_owned();
    };
    let date = |at| format::date_short(at, usage.zone);
    let units = format::units(projected.round(), &own.meter.unit);
    let words = u::projected_by(&units, &date(usage.shown.end()));
    match own.used_up_at {
        Some(at) => u::used_up_on(&words, &date(at)),
        None => words,
    }
}

/// What lies beyond the included units, and what that costs. A level that is weighed by time says more by its average.
fn beyond(meter: &Meter, price: Option<&MeterPrice>, (used, included): (Decimal, Allowance)) -> Option<String> {
    let beyond = included.overage(used);
    let price = price.filter(|_| beyond > Decimal::ZERO)?;
    Some(t::over(&format::units(beyond, &meter.unit), &meter_price(price, &meter.unit)))
}

fn full(enforcement: Enforcement, used: Decimal, included: Option<Decimal>) -> Option<String> {
    let is_full = enforcement == Enforcement::Hard && used >= included?;
    is_full.then(|| t::FULL.to_owned())
}

impl Bar {
    fn show(self) -> AnyView {
        match self.included {
            Some(Allowance::Units(included)) => self.limited(included).into_any(),
            unlimited => {
                let used = format::units(self.used, &self.unit);
                let unlimited = unlimited.map(|_| view! { <span class="text-muted">" · "{t::UNLIMITED}</span> });
                view! {
                    <div class="flex flex-wrap justify-between gap-x-3">
                        <a class="font-medium hover:underline" href=self.href>{self.name}</a>
                        <span class="tabular-nums">{used}{unlimited}</span>
                    </div>
                    <p class="label-sm">{self.note}</p>
                }
                .into_any()
            }
        }
    }

    fn limited(self, included: Decimal) -> impl IntoView + use<> {
        let counted = self.used.max(Decimal::ZERO);
        let percent = format::percent(counted, included).unwrap_or(Decimal::ONE_HUNDRED);
        let of = t::of(
            &format::quantity_short(self.used),
            &format::units(included, &self.unit),
        );
        let (bar, icon) = if self.used > included {
            ("progress progress-error", Some(icondata::LuTriangleAlert))
        } else if percent >= WARN_PERCENT {
            ("progress progress-warning", Some(icondata::LuTriangleAlert))
        } else {
            ("progress progress-primary", None)
        };
        let label = format!("{}: {of}", self.name);
        let shown = percent.min(Decimal::ONE_HUNDRED).to_u32().unwrap_or(0);
        view! {
            <div class="flex flex-wrap items-center justify-between gap-x-3">
                <a class="font-medium hover:underline" href=self.href>{self.name}</a>
                <span class="tabular-nums inline-flex items-center gap-1">
                    {icon.map(|icon| view! { <Icon icon=icon/> })}
                    {of}
                    {(!self.used.is_sign_negative()).then(|| {
                        view! { <span class="text-muted">" · "{format::quantity(percent)}"%"</span> }
                    })}
                </span>
            </div>
            <progress class=bar value=shown max="100" aria-label=label></progress>
            <p class="label-sm">{self.note}</p>
        }
    }
}
