//! Where operators are told: the channels, a test of each, and the form that adds one.

use billing::alert::Severity;
use billing::period::Zone;
use leptos::prelude::*;
use service::{ChannelAddress, ChannelError, ChannelKind, Error, NewAlertChannel, ShownChannel};

use super::forms::{CHANNEL, ChannelForm, TEST, Tested};
use crate::auth;
use crate::error::AppError;
use crate::format;
use crate::page::Visit;
use crate::portal::alerts::item::severity_word;
use crate::text::en::alerts as t;
use crate::ui::{
    Badge, ButtonKind, EmptyState, Notice, Once, Panel, PostButton, SubmitButton, Table, TextField, Tone,
    When,
};

const KINDS: [ChannelKind; 3] = [ChannelKind::Email, ChannelKind::Slack, ChannelKind::PagerDuty];
const MAX_ADDRESS: u32 = 2_000;

pub fn read(form: &ChannelForm, address: &str) -> Result<NewAlertChannel, AppError> {
    let address = address.to_owned();
    let address = match ChannelKind::parse(&form.kind).ok_or(AppError::Invalid)? {
        ChannelKind::Email => ChannelAddress::Email(address),
        ChannelKind::Slack => ChannelAddress::Slack(address.into()),
        ChannelKind::PagerDuty => ChannelAddress::PagerDuty(address.into()),
    };
    Ok(NewAlertChannel {
        name: form.name.clone(),
        address,
        severity: Severity::parse(&form.severity).ok_or(AppError::Invalid)?,
    })
}

/// The form has one field for whatever reaches the channel.
pub fn refused(error: Error) -> AppError {
    match error {
        Error::Target(_) | Error::Invalid { field: "email" } => AppError::InvalidChannel,
        Error::Invalid { field: "name" } => AppError::InvalidLabel,
        other => other.into(),
    }
}

pub fn panels(visit: &Visit, channels: &[ShownChannel]) -> impl IntoView + use<> {
    let operates = visit.actor.operates().is_ok();
    let content = if channels.is_empty() {
        let hint = if operates {
            t::NO_CHANNELS_HINT
        } else {
            t::NO_CHANNELS_READER
        };
        view! { <EmptyState icon=icondata::LuBellOff title=t::NO_CHANNELS hint=hint/> }.into_any()
    } else {
        table(channels, operates).into_any()
    };
    let form = operates.then(|| form(visit));
    view! {
        {tested(visit, channels)}
        <Panel title=t::CHANNELS><p class="text-muted">{t::CHANNELS_HINT}</p>{content}</Panel>
        {form}
    }
}

/// What came of the test that led here.
fn tested(visit: &Visit, channels: &[ShownChannel]) -> Option<AnyView> {
    visit.query("tested")?;
    let tested: Tested = auth::typed::read_form(TEST)?;
    let channel = channels
        .iter()
        .find(|channel| channel.id.to_string() == tested.channel)?;
    let (name, is_mail) = (&channel.name, channel.kind == ChannelKind::Email);
    let (tone, title, detail) = match tested.why {
        None if is_mail => (
            Tone::Success,
            t::tested_mail(name),
            t::TESTED_MAIL_HINT.to_owned(),
        ),
        None => (Tone::Success, t::tested(name), t::TESTED_HINT.to_owned()),
        Some(why) => (Tone::Error, t::test_failed(name), t::test_why(&why)),
    };
    Some(view! { <Notice tone=tone title=title detail=detail urgent=true/> }.into_any())
}

fn table(channels: &[ShownChannel], operates: bool) -> impl IntoView + use<> {
    let rows = channels
        .iter()
        .map(|channel| row(channel, operates))
        .collect_view();
    let actions = operates.then(|| view! { <th scope="col"><span class="sr-only">{t::ACTIONS}</span></th> });
    view! {
        <Table caption=t::CHANNELS>
            <thead>
                <tr>
                    <th scope="col">{t::NAME}</th>
                    <th scope="col">{t::KIND}</th>
                    <th scope="col">{t::HEARS}</th>
                    <th scope="col" class="w-full hidden sm:table-cell">{t::LAST_TOLD}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::ADDED}</th>
                    {actions}
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}

fn row(channel: &ShownChannel, operates: bool) -> impl IntoView + use<> {
    let actions = operates.then(|| actions(channel));
    let actions = actions.map(|actions| view! { <td class="align-top">{actions}</td> });
    // A phone has no room for the column.
    let small = view! { <div class="sm:hidden label-sm">{standing(channel)}</div> };
    view! {
        <tr>
            <th scope="row" class="font-normal align-top">{channel.name.clone()}{small}</th>
            <td class="align-top">{kind_word(channel.kind)}</td>
            <td class="align-top sm:whitespace-nowrap">{hears(channel.severity)}</td>
            <td class="hidden sm:table-cell align-top">{standing(channel)}</td>
            <td class="hidden sm:table-cell align-top"><When at=channel.created_at zone=Zone::UTC/></td>
            {actions}
        </tr>
    }
}

