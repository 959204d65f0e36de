//! Left the hosted page without paying.

use leptos::prelude::*;

use super::success::panel;
use crate::layout::PORTAL;
use crate::page::{Page, page};
use crate::text::en::checkout as t;
use crate::ui::{ButtonKind, LinkButton};

#[component]
pub fn CanceledPage() -> impl IntoView {
    page(&PORTAL, |visit| async move {
        let customer = visit.billing.customer(&visit.actor).await?;
        let actions = view! {
            <div class="flex flex-wrap justify-center gap-2">
                <LinkButton href="/overview" label=t::NEXT kind=ButtonKind::Primary/>
                <LinkButton href="/pricing" label=t::PLANS/>
            </div>
        };
        let body = panel(
            icondata::LuUndo2,
            t::CANCEL_TITLE,
            t::CANCEL_HINT.to_owned(),
            actions.into_any(),
        );
        Ok(Page::new(t::CANCEL_TITLE, body).of(customer.name))
    })
}
