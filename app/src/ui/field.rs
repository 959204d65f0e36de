//! Form fields with their labels.

use leptos::prelude::*;

/// As the use cases count them.
pub const MAX_EMAIL: u32 = 254;
pub const MAX_PASSWORD: u32 = 128;
pub const MAX_CODE: u32 = 40;
const MAX_CHARS: u32 = 200;

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
    #[prop(default = MAX_CHARS)] maxlength: u32,
    #[prop(optional, into)] inputmode: Option<String>,
    #[prop(optional)] optional: bool,
    #[prop(optional_no_strip)] error: Option<&'static str>,
) -> impl IntoView {
    let ids = [
        hint.as_ref().map(|_| format!("{name}-hint")),
        error.map(|_| format!("{name}-error")),
    ];
    let ids: Vec<String> = ids.into_iter().flatten().collect();
    let described = (!ids.is_empty()).then(|| ids.join(" "));
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
                maxlength=maxlength
                aria-describedby=described
                aria-invalid=error.map(|_| "true")
                required=!optional
            />
            {hint.map(|hint| view! { <p id=format!("{name}-hint") class="label-sm">{hint}</p> })}
            {error.map(|error| view! { <p id=format!("{name}-error") class="text-error">{error}</p> })}
        </div>
    }
}
