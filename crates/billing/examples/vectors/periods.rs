//! Where periods begin and end. Plain dates are midnights in UTC.

use billing::period::{Anchor, AnchorDay, BillingTime, Interval, Period, PeriodError, Schedule, Step, Zone};
use billing::subscription::trial_end;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::case::Case;

const MONTHLY: Step = Step::Months(1);

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("period_sequence", "anchor_day_clamped_no_drift") => period_sequence(case),
        ("trial_then_periods", "anchor_is_trial_end") => trial_then_periods(case),
        ("trial_keeps_anchor", "anchor_is_start_or_calendar") => trial_keeps_anchor(case),
        ("calendar_month_tz", "calendar_periods_local_midnight") => calendar_month(case),
        ("calendar_last_complete_tz", "calendar_periods_local_midnight") => calendar_last_complete(case),
        ("first_anchor", "anchor_day_clamped_first_on_or_after") => first_anchor(case),
        ("whole_periods_between", "half_open_periods") => whole_periods_between(case),
        ("last_complete_period", "anniversary_clamped_no_drift") => last_complete_period(case),
        ("period_containing", "anniversary_clamped_no_drift" | "half_open_periods") => {
            period_containing(case)
        }
        ("billing_anchor_in_past", "anchor_plus_n_intervals_clamped") => billing_anchor_in_past(case),
        ("recurrence_period_containing", "anchor_plus_n_intervals_clamped") => recurrence(case),
        (
            "period_sequence"
            | "trial_then_periods"
            | "trial_keeps_anchor"
            | "calendar_month_tz"
            | "calendar_last_complete_tz"
            | "first_anchor"
            | "whole_periods_between"
            | "last_complete_period"
            | "period_containing"
            | "billing_anchor_in_past"
            | "recurrence_period_containing",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn period_sequence(case: &Case) -> Result<Value, String> {
    let start = case.midnight("start")?;
    let schedule = Schedule::new(start, anchor_on_day(case, start)?, step_of(case)?);
    boundaries(case, |n| schedule.boundary(n))
}

fn trial_then_periods(case: &Case) -> Result<Value, String> {
    let end = trial_end(case.midnight("start")?, case.count("trial_days")?).map_err(text)?;
    let schedule = Schedule::new(end, Anchor::new(end, Zone::UTC), MONTHLY);
    let mut answer = boundaries(case, |n| schedule.boundary(n))?;
    answer["trial_end"] = json!(date(end));
    Ok(answer)
}

fn trial_keeps_anchor(case: &Case) -> Result<Value, String> {
    let start = case.midnight("start")?;
    let billing = BillingTime::parse(case.text("billing")?)
        .ok_or_else(|| case.error("billing", "not a known billing time"))?;
    let anchor = billing.anchor(start, MONTHLY, Zone::UTC).map_err(text)?;
    let first_charge = trial_end(start, case.count("trial_days")?).map_err(text)?;
    let charged = Schedule::new(start, anchor, MONTHLY)
        .containing(first_charge)
        .map_err(text)?;
    Ok(json!({"first_charge_from": date(first_charge), "next_renewal": date(charged.end())}))
}

fn calendar_month(case: &Case) -> Result<Value, String> {
    let year = i32::try_from(case.integer("year")?).map_err(|error| case.error("year", error))?;
    let first = NaiveDate::from_ymd_opt(year, case.count("month")?, 1)
        .ok_or_else(|| case.error("month", format!("not a month of the year {year}")))?;
    let month = Period::calendar_month(first, case.zone("timezone")?).map_err(text)?;
    Ok(json!({
        "start_utc": instant(month.start()),
        "end_exclusive_utc": instant(month.end()),
        "hours": month.hours().to_string(),
    }))
}

fn calendar_last_complete(case: &Case) -> Result<Value, String> {
    let (at, step) = (case.instant("at_utc")?, step_of(case)?);
    let anchor = Anchor::calendar(at, step, case.zone("timezone")?).map_err(text)?;
    let period = anchor.last_complete(step, at).map_err(text)?;
    Ok(json!({"start_utc": instant(period.start()), "end_exclusive_utc": instant(period.end())}))
}

fn first_anchor(case: &Case) -> Result<Value, String> {
    let anchor = anchor_on_day(case, case.midnight("start")?)?;
    Ok(json!({"first_anchor": date(anchor.at())}))
}

fn whole_periods_between(case: &Case) -> Result<Value, String> {
    let name = case.text("interval")?;
    let step = step(name).ok_or_else(|| case.error("interval", format!("unknown interval `{name}`")))?;
    let anchor = Anchor::new(case.midnight("start")?, Zone::UTC);
    let count = anchor.whole_periods(step, case.midnight("end")?).map_err(text)?;
    Ok(json!({"count": count}))
}

fn last_complete_period(case: &Case) -> Result<Value, String> {
    schedule(case)?
        .last_complete(case.midnight("at")?)
        .map(dates)
        .map_err(text)
}

fn period_containing(case: &Case) -> Result<Value, String> {
    schedule(case)?
        .containing(case.midnight("at")?)
        .map(dates)
        .map_err(text)
}

fn billing_anchor_in_past(case: &Case) -> Result<Value, String> {
    let anchor = Anchor::new(case.instant("anchor")?, Zone::UTC);
    let schedule = Schedule::new(case.instant("start")?, anchor, step_of(case)?);
    boundaries(case, |n| schedule.boundary(n))
}

fn recurrence(case: &Case) -> Result<Value, String> {
    let anchor = Anchor::new(case.instant("anchor")?, Zone::UTC);
    let (_, period) = anchor
        .surrounding(step_of(case)?, case.instant("at")?)
        .map_err(text)?;
    Ok(json!({"start": instant(period.start()), "end_exclusive": instant(period.end())}))
}

/// On the anchor day where the case has one, else on the day of the start.
fn schedule(case: &Case) -> Result<Schedule, String> {
    let start = case.midnight("subscription_start")?;
    let anchor = match case.rule.as_str() {
        "half_open_periods" => anchor_on_day(case, start)?,
        _ => Anchor::new(start, Zone::UTC),
    };
    Ok(Schedule::new(start, anchor, step_of(case)?))
}

fn anchor_on_day(case: &Case, start: DateTime<Utc>) -> Result<Anchor, String> {
    let day = AnchorDay::new(case.count("anchor_day")?).map_err(|error| case.error("anchor_day", error))?;
    Anchor::on_day(start, day, months(case)?, Zone::UTC).map_err(text)
}

fn months(case: &Case) -> Result<u32, String> {
    match case.count("interval_months")? {
        0 => Err(case.error("interval_months", "no interval at all")),
        months => Ok(months),
    }
}

fn step_of(case: &Case) -> Result<Step, String> {
    months(case).map(Step::Months)
}

/// `day`, `30d`, or an interval by its name.
fn step(name: &str) -> Option<Step> {
    if name == "day" {
        return Some(Step::Days(1));
    }
    match name.strip_suffix('d').map(str::parse) {
        Some(Ok(days)) => (days > 0).then_some(Step::Days(days)),
        _ => Interval::parse(name).map(Step::from),
    }
}

fn boundaries(
    case: &Case,
    boundary: impl Fn(u32) -> Result<DateTime<Utc>, PeriodError>,
) -> Result<Value, String> {
    let dates = (0..case.count("boundaries")?)
        .map(|n| boundary(n).map(date).map_err(text))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"boundaries": dates}))
}

fn dates(period: Period) -> Value {
    json!({"start": date(period.start()), "end_exclusive": date(period.end())})
}

fn date(at: DateTime<Utc>) -> String {
    at.date_naive().to_string()
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn text(error: PeriodError) -> String {
    error.to_string()
}
