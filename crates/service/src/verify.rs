//! Recomputes everything that must tie, and names what does not.

use billing::credit::{BilledTax, GivenPart, part_of};
use billing::invoice::Explain;
use billing::money::{Money, MoneyError};
use billing::revenue::customer_mrr;
use billing::tax::{IncludedRounding, TaxBasis, TaxBehavior, TaxRounding, Taxation, Taxed, assess, included};
use chrono::{DateTime, Utc};
use store::verify::{StoredCredit, StoredInvoice, StoredLine};
use store::{CustomerScope, PgConnection};

use crate::payment::{HOLD, debts, next_at};
use crate::{Billing, Error, Result};

const INVOICES_AT_A_TIME: i64 = 1_000;
const CUSTOMERS_AT_A_TIME: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub check: &'static str,
    pub detail: String,
}

#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Each check and how many rows it looked at.
    pub checked: Vec<(&'static str, u64)>,
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    fn add(&mut self, check: &'static str, rows: u64, wrong: Vec<String>) {
        self.checked.push((check, rows));
        self.findings
            .extend(wrong.into_iter().map(|detail| Finding { check, detail }));
    }
}

impl Billing {
    /// One consistent look at the whole database.
    pub async fn verify(&self) -> Result<VerifyReport> {
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let mut report = VerifyReport::default();
        for checked in store::verify::run(&mut tx).await? {
            report.add(checked.name, checked.rows, checked.wrong);
        }
        check_lines(&mut tx, &mut report).await?;
        check_credit_lines(&mut tx, &mut report).await?;
        check_mrr(&mut tx, &mut report).await?;
        self.check_dunning(&mut tx, &mut report).await?;
        Ok(report)
    }

    /// Whoever owes is looked at when the next step is due, or before.
    async fn check_dunning(&self, conn: &mut PgConnection, report: &mut VerifyReport) -> Result<()> {
        let looked_at = store::dunning::looked_at(conn).await?;
        let mut wrong = Vec::new();
        for (id, dunning_at, due_at) in &looked_at {
            let customer = store::customer::find(conn, CustomerScope::of(*id)).await?;
            let customer = customer.ok_or(Error::NotFound("customer"))?;
            let next = next_at(&debts(conn, &customer).await?, customer.zone, self.now());
            // An end may wait for a payment that is under way.
            let latest = |next: DateTime<Utc>| next.max(self.now()) + HOLD;
            let missed = |next| {
                dunning_at.is_none_or(|at| at > latest(next))
                    || due_at.is_none_or(|due| Some(due) > *dunning_at)
            };
            if next.is_some_and(missed) {
                wrong.push(id.to_string());
            }
        }
        report.add(
            "the next step of dunning is due in time",
            looked_at.len() as u64,
            wrong,
        );
        Ok(())
    }
}

/// Every line's amount follows from its explanation, and its taxes from their rates.
async fn check_lines(conn: &mut PgConnection, report: &mut VerifyReport) -> Result<()> {
    let (mut rows, mut wrong, mut after) = (0, Vec::new(), None);
    loop {
        let invoices = store::verify::invoices_after(conn, after, INVOICES_AT_A_TIME).await?;
        let Some(last) = invoices.last() else { break };
        after = Some(last.id);
        for invoice in &invoices {
            rows += invoice.lines.len() as u64;
            let untied = lines_untied(invoice);
            wrong.extend(untied.map(|position| format!("{} line {position}", invoice.id)));
            if !taxes_tie(invoice) {
                wrong.push(format!("the taxes of {}", invoice.id));
            }
        }
    }
    report.add("lines follow from what explains them", rows, wrong);
    Ok(())
}

/// Every credit's amount follows from its explanation; its taxes from their rates, or they are the rest of what
/// was billed.
async fn check_credit_lines(conn: &mut PgConnection, report: &mut VerifyReport) -> Result<()> {
    let lines = store::verify::credit_lines(conn).await?;
    let wrong = lines.iter().filter(|line| !credit_ties(line));
    let wrong = wrong.map(|l| format!("{} line {}", l.note, l.position)).collect();
    report.add(
        "credits follow from what explains them",
        lines.len() as u64,
        wrong,
    );
    Ok(())
}

fn credit_ties(line: &StoredCredit) -> bool {
    let given_back: Vec<_> = line.taxes.iter().map(|line| line.amount).collect();
    let exact = exact_taxes(line, &given_back).ok();
    let taxed = exact.is_some_and(|exact| is_exact_or_rest(&given_back, &exact, &line.billed));
    taxed && shown(line, &given_back).is_ok_and(|shown| line.explain.amount() == shown.negate())
}

/// What a credit is said to give back: as its invoice shows lines, or net where it is unused time.
fn shown(line: &StoredCredit, taxes: &[Money]) -> std::result::Result<Money, MoneyError> {
    match (&line.explain, line.behavior) {
        (Explain::Part { .. } | Explain::Rest { .. }, TaxBehavior::Inclusive) => {
            taxes.iter().try_fold(line.net, |sum, tax| sum.plus(*tax))
        }
        _ => Ok(line.net),
    }
}

