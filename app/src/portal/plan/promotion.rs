//! Promotion codes on the page of the plan: what runs already, and redeeming another.

use billing::coupon::Redemption;
use billing::subscription::Subscription;
use leptos::prelude::*;
use service::Overview;

use crate::auth::typed;
use crate::error::AppError;
use crate::page::Visit;
use crate::portal::coupon;
use crate::text::en::error;
use crate::text::en::plan::promotion as t;
use crate::ui::field::MAX_CODE;
use crate::ui::{Panel, SubmitButton, TextField};

/// Nothing where no coupon runs and none could.
pub fn promotion(overview: &Overview, visit: &Visit) -> Option<AnyView> {
    let subscription = overview.subscription.as_ref()?;
    let rows = subscription
        .discounts
        .iter()
        .map(|redemption| running(redemption, subscription, overview))
        .collect_view();
    let runs = !subscription.discounts.is_empty();
    let list = runs.then(|| view! { <ul class="flex flex-col gap-1" aria-label=t::RUNNING>{rows}</ul> });
    let form = subscription.status.takes_coupons().then(|| form(visit));
    (list.is_some() || form.is_some())
        .then(|| view! { <Panel title=t::TITLE>{list} {form}</Panel> }.into_any())
}

fn running(
    redemption: &Redemption,
    subscription: &Subscription,
    overview: &Overview,
) -> impl IntoView + use<> {
    let on_plan = subscription
        .plan_item()
        .is_some_and(|item| redemption.is_for(item.plan));
    let runs = if on_plan {
        coupon::runs(redemption, overview.now, overview.customer.zone)
    } else {
        t::OTHER_PLAN.to_owned()
    };
    view! {
        <li>
            <span class="font-medium">{coupon::named(&redemption.name, redemption.discount)}</span>
            " "
            <span class="text-muted">{runs}</span>
        </li>
    }
}

/// With the code that was refused, or the one that the address brings along.
fn form(visit: &Visit) -> impl IntoView + use<> {
    let refused = visit
        .query("error")
        .and_then(AppError::parse)
        .filter(|error| error.refuses_code());
    let code = match refused {
        Some(_) => typed::read().get("code"),
        None => visit.query("code").map(str::to_owned),
    };
    view! {
        <form method="post" action="/fn/redeem-code" class="flex flex-col gap-2 sm:max-w-xs">
            <TextField
                name="code"
                label=t::CODE
                autocomplete="off"
                value=code.unwrap_or_default()
                maxlength=MAX_CODE
                hint=t::HINT
                error=refused.map(|refused| error(refused).title)
            />
            <SubmitButton label=t::REDEEM/>
        </form>
    }
}
