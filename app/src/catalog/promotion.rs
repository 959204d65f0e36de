//! A promotion code on the price list: what it gives, or why not, and which purchases take it along.

use billing::catalog::{Plan, Price};
use billing::coupon::{Code, CodeRefused};
use billing::money::Money;
use billing::period::Interval;
use leptos::prelude::*;
use service::CodeOffer;

use super::pricing::address;
use crate::error::AppError;
use crate::format;
use crate::page::Visit;
use crate::portal::coupon;
use crate::safe_path::escape;
use crate::text::en;
use crate::text::en::catalog::promotion as t;
use crate::ui::field::MAX_CODE;
use crate::ui::{LinkButton, Notice, SubmitButton, TextField, Tone};

/// The code in the address.
pub struct Promotion {
    code: String,
    found: Found,
}

pub enum Found {
    /// Nobody to try it for.
    Visitor,
    /// To be redeemed where the plan is.
    HasPlan,
    /// Who may not buy has no use for it.
    Nothing,
    /// With this plan, and perhaps with others.
    Gives(Price, String, Box<CodeOffer>),
    /// Perhaps with others.
    NotWith(Price, String),
    AtLeast(Money),
    /// Whatever is bought; or it could not be tried at all.
    Refused(AppError),
}

impl Promotion {
    /// Where the form was sent with nothing in it there is none. What cannot be a code is not tried.
    pub fn typed(text: Option<&str>, found: Found) -> Option<Self> {
        let text = text.map(str::trim).filter(|text| !text.is_empty())?;
        Some(match text.parse::<Code>() {
            Ok(code) => Self {
                code: code.to_string(),
                found,
            },
            Err(_) => Self {
                code: text.to_owned(),
                found: Found::Refused(AppError::CodeUnknown),
            },
        })
    }

    /// Tries it with one plan, as each try counts.
    pub async fn tried(self, visit: &Visit, (plan, price): (&Plan, Price)) -> Self {
        if let Found::Refused(_) = self.found {
            return self;
        }
        let found = match visit.billing.check_code(&visit.actor, &self.code, price.id).await {
            Ok(offer) => Found::Gives(price, plan.name.clone(), Box::new(offer)),
            Err(service::Error::Code(CodeRefused::OtherPlan)) => Found::NotWith(price, plan.name.clone()),
            Err(service::Error::Code(CodeRefused::BelowMinimum(minimum))) => Found::AtLeast(minimum),
            Err(error) => Found::Refused(error.into()),
        };
        Self { found, ..self }
    }

    pub fn code(&self) -> &str {
        &self.code
    }

    /// What a purchase at this price takes along: nothing where it is known to be refused. A code that could not be
    /// tried is taken along, so that nobody pays more than they meant to.
    pub fn code_for(&self, price: Price) -> Option<&str> {
        let takes = match &self.found {
            Found::Visitor | Found::Gives(..) => true,
            Found::HasPlan | Found::Nothing => false,
            Found::NotWith(with, _) => with.id != price.id,
            Found::AtLeast(minimum) => price.amount.minor() >= minimum.minor(),
            Found::Refused(error) => !error.refuses_code(),
        };
        takes.then_some(&*self.code)
    }

    /// What it gives at this price, where that is known.
    pub fn offer(&self, price: Price) -> Option<&CodeOffer> {
        match &self.found {
            Found::Gives(with, _, offer) if with.id == price.id => Some(offer),
            _ => None,
        }
    }

