//! The lines of a bill before it is an invoice, adding up to its total.

use billing::invoice::{InvoiceDraft, Line};
use billing::period::Zone;
use leptos::prelude::*;

use crate::format;
use crate::portal::{coupon, tax};
use crate::text::en::portal::lines as t;
use crate::ui::{Amount, Table};

/// Line by line, then what coupons take off and what is left, then tax, then the total.
#[component]
pub fn DraftTable(draft: InvoiceDraft, zone: Zone, #[prop(into)] caption: String) -> impl IntoView {
    let lines = draft
        .lines()
        .iter()
        .map(|line| draft_line(line, zone))
        .collect_view();
    let discounts = discounts(&draft);
    let taxes = draft.taxes().unwrap_or_default();
    let taxes = tax::rows(&taxes, draft.basis(), draft.tax())
        .into_iter()
        .map(|(label, amount)| {
            view! {
                <tr>
                    <th scope="row" class="text-muted">{label}</th>
                    <td class="num"><Amount amount=amount/></td>
                </tr>
            }
        });
    let applied = draft
        .credit_applied()
        .negate()
        .ok()
        .filter(|credit| !credit.is_zero());
    let credit = applied.zip(draft.amount_due().ok()).map(|(credit, due)| {
        view! {
            <tr class="text-base-content">
                <th scope="row" class="font-normal">{t::CREDIT}</th>
                <td class="num font-normal"><Amount amount=credit/></td>
            </tr>
            <tr class="text-base-content">
                <th scope="row">{t::DUE}</th>
                <td class="num font-semibold"><Amount amount=due/></td>
            </tr>
        }
    });
    view! {
        <Table caption=caption>
            <thead class="sr-only">
                <tr><th scope="col">{t::DESCRIPTION}</th><th scope="col">{t::AMOUNT}</th></tr>
            </thead>
            <tbody>
                {lines}
                {discounts}
                {taxes.collect_view()}
            </tbody>
            <tfoot>
                <tr class="text-base-content">
                    <th scope="row">{t::TOTAL}</th>
                    <td class="num font-semibold"><Amount amount=draft.total()/></td>
                </tr>
                {credit}
            </tfoot>
        </Table>
    }
}

/// A row for each coupon, then what is left before tax. Nothing where that is what the lines say already.
fn discounts(draft: &InvoiceDraft) -> Option<impl IntoView + use<>> {
    let coupons = coupon::taken_off(draft.lines());
    let (net, label) = (draft.net(), tax::before_tax(draft.basis()));
    let holds_tax = draft.amount().minus(draft.discount()) != Ok(net);
    (!coupons.is_empty() || holds_tax).then(|| {
        let rows = coupons.into_iter().map(|(name, off)| {
            view! {
                <tr>
                    <th scope="row" class="font-normal">{name}</th>
                    <td class="num align-top"><Amount amount=off/></td>
                </tr>
            }
        });
        view! {
            {rows.collect_view()}
            <tr>
                <th scope="row" class="font-normal">{label}</th>
                <td class="num"><Amount amount=net/></td>
            </tr>
        }
    })
}

fn draft_line(line: &Line, zone: Zone) -> impl IntoView + use<> {
    let draft = &line.draft;
    view! {
        <tr>
            <th scope="row" class="font-normal">
                {draft.description.clone()}
                <span class="block label-sm">{format::period(draft.period, zone)}</span>
            </th>
            <td class="num align-top"><Amount amount=line.amount/></td>
        </tr>
    }
}
