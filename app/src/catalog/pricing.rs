//! The public price list.

use billing::catalog::{Plan, Price};
use billing::credit::applicable;
use billing::money::{Currency, Money};
use billing::period::Interval;
use billing::tax::{TaxBehavior, Taxation};
use leptos::prelude::*;
use service::Actor;

use super::compare::CompareTable;
use super::offer::{IntervalSwitch, PlanCard, choose, chosen_interval, saving_amount, saving_percent};
use super::promotion::{CodeForm, Found, Promotion};
use crate::error::AppError;
use crate::format;
use crate::layout::{PORTAL, PUBLIC};
use crate::page::{Page, Visit, page};
use crate::portal::status::makes_way;
use crate::safe_path::escape;
use crate::text::en::catalog as t;
use crate::ui::{ButtonKind, PageHeader, Panel, PostButton};

#[component]
pub fn PricingPage() -> impl IntoView {
    page(&PUBLIC, |visit| async move { pricing(visit).await })
}

/// What a visitor can do with a plan here.
enum Buyer {
    Visitor,
    New {
        trial_available: bool,
        /// What pays first, and how a price is taxed.
        credit: Money,
        taxation: Taxation,
    },
    /// Changes the plan instead of buying another.
    Subscribed,
}

impl Buyer {
    /// Before tax for whoever is not known.
    fn prices_are(&self) -> &'static str {
        match self {
            Self::New { taxation, .. } if taxation.basis.behavior == TaxBehavior::Inclusive => t::WITH_TAX,
            _ => t::BEFORE_TAX,
        }
    }
}

async fn pricing(visit: Visit) -> Result<Page, AppError> {
    let mut plans = match visit.actor {
        Actor::Member { .. } => visit.billing.plans_for(&visit.actor).await?,
        _ => visit.billing.public_plans().await?,
    };
    let interval = chosen_interval(visit.query("interval"));
    let wanted = visit.query("plan").unwrap_or_default().to_owned();
    let (buyer, who) = buyer(&visit).await?;
    let currency = who.as_ref().map(|(_, currency)| *currency);
    let currency = currency.unwrap_or(visit.billing.config().currency);
    plans.retain(|plan| is_priced_in(plan, currency));
    let wanted_price = |plan| plan_price(plan, interval, currency);
    let looked_at = plans.iter().find(|plan| plan.key == wanted);
    let to_try = looked_at.and_then(wanted_price);
    let to_try = to_try.or_else(|| plans.iter().find_map(wanted_price));
    let promotion = promotion(&visit, &buyer, to_try).await;
    let shown = Shown {
        interval,
        currency,
        buyer: &buyer,
        wanted: &wanted,
        promotion: promotion.as_ref(),
    };
    let cards = plans.iter().map(|plan| shown.card(plan)).collect_view();
    let saving = saving_percent(&plans, currency);
    let code = promotion.as_ref().map(Promotion::code);
    let other_interval = match code {
        Some(_) => address(interval, &wanted, code),
        None => "/pricing".to_owned(),
    };
    let said = visit.query("error").and_then(AppError::parse);
    let notice = promotion
        .as_ref()
        .and_then(|promotion| promotion.notice(said, address(interval, &wanted, None)));
    let form = (!matches!(buyer, Buyer::Subscribed)).then(|| {
        let code = code.unwrap_or_default().to_owned();
        view! { <CodeForm interval=interval plan=wanted.clone() code=code/> }
    });
    let body = view! {
        <PageHeader title=t::TITLE subtitle=buyer.prices_are()>
            <IntervalSwitch path=other_interval chosen=interval saving=saving/>
        </PageHeader>
        {notice}
        <ul class="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">{cards}</ul>
        {form}
        <Panel title=t::COMPARE>
            <CompareTable plans=plans/>
        </Panel>
    };
    let page = Page::new(t::TITLE, body);
    Ok(match who {
        Some((who, _)) => page.of(who).within(&PORTAL),
        None => page,
    })
}

/// Whether whoever pays in a currency can buy it at all.
pub fn is_priced_in(plan: &Plan, currency: Currency) -> bool {
    plan.list_prices()
        .any(|price| price.amount.currency() == currency)
}

/// What can be bought, and by whom, where that is known: their name and currency.
async fn buyer(visit: &Visit) -> Result<(Buyer, Option<(String, Currency)>), AppError> {
    if !matches!(visit.actor, Actor::Member { .. }) {
        return Ok((Buyer::Visitor, None));
    }
    let overview = visit.billing.overview(&visit.actor).await?;
    let status = overview.subscription.map(|subscription| subscription.status);
    let buyer = match status {
        Some(status) if !makes_way(status) => Buyer::Subscribed,
        _ => Buyer::New {
            trial_available: overview.trial_available,
            credit: overview.credit,
            taxation: overview.customer.taxation.clone(),
        },
    };
    Ok((buyer, Some((overview.customer.name, overview.customer.currency))))
}

fn plan_price(plan: &Plan, interval: Interval, currency: Currency) -> Option<(&Plan, Price)> {
    Some((plan, *plan.price_for(interval, currency)?))
}

/// The code in the address, tried for whoever may buy with it.
async fn promotion(visit: &Visit, buyer: &Buyer, to_try: Option<(&Plan, Price)>) -> Option<Promotion> {
    let text = visit.query("code");
    let may_buy = visit.actor.manages_billing().is_ok();
    match (buyer, to_try) {
        (Buyer::Visitor, _) => Promotion::typed(text, Found::Visitor),
        (Buyer::Subscribed, _) => Promotion::typed(text, Found::HasPlan),
        (Buyer::New { .. }, Some(to_try)) if may_buy => {
            let promotion = Promotion::typed(text, Found::Nothing)?;
            Some(promotion.tried(visit, to_try).await)
        }
        (Buyer::New { .. }, _) => Promotion::typed(text, Found::Nothing),
    }
}

