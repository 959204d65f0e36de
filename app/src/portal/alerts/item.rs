//! One alert: how bad it is, what it says, and what can be done about it.

use std::collections::HashMap;

use billing::alert::{RuleKind, Severity};
use billing::id::{AlertId, CustomerId};
use billing::period::Zone;
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use service::{Actor, AlertRow, AlertState};

use super::group::{Group, groups};
use crate::context;
use crate::error::AppError;
use crate::format;
use crate::safe_path::with_param;
use crate::text::en::alerts as t;
use crate::ui::{Badge, PostButton, SubmitButton, Tone};

/// What customers are called.
pub type Names = HashMap<CustomerId, String>;

/// More than any rule has.
const MAX_STEPS: usize = 20;

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
    let from = context::came_from();
    let list = from.filter(|from| from.split('?').next() == Some(page));
    let list = list.unwrap_or_else(|| page.to_owned());
    leptos_axum::redirect(&with_param(&list, "done", done));
}

/// Those that a form is about, the furthest step of a value first.
pub fn read(ids: &str) -> Result<Vec<AlertId>, AppError> {
    if ids.split(',').count() > MAX_STEPS {
        return Err(AppError::Invalid);
    }
    ids.split(',')
        .map(|id| id.parse().map_err(|_| AppError::NotFound))
        .collect()
}

/// Of the steps before the furthest one some may have resolved by themselves meanwhile.
pub fn settled(place: usize, decided: service::Result<AlertRow>) -> Result<(), AppError> {
    match decided {
        Err(service::Error::AlertResolved) if place > 0 => Ok(()),
        decided => Ok(decided.map(drop)?),
    }
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

/// Names are those that operators see.
pub fn list(alerts: &[AlertRow], shown: Shown, names: &Names) -> impl IntoView + use<> {
    let items = groups(alerts)
        .into_iter()
        .map(|group| item(&group, shown, names))
        .collect_view();
    view! { <ul class="divide-y divide-base-300">{items}</ul> }
}

fn item(group: &Group, shown: Shown, names: &Names) -> impl IntoView + use<> {
    let alert = &group.furthest;
    let about = if shown.admin {
        Some(match alert.customer {
            Some(customer) => {
                let name = names.get(&customer).cloned();
                let name = name.unwrap_or_else(|| customer.to_string());
                let href = format!("/admin/usage/{customer}");
                view! { <a class="link break-words" href=href>{name}</a> }.into_any()
            }
            None => t::DEPLOYMENT.into_any(),
        })
    } else {
        let open = alert.state != AlertState::Resolved;
        let href = look(alert.rule).filter(|_| open);
        href.map(|href| view! { <a class="link" href=href>{t::LOOK}</a> }.into_any())
    };
    let about = about.map(|about| view! { " · "{about} });
    let lesser = (!group.lesser.is_empty()).then(|| format!(" · {}", t::lesser(group.lesser.len())));
    let (title, message) = (alert.title.clone(), alert.message.clone());
    view! {
        <li class="py-3 first:pt-0 last:pb-0 flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
            <div class="min-w-0 basis-80 grow flex flex-col gap-1">
                <div class="flex flex-wrap items-center gap-x-2 gap-y-1">
                    <SeverityBadge severity=alert.severity/>
                    <span class="font-medium break-words min-w-0">{title}</span>
                </div>
                {(!message.is_empty()).then(|| view! { <p class="break-words whitespace-pre-line">{message}</p> })}
                <p class="label-sm">{standing(alert, shown)}{lesser}{about}</p>
            </div>
            {(shown.decides && alert.state != AlertState::Resolved).then(|| decisions(group))}
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

fn decisions(group: &Group) -> impl IntoView + use<> {
    let (ids, title) = (group.ids(), group.furthest.title.clone());
    let post = |action: &'static str, label: &'static str| {
        let fields = vec![("alert", ids.clone())];
        view! { <PostButton action=action label=label small=true fields=fields describes=t::about(label, &title)/> }
    };
    let open = group.furthest.state == AlertState::Open;
    let acknowledge = open.then(|| post("/fn/acknowledge-alert", t::ACKNOWLEDGE));
    view! {
        <div class="flex flex-wrap items-start gap-2">
            {acknowledge}
            {post("/fn/resolve-alert", t::RESOLVE)}
            {snooze(ids.clone(), &title, group.furthest.id.to_string())}
        </div>
    }
}

fn snooze(ids: String, title: &str, id: String) -> impl IntoView + use<> {
    let field = format!("snooze-{id}");
    let options = t::SNOOZES
        .map(|(days, words)| view! { <option value=days.to_string()>{words}</option> })
        .collect_view();
    let does = t::about(t::SNOOZE, title);
    view! {
        <details>
            <summary class="btn btn-sm">{t::SNOOZE}<span class="sr-only">": "{title.to_owned()}</span></summary>
            <form method="post" action="/fn/snooze-alert" class="flex flex-wrap items-center gap-2 pt-2">
                <input type="hidden" name="alert" value=ids/>
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
        RuleKind::Usage | RuleKind::Overage => Some("/usage"),
        RuleKind::HighBill | RuleKind::CardExpiring => Some("/overview"),
        RuleKind::TrialEnding => Some("/plan"),
        RuleKind::Budget | RuleKind::Host => None,
    }
}
