//! The forms that change an endpoint.

use billing::period::Zone;
use chrono::{DateTime, Days, Utc};
use leptos::prelude::*;
use service::{EndpointRow, webhook_revision};

use super::forms::{EDIT, EndpointForm};
use crate::admin::system::when::field_value;
use crate::auth;
use crate::error::AppError;
use crate::page::Visit;
use crate::text::en::webhooks as t;
use crate::ui::{ButtonKind, Panel, PostButton, SubmitButton, TextField};

const MAX_URL: u32 = 2_000;
const MAX_KINDS: u32 = 2_000;

/// What an endpoint is, to type; `wrong` says why it was refused.
pub fn fields(form: EndpointForm, wrong: Option<AppError>) -> impl IntoView {
    let url = (wrong == Some(AppError::TargetRefused)).then_some(t::WRONG_URL);
    let kinds = (wrong == Some(AppError::InvalidKinds)).then_some(t::WRONG_KINDS);
    view! {
        <TextField name="form[url]" label=t::URL kind="url" autocomplete="off" maxlength=MAX_URL hint=t::URL_HINT
            value=form.url error=url/>
        <TextField name="form[kinds]" label=t::KINDS autocomplete="off" maxlength=MAX_KINDS hint=t::KINDS_HINT
            value=form.kinds optional=true error=kinds/>
        <TextField name="form[description]" label=t::DESCRIPTION autocomplete="off" hint=t::DESCRIPTION_HINT
            value=form.description optional=true/>
    }
}

/// Beside the page's title.
pub fn switches(endpoint: &EndpointRow) -> impl IntoView + use<> {
    let id = endpoint.id.to_string();
    let (to, label) = if endpoint.enabled {
        ("off", t::TURN_OFF)
    } else {
        ("on", t::TURN_ON)
    };
    let test = endpoint.enabled.then(|| {
        let fields = vec![("endpoint", id.clone())];
        view! { <PostButton action="/fn/test-endpoint" label=t::TEST fields=fields kind=ButtonKind::Primary/> }
    });
    let fields = vec![("endpoint", id), ("to", to.to_owned())];
    view! { {test}<PostButton action="/fn/switch-endpoint" label=label fields=fields/> }
}

pub fn panels(visit: &Visit, endpoint: &EndpointRow, now: DateTime<Utc>) -> impl IntoView + use<> {
    let replay = endpoint.enabled.then(|| replay(endpoint, now));
    view! {
        <div class="grid gap-4 md:grid-cols-2 items-start">
            {settings(visit, endpoint)}
            <div class="flex flex-col gap-4 min-w-0">
                {replay}
                {secret(endpoint)}
                {delete(endpoint)}
            </div>
        </div>
    }
}

fn settings(visit: &Visit, endpoint: &EndpointRow) -> impl IntoView + use<> {
    let failed = visit.query("error").and_then(AppError::parse);
    let typed = failed.and_then(|_| auth::typed::read_form::<EndpointForm>(EDIT));
    let typed = typed.filter(|form| form.endpoint == endpoint.id.to_string());
    let wrong = failed.filter(|_| typed.is_some());
    let form = typed.unwrap_or_else(|| EndpointForm {
        endpoint: endpoint.id.to_string(),
        url: endpoint.url.clone(),
        description: endpoint.description.clone(),
        kinds: endpoint.kinds.as_slice().join(", "),
        seen: String::new(),
    });
    let (id, seen) = (endpoint.id.to_string(), webhook_revision(endpoint));
    view! {
        <Panel title=t::SETTINGS>
            <form method="post" action="/fn/edit-endpoint" class="flex flex-col gap-4">
                <input type="hidden" name="form[endpoint]" value=id/>
                <input type="hidden" name="form[seen]" value=seen/>
                {fields(form, wrong)}
                <div><SubmitButton label=t::SAVE/></div>
            </form>
        </Panel>
    }
}

/// Since yesterday, where nothing else is chosen.
fn replay(endpoint: &EndpointRow, now: DateTime<Utc>) -> impl IntoView + use<> {
    let since = now.checked_sub_days(Days::new(1)).unwrap_or(now);
    let (id, since, until) = (endpoint.id.to_string(), field_value(since), field_value(now));
    view! {
        <Panel title=t::REPLAY_TITLE>
            <p class="text-muted">{t::REPLAY_HINT}</p>
            <form method="post" action="/fn/replay-endpoint" class="flex flex-wrap items-end gap-2">
                <input type="hidden" name="endpoint" value=id/>
                <div class="flex flex-col gap-1">
                    <label for="since" class="font-medium">{t::SINCE}</label>
                    <input id="since" name="since" type="datetime-local" class="input" max=until value=since required/>
                </div>
                <SubmitButton label=t::REPLAY/>
            </form>
        </Panel>
    }
}

fn secret(endpoint: &EndpointRow) -> impl IntoView + use<> {
    let id = endpoint.id.to_string();
    let options = t::OVERLAPS
        .map(|(hours, words)| view! { <option value=hours.to_string()>{words}</option> })
        .collect_view();
    view! {
        <Panel title=t::SECRET>
            <p class="text-muted">{t::SECRET_HINT}</p>
            <form method="post" action="/fn/rotate-endpoint" class="flex flex-wrap items-end gap-2">
                <input type="hidden" name="endpoint" value=id/>
                <div class="flex flex-col gap-1">
                    <label for="hours" class="font-medium">{t::OVERLAP}</label>
                    <select id="hours" name="hours" class="select">{options}</select>
                </div>
                <SubmitButton label=t::ROTATE/>
            </form>
        </Panel>
    }
}

/// Asked once more, as it cannot be undone.
fn delete(endpoint: &EndpointRow) -> impl IntoView + use<> {
    let (id, what) = (endpoint.id.to_string(), t::delete_what(&endpoint.url));
    view! {
        <details class="panel p-4">
            <summary class="cursor-pointer text-muted w-fit">{t::DELETE}</summary>
            <form method="post" action="/fn/delete-endpoint" class="flex flex-col items-start gap-2 pt-2">
                <input type="hidden" name="endpoint" value=id/>
                <p class="break-words max-w-full">{what}</p>
                <SubmitButton label=t::DELETE_IT kind=ButtonKind::Danger small=true/>
            </form>
        </details>
    }
}

/// Everything about deliveries is real time.
pub const ZONE: Zone = Zone::UTC;
