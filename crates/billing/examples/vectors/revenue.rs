//! MRR, its movements and what follows from them.

use billing::coupon::{Discount, Percent};
use billing::money::{Currency, Money};
use billing::period::Interval;
use billing::rating::Fraction;
use billing::revenue::{
    Bridge, Cohort, Flows, GrossMargin, MovementKind, arpa, arr, ltv, monthly, movement, percent,
};
use billing::subscription::StatusName;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::case::{Case, Fields};
use super::taxes::text;

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("lifecycle", "movement_per_customer") => lifecycle(case),
        ("classify", "movement_per_customer") => classify(case),
        ("amend_delta", "delta_sign") => amend_delta(case),
        ("cancel_idempotent", "cancel_to_zero_once") => cancel_idempotent(case),
        ("revenue_churn", "gross_includes_contraction_net_subtracts_expansion") => revenue_churn(case),
        ("retention", "starting_cohort_only") => retention(case),
        ("retention_per_customer", "starting_cohort_only") => retention_per_customer(case),
        ("subscriber_churn", "churned_over_start_plus_new_30d") => subscriber_churn(case),
        ("derived_metrics", "simple_ratios") => derived_metrics(case),
        ("bridge", "start_plus_movements_is_end") => bridge(case),
        ("normalise", "year_over_12") => normalise(case),
        ("sum_of_active", "year_over_12") => sum_of(case),
        ("status_filter", "active_and_past_due_only") => sum_of(case),
        ("discount_rule", "all_current_discounts_reduce_mrr") => sum_of(case),
        ("components", "slots_times_rate_usage_excluded") => components(case),
        (
            "lifecycle"
            | "classify"
            | "amend_delta"
            | "cancel_idempotent"
            | "revenue_churn"
            | "retention"
            | "retention_per_customer"
            | "subscriber_churn"
            | "derived_metrics"
            | "bridge"
            | "normalise"
            | "sum_of_active"
            | "status_filter"
            | "discount_rule"
            | "components",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn lifecycle(case: &Case) -> Result<Value, String> {
    let currency = case.currency()?;
    let (mut carried, mut movements): (Vec<(String, Fraction)>, _) = (Vec::new(), Vec::new());
    let (mut before, mut ever_paid) = (Money::zero(currency), false);
    for event in case.list("events")? {
        let id = event.text("id")?.to_owned();
        match event.text("op")? {
            "add" => carried.push((id, recurring(&event, currency)?)),
            "cancel" => carried.retain(|(carried, _)| *carried != id),
            other => return Err(format!("op: unknown `{other}`")),
        }
        let exact = sum(carried.iter().map(|(_, amount)| *amount))?;
        let after = exact.round(currency).map_err(text)?;
        if let Some(moved) = movement(before, after, ever_paid).map_err(text)? {
            movements.push(json!([moved.kind.as_str(), moved.amount.minor().abs()]));
        }
        ever_paid |= after.is_positive();
        before = after;
    }
    Ok(json!({ "movements": movements }))
}

fn classify(case: &Case) -> Result<Value, String> {
    let currency = case.currency()?;
    let kinds = case.list("changes")?.into_iter().map(|change| {
        let amount = |name| change.integer(name).map(|minor| Money::new(minor, currency));
        let (before, after) = (amount("before_minor")?, amount("after_minor")?);
        let moved = movement(before, after, change.flag("ever_paid")?).map_err(text)?;
        Ok::<_, String>(moved.map_or("none", |moved| moved.kind.as_str()))
    });
    Ok(json!({ "movements": kinds.collect::<Result<Vec<_>, _>>()? }))
}

fn amend_delta(case: &Case) -> Result<Value, String> {
    let (before, after) = (
        case.minor("component_before_minor")?,
        case.minor("component_after_minor")?,
    );
    // What stays beside the component keeps the customer above nothing.
    let rest = Money::new(
        i64::from(case.flag("subscription_stays_active")?),
        before.currency(),
    );
    let with_rest = |amount: Money| amount.plus(rest).map_err(text);
    let moved = movement(with_rest(before)?, with_rest(after)?, true).map_err(text)?;
    Ok(json!({
        "delta_minor": after.minus(before).map_err(text)?.minor(),
        "movement": moved.map_or("none", |moved| moved.kind.as_str()),
    }))
}

fn cancel_idempotent(case: &Case) -> Result<Value, String> {
    let mut mrr = case.minor("mrr_before_minor")?;
    let nothing = Money::zero(mrr.currency());
    let mut churn = nothing;
    for _ in 0..case.count("cancel_events")? {
        if let Some(moved) = movement(mrr, nothing, true).map_err(text)?
            && moved.kind == MovementKind::Churn
        {
            churn = churn.minus(moved.amount).map_err(text)?;
            mrr = mrr.plus(moved.amount).map_err(text)?;
        }
    }
    Ok(json!({ "mrr_after_minor": mrr.minor(), "churn_minor": churn.minor() }))
}

fn revenue_churn(case: &Case) -> Result<Value, String> {
    let flows = Flows {
        start: case.minor("start_minor")?,
        expansion: case.minor("expansion_minor")?,
        contraction: case.minor("contraction_minor")?,
        churn: case.minor("churn_minor")?,
    };
    Ok(json!({
        "gross_percent": flows.gross_churn().map_err(text)?,
        "net_percent": flows.net_churn().map_err(text)?,
    }))
}

fn retention(case: &Case) -> Result<Value, String> {
    let flows = Flows {
        start: case.minor("start")?,
        expansion: case.minor("expansion")?,
        contraction: case.minor("contraction")?,
        churn: case.minor("churn")?,
    };
    Ok(json!({
        "nrr_percent": flows.net_retention().map_err(text)?,
        "grr_percent": flows.gross_retention().map_err(text)?,
    }))
}

fn retention_per_customer(case: &Case) -> Result<Value, String> {
    let currency = case.currency()?;
    let customers = case.list("customers")?.into_iter().map(|customer| {
        let amount = |name| customer.integer(name).map(|minor| Money::new(minor, currency));
        Ok::<_, String>((amount("start_minor")?, amount("end_minor")?))
    });
    let cohort = Cohort::new(currency, customers.collect::<Result<Vec<_>, _>>()?);
    Ok(json!({
        "nrr_percent": cohort.net_retention().map_err(text)?,
        "grr_percent": cohort.gross_retention().map_err(text)?,
    }))
}

fn subscriber_churn(case: &Case) -> Result<Value, String> {
    let (start, new) = (case.count("active_at_start")?, case.count("new_in_window")?);
    let churned = Fraction::of(case.count("churned_in_window")?.into());
    let share = |of: u32| {
        let part = (of > 0)
            .then(|| churned.over(Fraction::of(of.into())))
            .transpose();
        part.and_then(percent).map_err(text)
    };
    Ok(json!({ "start_only_percent": share(start)?, "start_plus_new_percent": share(start + new)? }))
}

fn derived_metrics(case: &Case) -> Result<Value, String> {
    let customers = case.minors("customer_mrr_minor")?;
    let mrr = Money::sum(case.currency()?, customers.iter().copied()).map_err(text)?;
    let paying = u32::try_from(customers.len()).map_err(text)?;
    let churn = Fraction::of(case.decimal("monthly_churn_percent")? / Decimal::ONE_HUNDRED);
    Ok(json!({
        "mrr_minor": mrr.minor(),
        "arr_minor": arr(mrr).map_err(text)?.minor(),
        "arpa_minor": arpa(mrr, paying).map_err(text)?.map(Money::minor),
        "ltv_minor": ltv(mrr, paying, GrossMargin::WHOLE, churn).map_err(text)?.map(Money::minor),
    }))
}

fn bridge(case: &Case) -> Result<Value, String> {
    let bridge = Bridge {
        start: case.minor("start_minor")?,
        new: case.minor("new_minor")?,
        reactivation: case.minor("reactivation_minor")?,
        expansion: case.minor("expansion_minor")?,
        contraction: case.minor("contraction_minor")?,
        churn: case.minor("churn_minor")?,
    };
    let growth = bridge.growth().map_err(text)?;
    Ok(json!({
        "end_minor": growth.end.minor(),
        "growth_minor": growth.growth.minor(),
        "growth_percent": growth.percent,
    }))
}

fn normalise(case: &Case) -> Result<Value, String> {
    let amount = case.minor("amount_minor")?;
    let mrr = monthly(amount, interval(case)?).and_then(|exact| exact.round(amount.currency()));
    Ok(json!({ "mrr_minor": mrr.map_err(text)?.minor() }))
}

/// The MRR of subscriptions, by their status and discount where they say them.
fn sum_of(case: &Case) -> Result<Value, String> {
    let currency = case.currency()?;
    let mut exact = Fraction::ZERO;
    for subscription in case.list("subscriptions")? {
        let counts = !subscription.has("status") || {
            let name = subscription.text("status")?;
            let name = StatusName::parse(name).ok_or_else(|| format!("status: unknown `{name}`"))?;
            name.counts_as_recurring()
        };
        if counts {
            let count = if subscription.has("count") {
                subscription.count("count")?
            } else {
                1
            };
            let one = discounted(&subscription, currency)?;
            let all = one.times(Fraction::of(count.into())).map_err(text)?;
            exact = exact.plus(all).map_err(text)?;
        }
    }
    Ok(json!({ "mrr_minor": exact.round(currency).map_err(text)?.minor() }))
}

/// What a subscription brings a month, less its discount.
fn discounted(subscription: &Fields, currency: Currency) -> Result<Fraction, String> {
    let amount = Money::new(subscription.integer("amount_minor")?, currency);
    let percent_off = subscription.decimal_or_none("percent_off")?;
    let off = match percent_off.filter(|off| !off.is_zero()) {
        None => Money::zero(currency),
        Some(off) => Discount::Percent(Percent::new(off).map_err(text)?)
            .off(amount)
            .map_err(text)?,
    };
    monthly(amount.minus(off).map_err(text)?, interval(subscription)?).map_err(text)
}

/// Recurring components: a rate times how many, of months. Usage and what is billed once are not among them.
fn components(case: &Case) -> Result<Value, String> {
    let currency = case.currency()?;
    let amounts = case.list("components")?.into_iter().map(|component| {
        let rate = Money::new(component.integer("rate_minor")?, currency);
        let amount = rate
            .fraction(component.count("quantity")?.into(), 1)
            .map_err(text)?;
        monthly(amount, Interval::Month).map_err(text)
    });
    let exact = sum(amounts.collect::<Result<Vec<_>, _>>()?)?;
    Ok(json!({ "mrr_minor": exact.round(currency).map_err(text)?.minor() }))
}

fn recurring(event: &Fields, currency: Currency) -> Result<Fraction, String> {
    let amount = Money::new(event.integer("amount_minor")?, currency);
    let quantity = if event.has("quantity") {
        event.count("quantity")?
    } else {
        1
    };
    let amount = amount.fraction(quantity.into(), 1).map_err(text)?;
    monthly(amount, interval(event)?).map_err(text)
}

fn sum(amounts: impl IntoIterator<Item = Fraction>) -> Result<Fraction, String> {
    let mut sum = amounts.into_iter();
    sum.try_fold(Fraction::ZERO, |sum, amount| sum.plus(amount))
        .map_err(text)
}

fn interval(fields: &Fields) -> Result<Interval, String> {
    let name = fields.text("interval")?;
    Interval::parse(name).ok_or_else(|| format!("interval: unknown `{name}`"))
}
