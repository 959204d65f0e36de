//! How much of each meter is used up.

use billing::catalog::{Meter, Reset};
use billing::entitlement::{Allowance, Enforcement, tolerated};
use billing::usage::{carries_over, is_early};
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

/// Where a meter's days begin on the page. Keys are the catalog's: they might be the name of something else there.
pub fn anchor(meter: &Meter) -> String {
    format!("meter-{}", meter.key)
}

/// A meter's bar: what it says, and where it leads.
struct Bar {
    name: String,
    unit: String,
    /// None of a meter that the plan says nothing of.
    included: Option<Allowance>,
    used: Decimal,
    /// More of it is refused.
    is_full: bool,
    note: String,
    href: String,
    /// To a plan that includes more.
    way: bool,
}

/// The present period's; each name leads to its days.
#[component]
pub fn UsageList(usage: Vec<MeterUsage>) -> impl IntoView {
    let rows = usage.iter().map(|own| {
        let (charge, meter) = (&own.charge, &own.charge.meter);
        let is_full = is_full(own);
        let bar = Bar {
            name: meter.name.clone(),
            unit: meter.unit.clone(),
            included: Some(charge.included),
            used: own.used,
            is_full,
            note: match beyond(own) {
                Some(beyond) => beyond,
                None if is_full => t::FULL.to_owned(),
                None => outlook(own),
            },
            href: format!("/usage#{}", anchor(meter)),
            way: false,
        };
        view! { <li>{bar.show()}</li> }
    });
    view! { <ul class="flex flex-col gap-4">{rows.collect_view()}</ul> }
}

/// What the period's end will look like at the present pace.
fn outlook(own: &MeterUsage) -> String {
    let meter = &own.charge.meter;
    match (starts_again(meter), own.projected) {
        (Err(words), _) => words.to_owned(),
        (Ok(()), Some(units)) => t::projected(&format::units(units.round(), &meter.unit)),
        (Ok(()), None) => String::new(),
    }
}

/// Words for what goes on for ever.
fn starts_again(meter: &Meter) -> Result<(), &'static str> {
    if carries_over(meter) {
        return Err(t::AS_NOW);
    }
    match meter.reset {
        Reset::SlidingWindow => Err(t::LAST_30_DAYS),
        Reset::UsagePeriod | Reset::Calendar | Reset::Never => Ok(()),
    }
}

