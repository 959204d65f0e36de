//! Switches the theme without loading the page again.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Theme;
use super::api::set_theme;
use crate::text::en::common as t;
use crate::ui::icon::Icon;

/// Three buttons of a form that also works without scripts.
#[island]
pub fn ThemeSwitch(current: Theme) -> impl IntoView {
    let theme = RwSignal::new(current);
    let choose = move |chosen: Theme| {
        move |event: MouseEvent| {
            event.prevent_default();
            theme.set(chosen);
            apply(chosen);
            spawn_local(async move {
                // A theme that is not remembered is still the one on the screen.
                let _ = set_theme(chosen).await;
            });
        }
    };
    let option = move |value: Theme, label: &'static str, icon: icondata::Icon| {
        view! {
            <button
                type="submit"
                name="theme"
                value=value.as_str()
                class="btn btn-xs btn-ghost join-item aria-pressed:btn-active"
                aria-pressed=move || (theme.get() == value).to_string()
                aria-label=label
                title=label
                on:click=choose(value)
            >
                <Icon icon=icon/>
            </button>
        }
    };
    view! {
        <form method="post" action="/fn/set-theme">
            <div class="join" role="group" aria-label=t::THEME>
            {option(Theme::Light, t::THEME_LIGHT, icondata::LuSun)}
            {option(Theme::Dark, t::THEME_DARK, icondata::LuMoon)}
            {option(Theme::System, t::THEME_SYSTEM, icondata::LuMonitor)}
            </div>
        </form>
    }
}

fn apply(theme: Theme) {
    if let Some(root) = document().document_element() {
        // Fails on an invalid attribute name only.
        let _ = match theme.attribute() {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
    }
}
