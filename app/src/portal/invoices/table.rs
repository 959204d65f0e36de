//! Invoices in a table; the number leads to all of it.

use billing::invoice::InvoiceStatus;
use billing::money::Money;
use billing::period::Zone;
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use service::InvoiceSummary;

use crate::format;
use crate::text::en::invoices as t;
use crate::ui::{Amount, Badge, Table, Tone, When};

#[component]
pub fn InvoiceTable(
    invoices: Vec<InvoiceSummary>,
    zone: Zone,
    now: DateTime<Utc>,
    #[prop(into)] caption: String,
    /// What comes next, above what there is.
    #[prop(optional, into)]
    upcoming: Option<AnyView>,
) -> impl IntoView {
    let rows = invoices
        .iter()
        .map(|invoice| row(invoice, zone, now))
        .collect_view();
    view! {
        <Table caption=caption>
            <thead>
                <tr>
                    <th scope="col">{t::NUMBER}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::ISSUED}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::FOR}</th>
                    <th scope="col">{t::STATUS}</th>
                    <th scope="col" class="num">{t::TOTAL}</th>
                </tr>
            </thead>
            <tbody>{upcoming} {rows}</tbody>
        </Table>
    }
}

fn row(invoice: &InvoiceSummary, zone: Zone, now: DateTime<Utc>) -> impl IntoView + use<> {
    let link = view! {
        <a class="link whitespace-nowrap" href=format!("/invoices/{}", invoice.id)>{invoice.number.to_string()}</a>
    };
    let status = view! { <InvoiceBadge invoice=invoice.clone() zone=zone now=now/> };
    let what = t::reason(&invoice.reason).to_owned();
    cells(
        link.into_any(),
        Row {
            at: invoice.issued_at,
            zone,
            what,
            total: invoice.total,
        },
        status.into_any(),
    )
}

pub struct Row {
    pub at: DateTime<Utc>,
    pub zone: Zone,
    pub what: String,
    pub total: Money,
}

/// On narrow screens the date stands below the number, so that the total is never off the screen.
pub fn cells(link: AnyView, row: Row, status: AnyView) -> impl IntoView {
    let Row {
        at,
        zone,
        what,
        total,
    } = row;
    view! {
        <tr>
            <td>
                {link}
                <span class="block sm:hidden label-sm"><When at=at zone=zone/></span>
            </td>
            <td class="hidden sm:table-cell"><When at=at zone=zone/></td>
            <td class="hidden sm:table-cell">{what}</td>
            <td>{status}</td>
            <td class="num"><Amount amount=total/></td>
        </tr>
    }
}

/// Of one that was sent the status says by when it is to be paid.
#[component]
pub fn InvoiceBadge(invoice: InvoiceSummary, zone: Zone, now: DateTime<Utc>) -> impl IntoView {
    if invoice.status == InvoiceStatus::Open && invoice.due_date().is_sent() {
        let date = format::date(invoice.due_at, zone);
        return if invoice.is_overdue(now) {
            let date = format::date(invoice.overdue_at, zone);
            view! { <Badge tone=Tone::Error label=t::overdue_since(&date) short=t::OVERDUE/> }.into_any()
        } else {
            let short = t::due(&format::date_short(invoice.due_at, zone));
            view! { <Badge tone=Tone::Info label=t::due_on(&date) short=short icon=icondata::LuClock/> }
                .into_any()
        };
    }
    let (tone, label) = match invoice.status {
        InvoiceStatus::Draft => (Tone::Neutral, t::DRAFT),
        InvoiceStatus::Open => (Tone::Warning, t::OPEN),
        InvoiceStatus::Paid => (Tone::Success, t::PAID),
        InvoiceStatus::Void => (Tone::Neutral, t::VOID),
        InvoiceStatus::Uncollectible => (Tone::Neutral, t::UNCOLLECTIBLE),
    };
    view! { <Badge tone=tone label=label/> }.into_any()
}
