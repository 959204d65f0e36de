//! The overview as a page.

use billing::period::Zone;
use billing::revenue::{CalendarMonth, MovementKind};
use leptos::prelude::*;
use service::{MonthRevenue, MovementRow};

use super::chart::mrr_chart;
use super::figures::signed;
use super::formulas::{self, Shown};
use super::waterfall::{Names, waterfall};
use super::{now, rows};
use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::text::en::admin as t;
use crate::text::en::revenue as r;
use crate::ui::chart::{Chart, ChartFigure, Drawing};
use crate::ui::{Amount, Badge, EmptyState, Icon, PageHeader, Panel, Table, Tone, When};

/// The query parameter that names the month, as in 2026-11.
const MONTH: &str = "month";

/// Of a figure that has room at full size: `$123,456.78`.
const LONGEST: usize = 11;

#[component]
pub fn OverviewPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let month = visit.query(MONTH).map(str::parse).transpose();
    let month = month.map_err(|_| AppError::InvalidMonth)?;
    let overview = visit.billing.admin_overview(&visit.actor, month).await?;
    let revenue = &overview.revenue;
    let runs = revenue.month == overview.this_month;
    let fallen = waterfall(revenue, &names(revenue.month, overview.this_month)).map_err(out_of_range)?;
    let fallen = draw(fallen).await;
    let drawing = draw(mrr_chart(&overview.months).map_err(out_of_range)?).await;
    let months = month_links(revenue.month, overview.this_month);
    let body = view! {
        <PageHeader title=t::OVERVIEW subtitle=t::as_of(&format::date_time(overview.now, Zone::UTC))>
            {months}
        </PageHeader>
        {headline(revenue, if runs { r::SO_FAR } else { "" })?}
        <div class="grid gap-4 lg:grid-cols-5">
            {mrr_panel(drawing)}
            {waterfall_panel(revenue, fallen)}
        </div>
        {rows::rows_panel(revenue).map_err(out_of_range)?}
        <div class="grid gap-4 lg:grid-cols-3 items-start">
            {last_movements(&overview.movements)}
            <div class="flex flex-col gap-4 min-w-0">
                {now::money(&overview)}
                {now::operations(&overview)}
            </div>
        </div>
    };
    Ok(Page::new(t::OVERVIEW, body).of(operator))
}

/// Drawn on the heap: a chart's description is large.
async fn draw(chart: Option<Chart>) -> Option<Drawing> {
    match chart {
        Some(chart) => Some(Box::pin(chart.draw()).await),
        None => None,
    }
}

fn month_title(month: CalendarMonth) -> String {
    month.first_day().format("%B %Y").to_string()
}

/// The present month ends with now.
fn names(month: CalendarMonth, this_month: CalendarMonth) -> Names {
    let name = month_title(month);
    let runs = month == this_month;
    Names {
        start: r::mrr_on(&month.first_day().format("%b %-d").to_string()),
        end: if runs {
            r::MRR_NOW.to_owned()
        } else {
            r::mrr_at_end_of(&month.first_day().format("%b").to_string())
        },
        month: name,
    }
}

/// The month before, the one that is shown, and those after it.
fn month_links(month: CalendarMonth, this_month: CalendarMonth) -> impl IntoView {
    let link = |month: CalendarMonth, icon| {
        let href = if month == this_month {
            "/admin".to_owned()
        } else {
            format!("/admin?{MONTH}={month}")
        };
        let label = r::to_month(&month_title(month));
        view! { <a class="btn btn-sm btn-square" href=href aria-label=label.clone() title=label><Icon icon=icon/></a> }
    };
    let later = month.next().filter(|next| *next <= this_month);
    let shown = if month == this_month {
        r::so_far(&month_title(month))
    } else {
        month_title(month)
    };
    let back = (month != this_month).then(|| {
        view! { <a class="btn btn-sm" href="/admin">{r::THIS_MONTH}</a> }
    });
    view! {
        <nav class="flex flex-wrap items-center gap-2" aria-label=r::MONTHS>
            {month.before(1).map(|before| link(before, icondata::LuChevronLeft))}
            <span class="font-medium">{shown}</span>
            {later.map(|later| link(later, icondata::LuChevronRight))}
            {back}
        </nav>
    }
}

