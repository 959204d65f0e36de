//! The rows behind a month's figures: each customer whose MRR moved, and the others together, down to the totals.

use billing::money::MoneyError;
use billing::revenue::{Bridge, MovementKind};
use leptos::prelude::*;
use service::MonthRevenue;

use super::chart::STACK;
use super::figures::signed;
use crate::format;
use crate::text::en::admin as words;
use crate::text::en::revenue as t;
use crate::ui::{Panel, Table};

/// Where links lead that open the rows.
pub const ANCHOR: &str = "customers";
/// What a page can hold; the others are added up below them.
const SHOWN: usize = 200;

pub fn rows_panel(revenue: &MonthRevenue) -> Result<impl IntoView + use<>, MoneyError> {
    let moved = revenue.moved.len();
    let (shown, others) = revenue.moved.split_at(moved.min(SHOWN));
    let mut rows = Vec::with_capacity(shown.len() + 3);
    let mut rest = revenue.totals.bridge.start;
    for customer in shown {
        rest = rest.minus(customer.bridge.start)?;
        rows.push(row(customer.name.clone(), customer.bridge, "font-normal")?);
    }
    if !others.is_empty() {
        let start =
            billing::money::Money::sum(rest.currency(), others.iter().map(|other| other.bridge.start))?;
        rest = rest.minus(start)?;
        let together = others.iter().try_fold(Bridge::resting(start), |sum, other| {
            sum.with_movements_of(other.bridge)
        })?;
        rows.push(row(t::OTHERS_MOVED.to_owned(), together, "font-normal")?);
    }
    rows.push(row(
        t::DID_NOT_MOVE.to_owned(),
        Bridge::resting(rest),
        "font-normal",
    )?);
    rows.push(row(t::ALL.to_owned(), revenue.totals.bridge, "font-semibold")?);
    let movements = STACK.map(|(kind, _)| view! { <th scope="col" class="num">{words::movement(kind)}</th> });
    Ok(view! {
        <Panel title=t::CUSTOMERS_BEHIND>
            <details>
                <summary class="cursor-pointer text-muted w-fit">{t::customers_moved(moved)}</summary>
                // A browser opens what a link leads into.
                <div id=ANCHOR>
                    <Table caption=t::CUSTOMERS_BEHIND>
                        <thead>
                            <tr>
                                <th scope="col">{t::CUSTOMER}</th>
                                <th scope="col" class="num">{t::AT_START}</th>
                                {movements.collect_view()}
                                <th scope="col" class="num">{t::AT_END}</th>
                            </tr>
                        </thead>
                        <tbody>{rows.collect_view()}</tbody>
                    </Table>
                </div>
            </details>
        </Panel>
    })
}

fn row(name: String, bridge: Bridge, weight: &'static str) -> Result<impl IntoView + use<>, MoneyError> {
    let moved = |kind: MovementKind| bridge.moved(kind).map(signed);
    let cells = STACK
        .map(|(kind, _)| moved(kind))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    let cells = cells
        .into_iter()
        .map(|amount| view! { <td class="num">{amount}</td> });
    let end = format::money(bridge.growth()?.end);
    Ok(view! {
        <tr class=weight>
            <th scope="row" class=weight>{name}</th>
            <td class="num">{format::money(bridge.start)}</td>
            {cells.collect_view()}
            <td class="num">{end}</td>
        </tr>
    })
}
