//! What an island says when it must stop asking.

use leptos::prelude::*;

use crate::text::en::common as t;

/// The page itself, asked for anew, leads to sign-in and back.
#[component]
pub fn SessionOver() -> impl IntoView {
    view! {
        <p role="status">{t::SESSION_OVER}" "<a class="link" href="">{t::SIGN_IN_AGAIN}</a></p>
    }
}
