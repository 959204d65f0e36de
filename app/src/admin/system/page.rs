//! The test clock, the verification of the books and who was set aside, as a page.

use billing::period::Zone;
use leptos::prelude::*;
use service::{ClockMove, ClockState, Finding, ParkedCustomer, VerifyReport};

use super::island::ClockProgressLine;
use super::when::field_value;
use crate::admin::area::{ADMIN, operator};
use crate::context::clock_shift;
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::text::en::admin as t;
use crate::ui::{Badge, ButtonKind, Notice, PageHeader, Panel, PostButton, SubmitButton, Table, Tone};

/// The query parameter that asks for the books to be checked.
const VERIFY: &str = "verify";

#[component]
pub fn SystemPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let clock = visit.billing.clock_state(&visit.actor).await?;
    let report = match visit.query(VERIFY) {
        Some(_) => Some(visit.billing.verify_as(&visit.actor).await?),
        None => None,
    };
    let parked = visit.billing.parked_customers(&visit.actor).await?;
    let control = match (visit.deployment.sandbox, visit.actor.operates().is_ok()) {
        (false, _) => Control::Absent,
        (true, false) => Control::Watch,
        (true, true) => Control::Move,
    };
    let ahead = clock_shift(&visit.billing).and_then(|shift| whole_minutes(shift.as_secs()));
    let body = view! {
        <PageHeader title=t::SYSTEM/>
        <div class="grid gap-4 lg:grid-cols-2 items-start">
            {clock_panel(&clock, ahead, control)}
            {books_panel(report)}
        </div>
        {parked_panel(parked, visit.actor.operates().is_ok())}
    };
    Ok(Page::new(t::SYSTEM, body).of(operator))
}

/// To the nearest minute, in seconds: a move takes a moment itself.
fn whole_minutes(seconds: u64) -> Option<i64> {
    i64::try_from((seconds + 30) / 60 * 60).ok()
}

/// What this operator can do about the clock, here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Control {
    Absent,
    Watch,
    Move,
}

/// Where a move under way stands and leads.
pub fn progress(clock: &ClockState) -> Option<String> {
    let ClockMove { at, to, processed } = clock.moving?;
    let words = |at| format::date_time(at, Zone::UTC);
    Some(t::clock_progress(&words(at), &words(to), processed))
}

fn clock_panel(clock: &ClockState, ahead: Option<i64>, control: Control) -> impl IntoView + use<> {
    let now = clock.now;
    let state = ahead.map_or(t::CLOCK_REAL.to_owned(), |seconds| {
        t::clock_ahead_by(&format::span(seconds))
    });
    let stopped = clock.last_error.clone().map(|error| {
        let detail = format!("{error}. {}", t::CLOCK_STOPPED_ADVICE);
        view! { <Notice tone=Tone::Error title=t::CLOCK_STOPPED detail=detail/> }
    });
    let controls = match (control, progress(clock)) {
        (_, Some(words)) => moving(words).into_any(),
        (Control::Absent, _) => view! { <p class="text-muted">{t::CLOCK_ONLY_SANDBOX}</p> }.into_any(),
        (Control::Watch, _) => view! { <p class="text-muted">{t::CLOCK_NOT_YOURS}</p> }.into_any(),
        (Control::Move, _) => move_forms(clock).into_any(),
    };
    view! {
        <Panel title=t::TEST_CLOCK>
            <dl>
                <dt class="label-sm">{t::BUSINESS_TIME}</dt>
                <dd class="figure-lg">
                    <time datetime=format::iso(now) title=format::date_time_exact(now, Zone::UTC)>
                        {format::date_time(now, Zone::UTC)}
                    </time>
                </dd>
                <dd class="label-sm">{state}</dd>
            </dl>
            {stopped}
            {controls}
        </Panel>
    }
}

/// Without scripts the page asks again by itself; with them the island does.
fn moving(words: String) -> impl IntoView {
    view! {
        <div class="flex flex-col gap-2">
            <p class="font-medium">{t::CLOCK_MOVING}</p>
            <progress class="progress progress-primary w-full" aria-label=t::CLOCK_MOVING></progress>
            <ClockProgressLine initial=words/>
            <noscript><meta http-equiv="refresh" content="2"/></noscript>
        </div>
    }
}