/// The page again, for an interval, a plan that is looked at and a code.
pub fn address(interval: Interval, plan: &str, code: Option<&str>) -> String {
    let mut address = format!("/pricing?interval={}", interval.as_str());
    if !plan.is_empty() {
        address.push_str(&format!("&plan={}", escape(plan)));
    }
    if let Some(code) = code {
        address.push_str(&format!("&code={}", escape(code)));
    }
    address
}

/// What every card depends on.
struct Shown<'a> {
    interval: Interval,
    currency: Currency,
    buyer: &'a Buyer,
    /// The key of the plan that is looked at.
    wanted: &'a str,
    promotion: Option<&'a Promotion>,
}

impl Shown<'_> {
    fn card(&self, plan: &Plan) -> AnyView {
        let price = plan.price_for(self.interval, self.currency).copied();
        let note = (self.interval == Interval::Year)
            .then(|| saving_amount(plan, self.currency).map(|saving| t::yearly_saving(&saving)));
        let code = price.and_then(|price| self.promotion?.code_for(price));
        let actions = match (price, self.buyer) {
            (None, _) => view! { <p class="text-muted">{t::NOT_OFFERED}</p> }.into_any(),
            (Some(_), Buyer::Visitor) => sign_up_first(plan, self.interval, code).into_any(),
            (
                Some(price),
                Buyer::New {
                    trial_available,
                    credit,
                    taxation,
                },
            ) => {
                let with_code = self
                    .promotion
                    .and_then(|promotion| promotion.on_card(plan, price, self.interval));
                let from_credit = self.credit_words(price, *credit, taxation);
                view! { {with_code} {buy(plan, price, *trial_available, code)} {from_credit} }.into_any()
            }
            (Some(price), Buyer::Subscribed) => choose(plan, price).into_any(),
        };
        let highlighted = plan.key == self.wanted;
        view! { <PlanCard plan=plan.clone() price=price highlighted=highlighted note=note.flatten() actions=actions/> }
            .into_any()
    }

    /// A purchase takes the credit at once: how much is said beside its button, where that is known.
    fn credit_words(&self, price: Price, credit: Money, taxation: &Taxation) -> Option<AnyView> {
        let offer = self.promotion.and_then(|promotion| promotion.offer(price));
        let code = self.promotion.and_then(|promotion| promotion.code_for(price));
        let total = match (offer, code) {
            (Some(offer), _) => Some(offer.draft.total()),
            (None, Some(_)) => None,
            (None, None) => Some(taxation.total(price.amount).ok()?),
        };
        let said = match total {
            None => t::FROM_CREDIT_FIRST.to_owned(),
            Some(total) => {
                let taken = applicable(credit, total)
                    .ok()
                    .filter(|taken| taken.is_positive())?;
                let covered = taken == total;
                let taken = format::money(taken);
                if covered {
                    t::covered_by_credit(&taken)
                } else {
                    t::from_credit(&taken)
                }
            }
        };
        credit
            .is_positive()
            .then(|| view! { <p class="text-muted">{said}</p> }.into_any())
    }
}

fn buy(plan: &Plan, price: Price, trial_available: bool, code: Option<&str>) -> impl IntoView + use<> {
    let mut fields = vec![("price", price.id.to_string())];
    fields.extend(code.map(|code| ("code", code.to_owned())));
    let trial = (trial_available && plan.trial_days > 0).then(|| {
        let mut fields = fields.clone();
        fields.push(("trial", "true".to_owned()));
        view! {
            <PostButton
                action="/fn/start-checkout"
                label=t::start_trial(plan.trial_days)
                describes=t::start_trial_of(plan.trial_days, &plan.name)
                kind=ButtonKind::Primary
                small=true
                fields=fields
            />
        }
    });
    let kind = if trial.is_some() {
        ButtonKind::Plain
    } else {
        ButtonKind::Primary
    };
    view! {
        <div class="flex flex-wrap gap-2">
            {trial}
            <PostButton
                action="/fn/start-checkout"
                label=t::BUY
                describes=t::buy_plan(&plan.name)
                kind=kind
                small=true
                fields=fields
            />
        </div>
    }
}

/// Signing up leads back here, to the plan that was looked at.
fn sign_up_first(plan: &Plan, interval: Interval, code: Option<&str>) -> impl IntoView + use<> {
    let back = address(interval, &plan.key, code);
    let href = format!("/sign-up?next={}", escape(&back));
    let trial = (plan.trial_days > 0).then(|| {
        view! {
            <a
                href=href.clone()
                class="btn btn-primary btn-sm"
                aria-label=t::start_trial_of(plan.trial_days, &plan.name)
            >
                {t::start_trial(plan.trial_days)}
            </a>
        }
    });
    view! {
        <div class="flex flex-wrap gap-2">
            {trial}
            <a href=href class="btn btn-sm" aria-label=t::buy_plan(&plan.name)>{t::BUY}</a>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_keeps_interval_plan_and_code() {
        let address = |plan, code| address(Interval::Year, plan, code);
        assert_eq!(address("", None), "/pricing?interval=year");
        assert_eq!(
            address("starter", Some("LAUNCH-20")),
            "/pricing?interval=year&plan=starter&code=LAUNCH-20"
        );
        assert_eq!(
            address("a&b", Some("c=d #")),
            "/pricing?interval=year&plan=a%26b&code=c%3Dd%20%23"
        );
    }
}
