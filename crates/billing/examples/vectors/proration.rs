//! Parts of an amount for parts of a period. Plain dates are midnights in UTC, days are counted there.

use billing::credit::BilledLine;
use billing::invoice::Explain;
use billing::money::{Currency, Money, MoneyError};
use billing::period::{Period, Zone};
use billing::proration::{ProrationMode, Share};
use chrono::{DateTime, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::case::{Case, Fields};

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("plan_change_days", "day_based_change_day_to_new_plan") => change_by_day(case),
        ("plan_change_days", "credit_old_item_charge_new_stub") => change_with_stub(case),
        ("plan_change_seconds", "second_based_remaining_over_period") => change_by_second(case),
        ("interval_change_reset_anchor", "anchor_resets_on_interval_change") => change_of_interval(case),
        ("component_change_days", "per_component_rounding_change_day_to_new") => change_of_components(case),
        ("prorate_days", "day_actual_half_open" | "credit_of_billed_item_days") => prorate_days(case),
        ("prorate_duration", "duration_based_exact") => prorate_duration(case),
        ("plan_change_next_invoice", "deferred_proration_on_next_renewal") => deferred_change(case),
        (
            "plan_change_days"
            | "plan_change_seconds"
            | "interval_change_reset_anchor"
            | "component_change_days"
            | "prorate_days"
            | "prorate_duration"
            | "plan_change_next_invoice",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn change_by_day(case: &Case) -> Result<Value, String> {
    let whole = period(case, "period_start", "period_end_exclusive")?;
    let rest = rest(ProrationMode::Day, whole, case.instant("change_on")?);
    let (old, new) = (case.minor("old_price_minor")?, case.minor("new_price_minor")?);
    let proration = prorate(case, &[old], &[new], (rest, rest))?;
    Ok(json!({
        "credit_minor": total(case, &proration.credits)?,
        "charge_minor": total(case, &proration.charges)?,
        "net_minor": proration.net.minor(),
    }))
}

fn change_with_stub(case: &Case) -> Result<Value, String> {
    let unused = rest(
        ProrationMode::Day,
        dates(case, "old_period")?,
        case.instant("change_on")?,
    );
    let (stub, reference) = (some_dates(case, "new_stub")?, dates(case, "new_reference")?);
    let charged = ProrationMode::Day.share(stub, reference, Zone::UTC);
    let (old, new) = (case.minor("old_price_minor")?, case.minor("new_price_minor")?);
    let proration = prorate(case, &[old], &[new], (unused, charged))?;
    Ok(json!({
        "credit_minor": total(case, &proration.credits)?,
        "charge_minor": total(case, &proration.charges)?,
        "account_credit_minor": to_credit_balance(proration.net)?,
    }))
}

fn change_by_second(case: &Case) -> Result<Value, String> {
    let whole = period(case, "period_start", "period_end")?;
    let rest = rest(ProrationMode::Second, whole, case.instant("change_at")?);
    let amount = |price, quantity| {
        let (price, quantity) = (case.minor(price)?, case.count(quantity)?);
        price.fraction(i128::from(quantity), 1).map_err(text)
    };
    let old = amount("old_price_minor", "old_quantity")?;
    let new = amount("new_price_minor", "new_quantity")?;
    let proration = prorate(case, &[old], &[new], (rest, rest))?;
    Ok(json!({
        "remaining_seconds": rest.seconds,
        "period_seconds": rest.of_seconds,
        "credit_minor": total(case, &proration.credits)?,
        "charge_minor": total(case, &proration.charges)?,
        "net_minor": proration.net.minor(),
    }))
}

fn change_of_interval(case: &Case) -> Result<Value, String> {
    let whole = period(case, "period_start", "period_end")?;
    let unused = rest(ProrationMode::Second, whole, case.instant("change_at")?);
    let (old, new) = (case.minor("old_price_minor")?, case.minor("new_price_minor")?);
    let proration = prorate(case, &[old], &[new], (unused, Share::of(whole, whole)))?;
    Ok(json!({
        "credit_minor": total(case, &proration.credits)?,
        "new_charge_minor": total(case, &proration.charges)?,
        "due_now_minor": proration.net.minor(),
    }))
}

fn change_of_components(case: &Case) -> Result<Value, String> {
    let whole = period(case, "period_start", "period_end_exclusive")?;
    let rest = rest(ProrationMode::Day, whole, case.instant("change_on")?);
    let old = case.minors("old_components_minor")?;
    let new = case.minors("new_components_minor")?;
    let proration = prorate(case, &old, &new, (rest, rest))?;
    Ok(json!({
        "credits_minor": minors(&proration.credits),
        "charges_minor": minors(&proration.charges),
        "net_minor": proration.net.minor(),
    }))
}

fn prorate_days(case: &Case) -> Result<Value, String> {
    let whole = period(case, "reference_start", "reference_end_exclusive")?;
    let part = part(case, "from", "to_exclusive")?;
    let share = ProrationMode::Day.share(part, whole, Zone::UTC);
    let price = case.minor("price_minor")?;
    let credit = match case.rule.as_str() {
        "credit_of_billed_item_days" => credit_of_billed(price, whole, share),
        _ => share.apply(price).and_then(Money::negate),
    };
    let amount = match case.integer("sign")? {
        -1 => credit,
        1 => credit.and_then(Money::negate),
        _ => return Err(case.error("sign", "neither 1 nor -1")),
    };
    Ok(json!({
        "days": part.map_or(0, |part| part.days(Zone::UTC)),
        "period_days": whole.days(Zone::UTC),
        "amount_minor": amount.map_err(text)?.minor(),
    }))
}

/// As a line billed and not yet credited gives it back.
fn credit_of_billed(net: Money, period: Period, unused: Share) -> Result<Money, MoneyError> {
    let credited = Money::zero(net.currency());
    let line = BilledLine {
        net,
        period,
        credited,
    };
    line.credit(unused)?.amount()
}

fn prorate_duration(case: &Case) -> Result<Value, String> {
    let part = part(case, "service_start", "service_end")?;
    let whole = period(case, "full_start", "full_end")?;
    let share = ProrationMode::Second.share(part, whole, Zone::UTC);
    let amount = share.apply(case.minor("price_minor")?).map_err(text)?;
    Ok(json!({"amount_minor": amount.minor()}))
}

fn deferred_change(case: &Case) -> Result<Value, String> {
    let rest = fraction(case, "elapsed_fraction")?.rest();
    let (old, new) = (case.minor("old_price_minor")?, case.minor("new_price_minor")?);
    let proration = prorate(case, &[old], &[new], (rest, rest))?;
    Ok(json!({
        "credit_minor": total(case, &proration.credits)?,
        "charge_minor": total(case, &proration.charges)?,
        "renewal_minor": new.minor(),
        "next_invoice_minor": new.plus(proration.net).map_err(text)?.minor(),
    }))
}

/// Credits, negative, and charges, each rounded on its own.
struct Proration {
    credits: Vec<Money>,
    charges: Vec<Money>,
    net: Money,
}

/// As an upgrade does: each line billed gives back its unused share, each new one is charged for its own.
fn prorate(
    case: &Case,
    old: &[Money],
    new: &[Money],
    (unused, charged): (Share, Share),
) -> Result<Proration, String> {
    let period = Period::new(DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC).map_err(|e| e.to_string())?;
    let credits = old.iter().map(|net| credit_of_billed(*net, period, unused));
    let credits = credits.collect::<Result<Vec<_>, _>>().map_err(text)?;
    let charges = new.iter().map(|basis| {
        let explain = Explain::Prorated {
            basis: *basis,
            share: charged,
            credit: false,
        };
        explain.amount()
    });
    let charges = charges.collect::<Result<Vec<_>, _>>().map_err(text)?;
    let all = credits.iter().chain(&charges).copied();
    let net = Money::sum(case.currency()?, all).map_err(text)?;
    Ok(Proration {
        credits,
        charges,
        net,
    })
}

/// What a credit note over a negative net adds to the balance.
fn to_credit_balance(net: Money) -> Result<i64, String> {
    let given_back = net.negate().map_err(text)?;
    Ok(given_back.minor().max(0))
}

fn rest(mode: ProrationMode, whole: Period, at: DateTime<Utc>) -> Share {
    mode.share(whole.remaining_from(at), whole, Zone::UTC)
}

/// `1/4` or `0.25`.
fn fraction(case: &Case, name: &str) -> Result<Share, String> {
    let text = case.text(name)?;
    let share = match text.split_once('/') {
        Some((numerator, denominator)) => numerator.trim().parse().ok().zip(denominator.trim().parse().ok()),
        None => case.decimal(name).ok().and_then(decimal_parts),
    };
    share
        .filter(|(seconds, of_seconds)| 0 <= *seconds && seconds <= of_seconds && *of_seconds > 0)
        .map(|(seconds, of_seconds)| Share { seconds, of_seconds })
        .ok_or_else(|| case.error(name, format!("`{text}` is not a fraction from 0 to 1")))
}

fn decimal_parts(value: Decimal) -> Option<(i64, i64)> {
    let value = value.normalize();
    let numerator = i64::try_from(value.mantissa()).ok()?;
    Some((numerator, 10_i64.checked_pow(value.scale())?))
}

fn period(fields: &Fields, start: &str, end: &str) -> Result<Period, String> {
    Period::new(fields.instant(start)?, fields.instant(end)?).map_err(|error| fields.error(end, error))
}

/// `None` where it ends as it begins.
fn part(fields: &Fields, start: &str, end: &str) -> Result<Option<Period>, String> {
    if fields.instant(start)? == fields.instant(end)? {
        return Ok(None);
    }
    period(fields, start, end).map(Some)
}

/// Two dates: the first day and the day after the last.
fn dates(case: &Case, name: &str) -> Result<Period, String> {
    some_dates(case, name)?.ok_or_else(|| case.error(name, "no day"))
}

/// `None` of no day at all.
fn some_dates(case: &Case, name: &str) -> Result<Option<Period>, String> {
    let [start, end] = case.dates(name)?[..] else {
        return Err(case.error(name, "not two dates"));
    };
    if start == end {
        return Ok(None);
    }
    let midnight = |date: chrono::NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let period = Period::new(midnight(start), midnight(end)).map_err(|error| case.error(name, error))?;
    Ok(Some(period))
}

fn total(case: &Case, amounts: &[Money]) -> Result<i64, String> {
    let currency: Currency = case.currency()?;
    let sum = Money::sum(currency, amounts.iter().copied()).map_err(text)?;
    Ok(sum.minor())
}

fn minors(amounts: &[Money]) -> Vec<i64> {
    amounts.iter().map(|amount| amount.minor()).collect()
}

fn text(error: MoneyError) -> String {
    error.to_string()
}
