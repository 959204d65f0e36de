//! What customers used: all together, who most, whose use moved, and each by itself.

mod customer;
mod report;

pub use customer::CustomerUsagePage;
pub use report::UsagePage;

use billing::id::CustomerId;
use leptos::prelude::*;

/// The customer's name leads to its usage.
fn customer_link(customer: CustomerId, name: String) -> impl IntoView {
    view! { <a class="link" href=format!("/admin/usage/{customer}")>{name}</a> }
}
