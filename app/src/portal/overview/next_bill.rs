//! The next bill: how much, when, what makes it up and which card pays it, or within how many days.

use billing::subscription::Status;
use leptos::prelude::*;
use service::{Overview, PaymentMethod};

use crate::format;
use crate::portal::lines::DraftTable;
use crate::text::en::portal::{card, overview as t, terms};
use crate::ui::{Icon, Panel, PostButton, When};

#[component]
pub fn NextBill(overview: Overview) -> impl IntoView {
    let zone = overview.customer.zone;
    let trialing = overview
        .subscription
        .as_ref()
        .is_some_and(|subscription| matches!(subscription.status, Status::Trialing { .. }));
    let behind = overview
        .subscription
        .as_ref()
        .is_some_and(|subscription| subscription.status.is_behind());
    let owed = overview.owed.as_ref().filter(|_| behind);
    let on_card = owed.map(|owed| owed.on_card);
    let charged_at_once = on_card.filter(|amount| amount.is_positive());
    let charged_at_once = charged_at_once.map(|amount| t::charged_at_once(&format::money(amount)));
    let sent = overview.customer.terms.net_days().map(terms::next_bill);
    let credit = credit_link(&overview);
    let card = (sent.is_none() || overview.payment_method.is_some())
        .then(|| view! { <CardOnFile method=overview.payment_method.clone()/> });
    let upcoming = overview
        .upcoming
        .filter(|upcoming| !upcoming.draft.lines().is_empty());
    let bills = upcoming.is_some();
    let content = match upcoming {
        Some(upcoming) => view! {
            <p class="flex flex-wrap items-baseline gap-x-2">
                <span class="figure-lg">{format::money(upcoming.draft.amount_due().unwrap_or(upcoming.draft.total()))}</span>
                <span class="text-muted"><When at=upcoming.at zone=zone/>", "{t::SO_FAR}</span>
            </p>
            <DraftTable draft=upcoming.draft zone=zone caption=t::BILL_LINES/>
        }
        .into_any(),
        None if trialing && overview.payment_method.is_none() => {
            view! { <p class="text-muted">{t::NO_NEXT_BILL_TRIAL}</p> }.into_any()
        }
        None => view! { <p class="text-muted">{t::NO_NEXT_BILL}</p> }.into_any(),
    };
    view! {
        <Panel title=t::NEXT_BILL>
            {content}
            {credit}
            {sent.filter(|_| bills).map(|words| view! { <p>{words}</p> })}
            {card}
            {charged_at_once.map(|words| view! { <p class="label-sm">{words}</p> })}
        </Panel>
    }
}

/// Where there is credit: how much, leading to where it comes from.
pub fn credit_link(overview: &Overview) -> Option<impl IntoView + use<>> {
    let credit = overview.credit;
    credit
        .is_positive()
        .then(|| view! { <p><a class="link" href="/wallet">{t::credit(&format::money(credit))}</a></p> })
}

/// The card, or the way to add one.
#[component]
pub fn CardOnFile(method: Option<PaymentMethod>) -> impl IntoView {
    let missing = method.is_none();
    let label = if missing { t::ADD_CARD } else { t::REPLACE_CARD };
    view! {
        <div id="card" class="flex items-center justify-between gap-3 mt-auto">
            <p class="flex items-center gap-2">
                <Icon icon=icondata::LuCreditCard/>
                {match method {
                    Some(method) => card_words(&method).into_any(),
                    None => view! { <span class="text-muted">{t::NO_CARD}</span> }.into_any(),
                }}
            </p>
            <PostButton action="/fn/add-card" label=label small=true/>
        </div>
    }
}

pub fn card_words(method: &PaymentMethod) -> impl IntoView + use<> {
    view! {
        <span>
            {card_name(method)}
            <span class="text-muted">" "{card::expires(method.exp_month, method.exp_year)}</span>
        </span>
    }
}

pub fn card_name(method: &PaymentMethod) -> String {
    format::card(&method.brand, &method.last4)
}