fn move_forms(clock: &ClockState) -> impl IntoView + use<> {
    let now = field_value(clock.now);
    let step = |by: &str, label: &'static str| {
        view! { <PostButton action="/fn/step-clock" label=label fields=vec![("by", by.to_owned())]/> }
    };
    view! {
        <p class="text-muted">{t::CLOCK_EFFECT}</p>
        <div class="flex flex-wrap gap-2">{step("day", t::PLUS_DAY)} {step("month", t::PLUS_MONTH)}</div>
        <form method="post" action="/fn/move-clock" class="flex flex-wrap items-end gap-2">
            <div class="flex flex-col gap-1">
                <label for="clock-to" class="font-medium">{t::MOVE_TO}</label>
                <input id="clock-to" name="to" type="datetime-local" class="input" min=now.clone() value=now required/>
            </div>
            <SubmitButton label=t::MOVE kind=ButtonKind::Primary/>
        </form>
    }
}

fn books_panel(report: Option<VerifyReport>) -> impl IntoView {
    let label = if report.is_some() {
        t::CHECK_AGAIN
    } else {
        t::CHECK_BOOKS
    };
    view! {
        <Panel title=t::BOOKS>
            <p class="text-muted">{t::BOOKS_HINT}</p>
            <form method="get" action="/admin/system">
                <input type="hidden" name=VERIFY value="1"/>
                <SubmitButton label=label/>
            </form>
            {report.map(report_view)}
        </Panel>
    }
}

/// Whom the billing run set aside, why, and the way to have it try again.
fn parked_panel(parked: Vec<ParkedCustomer>, operates: bool) -> AnyView {
    if parked.is_empty() {
        return ().into_any();
    }
    let rows = parked.into_iter().map(|customer| {
        let due = customer.due_at.map(|at| format::date_time(at, Zone::UTC));
        let again = operates.then(|| {
            let fields = vec![("customer", customer.id.to_string())];
            view! {
                <PostButton action="/fn/unpark" label=t::TRY_AGAIN describes=t::try_again_with(&customer.name)
                    small=true fields=fields/>
            }
        });
        view! {
            <tr>
                <th scope="row" class="font-normal">{customer.name.clone()}</th>
                <td>{customer.reason}</td>
                <td>{due}</td>
                <td>{again}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <div id="parked">
            <Panel title=t::PARKED>
                <p class="text-muted">{t::PARKED_HINT}</p>
                <Table caption=t::PARKED>
                    <thead>
                        <tr>
                            <th scope="col">{t::CUSTOMER}</th>
                            <th scope="col">{t::REASON}</th>
                            <th scope="col">{t::DUE_SINCE}</th>
                            <th scope="col"><span class="sr-only">{t::TRY_AGAIN}</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </Table>
            </Panel>
        </div>
    }
    .into_any()
}

fn report_view(report: VerifyReport) -> impl IntoView {
    let rows: u64 = report.checked.iter().map(|(_, rows)| rows).sum();
    let detail = t::rows_checked(&format::quantity(rows.into()));
    let verdict = match report.findings.len() {
        0 => view! { <Notice tone=Tone::Success title=t::BOOKS_TIE detail=detail/> },
        count => view! { <Notice tone=Tone::Error title=t::books_differ(count) detail=detail/> },
    };
    let checks = report.checked.iter().map(|(check, rows)| {
        let findings = report
            .findings
            .iter()
            .filter(|finding| finding.check == *check)
            .count();
        check_row(check, *rows, findings)
    });
    let checks = checks.collect_view();
    view! {
        {verdict}
        <Table caption=t::BOOKS>
            <thead>
                <tr>
                    <th scope="col">{t::CHECK}</th>
                    <th scope="col" class="num">{t::ROWS}</th>
                    <th scope="col">{t::RESULT}</th>
                </tr>
            </thead>
            <tbody>{checks}</tbody>
        </Table>
        {(!report.findings.is_empty()).then(|| findings_view(report.findings))}
    }
}

fn check_row(check: &'static str, rows: u64, findings: usize) -> impl IntoView {
    let badge = match findings {
        0 => view! { <Badge tone=Tone::Success label=t::TIES/> },
        count => view! { <Badge tone=Tone::Error label=t::books_differ(count)/> },
    };
    view! {
        <tr>
            <th scope="row" class="font-normal first-letter:uppercase">{check}</th>
            <td class="num">{format::quantity(rows.into())}</td>
            <td>{badge}</td>
        </tr>
    }
}

fn findings_view(findings: Vec<Finding>) -> impl IntoView {
    let items = findings.into_iter().map(|finding| {
        view! { <li><span class="font-medium">{finding.check}</span>": "{finding.detail}</li> }
    });
    view! {
        <h3>{t::FINDINGS}</h3>
        <ul class="list-disc ps-5 flex flex-col gap-1 break-words">{items.collect_view()}</ul>
    }
}
