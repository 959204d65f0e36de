//! What is taken off, and over which lines it is spread.

use billing::coupon::{Discount, Duration, Percent, Stacking, stack};
use billing::invoice::spread;
use billing::money::Money;
use billing::rating::{Fraction, cap};
use billing::tax::{TaxRounding, assess};
use chrono::{DateTime, Months, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::case::{Case, Fields};
use super::taxes::{minors, tax, text};

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("apply_discounts", "sequential_in_given_order_on_remainder" | "fixed_capped_at_subtotal") => {
            apply(case, Stacking::AsGiven)
        }
        ("apply_discounts", "percentages_before_fixed") => apply(case, Stacking::PercentagesFirst),
        ("discount_then_tax", "discount_before_tax") => discount_then_tax(case),
        ("calculation_order", "line_discount_then_invoice_discount_then_tax_credits_after_tax_base") => {
            calculation_order(case)
        }
        ("allocate_discount", "proportional_to_line_amount") => allocate_discount(case),
        ("allocate_discount_nets", "proportional_largest_remainder") => allocate_nets(case),
        ("allocate_amount", "largest_remainder") => allocate_amount(case),
        ("discount_series", "repeating_n_cycles" | "forever" | "once_single_invoice") => series(case),
        ("discount_months", "repeating_by_months_whole_invoice") => by_months(case),
        ("percent_then_maximum", "percentage_discount_before_maximum_spend") => before_maximum(case),
        (
            "apply_discounts"
            | "discount_then_tax"
            | "calculation_order"
            | "allocate_discount"
            | "allocate_discount_nets"
            | "allocate_amount"
            | "discount_series"
            | "discount_months"
            | "percent_then_maximum",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn apply(case: &Case, stacking: Stacking) -> Result<Value, String> {
    let sum = case.minor("subtotal_minor")?;
    let discounts = case.list("discounts")?;
    let discounts = discounts.iter().map(|fields| discount(fields, sum));
    let taken = stack(sum, &discounts.collect::<Result<Vec<_>, _>>()?, stacking).map_err(text)?;
    let taken = Money::sum(sum.currency(), taken).map_err(text)?;
    Ok(json!({ "discount_minor": taken.minor(), "total_minor": sum.minus(taken).map_err(text)?.minor() }))
}

fn discount_then_tax(case: &Case) -> Result<Value, String> {
    let price = case.minor("price_minor")?;
    let taken = discount(case, price)?.off(price).map_err(text)?;
    let taxable = price.minus(taken).map_err(text)?;
    let taxes = [tax(case, "tax_percent")?];
    let tax = assess(price.currency(), &[(taxable, &taxes)], TaxRounding::PerLine).map_err(text)?;
    let tax = Money::sum(price.currency(), tax.into_iter().flatten()).map_err(text)?;
    Ok(json!({
        "discount_minor": taken.minor(),
        "taxable_minor": taxable.minor(),
        "tax_minor": tax.minor(),
        "total_minor": taxable.plus(tax).map_err(text)?.minor(),
    }))
}

fn calculation_order(case: &Case) -> Result<Value, String> {
    let mut lines = case.minors("lines_minor")?;
    let currency = case.currency()?;
    if let Some(first) = lines.first_mut() {
        let taken = percent(case, "line_percent_on_first")?
            .off(*first)
            .map_err(text)?;
        *first = first.minus(taken).map_err(text)?;
    }
    let fixed = Discount::Amount(case.minor("invoice_fixed_minor")?);
    let taken = fixed.off(Money::sum(currency, lines.iter().copied()).map_err(text)?);
    let nets = left_of(&lines, taken.map_err(text)?)?;
    let taxes = [tax(case, "tax_percent")?];
    let taxed: Vec<_> = nets.iter().map(|net| (*net, &taxes[..])).collect();
    // Rounded on the subtotal, as the case wants it.
    let tax = assess(currency, &taxed, TaxRounding::PerInvoice).map_err(text)?;
    let tax = Money::sum(currency, tax.into_iter().flatten()).map_err(text)?;
    let taxable = Money::sum(currency, nets).map_err(text)?;
    let total = taxable.plus(tax).map_err(text)?;
    let credit = billing::credit::applicable(case.minor("wallet_minor")?, total).map_err(text)?;
    Ok(json!({
        "taxable_minor": taxable.minor(),
        "tax_minor": tax.minor(),
        "amount_due_minor": total.minus(credit).map_err(text)?.minor(),
    }))
}

fn allocate_discount(case: &Case) -> Result<Value, String> {
    let shares = spread(case.minor("discount_minor")?, &case.minors("lines_minor")?).map_err(text)?;
    Ok(json!({ "shares_minor": minors(&shares) }))
}

fn allocate_nets(case: &Case) -> Result<Value, String> {
    let nets = left_of(&case.minors("lines_minor")?, case.minor("discount_minor")?)?;
    Ok(json!({ "nets_minor": minors(&nets) }))
}

fn left_of(lines: &[Money], discount: Money) -> Result<Vec<Money>, String> {
    let shares = spread(discount, lines).map_err(text)?;
    let nets = lines.iter().zip(shares).map(|(line, share)| line.minus(share));
    nets.collect::<Result<_, _>>().map_err(text)
}

fn allocate_amount(case: &Case) -> Result<Value, String> {
    let weights = case.decimals("weights")?;
    let scale = weights.iter().map(Decimal::scale).max().unwrap_or(0);
    let whole = |weight: &Decimal| {
        let factor = 10_i128.checked_pow(scale - weight.scale())?;
        u64::try_from(weight.mantissa().checked_mul(factor)?).ok()
    };
    let weights: Option<Vec<_>> = weights.iter().map(whole).collect();
    let weights = weights.ok_or("weights: out of range")?;
    let shares = case.minor("total_minor")?.allocate(&weights).map_err(text)?;
    Ok(json!({ "shares_minor": minors(&shares) }))
}

fn series(case: &Case) -> Result<Value, String> {
    let price = case.minor("price_minor")?;
    let duration = match case.text("duration")? {
        "once" => Duration::Once,
        "repeating" => Duration::Periods(case.count("cycles")?),
        "forever" => Duration::Forever,
        other => return Err(format!("duration: unknown `{other}`")),
    };
    over_time(case, (discount(case, price)?, duration), 1)
}

fn by_months(case: &Case) -> Result<Value, String> {
    let duration = Duration::Months(case.count("duration_months")?);
    let interval = case.count("interval_months")?;
    over_time(case, (percent(case, "percent")?, duration), interval)
}

/// What a coupon takes off one invoice after the other.
fn over_time(
    case: &Case,
    (discount, duration): (Discount, Duration),
    interval: u32,
) -> Result<Value, String> {
    let (price, start) = (case.minor("price_minor")?, DateTime::<Utc>::UNIX_EPOCH);
    let (mut used, mut taken) = (0, Vec::new());
    for invoice in 0..case.count("invoices")? {
        let at = start + Months::new(invoice * interval);
        let amount = if duration.covers(used, start, at) {
            discount.off(price).map_err(text)?
        } else {
            Money::zero(price.currency())
        };
        used += u32::from(amount.is_positive());
        taken.push(amount);
    }
    Ok(json!({ "discounts_minor": minors(&taken) }))
}

fn before_maximum(case: &Case) -> Result<Value, String> {
    let gross = case.minor("gross_minor")?;
    let taken = percent(case, "percent")?.off(gross).map_err(text)?;
    let rest = Fraction::of_money(gross.minus(taken).map_err(text)?);
    let maximum = Fraction::of_money(case.minor("maximum_minor")?);
    let billed = Fraction::of_money(case.minor("already_billed_minor")?);
    let capped = cap(rest, maximum, billed).map_err(text)?;
    let amount = |fraction: Fraction| fraction.round(gross.currency()).map(Money::minor).map_err(text);
    Ok(json!({
        "percent_discount_minor": taken.minor(),
        "maximum_discount_minor": amount(capped.discount)?,
        "due_minor": amount(capped.due)?,
    }))
}

/// A discount of `kind` and `value`, an amount in minor units of the sum's currency.
fn discount(fields: &Fields, sum: Money) -> Result<Discount, String> {
    match fields.text("kind")? {
        "percent" => percent(fields, "value"),
        "fixed" => {
            let minor = fields.decimal("value")?;
            let amount = Money::round_minor(minor, sum.currency()).map_err(text)?;
            Ok(Discount::Amount(amount))
        }
        other => Err(format!("kind: unknown `{other}`")),
    }
}

fn percent(fields: &Fields, name: &str) -> Result<Discount, String> {
    let percent = Percent::new(fields.decimal(name)?);
    percent
        .map(Discount::Percent)
        .map_err(|error| fields.error(name, error))
}
