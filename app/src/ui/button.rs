//! Links that look like buttons, and buttons that send forms.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonKind {
    /// The one thing to do here.
    Primary,
    #[default]
    Plain,
    Quiet,
    /// Ends something.
    Danger,
}

impl ButtonKind {
    pub const fn class(self) -> &'static str {
        match self {
            Self::Primary => "btn btn-primary",
            Self::Plain => "btn",
            Self::Quiet => "btn btn-ghost",
            Self::Danger => "btn btn-error btn-outline",
        }
    }
}

#[component]
pub fn LinkButton(
    #[prop(into)] href: String,
    #[prop(into)] label: String,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] small: bool,
) -> impl IntoView {
    view! { <a href=href class=sized(kind, small)>{label}</a> }
}

#[component]
pub fn SubmitButton(
    #[prop(into)] label: String,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] small: bool,
    /// What it does, where the label alone would not say on which thing.
    #[prop(optional, into)]
    describes: Option<String>,
) -> impl IntoView {
    view! { <button type="submit" class=sized(kind, small) aria-label=describes>{label}</button> }
}

/// A form of nothing but a button: one action, with what it needs to know.
#[component]
pub fn PostButton(
    /// The server function's address.
    #[prop(into)]
    action: String,
    #[prop(into)] label: String,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] small: bool,
    /// Names and values sent along.
    #[prop(optional)]
    fields: Vec<(&'static str, String)>,
    /// What it does, where the label alone would not say on which thing.
    #[prop(optional, into)]
    describes: Option<String>,
) -> impl IntoView {
    let fields = fields
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    view! {
        <form method="post" action=action class="inline-flex">
            {fields.collect_view()}
            <button type="submit" class=sized(kind, small) aria-label=describes>{label}</button>
        </form>
    }
}

fn sized(kind: ButtonKind, small: bool) -> String {
    if small {
        format!("{} btn-sm", kind.class())
    } else {
        kind.class().to_owned()
    }
}
