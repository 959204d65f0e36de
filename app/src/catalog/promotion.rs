//! A promotion code on the price list: what it gives, or why not, and which purchases take it along.

use billing::catalog::{Plan, Price};
use billing::coupon::{Code, CodeRefused};
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::period::Interval;
use billing::tax::TaxBehavior;
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

    /// Above the plans. `said`: what the page says already, which may be why it is refused.
    pub fn notice(&self, said: Option<AppError>, without: String) -> Option<AnyView> {
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
            Found::Refused(error) if said == Some(*error) => return None,
            Found::Refused(_) | Found::NotWith(..) | Found::AtLeast(_)
                if said.is_some_and(AppError::refuses_code) =>
            {
                return None;
            }
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
            let words = t::on_first_invoice(&format::money(discounted(&offer.draft)));
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
    let detail = first_invoice(plan, price, draft);
    view! {
        <Notice tone=Tone::Success title=t::gives(offer.code.as_str(), &coupon) detail=detail>
            <LinkButton href=without label=t::WITHOUT small=true/>
        </Notice>
    }
    .into_any()
}

/// What the code leaves of the price, with tax where the price holds it: the two are compared.
fn discounted(draft: &InvoiceDraft) -> Money {
    draft.amount().minus(draft.discount()).unwrap_or(draft.total())
}

fn first_invoice(plan: &str, price: Price, draft: &InvoiceDraft) -> String {
    let tax = match draft.basis().behavior {
        _ if draft.tax().is_zero() => String::new(),
        TaxBehavior::Inclusive => t::TAX_INCLUDED.to_owned(),
        TaxBehavior::Exclusive => t::with_tax(&format::money(draft.total())),
    };
    let [left, before] = [discounted(draft), price.amount].map(format::money);
    t::first_invoice(plan, &left, &before, &tax)
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
    use billing::coupon::{Discount, Percent};
    use billing::id::{PlanVersionId, RedemptionId};
    use billing::invoice::{Assembly, Charge, DraftLine, Explain, InvoiceDiscount, LineKind, TakenOff};
    use billing::money::Currency;
    use billing::period::Period;
    use billing::tax::{Tax, TaxBasis, TaxRate, Taxation};

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

    /// A third off the first month, where 10 % tax is in the price or added to it.
    fn third_off(price: Price, behavior: TaxBehavior) -> InvoiceDraft {
        let explain = Explain::Flat {
            price: price.amount,
            quantity: 1,
        };
        let line = DraftLine {
            item: None,
            kind: LineKind::Base,
            charge: Charge::Base,
            description: "Starter, one month".to_owned(),
            period: Period::new(
                "2026-04-01T00:00:00Z".parse().unwrap(),
                "2026-05-01T00:00:00Z".parse().unwrap(),
            )
            .unwrap(),
            quantity: 1.into(),
            amount: price.amount,
            explain,
            credits: None,
        };
        let discount = InvoiceDiscount {
            redemption: RedemptionId::from_uuid(Default::default()),
            name: "Third".to_owned(),
            discount: Discount::Percent(Percent::new("33.33".parse().unwrap()).unwrap()),
            taken_off: TakenOff::Prices,
        };
        let gst = Tax {
            name: "GST".to_owned(),
            rate: TaxRate::new("0.10".parse().unwrap()).unwrap(),
            compound: false,
        };
        let taxation = Taxation {
            taxes: vec![gst],
            basis: TaxBasis {
                behavior,
                ..TaxBasis::default()
            },
        };
        let assembly = Assembly {
            discounts: &[discount],
            taxation,
        };
        InvoiceDraft::assemble(Currency::USD, vec![line], &assembly).unwrap()
    }

    #[test]
    fn prices_are_compared_as_the_list_shows_them() {
        let starter = price(1, 19_900);
        let says = |behavior| first_invoice("Starter", starter, &third_off(starter, behavior));
        assert_eq!(
            says(TaxBehavior::Inclusive),
            "The first invoice of Starter is $132.67 instead of $199.00, tax included."
        );
        assert_eq!(
            says(TaxBehavior::Exclusive),
            "The first invoice of Starter is $132.67 instead of $199.00; $145.94 with tax."
        );
    }
}
