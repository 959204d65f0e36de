//! Add-ons: what is had and could be had, and what more or fewer of one costs before it is changed.

use billing::entitlement::{Allowance, Source};
use billing::id::PlanId;
use leptos::prelude::*;
use service::{AddOnOffer, AddOnPreview, ChangeKind, Overview};

use super::change::{due_title, next_bill};
use super::due_now::{Amounts, Pays, due};
use super::page::agreed_words;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::overview::next_bill::{CardOnFile, card_name};
use crate::text::en::plan::{add_on as t, change as c, granted as g};
use crate::text::en::{catalog, portal};
use crate::ui::{ButtonKind, LinkButton, PageHeader, Panel, PostButton, SubmitButton, Table};

/// As the use case counts them.
const MAX_QUANTITY: u32 = 1_000;

/// What goes with the plan; nothing where nothing does.
pub fn add_ons(offers: &[AddOnOffer], overview: &Overview) -> Option<AnyView> {
    let end = overview.subscription.as_ref()?.billing_period.end();
    let end = format::date(end, overview.customer.zone);
    let rows = offers
        .iter()
        .map(|offer| view! { <li>{row(offer, &end, agreed(offer, overview, &end))}</li> })
        .collect_view();
    (!offers.is_empty()).then(|| {
        view! {
            <Panel title=t::TITLE>
                <ul class="flex flex-col gap-4">{rows}</ul>
            </Panel>
        }
        .into_any()
    })
}

/// What was agreed of its price, now or from the next billing period on.
fn agreed(offer: &AddOnOffer, overview: &Overview, end: &str) -> Option<String> {
    let subscription = overview.subscription.as_ref()?;
    let item = subscription.add_ons().find(|item| item.plan == offer.add_on.id)?;
    let (interval, currency) = (item.price.interval, item.price.amount.currency());
    let list = *offer.add_on.price_for(interval, currency)?;
    agreed_words(item.price, item.next_price, (list, end))
}

fn row(offer: &AddOnOffer, end: &str, agreed: Option<String>) -> impl IntoView + use<> {
    let name = offer.add_on.name.clone();
    let price = format!(
        "{} {}",
        format::money_short(offer.price.amount),
        catalog::per(format::interval(offer.price.interval))
    );
    let (id, field) = (
        offer.add_on.id.to_string(),
        format!("quantity-{}", offer.add_on.key),
    );
    let wanted = offer.next_quantity.unwrap_or(offer.quantity);
    let value = if wanted == 0 && offer.quantity == 0 {
        1
    } else {
        wanted
    };
    view! {
        <div class="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
            <div class="grow basis-60">
                <h3>{name.clone()}</h3>
                <p class="text-muted">{offer.add_on.summary.clone()}</p>
                <p>{price}</p>
                {agreed.map(|words| view! { <p class="text-success">{words}</p> })}
                {standing(offer, end)}
            </div>
            <form method="get" action="/plan/add-on" class="flex flex-wrap items-end gap-2">
                <input type="hidden" name="add_on" value=id/>
                <div class="flex flex-col gap-1">
                    <label for=field.clone() class="label-sm">
                        {t::QUANTITY}<span class="sr-only">" "{t::of(&name)}</span>
                    </label>
                    <input
                        id=field
                        name="quantity"
                        type="number"
                        class="input w-24"
                        min="0"
                        max=MAX_QUANTITY
                        value=value
                        required
                    />
                </div>
                <SubmitButton label=t::PREVIEW describes=t::preview_of(&name)/>
            </form>
        </div>
    }
}

/// How many there are, and what is to become of them.
fn standing(offer: &AddOnOffer, end: &str) -> Option<AnyView> {
    let name = &offer.add_on.name;
    let carried = (offer.quantity > 0).then(|| t::carried(&offer.quantity.to_string()))?;
    let next = offer.next_quantity.map(|next| {
        let words = match next {
            0 => t::ends(end),
            next => t::fewer(&next.to_string(), end),
        };
        let fields = vec![("add_on", offer.add_on.id.to_string())];
        view! {
            <div class="flex flex-wrap items-center gap-2">
                <p>{words}</p>
                <PostButton
                    action="/fn/undo-add-on"
                    label=t::UNDO
                    small=true
                    fields=fields
                    describes=t::undo_of(name)
                />
            </div>
        }
    });
    Some(
        view! { <div class="flex flex-wrap items-center gap-2 font-medium"><p>{carried}</p> {next}</div> }
            .into_any(),
    )
}

