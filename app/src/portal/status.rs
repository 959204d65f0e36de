//! How a subscription stands, and what its customer should know or do about it.

use billing::subscription::{PendingChange, Status, StatusName, Subscription};
use leptos::prelude::*;
use service::{InvoiceSummary, Overview};

use crate::format;
use crate::portal::debt;
use crate::text::en::portal::{overview as o, status as t};
use crate::ui::{Badge, ButtonKind, LinkButton, Notice, PostButton, Tone};

#[component]
pub fn StatusBadge(status: StatusName) -> impl IntoView {
    let (tone, label) = match status {
        StatusName::Pending => (Tone::Info, t::PENDING),
        StatusName::Incomplete => (Tone::Warning, t::INCOMPLETE),
        StatusName::Trialing => (Tone::Info, t::TRIALING),
        StatusName::Active => (Tone::Success, t::ACTIVE),
        StatusName::PastDue => (Tone::Error, t::PAST_DUE),
        StatusName::Paused => (Tone::Warning, t::PAUSED),
        StatusName::Suspended => (Tone::Error, t::SUSPENDED),
        StatusName::Unpaid => (Tone::Error, t::UNPAID),
        StatusName::Canceled => (Tone::Neutral, t::CANCELED),
    };
    view! { <Badge tone=tone label=label/> }
}

/// Whether the way on is to buy anew instead of changing: an unfinished purchase and a paused trial make way.
pub const fn makes_way(status: Status) -> bool {
    matches!(
        status,
        Status::Incomplete { .. } | Status::Paused { .. } | Status::Canceled { .. }
    )
}

/// What has to be said above the page; most of the time nothing.
pub fn banners(overview: &Overview) -> AnyView {
    let Some(subscription) = &overview.subscription else {
        return debt::beside(overview).into_any();
    };
    view! {
        {standing(overview, subscription)}
        {ending(overview, subscription)}
        {changing(overview, subscription)}
    }
    .into_any()
}

fn standing(overview: &Overview, subscription: &Subscription) -> Option<AnyView> {
    match subscription.status {
        // Said by the banner of the cancellation.
        Status::Trialing { .. } if subscription.cancel_at.is_some() => None,
        Status::Trialing { ends_at } => Some(trial(overview, ends_at)),
        Status::PastDue { .. } | Status::Suspended { .. } | Status::Unpaid { .. } => {
            Some(debt::banner(overview, subscription.status))
        }
        Status::Incomplete { .. } => Some(debt::purchase(overview)),
        Status::Paused { resume_at, .. } => Some(paused(overview, subscription, resume_at)),
        Status::Canceled { .. } => debt::beside(overview).or_else(|| debt::after_the_end(overview)),
        Status::Pending { .. } | Status::Active => debt::beside(overview),
    }
}

/// A paused trial may make way for another plan; a plan paused by choice goes on or ends.
fn paused(
    overview: &Overview,
    subscription: &Subscription,
    resume_at: Option<chrono::DateTime<chrono::Utc>>,
) -> AnyView {
    let after_trial = subscription.is_paused_trial();
    let detail = match resume_at {
        _ if after_trial => t::PAUSED_DETAIL.to_owned(),
        Some(at) => t::paused_until(&format::date(at, overview.customer.zone)),
        None => t::PAUSED_BY_CHOICE.to_owned(),
    };
    view! {
        <Notice tone=Tone::Warning title=t::PAUSED_TITLE detail=detail>
            <LinkButton href="/plan/resume" label=o::GO_ON kind=ButtonKind::Primary small=true/>
            {if after_trial {
                view! { <LinkButton href="/pricing" label=o::CHOOSE_PLAN small=true/> }
            } else {
                view! { <LinkButton href="/plan/cancel" label=o::END_IT small=true/> }
            }}
        </Notice>
    }
    .into_any()
}

