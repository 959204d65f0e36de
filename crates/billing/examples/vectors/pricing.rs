//! What a quantity costs.

use std::fmt::Display;

use billing::alert;
use billing::catalog::UnitPrice;
use billing::proration::Share;
use billing::rating::{
    FlatAtZero, Fraction, Package, PackageTerms, PerUnit, Percentage, PercentageTerms, Scheme, Throughput,
    Tier, Tiers, cap, consume, true_up,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::case::{Case, Fields};

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("per_unit", "unrounded_until_invoice" | "sub_cent_unit_price") => per_unit(case),
        ("per_unit_max", "maximum_spend_over_period") => per_unit_max(case),
        ("included_then_overage", "overage_strictly_above_included") => included_then_overage(case),
        ("included_units_running", "free_units_consumed_in_order") => included_units_running(case),
        ("graduated", "flat_not_charged_at_zero") => graduated_unless_zero(case),
        (
            "graduated",
            "graduated_each_unit_at_own_tier"
            | "graduated_percentage"
            | "fractional_tier_bounds"
            | "flat_per_tier_reached"
            | "flat_per_tier_reached_first_flat_even_at_zero",
        ) => graduated(case),
        ("graduated_incremental", "incremental_rating_from_running_total") => graduated_incremental(case),
        ("graduated_incremental_max", "maximum_spend_over_period") => graduated_incremental_max(case),
        ("volume", "volume_all_units_at_tier" | "volume_flat_even_at_zero" | "volume_percentage") => {
            volume(case)
        }
        ("package", "partial_package_charged_whole" | "partial_package_charged_whole_after_free_units") => {
            package(case)
        }
        ("package_list", "partial_package_charged_whole_after_free_units") => package_list(case),
        ("percentage", "percent_plus_fixed_per_event") => percentage(case),
        ("percentage_per_transaction", "per_transaction_min_max") => percentage_per_transaction(case),
        ("minimum_true_up", "charge_minimum_true_up") => minimum_true_up(case),
        ("minimum_spend", "minimum_added_on_last_line") => minimum_spend(case),
        ("alert_thresholds", "threshold_inclusive") => alert_thresholds(case),
        (
            "per_unit"
            | "per_unit_max"
            | "included_then_overage"
            | "included_units_running"
            | "graduated"
            | "graduated_incremental"
            | "graduated_incremental_max"
            | "volume"
            | "package"
            | "package_list"
            | "percentage"
            | "percentage_per_transaction"
            | "minimum_true_up"
            | "minimum_spend"
            | "alert_thresholds",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn per_unit(case: &Case) -> Result<Value, String> {
    let amount = rated(&unit_scheme(case)?, case.decimal("quantity")?)?;
    Ok(json!({ "amount": exact(amount)? }))
}

fn per_unit_max(case: &Case) -> Result<Value, String> {
    let scheme = unit_scheme(case)?;
    let maximum = Fraction::of(case.decimal("maximum")?);
    let amount = |units| rated(&scheme, units);
    let earlier = amount(case.decimal("already_units")?)?;
    let billed = cap(earlier, maximum, Fraction::ZERO).map_err(text)?.due;
    capped(amount(case.decimal("new_units")?)?, maximum, billed)
}

fn included_then_overage(case: &Case) -> Result<Value, String> {
    let (scheme, included) = (unit_scheme(case)?, case.decimal("included")?);
    amounts(case.decimals("quantities")?, |quantity| {
        let beyond = consume(included, Decimal::ZERO, quantity).map_err(text)?.billable;
        rated(&scheme, beyond)
    })
}

fn included_units_running(case: &Case) -> Result<Value, String> {
    let consumed = consume(
        case.decimal("free_units")?,
        case.decimal("already_used")?,
        case.decimal("quantity")?,
    )
    .map_err(text)?;
    Ok(json!({ "billable": consumed.billable, "free_applied": consumed.free }))
}

fn graduated(case: &Case) -> Result<Value, String> {
    for_quantities(case, &graduated_scheme(case, FlatAtZero::Due)?)
}

fn graduated_unless_zero(case: &Case) -> Result<Value, String> {
    for_quantities(case, &graduated_scheme(case, FlatAtZero::Waived)?)
}

fn volume(case: &Case) -> Result<Value, String> {
    for_quantities(case, &volume_scheme(case)?)
}

fn graduated_incremental(case: &Case) -> Result<Value, String> {
    Ok(json!({ "amount": exact(increment(case)?)? }))
}

fn graduated_incremental_max(case: &Case) -> Result<Value, String> {
    let maximum = Fraction::of(case.decimal("maximum")?);
    capped(
        increment(case)?,
        maximum,
        Fraction::of(case.decimal("already_billed")?),
    )
}

fn increment(case: &Case) -> Result<Fraction, String> {
    let scheme = graduated_scheme(case, FlatAtZero::Due)?;
    // The first increment of a period starts from zero: nothing was billed, the first flat fee included.
    let billed = Some(case.decimal("from_quantity")?).filter(|from| !from.is_zero());
    let rated = scheme.rate_increment(billed, case.decimal("to_quantity")?);
    rated.map_err(text)?.amount().map_err(text)
}

fn package(case: &Case) -> Result<Value, String> {
    let free_units = case.decimal_or_none("free_units")?.unwrap_or_default();
    let amount = rated(&package_scheme(case, free_units)?, case.decimal("quantity")?)?;
    Ok(json!({ "amount": exact(amount)? }))
}

fn package_list(case: &Case) -> Result<Value, String> {
    let quantity = case.decimal("quantity")?;
    amounts(case.decimals("free_units_options")?, |free_units| {
        rated(&package_scheme(case, free_units)?, quantity)
    })
}

fn percentage(case: &Case) -> Result<Value, String> {
    let running_totals = case.decimals("running_totals")?;
    let through = Throughput {
        running_totals: &running_totals,
        units: case.decimal("total_units")?,
        events: usize::try_from(case.count("events")?).map_err(text)?,
    };
    let rated = percentage_terms(case)?.rate(through).map_err(text)?;
    Ok(json!({ "amount": exact(rated.amount().map_err(text)?)? }))
}

fn percentage_per_transaction(case: &Case) -> Result<Value, String> {
    let events = case.decimals("events")?;
    let rated = percentage_terms(case)?.rate_events(&events).map_err(text)?;
    Ok(json!({ "amount": exact(rated.amount().map_err(text)?)? }))
}

fn minimum_true_up(case: &Case) -> Result<Value, String> {
    let billed = case.minor("used_minor")?;
    // Days stand for seconds: only their ratio counts.
    let share = Share {
        seconds: case.integer("days")?,
        of_seconds: case.integer("period_days")?,
    };
    let minimum = Fraction::of_money(case.minor("minimum_minor")?)
        .share(share)
        .map_err(text)?;
    let due = true_up(minimum, Fraction::of_money(billed))
        .and_then(|due| due.round(billed.currency()))
        .map_err(text)?;
    Ok(json!({ "true_up_minor": due.minor() }))
}

fn minimum_spend(case: &Case) -> Result<Value, String> {
    let scheme = volume_scheme(case)?;
    let minimum = Fraction::of(case.decimal("minimum")?);
    let top_up = |quantity| exact(true_up(minimum, rated(&scheme, quantity)?).map_err(text)?);
    let top_ups = case.decimals("quantities")?.into_iter().map(top_up);
    Ok(json!({ "top_ups": top_ups.collect::<Result<Vec<_>, _>>()? }))
}

fn alert_thresholds(case: &Case) -> Result<Value, String> {
    let (levels, included) = (case.decimals("levels")?, case.decimal("included")?);
    let reached = |used| alert::reached(&levels, included, used).map_err(text);
    let reached = case.decimals("quantities")?.into_iter().map(reached);
    Ok(json!({ "reached": reached.collect::<Result<Vec<_>, _>>()? }))
}

fn unit_scheme(case: &Case) -> Result<Scheme, String> {
    let per_unit = PerUnit::new(each(case.decimal("unit")?));
    Ok(Scheme::PerUnit(
        per_unit.map_err(|error| case.error("unit", error))?,
    ))
}

fn graduated_scheme(case: &Case, flat_at_zero: FlatAtZero) -> Result<Scheme, String> {
    let tiers = tiers(case)?;
    Ok(Scheme::Graduated { tiers, flat_at_zero })
}

fn volume_scheme(case: &Case) -> Result<Scheme, String> {
    let (tiers, flat_at_zero) = (tiers(case)?, FlatAtZero::Due);
    Ok(Scheme::Volume { tiers, flat_at_zero })
}

fn tiers(case: &Case) -> Result<Tiers, String> {
    let tier = |fields: Fields| {
        Ok(Tier {
            up_to: fields.decimal_or_none("up_to")?,
            price: each(fields.decimal("unit")?),
            flat: fields.decimal_or_none("flat")?.unwrap_or_default(),
        })
    };
    let tiers = case.list("tiers")?.into_iter().map(tier);
    Tiers::new(tiers.collect::<Result<Vec<_>, String>>()?).map_err(text)
}

fn package_scheme(case: &Case, free_units: Decimal) -> Result<Scheme, String> {
    let terms = PackageTerms {
        size: case.decimal("package_size")?,
        price: case.decimal("package_price")?,
        free_units,
    };
    Package::new(terms).map(Scheme::Package).map_err(text)
}

fn percentage_terms(case: &Case) -> Result<Percentage, String> {
    Percentage::new(PercentageTerms {
        percent: case.decimal("rate_percent")?,
        fixed_per_event: case.decimal_or_none("fixed_per_event")?.unwrap_or_default(),
        free_events: case.count_or_none("free_events")?,
        free_units: case.decimal_or_none("free_units")?,
        min_per_event: case.decimal_or_none("min_per_event")?,
        max_per_event: case.decimal_or_none("max_per_event")?,
    })
    .map_err(text)
}

fn each(amount: Decimal) -> UnitPrice {
    let per = Decimal::ONE;
    UnitPrice { amount, per }
}

fn rated(scheme: &Scheme, quantity: Decimal) -> Result<Fraction, String> {
    scheme.rate(quantity).map_err(text)?.amount().map_err(text)
}

fn for_quantities(case: &Case, scheme: &Scheme) -> Result<Value, String> {
    amounts(case.decimals("quantities")?, |quantity| rated(scheme, quantity))
}

fn amounts(of: Vec<Decimal>, amount: impl Fn(Decimal) -> Result<Fraction, String>) -> Result<Value, String> {
    let amounts = of.into_iter().map(|of| exact(amount(of)?));
    Ok(json!({ "amounts": amounts.collect::<Result<Vec<_>, _>>()? }))
}

fn capped(amount: Fraction, maximum: Fraction, billed: Fraction) -> Result<Value, String> {
    let capped = cap(amount, maximum, billed).map_err(text)?;
    Ok(json!({ "amount": exact(capped.due)?, "discount": exact(capped.discount)? }))
}

fn exact(amount: Fraction) -> Result<Decimal, String> {
    amount
        .decimal()
        .ok_or_else(|| "the amount has no end in decimals".to_owned())
}

fn text(error: impl Display) -> String {
    error.to_string()
}
