//! The overview as a page.

use billing::money::Money;
use billing::period::Zone;
use billing::revenue::MovementKind;
use leptos::prelude::*;
use service::{AdminOverview, MonthMovements, MovementRow};

use super::chart::{STACK, mrr_chart};
use super::figures::{Movements, amount_of, signed};
use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::text::en::admin as t;
use crate::ui::chart::{ChartFigure, Drawing};
use crate::ui::{Amount, Badge, EmptyState, PageHeader, Panel, Table, Tone, When};

#[component]
pub fn OverviewPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let overview = visit.billing.admin_overview(&visit.actor).await?;
    let drawing = match mrr_chart(&overview.months).map_err(out_of_range)? {
        Some(chart) => Some(chart.draw().await),
        None => None,
    };
    let net = overview
        .mrr
        .minus(overview.mrr_month_start)
        .map_err(out_of_range)?;
    let body = view! {
        <PageHeader title=t::OVERVIEW subtitle=t::as_of(&format::date_time(overview.now, Zone::UTC))/>
        {headline(&overview, net)}
        <div class="grid gap-4 lg:grid-cols-3">
            {mrr_panel(drawing)}
            <div class="flex flex-col gap-4 min-w-0">
                {overview.months.last().map(|month| month_panel(month, &overview))}
                {operations(&overview)}
            </div>
        </div>
        {last_movements(overview.movements)}
    };
    Ok(Page::new(t::OVERVIEW, body).of(operator))
}

fn out_of_range(_: billing::money::MoneyError) -> AppError {
    AppError::AmountOutOfRange
}

/// The five figures an operator comes for.
fn headline(overview: &AdminOverview, net: Money) -> impl IntoView + use<> {
    let month_start = overview
        .months
        .last()
        .map(|month| month.month.format("%b %-d").to_string());
    let since = t::net_new_since(
        &signed(net),
        &format::money(overview.mrr_month_start),
        &month_start.unwrap_or_default(),
    );
    let past_due = quantity(overview.past_due);
    view! {
        <dl class="panel grid grid-cols-2 lg:grid-cols-5 gap-x-6 gap-y-4 p-4">
            {figure(t::MRR, format::money(overview.mrr), since, "col-span-2 lg:col-span-1")}
            {figure(t::COLLECTED, format::money(overview.collected), String::new(), "")}
            {figure(t::OPEN, format::money(overview.open_amount), t::invoices(overview.open_invoices), "")}
            {figure(t::PAST_DUE, past_due, t::subscriptions(overview.past_due), "")}
            {figure(
                t::PAYING,
                quantity(overview.paying_customers),
                t::trialing_of(overview.trialing, overview.customers),
                "",
            )}
        </dl>
    }
}

fn figure(label: &'static str, value: String, note: String, class: &'static str) -> impl IntoView {
    view! {
        <div class=format!("min-w-0 {class}")>
            <dt class="label-sm">{label}</dt>
            <dd class="figure-lg">{value}</dd>
            <dd class="label-sm tabular-nums">{note}</dd>
        </div>
    }
}

fn quantity(count: u64) -> String {
    format::quantity(count.into())
}

fn mrr_panel(drawing: Option<Drawing>) -> impl IntoView {
    view! {
        <Panel title=t::MRR_BY_MONTH class="lg:col-span-2">
            {match drawing {
                Some(drawing) => view! { <ChartFigure drawing=drawing/> }.into_any(),
                None => {
                    view! { <EmptyState icon=icondata::LuChartLine title=t::NO_REVENUE hint=t::NO_REVENUE_HINT/> }
                        .into_any()
                },
            }}
            <p class="label-sm max-w-3xl">{t::MRR_FORMULA}</p>
        </Panel>
    }
}

/// From the month's start to now, so that it can be added up.
fn month_panel(month: &MonthMovements, overview: &AdminOverview) -> impl IntoView + use<> {
    let title = t::movements_in(&month.month.format("%B").to_string());
    let net = Movements::of(std::slice::from_ref(month)).ok().flatten();
    let movements = STACK.map(|(kind, _)| {
        line(
            t::movement(kind).to_owned(),
            signed(amount_of(month, kind)),
            false,
        )
    });
    let start = t::mrr_on(&month.month.format("%b %-d").to_string());
    let (before, now) = (
        format::money(overview.mrr_month_start),
        format::money(overview.mrr),
    );
    view! {
        <Panel title=title.clone()>
            <table class="table table-sm">
                <caption class="sr-only">{title}</caption>
                <tbody>
                    {line(start, before, false)}
                    {movements.collect_view()}
                    {net.map(|net| line(t::NET_NEW.to_owned(), signed(net.net), true))}
                    {line(t::MRR_NOW.to_owned(), now, true)}
                </tbody>
            </table>
        </Panel>
    }
}