/// When it was told something, and what went wrong. What is mailed stands among the sent mail.
fn standing(channel: &ShownChannel) -> AnyView {
    if channel.kind == ChannelKind::Email {
        return view! { <a class="link whitespace-nowrap" href="/admin/mail">{t::IN_SENT_MAIL}</a> }
            .into_any();
    }
    let told = match channel.told_at {
        Some(at) => view! { <When at=at zone=Zone::UTC time=true/> }.into_any(),
        None => view! { <span class="text-muted">{t::NEVER}</span> }.into_any(),
    };
    let wrong = channel.wrong.as_ref().map(wrong);
    view! { {told}{wrong} }.into_any()
}

fn wrong(wrong: &ChannelError) -> impl IntoView + use<> {
    let (tone, label) = match wrong.is_last {
        true => (Tone::Error, t::FAILS),
        false => (Tone::Neutral, t::FAILED_BEFORE),
    };
    let at = |at| format::date_time(at, Zone::UTC);
    let words = match (wrong.again_at, wrong.gave_up_at) {
        (Some(again), _) => t::tried_again(&wrong.why, &at(again)),
        (None, Some(gave_up)) => t::given_up(&wrong.why, &at(gave_up)),
        (None, None) => wrong.why.clone(),
    };
    view! {
        <div class="pt-1 max-w-80"><Badge tone=tone label=label/><p class="label-sm break-words">{words}</p></div>
    }
}

fn actions(channel: &ShownChannel) -> impl IntoView + use<> {
    let (id, name) = (channel.id.to_string(), channel.name.clone());
    let fields = vec![("channel", id.clone())];
    let describes = t::about(t::TEST, &name);
    view! {
        <div class="flex flex-wrap items-start gap-2 sm:flex-nowrap sm:w-max">
            <PostButton action="/fn/test-channel" label=t::TEST small=true fields=fields describes=describes/>
            <details>
                <summary class="btn btn-ghost btn-sm">
                    {t::REMOVE}<span class="sr-only">" "{name.clone()}</span>
                </summary>
                <form method="post" action="/fn/remove-channel" class="flex flex-col items-start gap-2 pt-2">
                    <input type="hidden" name="channel" value=id/>
                    <p class="max-w-60">{t::remove_what(&name)}</p>
                    <SubmitButton label=t::remove_named(&name) kind=ButtonKind::Danger small=true/>
                </form>
            </details>
        </div>
    }
}

const fn kind_word(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Email => t::EMAIL,
        ChannelKind::Slack => t::SLACK,
        ChannelKind::PagerDuty => t::PAGERDUTY,
    }
}

fn hears(severity: Severity) -> String {
    match severity {
        Severity::Critical => t::CRITICAL.to_owned(),
        severity => t::and_worse(severity_word(severity)),
    }
}

fn form(visit: &Visit) -> impl IntoView + use<> {
    let failed = visit.query("error").and_then(AppError::parse);
    let typed = failed.and_then(|_| auth::typed::read_form::<ChannelForm>(CHANNEL));
    let failed = failed.filter(|_| typed.is_some());
    let form = typed.unwrap_or_else(|| ChannelForm {
        kind: ChannelKind::Email.as_str().to_owned(),
        severity: Severity::Warning.as_str().to_owned(),
        name: String::new(),
    });
    let name_error = (failed == Some(AppError::InvalidLabel)).then_some(t::WRONG_NAME);
    let address_error = (failed == Some(AppError::InvalidChannel)).then(|| wrong_address(&form.kind));
    let kinds = KINDS
        .map(|kind| (kind.as_str(), kind_word(kind).to_owned()))
        .to_vec();
    let severities = Severity::ALL.iter().map(|of| (of.as_str(), hears(*of))).collect();
    view! {
        <Panel title=t::NEW_CHANNEL>
            <form method="post" action="/fn/add-channel" class="grid gap-4 md:grid-cols-2 max-w-3xl">
                <Once/>
                <TextField name="form[name]" label=t::NAME autocomplete="off" maxlength=100 hint=t::NAME_HINT
                    value=form.name.clone() error=name_error/>
                {select(("kind", "form[kind]", t::KIND), kinds, &form.kind)}
                <TextField name="address" label=t::ADDRESS autocomplete="off" maxlength=MAX_ADDRESS
                    hint=t::ADDRESS_HINT error=address_error/>
                {select(("severity", "form[severity]", t::FROM_SEVERITY), severities, &form.severity)}
                <div><SubmitButton label=t::ADD_CHANNEL kind=ButtonKind::Primary/></div>
            </form>
        </Panel>
    }
}

fn wrong_address(kind: &str) -> &'static str {
    match ChannelKind::parse(kind) {
        Some(ChannelKind::Slack) => t::WRONG_SLACK,
        Some(ChannelKind::PagerDuty) => t::WRONG_KEY,
        _ => t::WRONG_EMAIL,
    }
}

/// With the one that was chosen before.
fn select(
    (id, name, label): (&'static str, &'static str, &'static str),
    options: Vec<(&'static str, String)>,
    chosen: &str,
) -> impl IntoView + use<> {
    let option = |(value, label): (&'static str, String)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    };
    let options = options.into_iter().map(option).collect_view();
    view! {
        <div class="flex flex-col gap-1">
            <label for=id class="font-medium">{label}</label>
            <select id=id name=name class="select w-full">{options}</select>
        </div>
    }
}
