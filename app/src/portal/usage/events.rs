//! Every event, with filters.

use billing::catalog::Meter;
use billing::id::MeterId;
use leptos::prelude::*;
use service::{EventPage, EventRow};

use super::asked::{ALL, EVENTS};
use super::{Asked, Place};
use crate::format;
use crate::text::en::usage as t;
use crate::ui::{Badge, EmptyState, LinkButton, Pager, Panel, SubmitButton, Table, Tone, When};

/// What senders may name an event.
const MAX_ID: u32 = 255;
/// Properties longer than this are for the file.
const MAX_SHOWN: usize = 120;

pub fn panel(page: &EventPage, asked: &Asked, place: &Place) -> AnyView {
    let file = place.own.then(|| {
        let newest = t::newest(&format::quantity(service::MAX_EXPORTED.into()));
        view! {
            <span class="label-sm">
                <a class="link" href=place.file("events.csv", asked)>{t::EVENTS_CSV}</a>
                " ("{newest}")"
            </span>
        }
    });
    let content = match page.events.is_empty() {
        true => empty(asked),
        false => table(page),
    };
    let (filters, ways) = (filters(page, asked, place), ways(page, asked, place));
    view! {
        <Panel title=t::EVENTS id=EVENTS aside=file.into_any()>
            {filters}
            {content}
            {ways}
        </Panel>
    }
    .into_any()
}

fn empty(asked: &Asked) -> AnyView {
    let hint = match asked.events.id {
        Some(_) => t::NO_SUCH_EVENT_HINT,
        None => t::NO_EVENTS_HINT,
    };
    view! { <EmptyState icon=icondata::LuSearchX title=t::NO_EVENTS hint=hint/> }.into_any()
}

fn filters(page: &EventPage, asked: &Asked, place: &Place) -> impl IntoView + use<> {
    let query = &asked.events;
    let chosen = query.meter.as_deref();
    let meters = page.catalog.iter().map(|meter| {
        let selected = chosen == Some(meter.key.as_str());
        view! { <option value=meter.key.clone() selected=selected>{meter.name.clone()}</option> }
    });
    let period = asked.period.map(|at| {
        let at = at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        // Dates that are emptied stay empty.
        view! { <input type="hidden" name="period" value=at/><input type="hidden" name="all" value=ALL/> }
    });
    let filtered = query.meter.is_some() || query.from.is_some() || query.to.is_some() || query.id.is_some();
    let clear = filtered.then(|| view! { <LinkButton href=place.all_events(asked) label=t::CLEAR/> });
    let zone = page.zone.name();
    let day = |name: &'static str, label: String, day: Option<chrono::NaiveDate>| {
        let value = day.map(|day| day.to_string());
        view! {
            <div class="flex flex-col gap-1 max-md:self-stretch max-md:justify-end">
                <label for=name class="font-medium">{label}</label>
                <input id=name name=name type="date" class="input w-full" value=value/>
            </div>
        }
    };
    let id = query.id.clone();
    view! {
        <form method="get" action=format!("{}#{EVENTS}", place.base)
            class="grid gap-3 grid-cols-2 md:grid-cols-[1fr_auto_auto_1fr_auto] items-start">
            {period}
            <div class="flex flex-col gap-1 col-span-2 md:col-span-1">
                <label for="meter" class="font-medium">{t::METER}</label>
                <select id="meter" name="meter" class="select w-full">
                    <option value="">{t::ALL_METERS}</option>
                    {meters.collect_view()}
                </select>
            </div>
            {day("from", t::from(zone), query.from)}
            {day("to", t::up_to(zone), query.to)}
            <div class="flex flex-col gap-1 col-span-2 md:col-span-1">
                <label for="id" class="font-medium">{t::EVENT_ID}</label>
                <input id="id" name="id" type="text" class="input w-full" maxlength=MAX_ID autocomplete="off"
                    aria-describedby="id-hint" value=id/>
                <p id="id-hint" class="label-sm">{t::EVENT_ID_HINT}</p>
            </div>
            <div class="flex flex-wrap gap-2 col-span-2 md:col-span-1 md:pt-6">
                <SubmitButton label=t::SHOW/>
                {clear}
            </div>
        </form>
    }
}

fn table(page: &EventPage) -> AnyView {
    let rows = page.events.iter().map(|event| row(event, page)).collect_view();
    view! {
        <Table caption=t::EVENTS>
            <thead>
                <tr>
                    <th scope="col">{t::WHEN}</th>
                    <th scope="col">{t::METER}</th>
                    <th scope="col" class="num">{t::VALUE}</th>
                    <th scope="col">{t::EVENT_ID}</th>
                    <th scope="col">{t::PROPERTIES}</th>
                    <th scope="col">{t::SOURCE}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

fn row(event: &EventRow, page: &EventPage) -> impl IntoView + use<> {
    let counted = |id: &MeterId| page.catalog.iter().find(|meter| meter.id == *id);
    let counting: Vec<&Meter> = event.meters.iter().filter_map(counted).collect();
    let mut names: Vec<_> = counting.iter().map(|meter| meter.name.as_str()).collect();
    names.sort_unstable();
    let names = match names.is_empty() {
        true => t::NO_METER.to_owned(),
        false => names.join(", "),
    };
    let reversal = event
        .is_reversal
        .then(|| view! { <Badge tone=Tone::Info icon=icondata::LuUndo2 label=t::TAKES_BACK/> });
    let reversed = event
        .reversed_by
        .as_deref()
        .map(|by| view! { <Badge tone=Tone::Neutral icon=icondata::LuUndo2 label=t::taken_back(by)/> });
    let data = properties(&event.data);
    view! {
        <tr>
            <td class="whitespace-nowrap"><When at=event.occurred_at zone=page.zone time=true/></td>
            <td class="whitespace-nowrap">{names}</td>
            <td class="num">{format::quantity(event.value)}</td>
            <td class="break-all min-w-32"><code>{event.event_id.clone()}</code>" "{reversal}{reversed}</td>
            <td class="break-all min-w-40"><code class="label-sm">{data}</code></td>
            <td class="break-all">{event.source.clone()}</td>
        </tr>
    }
}

/// `endpoint=/v1/chains method=GET`, up to a length.
fn properties(data: &serde_json::Value) -> String {
    let Some(object) = data.as_object() else {
        return String::new();
    };
    let pair = |(name, value): (&String, &serde_json::Value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    };
    let all = object.iter().map(pair).collect::<Vec<_>>().join(" ");
    match all.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &all[..end]),
        None => all,
    }
}

fn ways(page: &EventPage, asked: &Asked, place: &Place) -> impl IntoView + use<> {
    let after = asked.events.after.as_ref();
    let newest = after.map(|_| place.events(asked, None));
    let older = page.next.as_ref().map(|next| place.events(asked, Some(next)));
    view! { <Pager newest=newest older=older/> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn properties_are_read_at_a_glance() {
        assert_eq!(properties(&json!({})), "");
        assert_eq!(
            properties(&json!({ "endpoint": "/v1/chains", "ok": true, "list": [1] })),
            "endpoint=/v1/chains list=[1] ok=true"
        );
        let long = properties(&json!({ "text": "é".repeat(300) }));
        assert_eq!(long.chars().count(), MAX_SHOWN + 1);
    }
}
