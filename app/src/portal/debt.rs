//! What is owed: how much, what happens by itself and when, and the ways to pay.

use billing::payment::dunning::DunningEnd;
use billing::subscription::Status;
use leptos::prelude::*;
use service::{Dunning, Overview, Owed};

use crate::format;
use crate::text::en::portal::{debt as t, overview as o};
use crate::ui::{ButtonKind, Notice, PostButton, Tone};

/// Of a subscription that is behind.
pub fn banner(overview: &Overview, status: Status) -> AnyView {
    let title = match status {
        Status::Suspended { .. } => t::SUSPENDED_TITLE,
        Status::Unpaid { .. } => t::UNPAID_TITLE,
        _ if oldest_is_sent(overview) => t::OVERDUE_TITLE,
        _ => t::PAST_DUE_TITLE,
    };
    notice(Tone::Error, title, overview, Some(status))
}

/// Of a purchase that waits for its payment.
pub fn purchase(overview: &Overview) -> AnyView {
    notice(Tone::Warning, t::INCOMPLETE_TITLE, overview, None)
}

/// Of what is had beside the plan, where that is behind and the plan is not.
pub fn beside(overview: &Overview) -> Option<AnyView> {
    let mut beside = overview.standalone.iter().map(|one| &one.subscription);
    beside.find(|own| own.status.is_behind())?;
    let title = if oldest_is_sent(overview) {
        t::OVERDUE_TITLE
    } else {
        t::PAST_DUE_TITLE
    };
    // The plan's access is not lost with it.
    Some(notice(Tone::Error, title, overview, None))
}

/// Of one that has ended, where something is still to pay.
pub fn after_the_end(overview: &Overview) -> Option<AnyView> {
    overview.owed.as_ref()?;
    Some(notice(Tone::Warning, t::STILL_OWED_TITLE, overview, None))
}

fn oldest_is_sent(overview: &Overview) -> bool {
    let owed = overview.owed.as_ref();
    owed.is_some_and(|owed| owed.oldest.due_date().is_sent())
}

fn notice(tone: Tone, title: &'static str, overview: &Overview, status: Option<Status>) -> AnyView {
    let Some(owed) = &overview.owed else {
        return view! { <Notice tone=tone title=title/> }.into_any();
    };
    let detail = words(overview, owed, status).join(" ");
    let (number, on_card) = (owed.oldest.number.to_string(), owed.on_card.is_positive());
    let label = match owed.count {
        1 => o::PAY_NOW.to_owned(),
        _ => o::pay_first(&format::money(owed.oldest.amount_due()), &number),
    };
    let fields = vec![("invoice", owed.oldest.id.to_string())];
    let card = match overview.payment_method {
        Some(_) => t::REPLACE_CARD,
        None => o::ADD_CARD,
    };
    // A purchase is paid on its page, and what was sent by hand.
    let replaces = on_card && overview.dunning.is_some();
    view! {
        <Notice tone=tone title=title detail=detail>
            <PostButton action="/fn/pay-invoice" label=label kind=ButtonKind::Primary small=true fields=fields/>
            {replaces.then(|| view! { <PostButton action="/fn/add-card" label=card small=true/> })}
        </Notice>
    }
    .into_any()
}

/// How much, what is done about it, what happens otherwise, and what paying leads to.
fn words(overview: &Overview, owed: &Owed, status: Option<Status>) -> Vec<String> {
    let (total, number) = (format::money(owed.total), owed.oldest.number.to_string());
    let mut words = vec![t::due_on(&total, &number, owed.count)];
    if let Some(dunning) = overview.dunning {
        words.extend(retry(overview, owed, dunning));
        words.extend(status.and_then(|status| otherwise(overview, dunning, status)));
    }
    words.extend(once_paid(overview, owed, status).map(str::to_owned));
    words
}

/// Nothing goes on of what has ended.
fn once_paid(overview: &Overview, owed: &Owed, status: Option<Status>) -> Option<&'static str> {
    let mains = overview.subscription.iter();
    let mut all = mains.chain(overview.standalone.iter().map(|one| &one.subscription));
    if all.all(|own| !own.status.is_live()) {
        return None;
    }
    Some(match (status, owed.count) {
        (Some(Status::Unpaid { .. }), _) => t::GOES_ON_ONCE_PAID,
        (Some(_), 1) if owed.on_card.is_positive() => t::PAY_OR_REPLACE,
        (Some(_), _) if owed.on_card.is_positive() => t::PAY_OR_REPLACE_FOR_ALL,
        (_, 1) => t::PAY_IT,
        _ => t::PAY_THEM,
    })
}

/// When the card is tried next; nothing of what was sent.
fn retry(overview: &Overview, owed: &Owed, dunning: Dunning) -> Option<String> {
    let zone = overview.customer.zone;
    if !owed.on_card.is_positive() {
        return None;
    }
    Some(match (dunning.outlook.retry_at, &overview.payment_method) {
        (Some(at), _) => t::retried_on(&format::date_time(at, zone)),
        (None, Some(_)) => t::NOT_RETRIED.to_owned(),
        (None, None) => t::NO_CARD.to_owned(),
    })
}

/// What happens where it is not paid, and by when.
fn otherwise(overview: &Overview, dunning: Dunning, status: Status) -> Option<String> {
    let date = |at| format::date(at, overview.customer.zone);
    let outlook = dunning.outlook;
    match (status, dunning.end) {
        (Status::PastDue { .. }, _) => outlook.suspended_at.map(|at| t::suspended_on(&date(at))),
        (Status::Suspended { .. }, DunningEnd::Cancel) => outlook.ended_at.map(|at| t::ends_on(&date(at))),
        (Status::Suspended { .. }, DunningEnd::Unpaid) => outlook.ended_at.map(|at| t::stops_on(&date(at))),
        _ => None,
    }
}
