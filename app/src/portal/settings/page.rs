//! Where the company is for tax, and what that means for its invoices.

use billing::tax::{Region, TaxBehavior, TaxTreatment, Taxation};
use leptos::prelude::*;
use service::TaxSettings;

use crate::auth::typed;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::text::en::countries::COUNTRIES;
use crate::text::en::portal::lines;
use crate::text::en::{error, keys, settings as t};
use crate::ui::field::MAX_CODE;
use crate::ui::{ButtonKind, LinkButton, PageHeader, Panel, SubmitButton, TextField};

#[component]
pub fn SettingsPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let customer = visit.billing.customer(&visit.actor).await?;
    let settings = visit.billing.tax_settings(&visit.actor).await?;
    let keys = keys(&visit);
    let body = view! {
        <PageHeader title=t::TITLE/>
        <Panel title=t::TAX>
            <p>{how_taxed(&customer.taxation)}</p>
            {form(&visit, &settings)}
        </Panel>
        {keys}
    };
    Ok(Page::new(t::TITLE, body).of(customer.name))
}

/// Where owners find the keys of their programs.
fn keys(visit: &Visit) -> Option<AnyView> {
    visit.actor.owns_customer().ok()?;
    let panel = view! {
        <Panel title=keys::LINK>
            <p class="text-muted">{keys::LINK_HINT}</p>
            <div><LinkButton href="/settings/keys" label=keys::MANAGE/></div>
        </Panel>
    };
    Some(panel.into_any())
}

/// What later invoices bear.
fn how_taxed(taxation: &Taxation) -> String {
    match taxation.basis.treatment {
        TaxTreatment::Exempt => return t::EXEMPT.to_owned(),
        TaxTreatment::ReverseCharge => return t::REVERSE_CHARGE.to_owned(),
        TaxTreatment::Taxed => {}
    }
    let named = taxation.taxes.iter();
    let named: Vec<_> = named
        .map(|tax| lines::tax(&tax.name, &format::rate(tax.rate.fraction())))
        .collect();
    match (taxation.basis.behavior, named.is_empty()) {
        (_, true) => t::NO_TAX.to_owned(),
        (TaxBehavior::Exclusive, _) => t::added(&named.join(t::AND)),
        (TaxBehavior::Inclusive, _) => t::held(&named.join(t::AND)),
    }
}

/// With what was refused, or what is known.
fn form(visit: &Visit, settings: &TaxSettings) -> impl IntoView + use<> {
    let failed = visit.query("error").and_then(AppError::parse);
    let refused = failed.filter(|error| matches!(error, AppError::InvalidRegion | AppError::InvalidTaxId));
    let typed = refused.map(|_| typed::read()).unwrap_or_default();
    let known = |own: Option<String>, name: &str| match refused {
        Some(_) => typed.get(name).unwrap_or_default(),
        None => own.unwrap_or_default(),
    };
    let region = known(settings.address.region.as_ref().map(Region::to_string), "region");
    let tax_id = known(settings.address.id.as_ref().map(ToString::to_string), "tax_id");
    let error_of = |code| {
        refused
            .filter(|refused| *refused == code)
            .map(|refused| error(refused).title)
    };
    view! {
        <form method="post" action="/fn/set-tax-address" class="flex flex-col gap-4 sm:max-w-sm">
            <div class="flex flex-col gap-1">
                <label for="region" class="font-medium">{t::REGION}</label>
                <select id="region" name="region" class="select w-full" autocomplete="country">
                    {regions(&region, &settings.parts)}
                </select>
                {error_of(AppError::InvalidRegion).map(|error| view! { <p class="text-error">{error}</p> })}
            </div>
            <TextField
                name="tax_id"
                label=t::TAX_ID
                autocomplete="off"
                value=tax_id
                maxlength=MAX_CODE
                optional=true
                hint=t::TAX_ID_HINT
                error=error_of(AppError::InvalidTaxId)
            />
            <p class="text-muted">{t::FROM_NEXT}</p>
            <SubmitButton label=t::SAVE kind=ButtonKind::Primary/>
        </form>
    }
}

/// Every country, and below it the parts that have taxes of their own.
fn regions(chosen: &str, parts: &[Region]) -> impl IntoView + use<> {
    let mut parts: Vec<String> = parts.iter().map(Region::to_string).collect();
    if chosen.contains('-') && !parts.iter().any(|part| part == chosen) {
        parts.push(chosen.to_owned());
    }
    let mut options = vec![(String::new(), t::UNKNOWN.to_owned())];
    for (code, name) in COUNTRIES {
        options.push((code.to_owned(), name.to_owned()));
        let own = parts
            .iter()
            .filter_map(|part| Some((part, part.strip_prefix(code)?.strip_prefix('-')?)));
        options.extend(own.map(|(region, part)| (region.clone(), t::part(name, part))));
    }
    let option = |(value, label): (String, String)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    };
    options.into_iter().map(option).collect_view()
}