    /// Above the plans. `said`: the page says already why it is refused.
    pub fn notice(&self, said: bool, without: String) -> Option<AnyView> {
        let refused = |title: &'static str, detail: String| {
            let without = without.clone();
            view! {
                <Notice tone=Tone::Warning title=title detail=detail>
                    <LinkButton href=without label=t::WITHOUT small=true/>
                </Notice>
            }
            .into_any()
        };
        Some(match &self.found {
            Found::Nothing => return None,
            Found::Refused(_) | Found::NotWith(..) | Found::AtLeast(_) if said => return None,
            Found::Visitor => {
                view! { <Notice tone=Tone::Info title=t::kept(&self.code) detail=t::VISITOR/> }.into_any()
            }
            Found::HasPlan => {
                let plan = format!("/plan?code={}", escape(&self.code));
                view! {
                    <Notice tone=Tone::Info title=t::HAS_PLAN detail=t::HAS_PLAN_DETAIL>
                        <LinkButton href=plan label=t::TO_PLAN small=true/>
                    </Notice>
                }
                .into_any()
            }
            Found::Gives(price, plan, offer) => gives(*price, plan, offer, without),
            Found::NotWith(_, plan) => refused(en::error(AppError::CodeOtherPlan).title, t::not_with(plan)),
            Found::AtLeast(minimum) => refused(
                en::error(AppError::CodeBelowMinimum).title,
                t::at_least(&format::money(*minimum)),
            ),
            Found::Refused(error) => {
                let words = en::error(*error);
                refused(words.title, words.advice.to_owned())
            }
        })
    }

    /// On the card of a plan: what the first invoice comes to, or the way to see it.
    pub fn on_card(&self, plan: &Plan, price: Price, interval: Interval) -> Option<AnyView> {
        if let Some(offer) = self.offer(price) {
            let words = t::net(&format::money(offer.draft.net()));
            return Some(view! { <p class="text-success">{words}</p> }.into_any());
        }
        let code = self.code_for(price)?;
        let href = address(interval, &plan.key, Some(code));
        Some(view! { <a class="link w-fit" href=href aria-label=t::see(&plan.name)>{t::SEE}</a> }.into_any())
    }
}

fn gives(price: Price, plan: &str, offer: &CodeOffer, without: String) -> AnyView {
    let draft = &offer.draft;
    let discounts = draft.lines().iter().flat_map(|line| &line.discounts);
    let coupon = discounts
        .map(|taken| coupon::named(&taken.name, taken.discount))
        .next()
        .unwrap_or_else(|| offer.name.clone());
    let [net, total] = [draft.net(), draft.total()].map(format::money);
    let detail = t::first_invoice(plan, &net, &format::money(price.amount), &total);
    view! {
        <Notice tone=Tone::Success title=t::gives(offer.code.as_str(), &coupon) detail=detail>
            <LinkButton href=without label=t::WITHOUT small=true/>
        </Notice>
    }
    .into_any()
}

/// Puts a code into the address, beside the interval and the plan that was looked at.
#[component]
pub fn CodeForm(interval: Interval, plan: String, code: String) -> impl IntoView {
    let plan = (!plan.is_empty()).then(|| view! { <input type="hidden" name="plan" value=plan/> });
    view! {
        <form method="get" action="/pricing" class="panel p-4 flex flex-wrap items-end gap-2">
            <input type="hidden" name="interval" value=interval.as_str()/>
            {plan}
            <TextField name="code" label=t::CODE autocomplete="off" value=code maxlength=MAX_CODE/>
            <SubmitButton label=t::APPLY/>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use billing::catalog::PriceKind;
    use billing::id::PlanVersionId;
    use billing::money::Currency;

    use super::*;

    fn price(n: u128, minor: i64) -> Price {
        Price {
            id: format!("price_{n:032x}").parse().unwrap(),
            plan_version: PlanVersionId::from_uuid(Default::default()),
            interval: Interval::Month,
            amount: Money::new(minor, Currency::USD),
            kind: PriceKind::List,
        }
    }

    fn typed(text: &str, found: Found) -> Promotion {
        Promotion::typed(Some(text), found).unwrap()
    }

    #[test]
    fn nothing_typed_is_no_code_and_nonsense_is_refused() {
        for nothing in [None, Some(""), Some("  ")] {
            assert!(Promotion::typed(nothing, Found::Visitor).is_none());
        }
        let starter = price(1, 19_900);
        assert_eq!(
            typed(" launch-20 ", Found::Visitor).code_for(starter),
            Some("LAUNCH-20")
        );
        assert_eq!(typed("call 555 now", Found::Visitor).code_for(starter), None);
    }

    #[test]
    fn a_purchase_takes_along_what_is_not_known_to_be_refused() {
        let (starter, professional) = (price(1, 19_900), price(2, 99_900));
        let taken = |found: fn(Price) -> Found| {
            let promotion = typed("LAUNCH-20", found(starter));
            [starter, professional].map(|price| promotion.code_for(price).is_some())
        };
        assert_eq!(taken(|with| Found::NotWith(with, String::new())), [false, true]);
        let minimum = |_: Price| Found::AtLeast(Money::new(99_900, Currency::USD));
        assert_eq!(taken(minimum), [false, true]);
        assert_eq!(taken(|_| Found::Refused(AppError::CodeUsedUp)), [false, false]);
        assert_eq!(taken(|_| Found::Refused(AppError::TooMany)), [true, true]);
        assert_eq!(taken(|_| Found::HasPlan), [false, false]);
    }
}
