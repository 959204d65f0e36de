//! All customers' usage.

use billing::catalog::Meter;
use billing::period::Zone;
use billing::revenue::CalendarMonth;
use leptos::prelude::*;
use rust_decimal::Decimal;
use service::{MeterReport, Mover, UsageReport};

use super::customer_link;
use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::portal::usage::day_unit;
use crate::text::en::admin_usage as t;
use crate::ui::{Badge, EmptyState, LinkButton, PageHeader, Panel, Table, Tone};

#[component]
pub fn UsagePage() -> impl IntoView {
    page(&ADMIN, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let report = visit.billing.usage_report(&visit.actor).await?;
    let as_of = match report.rolled_up_at {
        Some(at) => t::as_of(&format::date_time(at, Zone::UTC)),
        None => t::NEVER.to_owned(),
    };
    let is_used = |own: &MeterReport| own.customers > 0 || !own.last_month.is_zero();
    let content = match report.meters.iter().any(is_used) {
        true => used(&report),
        false => view! {
            <div class="panel">
                <EmptyState icon=icondata::LuChartColumn title=t::NO_USAGE hint=t::NO_USAGE_HINT/>
            </div>
        }
        .into_any(),
    };
    let body = view! {
        <PageHeader title=t::TITLE subtitle=as_of>
            <LinkButton href="/admin/usage/customers.csv" label=t::CSV small=true/>
        </PageHeader>
        {content}
    };
    Ok(Page::new(t::TITLE, body).of(operator))
}

fn used(report: &UsageReport) -> AnyView {
    let most = report.meters.iter().filter(|own| own.customers > 0).map(most);
    let (most, movers, meters) = (most.collect_view(), movers(&report.movers), meters(report));
    view! {
        {meters}
        <div class="grid gap-4 lg:grid-cols-5 items-start">
            <Panel title=t::MOVERS class="lg:col-span-3">{movers}</Panel>
            <div class="lg:col-span-2 grid gap-4 min-w-0">{most}</div>
        </div>
    }
    .into_any()
}

fn meters(report: &UsageReport) -> impl IntoView + use<> {
    let name = |month: CalendarMonth| month.first_day().format("%B").to_string();
    let this = name(report.month);
    let last = report.month.before(1).map(name).unwrap_or_default();
    let rows = report.meters.iter().map(meter_row).collect_view();
    view! {
        <Panel title=t::METERS>
            <Table caption=t::METERS>
                <thead>
                    <tr>
                        <th scope="col" class="w-full">{t::METER}</th>
                        <th scope="col" class="num">{t::so_far(&this)}</th>
                        <th scope="col" class="num">{t::CHANGE}</th>
                        <th scope="col" class="num hidden sm:table-cell">{t::by_this_day(&last)}</th>
                        <th scope="col" class="num hidden sm:table-cell">{t::whole(&last)}</th>
                        <th scope="col" class="num hidden sm:table-cell">{t::CUSTOMERS}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
            <p class="label-sm max-w-3xl">{t::METERS_HINT}</p>
        </Panel>
    }
}

fn meter_row(own: &MeterReport) -> impl IntoView + use<> {
    let unit = day_unit(&own.meter);
    view! {
        <tr>
            <th scope="row" class="font-normal">
                {own.meter.name.clone()}" "<span class="text-muted whitespace-nowrap">{unit}</span>
            </th>
            <td class="num font-medium">{format::quantity_short(own.this_month)}</td>
            <td class="num">{change(own.by_this_day, own.this_month)}</td>
            <td class="num hidden sm:table-cell">{format::quantity_short(own.by_this_day)}</td>
            <td class="num hidden sm:table-cell">{format::quantity_short(own.last_month)}</td>
            <td class="num hidden sm:table-cell">{format::quantity(own.customers.into())}</td>
        </tr>
    }
}

/// In whole percent of what was before; nothing of nothing.
fn change(before: Decimal, now: Decimal) -> String {
    let percent = (now - before)
        .checked_mul(Decimal::ONE_HUNDRED)
        .and_then(|hundred| hundred.checked_div(before.abs()));
    match percent.map(|percent| percent.round()) {
        Some(percent) if percent > Decimal::ZERO => format!("+{}%", format::quantity(percent)),
        Some(percent) => format!("{}%", format::quantity(percent)),
        None => t::NO_CHANGE.to_owned(),
    }
}

fn most(own: &MeterReport) -> impl IntoView + use<> {
    let rows = own.top.iter().map(|top| {
        view! {
            <tr>
                <th scope="row" class="font-normal w-full">{customer_link(top.customer, top.name.clone())}</th>
                <td class="num">{format::quantity_short(top.value)}</td>
            </tr>
        }
    });
    let (title, rows) = (t::most(&own.meter.name), rows.collect_view());
    view! {
        <Panel title=title.clone()>
            <Table caption=title>
                <thead class="sr-only">
                    <tr><th scope="col">{t::CUSTOMER}</th><th scope="col">{t::AMOUNT}</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    }
}

fn movers(movers: &[(Meter, Mover)]) -> AnyView {
    if movers.is_empty() {
        return view! { <p class="text-muted">{t::NO_MOVERS}</p> }.into_any();
    }
    let rows = movers
        .iter()
        .map(|(meter, mover)| mover_row(meter, mover))
        .collect_view();
    view! {
        <Table caption=t::MOVERS>
            <thead>
                <tr>
                    <th scope="col" class="w-full">{t::CUSTOMER}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::METER}</th>
                    <th scope="col" class="num hidden sm:table-cell">{t::BEFORE}</th>
                    <th scope="col" class="num">{t::NOW}</th>
                    <th scope="col" class="num">{t::CHANGE}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
        <p class="label-sm max-w-3xl">{t::MOVERS_HINT}</p>
    }
    .into_any()
}

fn mover_row(meter: &Meter, mover: &Mover) -> impl IntoView + use<> {
    let (tone, icon, word) = match (
        mover.now > mover.before,
        mover.before.is_zero(),
        mover.now.is_zero(),
    ) {
        (true, true, _) => (Tone::Success, icondata::LuCirclePlus, t::NEW),
        (true, false, _) => (Tone::Success, icondata::LuTrendingUp, t::ROSE),
        (false, _, true) => (Tone::Warning, icondata::LuCircleMinus, t::STOPPED),
        (false, ..) => (Tone::Warning, icondata::LuTrendingDown, t::FELL),
    };
    let percent = change(mover.before, mover.now);
    let label = match mover.before.is_zero() || mover.now.is_zero() {
        true => word.to_owned(),
        false => format!("{word} {percent}"),
    };
    view! {
        <tr>
            <th scope="row" class="font-normal">
                {customer_link(mover.customer, mover.name.clone())}
                <span class="block sm:hidden label-sm">{meter.name.clone()}</span>
            </th>
            <td class="whitespace-nowrap hidden sm:table-cell">{meter.name.clone()}</td>
            <td class="num hidden sm:table-cell">{format::quantity_short(mover.before)}</td>
            <td class="num">{format::quantity_short(mover.now)}</td>
            <td class="num"><Badge tone=tone icon=icon label=label/></td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_share_of_what_was() {
        let of = |before: &str, now: &str| change(before.parse().unwrap(), now.parse().unwrap());
        assert_eq!(of("200", "230"), "+15%");
        assert_eq!(of("200", "50"), "\u{2212}75%");
        assert_eq!(of("3", "3"), "0%");
        assert_eq!(of("0", "3"), t::NO_CHANGE);
        assert_eq!(of("-2", "2"), "+200%");
    }
}