fn trial(overview: &Overview, ends_at: chrono::DateTime<chrono::Utc>) -> AnyView {
    let date = format::date(ends_at, overview.customer.zone);
    let title = t::trial_left(format::days_until(ends_at, overview.now));
    // What is billed beside the plan before says nothing of the plan.
    let upcoming = overview.upcoming.as_ref().filter(|upcoming| upcoming.bills_plan);
    let due = upcoming.and_then(|upcoming| upcoming.draft.amount_due().ok());
    let due = due.filter(|due| due.is_positive());
    if let (Some(days), Some(due)) = (overview.customer.terms.net_days(), due) {
        let detail = t::trial_then_sent(&date, &format::money(due), days);
        return view! { <Notice tone=Tone::Info title=title detail=detail/> }.into_any();
    }
    match (&overview.payment_method, due) {
        (Some(_), Some(due)) => {
            let detail = t::trial_then(&date, &format::money(due));
            view! { <Notice tone=Tone::Info title=title detail=detail/> }.into_any()
        }
        (Some(_), None) => view! { <Notice tone=Tone::Info title=title/> }.into_any(),
        (None, _) => view! {
            <Notice tone=Tone::Warning title=title detail=t::trial_no_card(&date)>
                <PostButton action="/fn/add-card" label=o::ADD_CARD kind=ButtonKind::Primary small=true/>
            </Notice>
        }
        .into_any(),
    }
}

/// What is left to pay of an invoice; nothing of one that is void.
pub fn due(invoice: &InvoiceSummary) -> billing::money::Money {
    invoice.amount_due()
}

fn ending(overview: &Overview, subscription: &Subscription) -> Option<AnyView> {
    let at = subscription.cancel_at.filter(|_| subscription.status.is_live())?;
    let plan = overview.plan.as_ref().map_or("", |plan| &plan.name);
    let detail = match subscription.status {
        Status::Trialing { .. } => t::CANCELS_TRIAL_DETAIL,
        _ => t::CANCELS_DETAIL,
    };
    let title = t::cancels(plan, &format::date(at, overview.customer.zone));
    Some(
        view! {
            <Notice tone=Tone::Warning title=title detail=detail>
                <PostButton action="/fn/undo-cancel" label=o::KEEP_PLAN small=true/>
            </Notice>
        }
        .into_any(),
    )
}

fn changing(overview: &Overview, subscription: &Subscription) -> Option<AnyView> {
    let plan = overview.next_plan.as_ref().map_or("", |plan| &plan.name);
    let zone = overview.customer.zone;
    Some(match subscription.pending_change? {
        // Whoever leaves does not come to it.
        PendingChange::AtPeriodEnd { .. } if subscription.cancel_at.is_some() => return None,
        PendingChange::AtPeriodEnd { at, by_staff, .. } => {
            let detail = if by_staff {
                t::CHANGES_BY_STAFF_DETAIL
            } else {
                t::CHANGES_DETAIL
            };
            // What staff scheduled is theirs to take back.
            let undo = (!by_staff)
                .then(|| view! { <PostButton action="/fn/undo-change" label=o::UNDO small=true/> });
            view! {
                <Notice tone=Tone::Info title=t::changes(plan, &format::date(at, zone)) detail=detail>
                    {undo}
                </Notice>
            }
            .into_any()
        }
        PendingChange::AwaitingPayment {
            invoice,
            expires_at,
            add_on,
            ..
        } => {
            let title = add_on.map_or_else(|| t::awaits_payment(plan), |_| t::awaits_add_on(plan));
            let fields = vec![("invoice", invoice.to_string())];
            let until = t::awaits_until(&format::date_time(expires_at, zone));
            view! {
                <Notice tone=Tone::Warning title=title detail=until>
                    <PostButton
                        action="/fn/pay-invoice"
                        label=o::PAY_NOW
                        kind=ButtonKind::Primary
                        small=true
                        fields=fields
                    />
                </Notice>
            }
            .into_any()
        }
    })
}
