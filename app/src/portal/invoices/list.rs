//! All invoices, the upcoming one first.

use leptos::prelude::*;
use service::{Overview, Upcoming};

use super::table::InvoiceTable;
use crate::error::AppError;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::text::en::invoices as t;
use crate::ui::{Amount, Badge, EmptyState, PageHeader, Tone, When};

#[component]
pub fn InvoicesPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let overview = visit.billing.overview(&visit.actor).await?;
    let invoices = visit.billing.invoices(&visit.actor).await?;
    let zone = overview.customer.zone;
    let who = overview.customer.name.clone();
    let upcoming = upcoming(overview);
    let content = if invoices.is_empty() && upcoming.is_none() {
        view! { <EmptyState icon=icondata::LuReceipt title=t::EMPTY hint=t::EMPTY_HINT/> }.into_any()
    } else {
        let upcoming = upcoming.map(|upcoming| upcoming_row(&upcoming, zone)).into_any();
        view! { <InvoiceTable invoices=invoices zone=zone caption=t::LIST upcoming=upcoming/> }.into_any()
    };
    let body = view! {
        <PageHeader title=t::TITLE/>
        <div class="panel p-4">{content}</div>
    };
    Ok(Page::new(t::TITLE, body).of(who))
}

fn upcoming(overview: Overview) -> Option<Upcoming> {
    overview
        .upcoming
        .filter(|upcoming| !upcoming.draft.lines().is_empty())
}

fn upcoming_row(upcoming: &Upcoming, zone: billing::period::Zone) -> impl IntoView + use<> {
    view! {
        <tr>
            <td><a class="link" href="/overview">{t::UPCOMING}</a></td>
            <td><When at=upcoming.at zone=zone/></td>
            <td class="hidden sm:table-cell">{t::UPCOMING_FOR}</td>
            <td><Badge tone=Tone::Info label=t::UPCOMING icon=icondata::LuClock/></td>
            <td class="num"><Amount amount=upcoming.draft.total()/></td>
        </tr>
    }
}
