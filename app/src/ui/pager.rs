//! Ways through a list that is shown in pages, the newest first.

use leptos::prelude::*;

use crate::text::en::common as t;

/// Nothing where all of it is shown.
#[component]
pub fn Pager(
    /// Where the first page is, on a later one.
    newest: Option<String>,
    older: Option<String>,
) -> impl IntoView {
    (newest.is_some() || older.is_some()).then(|| {
        let newest = newest.map(|href| view! { <a class="link" href=href>{t::NEWEST}</a> });
        let older = older.map(|href| view! { <a class="link" href=href>{t::OLDER}</a> });
        view! { <p class="flex flex-wrap gap-4">{newest}{older}</p> }
    })
}
