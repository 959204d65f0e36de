//! One customer's usage, as the customer sees it.

use billing::id::CustomerId;
use leptos::prelude::*;

use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::portal::usage::{Asked, Place, body};
use crate::text::en::admin_usage as t;

#[component]
pub fn CustomerUsagePage() -> impl IntoView {
    page(&ADMIN, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let id = visit.param("id").ok_or(AppError::NotFound)?;
    let customer: CustomerId = id.parse().map_err(|_| AppError::NotFound)?;
    let asked = Asked::read(&visit)?;
    let (billing, actor) = (&visit.billing, &visit.actor);
    let usage = billing.customer_usage(actor, customer, asked.period).await?;
    let asked = asked.within(&usage);
    let events = billing.customer_events(actor, customer, &asked.events).await?;
    let place = Place {
        base: format!("/admin/usage/{customer}"),
        own: false,
    };
    let title = t::title_of(&usage.name);
    let body = Box::pin(body(title.clone(), &usage, &events, (&asked, &place))).await;
    let body = view! {
        <p class="flex flex-wrap gap-x-4 label-sm">
            <a class="link" href="/admin/usage">{t::ALL_CUSTOMERS}</a>
            <code>{customer.to_string()}</code>
        </p>
        {body}
    };
    Ok(Page::new(title, body).of(operator))
}