/// What the taxes of a credit are where nothing was cut down.
fn exact_taxes(line: &StoredCredit, given_back: &[Money]) -> std::result::Result<Vec<Money>, MoneyError> {
    let taxes: Vec<_> = line.taxes.iter().map(|line| line.tax.clone()).collect();
    match &line.explain {
        Explain::Part { of, discount, given } => {
            let part = GivenPart {
                of: *of,
                discount: *discount,
                given: *given,
            };
            Ok(part_of(part, line.behavior, &taxes)?.taxes)
        }
        // Where the rest of its invoice was less than the rest of the line, that is taken apart.
        Explain::Rest { .. } => {
            let total = given_back.iter().try_fold(line.net, |sum, tax| sum.plus(*tax))?;
            Ok(included(total, &taxes, IncludedRounding::Net)?.taxes)
        }
        Explain::Prorated {
            basis,
            share,
            credit: true,
        } => share.taxes(*basis, &taxes),
        Explain::Capped { limit, .. } => Ok(vec![Money::zero(limit.currency()); line.taxes.len()]),
        _ => Err(MoneyError::Overflow),
    }
}

/// What is not the exact tax is all that was left of it.
fn is_exact_or_rest(given_back: &[Money], exact: &[Money], billed: &[BilledTax]) -> bool {
    let rest = |billed: &BilledTax| billed.credited == billed.line.amount;
    given_back.len() == billed.len()
        && exact.len() == billed.len()
        && given_back
            .iter()
            .zip(exact)
            .zip(billed)
            .all(|((tax, exact), billed)| tax == exact || rest(billed))
}

/// Which lines do not follow from what explains them, credits from their taxes either.
fn lines_untied(invoice: &StoredInvoice) -> impl Iterator<Item = i32> {
    let untied = |line: &&StoredLine| {
        let explained = line.explain.amount();
        match &line.credits {
            None => charged(line, invoice.basis).and_then(|left| left.plus(line.discount)) != explained,
            Some(billed) => explained != Ok(line.net) || !invoiced_credit_ties(line, billed),
        }
    };
    invoice.lines.iter().filter(untied).map(|line| line.position)
}

/// What is left of a line's amount after discounts.
fn charged(line: &StoredLine, basis: TaxBasis) -> std::result::Result<Money, MoneyError> {
    match basis.behavior {
        TaxBehavior::Exclusive => Ok(line.net),
        TaxBehavior::Inclusive => line
            .taxes
            .iter()
            .try_fold(line.net, |sum, tax| sum.plus(tax.amount)),
    }
}

fn invoiced_credit_ties(line: &StoredLine, billed: &[BilledTax]) -> bool {
    let taxes: Vec<_> = line.taxes.iter().map(|line| line.tax.clone()).collect();
    let exact = assess(line.net.currency(), &[(line.net, &taxes)], TaxRounding::PerLine);
    let given_back: Vec<_> = line.taxes.iter().map(|line| line.amount).collect();
    exact.is_ok_and(|exact| is_exact_or_rest(&given_back, &exact.concat(), billed))
}

/// What is charged bears its taxes, lines of the same taxes together.
fn taxes_tie(invoice: &StoredInvoice) -> bool {
    let mut alike: Vec<(Taxation, Vec<&StoredLine>)> = Vec::new();
    for line in invoice.lines.iter().filter(|line| line.credits.is_none()) {
        let taxes = line.taxes.iter().map(|line| line.tax.clone()).collect();
        match alike.iter_mut().find(|(known, _)| known.taxes == taxes) {
            Some((_, lines)) => lines.push(line),
            None => {
                let basis = invoice.basis;
                alike.push((Taxation { taxes, basis }, vec![line]));
            }
        }
    }
    alike
        .iter()
        .all(|(taxation, lines)| taxed_alike(taxation, lines).unwrap_or(false))
}

fn taxed_alike(taxation: &Taxation, lines: &[&StoredLine]) -> std::result::Result<bool, MoneyError> {
    let Some(first) = lines.first() else {
        return Ok(true);
    };
    let amounts = lines.iter().map(|line| charged(line, taxation.basis));
    let taxed = taxation.tax(
        first.net.currency(),
        &amounts.collect::<std::result::Result<Vec<_>, _>>()?,
    )?;
    let ties = |(taxed, line): (&Taxed, &&StoredLine)| taxed.net == line.net && taxed.taxes == line.taxes;
    Ok(taxed.iter().zip(lines).all(ties))
}

/// The sum of a customer's movements is the MRR of its subscriptions.
async fn check_mrr(conn: &mut PgConnection, report: &mut VerifyReport) -> Result<()> {
    let recorded = store::verify::mrr_by_customer(conn).await?;
    let mut wrong = Vec::new();
    for chunk in recorded.chunks(CUSTOMERS_AT_A_TIME) {
        let ids: Vec<_> = chunk.iter().map(|(customer, _)| *customer).collect();
        let live = store::subscription::live_of(conn, &ids).await?;
        for (customer, mrr) in chunk {
            let own = live
                .iter()
                .filter(|subscription| subscription.customer == *customer);
            if customer_mrr(mrr.currency(), own) != Ok(*mrr) {
                wrong.push(customer.to_string());
            }
        }
    }
    report.add("movements add up to MRR", recorded.len() as u64, wrong);
    Ok(())
}
