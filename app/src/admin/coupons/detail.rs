//! One coupon: what it came to, its codes, and the forms that make more.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use service::{CodeRow, CouponDetail, CouponRow};

use super::forms::{CODES, CodesForm};
use super::typed::{Wrong, wrong_codes};
use super::words;
use crate::admin::area::{ADMIN, operator};
use crate::auth;
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::portal::coupon;
use crate::text::en::coupons as t;
use crate::ui::field::MAX_CODE;
use crate::ui::{
    Badge, ButtonKind, EmptyState, LinkButton, PageHeader, Panel, SubmitButton, Table, TextField,
};

#[component]
pub fn CouponPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let id = visit.param("id").and_then(|id| id.parse().ok());
    let id = id.ok_or(AppError::NotFound)?;
    let detail = visit.billing.coupon_detail(&visit.actor, id).await?;
    let makes = visit.actor.decides_about_money().is_ok();
    let CouponDetail { coupon, codes } = &detail;
    let title = coupon.name.clone();
    let file = (makes && !codes.is_empty()).then(|| {
        view! { <LinkButton href=format!("/admin/coupons/{}/codes.csv", coupon.id) label=t::DOWNLOAD/> }
    });
    let forms = makes.then(|| {
        let (one, many) = failed(&visit).map_or((None, None), |form| match form.code {
            Some(_) => (Some(form), None),
            None => (None, Some(form)),
        });
        let (one, many) = (typed(one, coupon, &visit), typed(many, coupon, &visit));
        view! {
            <div class="grid gap-4 lg:grid-cols-2 items-start">
                {one_code(coupon, one)}
                {unique_codes(coupon, many)}
            </div>
        }
    });
    let body = view! {
        <PageHeader title=title.clone() subtitle=summary(coupon)>{file}</PageHeader>
        {figures(coupon)}
        {codes_panel(&detail, makes, visit.billing.now())}
        {forms}
    };
    Ok(Page::new(title, body).of(operator))
}

/// What was typed, where it was refused.
fn failed(visit: &Visit) -> Option<CodesForm> {
    visit.query("error")?;
    auth::typed::read_form(CODES)
}

/// The form as it stands, and what is wrong with it.
fn typed(failed: Option<CodesForm>, coupon: &CouponRow, visit: &Visit) -> (CodesForm, Wrong) {
    let currency = coupon.tally.given.currency();
    let taken = visit.query("error") == Some(AppError::CodeTaken.code());
    let wrong = failed.as_ref().map(|form| wrong_codes(form, currency, taken));
    (failed.unwrap_or_default(), wrong.unwrap_or_default())
}

/// `20% off, 3 billing periods, Starter`.
fn summary(row: &CouponRow) -> String {
    let (off, lasts) = (coupon::off(row.discount), words::lasts(row.duration));
    format!("{off} · {lasts} · {}", words::plans(row.plans.as_deref()))
}

fn figures(row: &CouponRow) -> impl IntoView + use<> {
    let figure = |label: &'static str, value: String| {
        view! {
            <div class="min-w-0">
                <dt class="label-sm">{label}</dt>
                <dd class="figure-lg max-sm:text-xl">{value}</dd>
            </div>
        }
    };
    let codes = t::codes_active(&words::count(row.codes), &words::count(row.active));
    let formulas = t::formulas(row.tally.given.currency().as_str());
    view! {
        <section class="panel flex flex-col gap-4 p-4">
            <dl class="grid grid-cols-2 lg:grid-cols-4 gap-x-6 gap-y-4">
                {figure(t::CODES, codes)}
                {figure(t::REDEMPTIONS, words::count(row.tally.redemptions))}
                {figure(t::DISCOUNT_GIVEN, format::money(row.tally.given))}
                {figure(t::MRR_WON, format::money(row.tally.mrr))}
            </dl>
            <p class="label-sm max-w-3xl">{formulas}</p>
        </section>
    }
}

fn codes_panel(detail: &CouponDetail, makes: bool, now: DateTime<Utc>) -> AnyView {
    let CouponDetail { coupon, codes } = detail;
    if !makes && coupon.codes > 0 {
        return view! { <Panel title=t::CODES><p class="text-muted">{t::CODES_HIDDEN}</p></Panel> }
            .into_any();
    }
    if codes.is_empty() {
        return view! {
            <div class="panel"><EmptyState icon=icondata::LuTicket title=t::NO_CODES hint=t::NO_CODES_HINT/></div>
        }
        .into_any();
    }
    let all = u64::try_from(codes.len()).is_ok_and(|shown| shown == coupon.codes);
    let rows = codes
        .iter()
        .map(|code| code_row(coupon, code, (makes, now)))
        .collect_view();
    view! {
        <Panel title=t::CODES>
            {(!all).then(|| view! { <p class="text-muted">{t::NEWEST_HUNDRED}</p> })}
            <Table caption=t::CODES>
                <thead>
                    <tr>
                        <th scope="col">{t::CODE}</th>
                        <th scope="col">{t::STATE}</th>
                        <th scope="col" class="num">{t::REDEEMED}</th>
                        <th scope="col">{t::CAMPAIGN}</th>
                        <th scope="col">{t::TERMS}</th>
                        <th scope="col"><span class="sr-only">{t::RETIRE}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    }
    .into_any()
}

