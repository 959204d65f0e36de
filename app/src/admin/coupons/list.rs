//! All coupons and campaigns, what they came to, and the form that makes a coupon.

use billing::money::Currency;
use billing::period::Zone;
use leptos::prelude::*;
use service::{CampaignRow, CouponReport, CouponRow, Tally};

use super::forms::{COUPON, CouponForm};
use super::typed::wrong_coupon;
use super::words;
use crate::admin::area::{ADMIN, operator};
use crate::auth;
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::portal::coupon;
use crate::text::en::coupons as t;
use crate::ui::{Amount, ButtonKind, EmptyState, PageHeader, Panel, SubmitButton, Table, TextField, When};

#[component]
pub fn CouponsPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let report = visit.billing.coupon_report(&visit.actor).await?;
    let makes = visit.actor.decides_about_money().is_ok();
    let form = if makes {
        let plans = visit.billing.public_plans().await?;
        let plans = plans.into_iter().map(|plan| (plan.key, plan.name)).collect();
        Some(new_coupon(plans, report.currency, failed(&visit)))
    } else {
        None
    };
    let body = view! {
        <PageHeader title=t::COUPONS subtitle=t::SUBTITLE/>
        {coupons(&report, makes)}
        {campaigns(&report.campaigns)}
        {form}
    };
    Ok(Page::new(t::COUPONS, body).of(operator))
}

/// What was typed, where it was refused.
fn failed(visit: &Visit) -> Option<CouponForm> {
    visit.query("error")?;
    auth::typed::read_form(COUPON)
}

fn coupons(report: &CouponReport, makes: bool) -> AnyView {
    if report.coupons.is_empty() {
        let hint = if makes {
            t::NO_COUPONS_HINT
        } else {
            t::NO_COUPONS_READER
        };
        return view! {
            <div class="panel"><EmptyState icon=icondata::LuTicketPercent title=t::NO_COUPONS hint=hint/></div>
        }
        .into_any();
    }
    let rows = report.coupons.iter().map(coupon_row).collect_view();
    let formulas = t::formulas(report.currency.as_str());
    view! {
        <Panel title=t::COUPONS>
            <Table caption=t::COUPONS>
                <thead>
                    <tr>
                        <th scope="col">{t::NAME}</th>
                        <th scope="col">{t::TAKES_OFF}</th>
                        <th scope="col" class="hidden sm:table-cell">{t::LASTS}</th>
                        <th scope="col" class="hidden sm:table-cell">{t::PLANS}</th>
                        <th scope="col" class="num hidden sm:table-cell">{t::CODES}</th>
                        {tally_heads()}
                        <th scope="col" class="hidden sm:table-cell">{t::MADE}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
            <p class="label-sm max-w-3xl">{formulas}</p>
        </Panel>
    }
    .into_any()
}

fn tally_heads() -> impl IntoView {
    view! {
        <th scope="col" class="num hidden sm:table-cell">{t::REDEMPTIONS}</th>
        <th scope="col" class="num">{t::DISCOUNT_GIVEN}</th>
        <th scope="col" class="num hidden sm:table-cell">{t::MRR_WON}</th>
    }
}

fn tally_cells(tally: Tally) -> impl IntoView {
    view! {
        <td class="num hidden sm:table-cell">{words::count(tally.redemptions)}</td>
        <td class="num"><Amount amount=tally.given/></td>
        <td class="num hidden sm:table-cell"><Amount amount=tally.mrr/></td>
    }
}

fn coupon_row(row: &CouponRow) -> impl IntoView + use<> {
    let href = format!("/admin/coupons/{}", row.id);
    view! {
        <tr>
            <th scope="row" class="font-normal"><a class="link" href=href>{row.name.clone()}</a></th>
            <td class="sm:whitespace-nowrap">
                {coupon::off(row.discount)}
                <span class="block sm:hidden label-sm">{words::lasts(row.duration)}</span>
            </td>
            <td class="hidden sm:table-cell">{words::lasts(row.duration)}</td>
            <td class="hidden sm:table-cell">{words::plans(row.plans.as_deref())}</td>
            <td class="num hidden sm:table-cell">{words::count(row.codes)}</td>
            {tally_cells(row.tally)}
            <td class="hidden sm:table-cell"><When at=row.created_at zone=Zone::UTC/></td>
        </tr>
    }
}

