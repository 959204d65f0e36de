//! All invoices, the upcoming one first.

use billing::period::Zone;
use leptos::prelude::*;
use service::{Overview, Upcoming};

use super::table::{InvoiceTable, Row, cells};
use crate::error::AppError;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::credit::CreditNotes;
use crate::text::en::invoices as t;
use crate::ui::{Badge, EmptyState, PageHeader, Tone};

#[component]
pub fn InvoicesPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let overview = visit.billing.overview(&visit.actor).await?;
    let invoices = visit.billing.invoices(&visit.actor).await?;
    let (zone, now) = (overview.customer.zone, overview.now);
    let credit = visit.billing.credit(&visit.actor).await?;
    let who = overview.customer.name.clone();
    let upcoming = upcoming(overview);
    let content = if invoices.is_empty() && upcoming.is_none() {
        view! { <EmptyState icon=icondata::LuReceipt title=t::EMPTY hint=t::EMPTY_HINT/> }.into_any()
    } else {
        let upcoming = upcoming.map(|upcoming| upcoming_row(&upcoming, zone)).into_any();
        view! { <InvoiceTable invoices=invoices zone=zone now=now caption=t::LIST upcoming=upcoming/> }
            .into_any()
    };
    let body = view! {
        <PageHeader title=t::TITLE/>
        <div class="panel p-4">{content}</div>
        <CreditNotes credit=credit zone=zone/>
    };
    Ok(Page::new(t::TITLE, body).of(who))
}

fn upcoming(overview: Overview) -> Option<Upcoming> {
    overview
        .upcoming
        .filter(|upcoming| !upcoming.draft.lines().is_empty())
}

fn upcoming_row(upcoming: &Upcoming, zone: Zone) -> impl IntoView + use<> {
    let link = view! { <a class="link" href="/overview">{t::UPCOMING}</a> };
    let status = view! { <Badge tone=Tone::Info label=t::NOT_YET icon=icondata::LuClock/> };
    let row = Row {
        at: upcoming.at,
        zone,
        what: t::UPCOMING_FOR.to_owned(),
        total: upcoming.draft.total(),
    };
    cells(link.into_any(), row, status.into_any())
}