fn code_row(
    coupon: &CouponRow,
    code: &CodeRow,
    (makes, now): (bool, DateTime<Utc>),
) -> impl IntoView + use<> {
    let (tone, state) = words::state(code, now);
    let retire = (makes && code.is_active).then(|| retire_form(coupon.id.to_string(), code.code.to_string()));
    view! {
        <tr>
            <th scope="row" class="font-normal"><code>{code.code.to_string()}</code></th>
            <td><Badge tone=tone label=state/></td>
            <td class="num">{words::redeemed(code)}</td>
            <td>{code.campaign.clone()}</td>
            <td>{words::terms(code)}</td>
            <td>{retire}</td>
        </tr>
    }
}

/// Asked once more, as it cannot be undone.
fn retire_form(coupon: String, code: String) -> impl IntoView {
    view! {
        <details>
            <summary class="cursor-pointer text-muted w-fit">
                {t::RETIRE}<span class="sr-only">" "{code.clone()}</span>
            </summary>
            <form method="post" action="/fn/retire-code" class="flex flex-col items-start gap-2 pt-2">
                <input type="hidden" name="coupon" value=coupon/>
                <input type="hidden" name="code" value=code.clone()/>
                <p class="max-w-60">{t::retire_what(&code)}</p>
                <SubmitButton label=t::retire_named(&code) kind=ButtonKind::Danger small=true/>
            </form>
        </details>
    }
}

fn one_code(row: &CouponRow, (form, wrong): (CodesForm, Wrong)) -> impl IntoView + use<> {
    let coupon = row.id.to_string();
    let code = form.code.clone().unwrap_or_default();
    view! {
        <Panel title=t::ONE_CODE>
            <form method="post" action="/fn/create-codes" class="flex flex-col gap-4">
                <input type="hidden" name="form[coupon]" value=coupon/>
                <TextField name="form[code]" label=t::CODE autocomplete="off" minlength=3 maxlength=MAX_CODE
                    hint=t::ONE_CODE_HINT value=code error=wrong.code/>
                {limits("one", (t::MOST, t::MOST_HINT), (form, wrong))}
                <div><SubmitButton label=t::MAKE_CODE kind=ButtonKind::Primary/></div>
            </form>
        </Panel>
    }
}

fn unique_codes(row: &CouponRow, (form, wrong): (CodesForm, Wrong)) -> impl IntoView + use<> {
    let coupon = row.id.to_string();
    view! {
        <Panel title=t::UNIQUE_CODES>
            <p class="text-muted">{t::UNIQUE_CODES_HINT}</p>
            <form method="post" action="/fn/create-codes" class="flex flex-col gap-4">
                <input type="hidden" name="form[coupon]" value=coupon/>
                <div class="grid grid-cols-2 gap-4">
                    {field("many-prefix", "form[prefix]", (t::PREFIX, "text"), (form.prefix.clone(), wrong.prefix))}
                    <div class="flex flex-col gap-1">
                        <label for="many-count" class="font-medium">{t::COUNT}</label>
                        <input id="many-count" name="form[count]" type="number" min="1" max="10000" class="input w-full"
                            value=form.count.clone() aria-invalid=wrong.count.map(|_| "true") required/>
                        {wrong.count.map(said)}
                    </div>
                </div>
                {limits("many", (t::MOST_EACH, ""), (form, wrong))}
                <div><SubmitButton label=t::MAKE_CODES kind=ButtonKind::Primary/></div>
            </form>
        </Panel>
    }
}

/// What codes are taken for at most; the same fields for one and for many.
fn limits(
    of: &'static str,
    (most, hint): (&'static str, &'static str),
    (form, wrong): (CodesForm, Wrong),
) -> impl IntoView {
    let first_time = form.first_time.is_some();
    let id = |name: &str| format!("{of}-{name}");
    view! {
        <fieldset class="flex flex-col gap-3">
            <legend class="font-medium pb-2">{t::LIMITS}</legend>
            <div class="grid sm:grid-cols-2 gap-4">
                {field(&id("campaign"), "form[campaign]", (t::CAMPAIGN, "text"), (form.campaign, None))}
                {field(&id("most"), "form[most]", (most, "number"), (form.most, wrong.most))}
                {field(&id("minimum"), "form[minimum]", (t::MINIMUM, "text"), (form.minimum, wrong.minimum))}
                {field(&id("last-day"), "form[last_day]", (t::LAST_DAY, "date"), (form.last_day, wrong.last_day))}
            </div>
            {(!hint.is_empty()).then(|| view! { <p class="label-sm">{hint}</p> })}
            <label class="flex items-center gap-2">
                <input type="checkbox" class="checkbox checkbox-sm" name="form[first_time]" value="on" checked=first_time/>
                {t::FIRST_TIME}
            </label>
        </fieldset>
    }
}

/// One that may stay empty.
fn field(
    id: &str,
    name: &'static str,
    (label, kind): (&'static str, &'static str),
    (value, wrong): (String, Option<&'static str>),
) -> impl IntoView + use<> {
    let least = (kind == "number").then_some("1");
    view! {
        <div class="flex flex-col gap-1">
            <label for=id.to_owned() class="font-medium">{label}</label>
            <input id=id.to_owned() name=name type=kind class="input w-full" autocomplete="off" maxlength="80" min=least
                value=value aria-invalid=wrong.map(|_| "true")/>
            {wrong.map(said)}
        </div>
    }
}

fn said(wrong: &'static str) -> impl IntoView {
    view! { <p class="text-error">{wrong}</p> }
}
