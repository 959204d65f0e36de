//! Taxes and the rounding of amounts.

use std::fmt::Display;

use billing::invoice::spread;
use billing::money::{Currency, Money, Rounding};
use billing::rating::Fraction;
use billing::revenue::percent;
use billing::tax::{Included, IncludedRounding, Tax, TaxRate, TaxRounding, assess, included};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::case::{Case, Fields};

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("tax_lines", "round_per_line_half_up") => tax_lines(case),
        ("tax_table", "round_per_line_half_up") => tax_table(case),
        ("tax_line_vs_total", "line_vs_invoice_rounding" | "tax_rounded_once_on_exact_sum") => {
            line_or_total(case)
        }
        ("tax_inclusive", "inclusive_round_net_or_round_tax") => tax_inclusive(case),
        ("discounted_lines_tax", "discount_spread_then_tax") => discounted(case),
        ("multi_tax", "taxes_additive_not_compounded") => multi_tax(case),
        ("compound_tax", "taxes_compounded") => compound_tax(case),
        ("minor_units", "currency_minor_units") => minor_units(case),
        ("round_negative", "half_away_from_zero") => round_negative(case),
        ("round_currency", "half_up_to_currency_digits") => round_currency(case),
        (
            "tax_lines"
            | "tax_table"
            | "tax_line_vs_total"
            | "tax_inclusive"
            | "discounted_lines_tax"
            | "multi_tax"
            | "compound_tax"
            | "minor_units"
            | "round_negative"
            | "round_currency",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn tax_lines(case: &Case) -> Result<Value, String> {
    let (currency, lines) = (case.currency()?, case.list("lines")?);
    if case.has("rounding") && case.text("rounding")? != "half_up" {
        // The engine's own rounding is half up; another is a plain function of the exact tax.
        return rounded_otherwise(case, &lines);
    }
    let amounts = lines
        .iter()
        .map(|line| amount(line, currency))
        .collect::<Result<Vec<_>, _>>()?;
    let taxes = lines
        .iter()
        .map(|line| tax(line, "tax_percent").map(|tax| vec![tax]));
    answer(&amounts, &taxes.collect::<Result<Vec<_>, _>>()?, currency)
}

fn rounded_otherwise(case: &Case, lines: &[Fields]) -> Result<Value, String> {
    let rounding = match case.text("rounding")? {
        "half_even" => Rounding::HalfEven,
        "half_toward_positive" => Rounding::HalfTowardPositive,
        other => return Err(format!("rounding: unknown `{other}`")),
    };
    let (mut taxes, mut total) = (Vec::new(), Decimal::ZERO);
    for line in lines {
        let amount = Decimal::from(line.integer("amount_minor")?);
        let exact = amount
            .checked_mul(line.decimal("tax_percent")?)
            .ok_or("amount_minor: too large")?;
        let tax = rounding.round(exact / Decimal::ONE_HUNDRED, 0);
        total += amount + tax;
        taxes.push(tax);
    }
    let sum: Decimal = taxes.iter().sum();
    Ok(json!({ "line_tax_minor": taxes, "tax_minor": sum, "total_minor": total }))
}

fn discounted(case: &Case) -> Result<Value, String> {
    let (currency, lines) = (case.currency()?, case.list("lines")?);
    let amounts = after_coupon(case, &lines)?;
    let taxes = lines
        .iter()
        .map(|line| tax(line, "tax_percent").map(|tax| vec![tax]));
    answer(&amounts, &taxes.collect::<Result<Vec<_>, _>>()?, currency)
}

fn after_coupon(case: &Case, lines: &[Fields]) -> Result<Vec<Money>, String> {
    let currency = case.currency()?;
    let amounts = lines
        .iter()
        .map(|line| amount(line, currency))
        .collect::<Result<Vec<_>, _>>()?;
    if !case.has("coupon_minor") {
        return Ok(amounts);
    }
    let shares = spread(case.minor("coupon_minor")?, &amounts).map_err(text)?;
    let nets = amounts
        .iter()
        .zip(shares)
        .map(|(amount, share)| amount.minus(share));
    nets.collect::<Result<_, _>>().map_err(text)
}

fn answer(nets: &[Money], taxes: &[Vec<Tax>], currency: Currency) -> Result<Value, String> {
    let lines = assessed(nets, taxes, (currency, TaxRounding::PerLine))?;
    let sums = lines
        .iter()
        .map(|line| Money::sum(currency, line.iter().copied()));
    let sums = sums.collect::<Result<Vec<_>, _>>().map_err(text)?;
    let tax = Money::sum(currency, sums.iter().copied()).map_err(text)?;
    let net = Money::sum(currency, nets.iter().copied()).map_err(text)?;
    Ok(json!({
        "line_tax_minor": minors(&sums),
        "tax_minor": tax.minor(),
        "total_minor": net.plus(tax).map_err(text)?.minor(),
    }))
}

fn assessed(
    nets: &[Money],
    taxes: &[Vec<Tax>],
    (currency, rounding): (Currency, TaxRounding),
) -> Result<Vec<Vec<Money>>, String> {
    let lines: Vec<_> = nets
        .iter()
        .zip(taxes)
        .map(|(net, taxes)| (*net, &taxes[..]))
        .collect();
    assess(currency, &lines, rounding).map_err(text)
}

fn tax_table(case: &Case) -> Result<Value, String> {
    let (prices, taxes) = (case.minors("prices_minor")?, vec![tax(case, "tax_percent")?]);
    let lines = assessed(
        &prices,
        &vec![taxes; prices.len()],
        (case.currency()?, TaxRounding::PerLine),
    )?;
    let tax: Vec<_> = lines.into_iter().flatten().collect();
    let totals = prices.iter().zip(&tax).map(|(price, tax)| price.plus(*tax));
    let totals = totals.collect::<Result<Vec<_>, _>>().map_err(text)?;
    Ok(json!({ "tax_minor": minors(&tax), "total_minor": minors(&totals) }))
}

fn line_or_total(case: &Case) -> Result<Value, String> {
    let (lines, taxes) = (case.minors("lines_minor")?, vec![tax(case, "tax_percent")?]);
    let currency = case.currency()?;
    let sum = |rounding| {
        let taxes = assessed(&lines, &vec![taxes.clone(); lines.len()], (currency, rounding))?;
        let sum = Money::sum(currency, taxes.into_iter().flatten());
        sum.map(Money::minor).map_err(text)
    };
    Ok(json!({
        "per_line_half_up": sum(TaxRounding::PerLine)?,
        "on_subtotal": sum(TaxRounding::PerInvoice)?,
    }))
}

fn tax_inclusive(case: &Case) -> Result<Value, String> {
    let (gross, taxes) = (case.minor("gross_minor")?, [tax(case, "tax_percent")?]);
    let apart = |rounding| {
        let Included { net, taxes } = included(gross, &taxes, rounding).map_err(text)?;
        let tax = Money::sum(gross.currency(), taxes).map_err(text)?;
        Ok::<_, String>(json!({ "net": net.minor(), "tax": tax.minor() }))
    };
    Ok(json!({
        "round_net": apart(IncludedRounding::Net)?,
        "round_tax": apart(IncludedRounding::Tax)?,
    }))
}

fn multi_tax(case: &Case) -> Result<Value, String> {
    let (currency, lines) = (case.currency()?, case.list("lines")?);
    let nets = after_coupon(case, &lines)?;
    let rates = lines
        .iter()
        .map(|line| line.texts("taxes"))
        .collect::<Result<Vec<_>, _>>()?;
    let taxes = rates
        .iter()
        .map(|rates| rates.iter().map(|rate| percentage(rate)).collect());
    let taxes = taxes.collect::<Result<Vec<Vec<_>>, _>>()?;
    let assessed = assessed(&nets, &taxes, (currency, TaxRounding::PerLine))?;
    let mut by_rate = Map::new();
    let mut tax = Money::zero(currency);
    for (rate, amount) in rates.iter().flatten().zip(assessed.into_iter().flatten()) {
        let known = by_rate.get(rate).and_then(Value::as_i64).unwrap_or(0);
        by_rate.insert(rate.clone(), json!(known + amount.minor()));
        tax = tax.plus(amount).map_err(text)?;
    }
    let net = Fraction::of_money(Money::sum(currency, nets).map_err(text)?);
    let effective = (!net.is_zero()).then(|| Fraction::of_money(tax).over(net));
    Ok(json!({
        "tax_by_rate_minor": by_rate,
        "tax_minor": tax.minor(),
        "effective_rate_percent": percent(effective.transpose().map_err(text)?).map_err(text)?,
    }))
}

fn compound_tax(case: &Case) -> Result<Value, String> {
    let (amount, rates) = (case.minor("amount_minor")?, case.texts("taxes")?);
    let sum = |compound| {
        let taxes = rates.iter().map(|rate| {
            Ok(Tax {
                compound,
                ..percentage(rate)?
            })
        });
        let taxes = taxes.collect::<Result<Vec<_>, String>>()?;
        let taxes = assess(amount.currency(), &[(amount, &taxes)], TaxRounding::PerLine).map_err(text)?;
        let sum = Money::sum(amount.currency(), taxes.into_iter().flatten());
        sum.map(Money::minor).map_err(text)
    };
    Ok(json!({ "compounded_minor": sum(true)?, "additive_minor": sum(false)? }))
}

fn minor_units(case: &Case) -> Result<Value, String> {
    let major = case.codes("amounts_minor")?.into_iter().map(|(code, value)| {
        let minor = Money::round_minor(value, currency(&code)?).map_err(text)?;
        Ok::<_, String>(minor.major())
    });
    Ok(json!({ "major": major.collect::<Result<Vec<_>, _>>()? }))
}

fn round_currency(case: &Case) -> Result<Value, String> {
    let rounded = case.codes("values")?.into_iter().map(|(code, value)| {
        let amount = Money::round_major(value, currency(&code)?).map_err(text)?;
        Ok::<_, String>(amount.major())
    });
    Ok(json!({ "rounded": rounded.collect::<Result<Vec<_>, _>>()? }))
}

fn round_negative(case: &Case) -> Result<Value, String> {
    let values = case.decimals("values")?;
    let rounded = |rounding: Rounding| {
        values
            .iter()
            .map(|value| rounding.round(*value, 0))
            .collect::<Vec<_>>()
    };
    Ok(json!({
        "half_away": rounded(Rounding::HalfAwayFromZero),
        "half_toward_positive": rounded(Rounding::HalfTowardPositive),
    }))
}

pub fn currency(code: &str) -> Result<Currency, String> {
    code.parse().map_err(|error| format!("{code}: {error}"))
}

fn amount(line: &Fields, currency: Currency) -> Result<Money, String> {
    Ok(Money::new(line.integer("amount_minor")?, currency))
}

/// The tax of a field that says how many percent.
pub fn tax(fields: &Fields, name: &str) -> Result<Tax, String> {
    percentage(&fields.decimal(name)?.to_string()).map_err(|error| fields.error(name, error))
}

fn percentage(percent: &str) -> Result<Tax, String> {
    let value: Decimal = percent.parse().map_err(text)?;
    Ok(Tax {
        name: format!("{percent} %"),
        rate: TaxRate::new(value / Decimal::ONE_HUNDRED).map_err(text)?,
        compound: false,
    })
}

pub fn minors(amounts: &[Money]) -> Vec<i64> {
    amounts.iter().map(|amount| amount.minor()).collect()
}

pub fn text(error: impl Display) -> String {
    error.to_string()
}
