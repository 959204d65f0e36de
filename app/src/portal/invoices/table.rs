//! Invoices in a table; the number leads to all of it.

use billing::invoice::InvoiceStatus;
use billing::period::Zone;
use leptos::prelude::*;
use service::InvoiceSummary;

use crate::text::en::invoices as t;
use crate::ui::{Amount, Badge, Table, Tone, When};

#[component]
pub fn InvoiceTable(
    invoices: Vec<InvoiceSummary>,
    zone: Zone,
    #[prop(into)] caption: String,
    /// What comes next, above what there is.
    #[prop(optional, into)]
    upcoming: Option<AnyView>,
) -> impl IntoView {
    let rows = invoices.iter().map(|invoice| row(invoice, zone)).collect_view();
    view! {
        <Table caption=caption>
            <thead>
                <tr>
                    <th scope="col">{t::NUMBER}</th>
                    <th scope="col">{t::ISSUED}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::FOR}</th>
                    <th scope="col">{t::STATUS}</th>
                    <th scope="col" class="num">{t::TOTAL}</th>
                </tr>
            </thead>
            <tbody>{upcoming} {rows}</tbody>
        </Table>
    }
}

fn row(invoice: &InvoiceSummary, zone: Zone) -> impl IntoView + use<> {
    view! {
        <tr>
            <td><a class="link whitespace-nowrap" href=format!("/invoices/{}", invoice.id)>{invoice.number.to_string()}</a></td>
            <td><When at=invoice.issued_at zone=zone/></td>
            <td class="hidden sm:table-cell">{t::reason(&invoice.reason).to_owned()}</td>
            <td><InvoiceBadge status=invoice.status/></td>
            <td class="num"><Amount amount=invoice.total/></td>
        </tr>
    }
}

#[component]
pub fn InvoiceBadge(status: InvoiceStatus) -> impl IntoView {
    let (tone, label) = match status {
        InvoiceStatus::Draft => (Tone::Neutral, t::DRAFT),
        InvoiceStatus::Open => (Tone::Warning, t::OPEN),
        InvoiceStatus::Paid => (Tone::Success, t::PAID),
        InvoiceStatus::Void => (Tone::Neutral, t::VOID),
        InvoiceStatus::Uncollectible => (Tone::Error, t::UNCOLLECTIBLE),
    };
    view! { <Badge tone=tone label=label/> }
}