fn campaigns(rows: &[CampaignRow]) -> AnyView {
    if rows.is_empty() {
        return view! { <Panel title=t::CAMPAIGNS><p class="text-muted">{t::NO_CAMPAIGNS}</p></Panel> }
            .into_any();
    }
    let rows = rows.iter().map(|row| {
        view! {
            <tr>
                <th scope="row" class="font-normal">{row.name.clone()}</th>
                <td class="num hidden sm:table-cell">{words::count(row.codes)}</td>
                {tally_cells(row.tally)}
                <td class="hidden sm:table-cell"><When at=row.created_at zone=Zone::UTC/></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Panel title=t::CAMPAIGNS>
            <p class="text-muted">{t::CAMPAIGNS_HINT}</p>
            <Table caption=t::CAMPAIGNS>
                <thead>
                    <tr>
                        <th scope="col">{t::NAME}</th>
                        <th scope="col" class="num hidden sm:table-cell">{t::CODES}</th>
                        {tally_heads()}
                        <th scope="col" class="hidden sm:table-cell">{t::MADE}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    }
    .into_any()
}

fn new_coupon(plans: Vec<(String, String)>, currency: Currency, failed: Option<CouponForm>) -> impl IntoView {
    let wrong = failed.as_ref().map(|form| wrong_coupon(form, currency));
    let (form, wrong) = (failed.unwrap_or_default(), wrong.unwrap_or_default());
    let plans = plans.into_iter().enumerate().map(|(index, (key, name))| {
        let checked = form.plans.contains(&key);
        view! {
            <label class="flex items-center gap-2">
                <input type="checkbox" class="checkbox checkbox-sm" name=format!("form[plans][{index}]") value=key checked=checked/>
                {name}
            </label>
        }
    });
    let plans = plans.collect_view();
    let amount = t::amount_in(currency.as_str());
    let kinds = [("percent", t::PERCENT.to_owned()), ("amount", amount)];
    let kinds = options(kinds, &form.kind);
    let lasts = [
        ("once", t::LASTS_ONCE.to_owned()),
        ("periods", t::LASTS_PERIODS.to_owned()),
        ("months", t::LASTS_MONTHS.to_owned()),
        ("forever", t::LASTS_FOREVER.to_owned()),
    ];
    let lasts = options(lasts, &form.lasts);
    view! {
        <Panel title=t::NEW_COUPON>
            <form method="post" action="/fn/create-coupon" class="grid gap-4 md:grid-cols-2 max-w-3xl">
                <TextField name="form[name]" label=t::NAME autocomplete="off" maxlength=80 hint=t::NAME_HINT
                    value=form.name error=wrong.name/>
                <div class="grid grid-cols-2 gap-4">
                    <div class="flex flex-col gap-1">
                        <label for="kind" class="font-medium">{t::TAKES_OFF}</label>
                        <select id="kind" name="form[kind]" class="select w-full">{kinds}</select>
                    </div>
                    <TextField name="form[value]" label=t::VALUE autocomplete="off" maxlength=20 inputmode="decimal"
                        hint=t::VALUE_HINT value=form.value error=wrong.value/>
                </div>
                <div class="flex flex-col gap-1">
                    <label for="lasts" class="font-medium">{t::HOW_LONG}</label>
                    <select id="lasts" name="form[lasts]" class="select w-full">{lasts}</select>
                </div>
                <div class="flex flex-col gap-1">
                    <label for="count" class="font-medium">{t::HOW_MANY}</label>
                    <input id="count" name="form[count]" type="number" min="1" max="1200" class="input w-full"
                        value=form.count aria-describedby="count-hint" aria-invalid=wrong.count.map(|_| "true")/>
                    <p id="count-hint" class="label-sm">{t::HOW_MANY_HINT}</p>
                    {wrong.count.map(|words| view! { <p class="text-error">{words}</p> })}
                </div>
                <fieldset class="md:col-span-2 flex flex-col gap-2">
                    <legend class="font-medium pb-1">{t::FOR_PLANS}</legend>
                    <div class="flex flex-wrap gap-x-6 gap-y-2">{plans}</div>
                </fieldset>
                <div><SubmitButton label=t::MAKE_COUPON kind=ButtonKind::Primary/></div>
            </form>
        </Panel>
    }
}

/// With the one that was chosen before.
fn options<const N: usize>(options: [(&'static str, String); N], chosen: &str) -> AnyView {
    let option = |(value, label): (&'static str, String)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    };
    options.into_iter().map(option).collect_view().into_any()
}
