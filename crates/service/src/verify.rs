//! Recomputes everything that must tie, and names what does not.

use billing::invoice::Explain;
use billing::revenue::customer_mrr;
use store::verify::{StoredCredit, StoredLine};
use store::{CustomerScope, PgConnection};

use crate::payment::{debts, next_at};
use crate::{Billing, Error, Result};

const LINES_AT_A_TIME: i64 = 2_000;
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
            let missed = |next| {
                dunning_at.is_none_or(|at| at > next) || due_at.is_none_or(|due| Some(due) > *dunning_at)
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

/// Every line's amount follows from its explanation, and its tax from its rate.
async fn check_lines(conn: &mut PgConnection, report: &mut VerifyReport) -> Result<()> {
    let (mut rows, mut wrong, mut after) = (0, Vec::new(), None);
    loop {
        let lines = store::verify::lines_after(conn, after, LINES_AT_A_TIME).await?;
        let Some(last) = lines.last() else { break };
        after = Some((last.invoice, last.position));
        rows += lines.len() as u64;
        wrong.extend(
            lines
                .iter()
                .filter(|line| !line_ties(line))
                .map(|l| format!("{} line {}", l.invoice, l.position)),
        );
    }
    report.add("lines follow from what explains them", rows, wrong);
    Ok(())
}

/// Every credit's amount follows from its explanation; its tax from its rate, or it is the rest of the tax that
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
    let taxed = match &line.explain {
        Explain::Prorated {
            basis,
            share,
            credit: true,
        } => share
            .tax(*basis, line.tax_rate)
            .is_ok_and(|exact| line.tax == exact || (line.untaxes && line.tax.minor() < exact.minor())),
        Explain::Capped { .. } => line.untaxes,
        _ => false,
    };
    taxed && line.explain.amount() == line.net.negate()
}

fn line_ties(line: &StoredLine) -> bool {
    let taxed = line.tax_rate.on(line.net).is_ok_and(|exact| {
        // A credit gives back no more tax than was left.
        line.tax == exact || (line.untaxes && line.tax.minor() > exact.minor())
    });
    taxed && line.explain.amount() == Ok(line.amount)
}

/// The sum of a customer's movements is the MRR of its subscriptions.
async fn check_mrr(conn: &mut PgConnection, report: &mut VerifyReport) -> Result<()> {
    let recorded = store::verify::mrr_by_customer(conn).await?;
    let mut wrong = Vec::new();
    for chunk in recorded.chunks(CUSTOMERS_AT_A_TIME) {
        let ids: Vec<_> = chunk.iter().map(|(customer, _)| *customer).collect();
        let live = store::subscription::live_of(conn, &ids).await?;
        for (customer, mrr) in chunk {
            let own: Vec<_> = live
                .iter()
                .filter(|subscription| subscription.customer == *customer)
                .cloned()
                .collect();
            if customer_mrr(mrr.currency(), &own) != Ok(*mrr) {
                wrong.push(customer.to_string());
            }
        }
    }
    report.add("movements add up to MRR", recorded.len() as u64, wrong);
    Ok(())
}
