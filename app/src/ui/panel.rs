//! The parts a page is laid out with.

use leptos::prelude::*;

use super::Icon;

/// The page's one `h1`, with what can be done beside it.
#[component]
pub fn PageHeader(
    #[prop(into)] title: String,
    #[prop(optional, into)] subtitle: Option<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
            <div>
                <h1>{title}</h1>
                {subtitle.map(|subtitle| view! { <p class="text-muted">{subtitle}</p> })}
            </div>
            {children.map(|children| view! { <div class="flex flex-wrap items-center gap-2">{children()}</div> })}
        </div>
    }
}

/// A titled section on a surface of its own.
#[component]
pub fn Panel(
    #[prop(into)] title: String,
    /// A link or a button beside the title.
    #[prop(optional, into)]
    aside: Option<AnyView>,
    /// Layout classes, for a panel that spans columns.
    #[prop(optional, into)]
    class: String,
    /// Where links lead to it.
    #[prop(optional, into)]
    id: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <section id=id class=format!("panel p-4 flex flex-col gap-3 min-w-0 {class}")>
            <div class="flex items-baseline justify-between gap-2">
                <h2>{title}</h2>
                {aside}
            </div>
            {children()}
        </section>
    }
}

/// What stands where nothing is yet: what it will be, and the next step.
#[component]
pub fn EmptyState(
    icon: icondata::Icon,
    #[prop(into)] title: String,
    #[prop(into)] hint: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="flex flex-col items-center gap-2 py-10 px-4 text-center">
            <span class="text-muted"><Icon icon=icon large=true/></span>
            <p class="font-medium">{title}</p>
            <p class="text-muted max-w-prose">{hint}</p>
            {children.map(|children| view! { <div class="flex flex-wrap justify-center gap-2 pt-2">{children()}</div> })}
        </div>
    }
}
