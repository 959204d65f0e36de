//! The keys in force, with what can be done about each, and those that are past.

use billing::period::Zone;
use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use service::{ApiKeyRow, Intent, Scope};

use crate::text::en::keys as t;
use crate::ui::{Badge, ButtonKind, EmptyState, MARK, Panel, PostButton, SubmitButton, Table, Tone, When};

/// The last day of a key is one of UTC, and so is everything beside it.
const ZONE: Zone = Zone::UTC;

pub fn panels(keys: Vec<ApiKeyRow>, now: DateTime<Utc>) -> impl IntoView {
    let in_force = |key: &ApiKeyRow| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| end > now);
    let (live, past): (Vec<_>, Vec<_>) = keys.into_iter().partition(in_force);
    let content = if live.is_empty() {
        view! { <EmptyState icon=icondata::LuKeyRound title=t::NONE hint=t::NONE_HINT/> }.into_any()
    } else {
        live_table(&live).into_any()
    };
    let past = (!past.is_empty()).then(|| past_table(&past));
    let days = view! { <span class="label-sm">{t::DAYS_OF_UTC}</span> }.into_any();
    view! { <Panel title=t::IN_FORCE aside=days>{content}</Panel> {past} }
}

fn live_table(keys: &[ApiKeyRow]) -> impl IntoView + use<> {
    let rows = keys.iter().map(row).collect_view();
    view! {
        <Table caption=t::IN_FORCE>
            <thead>
                <tr>
                    <th scope="col" class="w-full">{t::NAME}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::MAY}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::CREATED}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::LAST_USED}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::EXPIRES}</th>
                    <th scope="col"><span class="sr-only">{t::ACTIONS}</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}

fn row(key: &ApiKeyRow) -> impl IntoView + use<> {
    let (used, expires) = (when(key.last_used_at), when(last_moment(key)));
    // A phone has no room for the columns.
    let small = view! {
        <span class="block sm:hidden label-sm">{scopes(key)}</span>
        <span class="block sm:hidden label-sm">{t::LAST_USED}": "{when(key.last_used_at)}</span>
        <span class="block sm:hidden label-sm">{t::EXPIRES}": "{when(last_moment(key))}</span>
    };
    view! {
        <tr>
            <th scope="row" class="font-normal align-top">
                <span class="font-medium">{key.name.clone()}</span>
                <code class="block label-sm">{shown(key)}</code>
                {small}
            </th>
            <td class="hidden sm:table-cell align-top">{scopes(key)}</td>
            <td class="hidden sm:table-cell align-top"><When at=key.created_at zone=ZONE/></td>
            <td class="hidden sm:table-cell align-top">{used}</td>
            <td class="hidden sm:table-cell align-top">{expires}</td>
            <td class="align-top">{actions(key)}</td>
        </tr>
    }
}

/// What tells it from others.
fn shown(key: &ApiKeyRow) -> String {
    format!("cbk_{}…", key.prefix)
}

/// The last day ends with the instant it expires at.
fn last_moment(key: &ApiKeyRow) -> Option<DateTime<Utc>> {
    key.expires_at.map(|end| end - TimeDelta::nanoseconds(1))
}

fn when(at: Option<DateTime<Utc>>) -> AnyView {
    match at {
        Some(at) => view! { <When at=at zone=ZONE/> }.into_any(),
        None => view! { <span class="text-muted">{t::NEVER}</span> }.into_any(),
    }
}

fn scopes(key: &ApiKeyRow) -> String {
    let words: Vec<&str> = key.scopes.iter().map(|name| scope_word(name)).collect();
    words.join(", ")
}

fn scope_word(name: &str) -> &str {
    match Scope::parse(name) {
        Some(Scope::EventsWrite) => t::EVENTS_WRITE,
        Some(Scope::Read) => t::READ,
        Some(Scope::Write) => t::WRITE,
        Some(Scope::Money) => t::MONEY,
        None => name,
    }
}

/// Each is asked once more, with the key's name.
fn actions(key: &ApiKeyRow) -> impl IntoView + use<> {
    let (id, name) = (key.id.to_string(), key.name.clone());
    let rotate = view! {
        <p class="max-w-60">{t::rotate_what(&name)}</p>
        <PostButton action="/fn/rotate-key" label=t::rotate_named(&name) small=true
            fields=vec![("key", id.clone()), (MARK, Intent::mark())]/>
    };
    let revoke = view! {
        <form method="post" action="/fn/revoke-key" class="flex flex-col items-start gap-2">
            <input type="hidden" name="key" value=id/>
            <p class="max-w-60">{t::revoke_what(&name)}</p>
            <SubmitButton label=t::revoke_named(&name) kind=ButtonKind::Danger small=true/>
        </form>
    };
    view! {
        <div class="flex flex-col items-start gap-2">
            {asked(t::ROTATE, &name, rotate.into_any())}
            {asked(t::REVOKE, &name, revoke.into_any())}
        </div>
    }
}

fn asked(label: &'static str, name: &str, form: AnyView) -> impl IntoView + use<> {
    let name = name.to_owned();
    view! {
        <details>
            <summary class="btn btn-ghost btn-sm">{label}<span class="sr-only">" "{name}</span></summary>
            <div class="flex flex-col items-start gap-2 pt-2">{form}</div>
        </details>
    }
}

fn past_table(keys: &[ApiKeyRow]) -> impl IntoView + use<> {
    let row = |key: &ApiKeyRow| {
        let (label, at) = match key.revoked_at {
            Some(at) => (t::REVOKED, Some(at)),
            None => (t::EXPIRED, last_moment(key)),
        };
        view! {
            <tr>
                <th scope="row" class="font-normal align-top">
                    {key.name.clone()}<code class="block label-sm">{shown(key)}</code>
                </th>
                <td class="align-top"><Badge tone=Tone::Neutral label=label/></td>
                <td class="align-top">{when(at)}</td>
            </tr>
        }
    };
    let rows = keys.iter().map(row).collect_view();
    view! {
        <details class="panel p-4">
            <summary class="cursor-pointer font-medium w-fit">{t::PAST}</summary>
            <Table caption=t::PAST>
                <thead class="sr-only">
                    <tr>
                        <th scope="col">{t::NAME}</th>
                        <th scope="col">{t::STATE}</th>
                        <th scope="col">{t::EXPIRES}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </details>
    }
}