fn out_of_range(_: billing::money::MoneyError) -> AppError {
    AppError::AmountOutOfRange
}

/// The figures an operator comes for, each with its formula a click away.
fn headline(revenue: &MonthRevenue, runs: &str) -> Result<impl IntoView + use<>, AppError> {
    let figures = formulas::figures(revenue).map_err(out_of_range)?;
    let figures = figures.into_iter().map(figure).collect_view();
    let margin = r::gross_margin(&format::rate(revenue.margin.fraction()));
    let notes = [runs, r::ONCE_EACH, &margin].join(" ");
    Ok(view! {
        <section class="panel flex flex-col gap-4 p-4">
            <h2 class="sr-only">{r::figures_of(&month_title(revenue.month))}</h2>
            <dl class="grid grid-cols-2 md:grid-cols-3 lg:grid-cols-6 gap-x-6 gap-y-4">{figures}</dl>
            <p class="label-sm max-w-5xl">{notes.trim().to_owned()}</p>
        </section>
    })
}

/// Its formula, once open, takes the whole row.
fn figure(shown: Shown) -> impl IntoView {
    // Six stand beside each other on a wide page, and no figure breaks.
    let size = match shown.value.chars().count() {
        ..=LONGEST => "figure-lg max-sm:text-xl whitespace-nowrap",
        _ => "figure-lg max-sm:text-lg lg:text-xl whitespace-nowrap",
    };
    view! {
        <div class="min-w-0 has-[details[open]]:col-span-full">
            <dt class="label-sm">{shown.label}</dt>
            <dd class=size>{shown.value}</dd>
            <dd>
                <details class="label-sm">
                    <summary class="cursor-pointer w-fit">{r::FORMULA}<span class="sr-only">" "{shown.label}</span></summary>
                    <p class="pt-1">{shown.formula}</p>
                    <p class="tabular-nums text-base-content">{shown.numbers}</p>
                    <p><a class="link" href=format!("#{}", rows::ANCHOR)>{r::THE_ROWS}</a></p>
                </details>
            </dd>
        </div>
    }
}

fn mrr_panel(drawing: Option<Drawing>) -> impl IntoView {
    view! {
        <Panel title=t::MRR_BY_MONTH class="lg:col-span-3">
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

fn waterfall_panel(revenue: &MonthRevenue, drawing: Option<Drawing>) -> impl IntoView + use<> {
    let title = r::movements_in(&month_title(revenue.month));
    let still = r::nothing_moved(&month_title(revenue.month), &format::money(revenue.figures.mrr));
    view! {
        <Panel title=title class="lg:col-span-2">
            {match drawing {
                Some(drawing) => view! { <ChartFigure drawing=drawing/> }.into_any(),
                None => view! { <p class="text-muted">{still}</p> }.into_any(),
            }}
        </Panel>
    }
}

fn last_movements(movements: &[MovementRow]) -> AnyView {
    if movements.is_empty() {
        return view! { <Panel title=t::LAST_MOVEMENTS class="lg:col-span-2"><p class="text-muted">{t::NO_MOVEMENTS}</p></Panel> }
            .into_any();
    }
    let rows = movements.iter().cloned().map(movement_row).collect_view();
    view! {
        <Panel title=t::LAST_MOVEMENTS class="lg:col-span-2">
            <Table caption=t::LAST_MOVEMENTS>
                <thead>
                    <tr>
                        <th scope="col">{t::CUSTOMER}</th>
                        <th scope="col" class="num">{t::CHANGE}</th>
                        <th scope="col">{t::MOVEMENT}</th>
                        <th scope="col" class="num hidden sm:table-cell">{t::CUSTOMER_MRR}</th>
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
            <td class="num hidden sm:table-cell"><Amount amount=row.mrr_after/></td>
            <td class="whitespace-nowrap">{row.plan_name}</td>
            <td><When at=row.at zone=Zone::UTC/></td>
        </tr>
    }
}