fn line(label: String, amount: String, total: bool) -> impl IntoView {
    let weight = if total { "font-semibold" } else { "font-normal" };
    view! { <tr class=weight><th scope="row" class=weight>{label}</th><td class="num">{amount}</td></tr> }
}

fn operations(overview: &AdminOverview) -> impl IntoView + use<> {
    let jobs = overview.jobs_waiting;
    let parked = overview.parked_customers;
    view! {
        <Panel title=t::OPERATIONS aside=view! { <a class="link" href="/admin/system">{t::SYSTEM}</a> }.into_any()>
            <ul class="flex flex-col gap-3">
                {watched((t::JOBS_WAITING, "/admin/system"), jobs, if jobs == 0 { t::JOBS_NONE } else { t::JOBS_SOME }, Tone::Info)}
                {watched((t::PARKED, "/admin/system#parked"), parked, if parked == 0 { t::PARKED_NONE } else { t::PARKED_SOME }, Tone::Error)}
            </ul>
        </Panel>
    }
}

/// A count that should be zero, and where to look when it is not.
fn watched(
    (label, there): (&'static str, &'static str),
    count: u64,
    note: &'static str,
    otherwise: Tone,
) -> impl IntoView {
    let (tone, word) = if count == 0 {
        (Tone::Success, t::ALL_WELL.to_owned())
    } else {
        (otherwise, t::LOOK_AT_IT.to_owned())
    };
    view! {
        <li class="flex items-start justify-between gap-3">
            <div>
                <p class="font-medium">{label}": "<span class="tabular-nums">{quantity(count)}</span></p>
                <p class="label-sm">{note}</p>
            </div>
            {match count {
                0 => view! { <Badge tone=tone label=word/> }.into_any(),
                _ => view! { <a href=there><Badge tone=tone label=word/></a> }.into_any(),
            }}
        </li>
    }
}

fn last_movements(movements: Vec<MovementRow>) -> impl IntoView {
    if movements.is_empty() {
        return view! { <Panel title=t::LAST_MOVEMENTS><p class="text-muted">{t::NO_MOVEMENTS}</p></Panel> }
            .into_any();
    }
    let rows = movements.into_iter().map(movement_row).collect_view();
    view! {
        <Panel title=t::LAST_MOVEMENTS>
            <Table caption=t::LAST_MOVEMENTS>
                <thead>
                    <tr>
                        <th scope="col">{t::CUSTOMER}</th>
                        <th scope="col" class="num">{t::CHANGE}</th>
                        <th scope="col">{t::MOVEMENT}</th>
                        <th scope="col" class="num">{t::CUSTOMER_MRR}</th>
                        <th scope="col">{t::PLAN}</th>
                        <th scope="col">{t::WHEN}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    }
    .into_any()
}

fn movement_row(row: MovementRow) -> impl IntoView {
    let (tone, icon) = match row.kind {
        MovementKind::New => (Tone::Success, icondata::LuCirclePlus),
        MovementKind::Expansion => (Tone::Success, icondata::LuTrendingUp),
        MovementKind::Reactivation => (Tone::Info, icondata::LuRotateCcw),
        MovementKind::Contraction => (Tone::Warning, icondata::LuTrendingDown),
        MovementKind::Churn => (Tone::Error, icondata::LuCircleMinus),
    };
    view! {
        <tr>
            <th scope="row" class="font-normal">{row.customer_name}</th>
            <td class="num">{signed(row.amount)}</td>
            <td><Badge tone=tone icon=icon label=t::movement(row.kind)/></td>
            <td class="num"><Amount amount=row.mrr_after/></td>
            <td class="whitespace-nowrap">{row.plan_name}</td>
            <td><When at=row.at zone=Zone::UTC/></td>
        </tr>
    }
}