/// Of the period that is shown, two beside each other where there is room.
#[component]
pub fn PeriodBars(
    usage: UsageOverview,
    /// Whoever sees it may choose another plan.
    own: bool,
) -> impl IntoView {
    let rows = usage.meters.iter().map(|meter| {
        let is_full = meter.present.as_ref().is_some_and(is_full);
        let bar = Bar {
            name: meter.meter.name.clone(),
            unit: meter.meter.unit.clone(),
            included: meter.charge.as_ref().map(|charge| charge.included),
            used: meter.used,
            is_full,
            note: note(meter, &usage),
            href: format!("#{}", anchor(&meter.meter)),
            way: own && is_full,
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

fn note(meter: &MeterPeriod, usage: &UsageOverview) -> String {
    let unit = &meter.meter.unit;
    if meter.charge.is_none() {
        return if usage.has_plan { u::NOT_OF_PLAN } else { "" }.to_owned();
    }
    let billed = meter.billed.filter(|billed| !billed.is_zero()).map(format::money);
    let words: Vec<_> = match &meter.present {
        None => {
            let average = meter
                .average
                .map(|average| u::average_was(&format::units(average, unit)));
            let cost = billed.map_or_else(|| u::COST_NOTHING.to_owned(), |billed| u::billed(&billed));
            [average, Some(cost)].into_iter().flatten().collect()
        }
        Some(present) => {
            let average = meter
                .average
                .map(|average| u::average(&format::units(average, unit)));
            let cost = billed.map(|billed| match meter.average {
                Some(_) => u::costs_if_it_stays(&billed),
                None => u::costs_so_far(&billed),
            });
            let limit = limit(present, usage);
            let said = [
                beyond(present).filter(|_| average.is_none()),
                average,
                cost,
                limit,
            ];
            said.into_iter().flatten().collect()
        }
    };
    match (&meter.present, words.is_empty()) {
        (Some(present), true) => pace(present, usage),
        _ => words.join("; "),
    }
}

fn pace(present: &MeterUsage, usage: &UsageOverview) -> String {
    if let Err(words) = starts_again(&present.charge.meter) {
        return words.to_owned();
    }
    let Some(projected) = present.projected else {
        let early = is_early(usage.shown, usage.now);
        return if early { u::TOO_EARLY } else { "" }.to_owned();
    };
    let date = |at| format::date_short(at, usage.zone);
    let units = format::units(projected.round(), &present.charge.meter.unit);
    let until = present.reset_at.unwrap_or(usage.ends_at).min(usage.ends_at);
    let words = u::projected_by(&units, &date(until));
    match present.used_up_at {
        Some(at) => u::used_up_on(&words, &date(at)),
        None => words,
    }
}

/// What lies beyond the included units, and by what price.
fn beyond(own: &MeterUsage) -> Option<String> {
    let (charge, unit) = (&own.charge, &own.charge.meter.unit);
    let beyond = charge.included.overage(own.used);
    let price = charge.price.as_ref().filter(|_| beyond > Decimal::ZERO)?;
    // Where more is refused, it is the limit that is to be known.
    (charge.enforcement != Enforcement::Hard)
        .then(|| t::over(&format::units(beyond, unit), &meter_price(price, unit)))
}

fn is_full(own: &MeterUsage) -> bool {
    let included = own.charge.included.units();
    match own.charge.enforcement {
        Enforcement::Hard => included.is_some_and(|units| own.used >= units),
        Enforcement::Soft => included.is_some_and(|units| own.used > units),
        Enforcement::Overage => false,
    }
}

/// What happens at the limit that is reached.
fn limit(own: &MeterUsage, usage: &UsageOverview) -> Option<String> {
    if !is_full(own) {
        return None;
    }
    let (charge, meter) = (&own.charge, &own.charge.meter);
    let until = own.yields_until.filter(|until| *until > usage.now);
    if let (Enforcement::Soft, Some(until), Some(units)) =
        (charge.enforcement, until, charge.included.units())
    {
        let most = format::units(tolerated(units).normalize(), &meter.unit);
        return Some(u::yields(&most, &format::date_time(until, usage.zone)));
    }
    let date = own.reset_at.map(|at| format::date_short(at, usage.zone));
    Some(match date {
        Some(date) if meter.reset == Reset::SlidingWindow => u::refused_by_days(&date),
        Some(date) => u::refused_until(&date),
        None => u::REFUSED.to_owned(),
    })
}

impl Bar {
    fn show(self) -> AnyView {
        match self.included {
            Some(Allowance::Units(included)) if !included.is_zero() => self.limited(included).into_any(),
            // Of nothing there are no parts.
            Some(Allowance::Units(_)) => self.without_bar(Some(t::NONE_INCLUDED)).into_any(),
            Some(Allowance::Unlimited) => self.without_bar(Some(t::UNLIMITED)).into_any(),
            None => self.without_bar(None).into_any(),
        }
    }

    fn without_bar(self, terms: Option<&'static str>) -> impl IntoView {
        let used = format::units(self.used, &self.unit);
        let terms = terms.map(|terms| view! { <span class="text-muted">" · "{terms}</span> });
        view! {
            <div class="flex flex-wrap justify-between gap-x-3">
                <a class="font-medium hover:underline" href=self.href>{self.name}</a>
                <span class="tabular-nums">{used}{terms}</span>
            </div>
            <p class="label-sm">
                {self.note}
                {self.way.then(|| view! { ". "<a class="link" href="/plan">{t::CHANGE_PLAN}</a> })}
            </p>
        }
    }

    fn limited(self, included: Decimal) -> impl IntoView + use<> {
        let counted = self.used.max(Decimal::ZERO);
        let percent = format::percent(counted, included).unwrap_or(Decimal::ONE_HUNDRED);
        let of = t::of(
            &format::quantity_short(self.used),
            &format::units(included, &self.unit),
        );
        let (bar, icon) = if self.is_full || self.used > included {
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
            <p class="label-sm">
                {self.note}
                {self.way.then(|| view! { ". "<a class="link" href="/plan">{t::CHANGE_PLAN}</a> })}
            </p>
        }
    }
}
