//! Form fields with their labels.

use leptos::prelude::*;

/// A labelled line of text. `error` marks it as the one to mend.
#[component]
pub fn TextField(
    name: &'static str,
    #[prop(into)] label: String,
    #[prop(default = "text")] kind: &'static str,
    #[prop(into)] autocomplete: String,
    #[prop(optional, into)] value: Option<String>,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] placeholder: Option<String>,
    #[prop(optional)] minlength: Option<u32>,
    #[prop(optional, into)] inputmode: Option<String>,
    #[prop(optional_no_strip)] error: Option<&'static str>,
) -> impl IntoView {
    let described = hint
        .as_ref()
        .map(|_| format!("{name}-hint"))
        .or(error.map(|_| format!("{name}-error")));
    view! {
        <div class="flex flex-col gap-1">
            <label for=name class="font-medium">{label}</label>
            <input
                id=name
                name=name
                type=kind
                class=if error.is_some() { "input input-error w-full" } else { "input w-full" }
                autocomplete=autocomplete
                value=value
                placeholder=placeholder
                minlength=minlength
                inputmode=inputmode
                maxlength="200"
                aria-describedby=described
                aria-invalid=error.map(|_| "true")
                required
            />
            {hint.map(|hint| view! { <p id=format!("{name}-hint") class="label-sm">{hint}</p> })}
            {error.map(|error| view! { <p id=format!("{name}-error") class="text-error">{error}</p> })}
        </div>
    }
}