/// Where something else than the plan says what there is: all of it, and why.
pub fn granted(overview: &Overview) -> Option<AnyView> {
    let meters = overview.usage.iter().map(|usage| {
        let charge = &usage.charge;
        let included = match charge.included {
            Allowance::Unlimited => portal::overview::UNLIMITED.to_owned(),
            Allowance::Units(units) => format::units(units, &charge.meter.unit),
        };
        (charge.meter.name.clone(), included, usage.source)
    });
    let features = overview.features.iter().map(|granted| {
        let feature = &granted.feature;
        (feature.name.clone(), feature.value.clone(), granted.source)
    });
    let all: Vec<_> = meters.chain(features).collect();
    if all.iter().all(|(.., source)| *source <= Source::Plan) {
        return None;
    }
    let rows = all.into_iter().map(|(name, value, source)| {
        view! { <tr><th scope="row">{name}</th><td>{value}</td><td class="text-muted">{why(source)}</td></tr> }
    });
    let table = view! {
        <Panel title=g::TITLE>
            <Table caption=g::CAPTION>
                <thead>
                    <tr>
                        <th scope="col">{g::WHAT}</th>
                        <th scope="col">{g::HOW_MUCH}</th>
                        <th scope="col">{g::WHY}</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </Table>
        </Panel>
    };
    Some(table.into_any())
}

const fn why(source: Source) -> &'static str {
    match source {
        Source::FeatureDefault => g::DEFAULT,
        Source::Plan => g::PLAN,
        Source::AddOn => g::ADD_ON,
        Source::Override => g::AGREED,
    }
}

#[component]
pub fn AddOnPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let overview = visit.billing.overview(&visit.actor).await?;
    let add_on: PlanId = visit
        .query("add_on")
        .and_then(|id| id.parse().ok())
        .ok_or(AppError::NotFound)?;
    let quantity = visit
        .query("quantity")
        .and_then(|quantity| quantity.parse().ok())
        .ok_or(AppError::Invalid)?;
    let preview = visit
        .billing
        .preview_add_on(&visit.actor, add_on, quantity)
        .await?;
    let title = t::title(
        &preview.offer.add_on.name,
        &preview.offer.quantity.to_string(),
        &quantity.to_string(),
    );
    let body = view! {
        <PageHeader title=title.clone()/>
        <div class="grid gap-4 md:grid-cols-2">
            {due_now(&preview, &overview)}
            {next_bill(preview.next_bill.clone(), overview.customer.zone)}
        </div>
    };
    Ok(Page::new(title, body).of(overview.customer.name.clone()))
}

fn due_now(preview: &AddOnPreview, overview: &Overview) -> impl IntoView + use<> {
    let zone = overview.customer.zone;
    let words = match preview.kind {
        ChangeKind::Upgrade => match Pays::of(&preview.draft, overview) {
            Pays::Nothing(why) => t::at_once(why.words()),
            Pays::Sent(days) => t::sent(days),
            Pays::Card(card, _) => t::upgrade(&card_name(card)),
            Pays::NoCard => t::NO_CARD.to_owned(),
        },
        ChangeKind::AtPeriodEnd { at } => t::at_period_end(&format::date(at, zone)),
        ChangeKind::InTrial => t::IN_TRIAL.to_owned(),
    };
    let confirm = confirm(preview, overview);
    let valid = c::valid_until(&format::date_time(preview.expires_at, zone));
    let amounts = view! { <Amounts draft=preview.draft.clone() zone=zone caption=t::DUE_CAPTION/> };
    view! {
        <Panel title=due_title(overview, !due(&preview.draft).is_positive())>
            {amounts}
            <p>{words}</p>
            {confirm}
            <p class="label-sm">{valid}</p>
        </Panel>
    }
}

fn confirm(preview: &AddOnPreview, overview: &Overview) -> AnyView {
    let label = match preview.kind {
        ChangeKind::Upgrade => match Pays::of(&preview.draft, overview) {
            Pays::NoCard => return view! { <CardOnFile method=None/> }.into_any(),
            pays => pays.label(),
        },
        ChangeKind::AtPeriodEnd { .. } => t::CONFIRM_SCHEDULE.to_owned(),
        ChangeKind::InTrial => t::CONFIRM_TRIAL.to_owned(),
    };
    view! {
        <form method="post" action="/fn/confirm-add-on" class="flex flex-wrap gap-2">
            <input type="hidden" name="token" value=preview.token.clone()/>
            <SubmitButton label=label kind=ButtonKind::Primary/>
            <LinkButton href="/plan" label=c::BACK kind=ButtonKind::Quiet/>
        </form>
    }
    .into_any()
}
