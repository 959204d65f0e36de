//! One alert: how bad it is, what it says, and what can be done about it.

use billing::alert::{RuleKind, Severity};
use billing::period::Zone;
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use service::{Actor, AlertRow, AlertState};

use crate::format;
use crate::text::en::alerts as t;
use crate::ui::{Badge, ButtonKind, LinkButton, PostButton, SubmitButton, Tone};

/// Where and for whom alerts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub zone: Zone,
    pub now: DateTime<Utc>,
    /// Whether whoever looks may decide about them.
    pub decides: bool,
    /// Operators see whom it is about; customers where to look into it.
    pub admin: bool,
}

/// After a decision: to the list it was made in.
pub fn lead_back(actor: &Actor, done: &str) {
    let page = match actor {
        Actor::Staff { .. } => "/admin/alerts",
        _ => "/alerts",
    };
    leptos_axum::redirect(&format!("{page}?done={done}"));
}

#[component]
pub fn SeverityBadge(severity: Severity) -> impl IntoView {
    let (tone, icon) = match severity {
        Severity::Info => (Tone::Info, icondata::LuInfo),
        Severity::Warning => (Tone::Warning, icondata::LuTriangleAlert),
        Severity::High => (Tone::Error, icondata::LuCircleAlert),
        Severity::Critical => (Tone::Error, icondata::LuSiren),
    };
    view! { <Badge tone=tone label=severity_word(severity) icon=icon/> }
}

pub const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => t::INFO,
        Severity::Warning => t::WARNING,
        Severity::High => t::HIGH,
        Severity::Critical => t::CRITICAL,
    }
}

/// Whether it is out of sight for now.
pub fn is_snoozed(alert: &AlertRow, now: DateTime<Utc>) -> bool {
    alert.snoozed_until.is_some_and(|until| until > now)
}

pub fn list(alerts: &[AlertRow], shown: Shown) -> impl IntoView + use<> {
    let items = alerts.iter().map(|alert| item(alert, shown)).collect_view();
    view! { <ul class="divide-y divide-base-300">{items}</ul> }
}

fn item(alert: &AlertRow, shown: Shown) -> impl IntoView + use<> {
    let about = shown.admin.then(|| match alert.customer {
        Some(customer) => view! { " · "<code class="break-all">{customer.to_string()}</code> }.into_any(),
        None => view! { " · "{t::DEPLOYMENT} }.into_any(),
    });
    let (title, message) = (alert.title.clone(), alert.message.clone());
    view! {
        <li class="py-3 first:pt-0 last:pb-0 flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
            <div class="min-w-0 basis-80 grow flex flex-col gap-1">
                <div class="flex flex-wrap items-center gap-x-2 gap-y-1">
                    <SeverityBadge severity=alert.severity/>
                    <span class="font-medium break-words min-w-0">{title}</span>
                </div>
                {(!message.is_empty()).then(|| view! { <p class="break-words whitespace-pre-line">{message}</p> })}
                <p class="label-sm">{standing(alert, shown)}{about}</p>
            </div>
            {actions(alert, shown)}
        </li>
    }
}

/// Since when, and what was decided.
fn standing(alert: &AlertRow, shown: Shown) -> String {
    let at = |at| format::date_time(at, shown.zone);
    if let Some(resolved) = alert.resolved_at {
        return t::lasted(&at(alert.opened_at), &at(resolved));
    }
    let decided = [
        alert.acknowledged_at.map(|when| t::acknowledged(&at(when))),
        alert
            .snoozed_until
            .filter(|until| *until > shown.now)
            .map(|until| t::snoozed(&at(until))),
    ];
    let mut words = vec![t::opened(&at(alert.opened_at))];
    words.extend(decided.into_iter().flatten());
    words.join(", ")
}

fn actions(alert: &AlertRow, shown: Shown) -> Option<AnyView> {
    if alert.state == AlertState::Resolved {
        return None;
    }
    let look = look(alert.rule).filter(|_| !shown.admin);
    let look = look.map(|href| {
        view! { <LinkButton href=href label=t::LOOK small=true kind=ButtonKind::Quiet/> }
    });
    let decide = shown.decides.then(|| decisions(alert));
    (look.is_some() || decide.is_some()).then(|| {
        view! { <div class="flex flex-wrap items-start gap-2">{look}{decide}</div> }.into_any()
    })
}

fn decisions(alert: &AlertRow) -> impl IntoView + use<> {
    let (id, title) = (alert.id.to_string(), alert.title.clone());
    let post = |action: &'static str, label: &'static str| {
        let fields = vec![("alert", id.clone())];
        view! { <PostButton action=action label=label small=true fields=fields describes=t::about(label, &title)/> }
    };
    let acknowledge = (alert.state == AlertState::Open).then(|| post("/fn/acknowledge-alert", t::ACKNOWLEDGE));
    view! {
        {acknowledge}
        {post("/fn/resolve-alert", t::RESOLVE)}
        {snooze(&id, &title)}
    }
}

fn snooze(id: &str, title: &str) -> impl IntoView + use<> {
    let field = format!("snooze-{id}");
    let options = t::SNOOZES
        .map(|(days, words)| view! { <option value=days.to_string()>{words}</option> })
        .collect_view();
    let (id, does) = (id.to_owned(), t::about(t::SNOOZE, title));
    view! {
        <details>
            <summary class="btn btn-sm">{t::SNOOZE}<span class="sr-only">": "{title.to_owned()}</span></summary>
            <form method="post" action="/fn/snooze-alert" class="flex flex-wrap items-center gap-2 pt-2">
                <input type="hidden" name="alert" value=id/>
                <label for=field.clone() class="label-sm">{t::SNOOZE_FOR}</label>
                <select id=field name="days" class="select select-sm w-auto">{options}</select>
                <SubmitButton label=t::SNOOZE small=true describes=does/>
            </form>
        </details>
    }
}

/// Where the customer sees what it is about.
const fn look(rule: RuleKind) -> Option<&'static str> {
    match rule {
        RuleKind::Usage | RuleKind::Overage | RuleKind::HighBill | RuleKind::CardExpiring => Some("/overview"),
        RuleKind::TrialEnding => Some("/plan"),
        RuleKind::Budget | RuleKind::Host => None,
    }
}
