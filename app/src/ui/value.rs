//! Values with what a person may want to know of them on hovering.

use billing::money::Money;
use billing::period::Zone;
use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::format;

/// An amount. In tables its cell carries the class `num`.
#[component]
pub fn Amount(amount: Money) -> impl IntoView {
    view! { <span class="tabular-nums whitespace-nowrap" title=format::money_with_code(amount)>{format::money(amount)}</span> }
}

/// A date in the customer's zone; the exact instant on hovering and for machines.
#[component]
pub fn When(
    at: DateTime<Utc>,
    zone: Zone,
    /// With the time of day.
    #[prop(optional)]
    time: bool,
) -> impl IntoView {
    let text = if time {
        format::date_time(at, zone)
    } else {
        format::date(at, zone)
    };
    // With the time it is too long for a column of a phone.
    let class = if time {
        "sm:whitespace-nowrap"
    } else {
        "whitespace-nowrap"
    };
    view! { <time class=class datetime=format::iso(at) title=format::date_time_exact(at, zone)>{text}</time> }
}
