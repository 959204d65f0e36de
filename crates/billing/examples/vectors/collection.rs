//! Credit notes, balances and what becomes of invoices that are not paid.

use billing::credit::{
    BilledTax, CreditGrant, GivenBack, GrantTerms, Limits, PaidTo, StandingLine, Wallet,
    balance_after_refund, burn, divide,
};
use billing::id::{CreditGrantId, InvoiceLineId};
use billing::invoice::{LineKind, PaymentTerms, overdue_from, spread};
use billing::money::Money;
use billing::payment::dunning::{Pace, reached, retries};
use billing::period::Period;
use billing::rating::Fraction;
use billing::tax::{LineTax, Tax, TaxBehavior, TaxRounding, assess};
use chrono::{DateTime, NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::case::Case;
use super::taxes::{currency, minors, tax, text};

pub fn run(case: &Case) -> Option<Result<Value, String>> {
    let answer = match (case.op.as_str(), case.rule.as_str()) {
        ("refund", "refund_with_or_without_adjustment") => refund(case),
        ("credit_balance", "applied_automatically_until_zero") => credit_balance(case),
        ("credit_notes_currency", "currency_must_match") => notes_of_currency(case),
        ("wallets", "lowest_priority_number_first") => wallets(case),
        ("credit_note_with_coupon", "coupon_reversed_pro_rata") => note_with_coupon(case),
        ("credit_note_series", "last_credit_note_takes_tax_remainder") => note_series(case),
        ("credit_note_limits", "creditable_total_refundable_paid") => note_limits(case),
        ("credit_notes_apply", "oldest_first_after_tax") => apply_notes(case),
        ("credit_note_amount", "net_and_tax_rounded_then_summed") => note_amount(case),
        ("credit_note_kind", "unpaid_reduces_debt_paid_credits_balance") => note_kind(case),
        ("customer_balance", "negative_is_credit_applied_on_finalise") => customer_balance(case),
        ("minimum_charge", "below_minimum_carried_as_debit") => minimum_charge(case),
        ("retry_schedule_offsets", "offsets_from_first_failure") => {
            retry_schedule(case, "offsets_days", |days| Pace::AfterFirst(days))
        }
        ("retry_schedule", "fixed_gaps_from_previous_attempt") => {
            retry_schedule(case, "gaps_days", |days| Pace::AfterEach(days))
        }
        ("overdue_state", "days_since_earliest_unpaid_inclusive") => overdue_state(case),
        ("overdue_from_due_date", "overdue_day_after_due") => overdue_day(case),
        (
            "refund"
            | "credit_balance"
            | "credit_notes_currency"
            | "wallets"
            | "credit_note_with_coupon"
            | "credit_note_series"
            | "credit_note_limits"
            | "credit_notes_apply"
            | "credit_note_amount"
            | "credit_note_kind"
            | "customer_balance"
            | "minimum_charge"
            | "retry_schedule_offsets"
            | "retry_schedule"
            | "overdue_state"
            | "overdue_from_due_date",
            _,
        ) => case.unknown_rule(),
        _ => return None,
    };
    Some(answer)
}

fn refund(case: &Case) -> Result<Value, String> {
    let (invoice, paid) = (case.minor("invoice_minor")?, case.minor("paid_minor")?);
    let refund = case.minor("refund_minor")?;
    let balance = |adjusts| balance_after_refund(invoice, paid, (refund, adjusts)).map_err(text);
    Ok(json!({
        "balance_without_adjustment_minor": balance(false)?.minor(),
        "balance_with_adjustment_minor": balance(true)?.minor(),
    }))
}

fn credit_balance(case: &Case) -> Result<Value, String> {
    let (mut credits, mut invoices) = (case.minors("credits_minor")?, Vec::new());
    for invoice in case.minors("invoices_minor")? {
        let (applied, left) = burned(&credits, invoice)?;
        credits = left;
        let due = invoice.minus(applied).map_err(text)?;
        invoices.push(json!({ "applied_minor": applied.minor(), "due_minor": due.minor() }));
    }
    Ok(json!({ "invoices": invoices, "remaining_minor": minors(&credits) }))
}

/// What the balances give together and what is left of each.
fn burned(balances: &[Money], debt: Money) -> Result<(Money, Vec<Money>), String> {
    let given = burn(balances, debt).map_err(text)?;
    let left = balances
        .iter()
        .zip(&given)
        .map(|(balance, given)| balance.minus(*given));
    let left = left.collect::<Result<_, _>>().map_err(text)?;
    Ok((Money::sum(debt.currency(), given).map_err(text)?, left))
}

fn notes_of_currency(case: &Case) -> Result<Value, String> {
    let money = |(code, minor): (String, Decimal)| Money::round_minor(minor, currency(&code)?).map_err(text);
    let notes = case.codes("credit_notes")?.into_iter().map(money);
    let notes = notes.collect::<Result<Vec<_>, _>>()?;
    let invoice = money(case.code("invoice")?)?;
    let given = burn(&notes, invoice).map_err(text)?;
    let untouched = notes.iter().zip(&given).filter(|(_, given)| given.is_zero());
    let untouched: Vec<_> = untouched
        .map(|(note, _)| json!([note.currency().as_str(), note.minor()]))
        .collect();
    let applied = Money::sum(invoice.currency(), given).map_err(text)?;
    Ok(json!({ "applied_minor": applied.minor(), "untouched": untouched }))
}

fn wallets(case: &Case) -> Result<Value, String> {
    let (applied, left) = burned(&case.minors("wallets_minor")?, case.minor("invoice_minor")?)?;
    Ok(json!({ "applied_minor": applied.minor(), "remaining_minor": minors(&left) }))
}

/// A line of an invoice of which nothing was given back, with one tax.
fn standing(amount: Money, discount: Money, (tax, tax_amount): (Tax, Money)) -> Result<StandingLine, String> {
    let (nothing, start) = (Money::zero(amount.currency()), DateTime::UNIX_EPOCH);
    let period = Period::new(start, start + TimeDelta::days(1)).map_err(text)?;
    let line = LineTax {
        tax,
        amount: tax_amount,
    };
    Ok(StandingLine {
        line: InvoiceLineId::from_uuid(Uuid::nil()),
        item: None,
        kind: LineKind::OneOff,
        description: String::new(),
        period,
        served: period,
        amount,
        discount,
        net: amount.minus(discount).map_err(text)?,
        taxes: vec![BilledTax {
            line,
            credited: nothing,
        }],
        behavior: TaxBehavior::Exclusive,
        given_back: GivenBack::nothing(amount.currency()),
    })
}

fn note_with_coupon(case: &Case) -> Result<Value, String> {
    let (amount, discount) = (case.minor("line_minor")?, case.minor("line_coupon_minor")?);
    let tax = tax(case, "tax_percent")?;
    let billed = tax.rate.on(amount.minus(discount).map_err(text)?).map_err(text)?;
    let credited = case.minor("credited_minor")?;
    let part = standing(amount, discount, (tax, billed))?
        .part(credited)
        .map_err(text)?;
    let tax = part.tax().map_err(text)?;
    Ok(json!({
        "coupon_adjustment_minor": credited.minus(part.net).map_err(text)?.minor(),
        "net_minor": part.net.minor(),
        "tax_minor": tax.minor(),
        "total_minor": part.net.plus(tax).map_err(text)?.minor(),
    }))
}

fn note_series(case: &Case) -> Result<Value, String> {
    let (net, lines) = (case.minor("line_net_minor")?, case.count("lines")?);
    let taxes = [tax(case, "tax_percent")?];
    let billed = vec![(net, &taxes[..]); usize::try_from(lines).map_err(text)?];
    let billed = assess(net.currency(), &billed, TaxRounding::PerInvoice).map_err(text)?;
    let invoice_tax = Money::sum(net.currency(), billed.into_iter().flatten()).map_err(text)?;
    let whole = net.fraction(lines.into(), 1).map_err(text)?;
    let [tax] = taxes;
    let mut line = standing(whole, Money::zero(net.currency()), (tax, invoice_tax))?;
    let (mut tax, mut totals) = (Vec::new(), Vec::new());
    for _ in 0..lines {
        let part = line.part(net).map_err(text)?;
        let own = part.tax().map_err(text)?;
        line.give_back(part.amount, part.net, &part.taxes).map_err(text)?;
        totals.push(part.net.plus(own).map_err(text)?);
        tax.push(own);
    }
    Ok(json!({
        "invoice_tax_minor": invoice_tax.minor(),
        "credit_note_tax_minor": minors(&tax),
        "credit_note_total_minor": minors(&totals),
    }))
}

fn note_limits(case: &Case) -> Result<Value, String> {
    let total = case.minor("total_minor")?;
    let nothing = Money::zero(total.currency());
    let limits = |paid| Limits::of(total, nothing, paid).map_err(text);
    let (mut paid, mut refundable) = (nothing, Vec::new());
    for payment in case.minors("payments_minor")? {
        paid = paid.plus(payment).map_err(text)?;
        refundable.push(limits(paid)?.refundable);
    }
    Ok(json!({
        "max_creditable_minor": limits(paid)?.creditable.minor(),
        "max_refundable_after_each_minor": minors(&refundable),
    }))
}

fn apply_notes(case: &Case) -> Result<Value, String> {
    let total = case.minor("invoice_total_minor")?;
    let (applied, left) = burned(&case.minors("credit_notes_minor")?, total)?;
    let shares = spread(applied, &case.minors("lines_minor")?).map_err(text)?;
    Ok(json!({
        "applied_minor": applied.minor(),
        "due_minor": total.minus(applied).map_err(text)?.minor(),
        "remaining_minor": minors(&left),
        "line_shares_minor": minors(&shares),
    }))
}

fn note_amount(case: &Case) -> Result<Value, String> {
    let price = case.minor("price_minor")?;
    let days = |name| case.count(name).map(|days| Fraction::of(Decimal::from(days)));
    let (unused, period) = (days("unused_days")?, days("period_days")?);
    let unused = Fraction::of_money(price)
        .times(unused)
        .and_then(|part| part.over(period))
        .map_err(text)?;
    let rate = Fraction::of(tax(case, "tax_percent")?.rate.fraction());
    let net = unused.round(price.currency()).map_err(text)?;
    let tax = unused
        .times(rate)
        .and_then(|tax| tax.round(price.currency()))
        .map_err(text)?;
    Ok(json!({
        "net_minor": net.minor(),
        "tax_minor": tax.minor(),
        "total_minor": net.plus(tax).map_err(text)?.minor(),
    }))
}

fn note_kind(case: &Case) -> Result<Value, String> {
    let (total, note) = (case.minor("total_minor")?, case.minor("credit_note_minor")?);
    let results = case.texts("cases")?.into_iter().map(|kind| {
        let due = match kind.as_str() {
            "unpaid" => total,
            "paid" => Money::zero(total.currency()),
            other => return Err(format!("cases: unknown `{other}`")),
        };
        let parts = divide(note, due, (PaidTo::Credit, due)).map_err(text)?;
        Ok(json!({
            "debt_reduction_minor": parts.offset.minor(),
            "credit_to_balance_minor": parts.credit.minor(),
            "amount_due_after_minor": due.minus(parts.offset).map_err(text)?.minor(),
        }))
    });
    Ok(json!({ "results": results.collect::<Result<Vec<_>, _>>()? }))
}

/// Cases write what a customer has as a negative balance.
fn customer_balance(case: &Case) -> Result<Value, String> {
    let owed = case.minor("balance_minor")?;
    let (currency, now) = (owed.currency(), DateTime::UNIX_EPOCH);
    let mut wallet = Wallet::empty(currency);
    if owed.is_negative() {
        let terms = GrantTerms::paid(owed.negate().map_err(text)?);
        wallet.add(CreditGrant::new(
            CreditGrantId::from_uuid(Uuid::nil()),
            terms,
            now,
        ));
    } else {
        wallet = wallet.owing(owed);
    }
    let least = Money::zero(currency);
    let settled = wallet
        .settle(case.minor("invoice_minor")?, least, now)
        .map_err(text)?;
    let left = wallet.balance(now).and_then(|left| wallet.carried().minus(left));
    Ok(json!({
        "amount_due_minor": settled.due.minor(),
        "balance_after_minor": left.map_err(text)?.minor(),
    }))
}

fn minimum_charge(case: &Case) -> Result<Value, String> {
    let minimum = case.minor("minimum_minor")?;
    let results = case.minors("invoices_minor")?.into_iter().map(|due| {
        let mut wallet = Wallet::empty(due.currency());
        let settled = wallet.settle(due, minimum, DateTime::UNIX_EPOCH).map_err(text)?;
        Ok::<_, String>(json!({
            "charged_minor": settled.due.minor(), "carried_minor": wallet.carried().minor()
        }))
    });
    Ok(json!({ "results": results.collect::<Result<Vec<_>, _>>()? }))
}

fn retry_schedule(case: &Case, name: &str, pace: for<'a> fn(&'a [u32]) -> Pace<'a>) -> Result<Value, String> {
    let days = retries(case.date("first_attempt")?, pace(&case.counts(name)?));
    Ok(json!({ "retries": dates(&days) }))
}

fn overdue_state(case: &Case) -> Result<Value, String> {
    let oldest = case.date("oldest_unpaid_invoice")?;
    let steps = case.pairs("thresholds")?.into_iter().map(|(days, state)| {
        let days = days
            .try_into()
            .map_err(|_| "thresholds: not a number of days".to_owned())?;
        Ok::<(u32, &str), String>((days, state))
    });
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    let state = |today| reached(oldest, &steps, today).copied().unwrap_or("clear");
    let states: Vec<_> = case.dates("dates")?.into_iter().map(state).collect();
    Ok(json!({ "states": states }))
}

fn overdue_day(case: &Case) -> Result<Value, String> {
    let terms = match case.count("net_days")? {
        0 => PaymentTerms::Immediate,
        days => PaymentTerms::net(days.into()).map_err(text)?,
    };
    let due = terms.due_at(case.midnight("issued")?).date_naive();
    Ok(json!({ "due": due.to_string(), "overdue_from": overdue_from(due).to_string() }))
}

fn dates(days: &[NaiveDate]) -> Vec<String> {
    days.iter().map(NaiveDate::to_string).collect()
}
