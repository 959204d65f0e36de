//! The page: the keys there are, one that was just made, and the form that makes one.

use leptos::prelude::*;
use service::Scope;

use super::forms::{KEY, KeyForm};
use super::table;
use crate::auth;
use crate::context;
use crate::error::AppError;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::text::en::keys as t;
use crate::ui::{ButtonKind, Icon, Once, Panel, ShownOnce, SubmitButton, TextField};

const SCOPES_ERROR: &str = "scopes-error";

#[component]
pub fn KeysPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    visit.actor.owns_customer()?;
    let customer = visit.billing.customer(&visit.actor).await?;
    let keys = visit.billing.api_keys(&visit.actor).await?;
    let now = service::clock::real_now();
    let made = match visit.query("key") {
        Some(how) => context::take_over(&visit.billing, &visit.actor, "key")?.map(|key| shown(how, key)),
        None => None,
    };
    let body = view! {
        <div>
            <a class="link link-hover text-muted inline-flex items-center gap-1" href="/settings">
                <Icon icon=icondata::LuChevronLeft/>{t::BACK}
            </a>
            <h1>{t::TITLE}</h1>
            <p class="text-muted">{t::SUBTITLE}</p>
        </div>
        {made}
        {table::panels(keys, now)}
        {form(&visit)}
    };
    Ok(Page::new(t::TITLE, body).of(customer.name))
}

fn shown(how: &str, key: String) -> impl IntoView + use<> {
    let hint = if how == "rotated" {
        t::ROTATED_HINT
    } else {
        t::SHOWN_HINT
    };
    view! { <ShownOnce title=t::SHOWN_TITLE hint=hint secret=key/> }
}

fn form(visit: &Visit) -> impl IntoView + use<> {
    let failed = visit.query("error").and_then(AppError::parse);
    let typed = failed.and_then(|_| auth::typed::read_form::<KeyForm>(KEY));
    let failed = failed.filter(|_| typed.is_some());
    let form = typed.unwrap_or_default();
    let wrong = move |code, words| (failed == Some(code)).then_some(words);
    let scopes = wrong(AppError::NoScope, t::WRONG_SCOPES);
    let described = scopes.map(|_| SCOPES_ERROR);
    let scopes = scopes.map(|words| view! { <p id=SCOPES_ERROR class="text-error">{words}</p> });
    view! {
        <Panel title=t::NEW>
            <form method="post" action="/fn/create-key" class="flex flex-col gap-4 sm:max-w-md">
                <Once/>
                <TextField name="form[name]" label=t::NAME autocomplete="off" maxlength=100 hint=t::NAME_HINT
                    value=form.name.clone() error=wrong(AppError::InvalidLabel, t::WRONG_NAME)/>
                <fieldset class="flex flex-col gap-2" aria-describedby=described>
                    <legend class="font-medium pb-1">{t::SCOPES}</legend>
                    {boxes(&form)}
                    {scopes}
                </fieldset>
                <TextField name="form[last_day]" label=t::LAST_DAY kind="date" autocomplete="off" hint=t::LAST_DAY_HINT
                    value=form.last_day.clone() optional=true error=wrong(AppError::InvalidExpiryDay, t::WRONG_DAY)/>
                <div><SubmitButton label=t::MAKE kind=ButtonKind::Primary/></div>
            </form>
        </Panel>
    }
}

fn boxes(form: &KeyForm) -> impl IntoView + use<> {
    let words = [t::READ_HINT, t::WRITE_HINT];
    let boxes = Scope::OF_CUSTOMERS
        .into_iter()
        .zip(words)
        .enumerate()
        .map(|(index, (scope, words))| {
            let checked = form.scopes.iter().any(|name| name == scope.as_str());
            view! {
                <label class="flex items-center gap-2">
                    <input type="checkbox" class="checkbox checkbox-sm" name=format!("form[scopes][{index}]")
                        value=scope.as_str() checked=checked/>
                    {words}
                </label>
            }
        });
    boxes.collect_view()
}
