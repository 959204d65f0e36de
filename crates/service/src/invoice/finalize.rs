//! Number and freeze, with the posting in the same transaction.

use billing::id::{InvoiceId, InvoiceLineId, OneOffId, PostingId, SubscriptionId};
use billing::invoice::{DueDate, InvoiceDraft, InvoiceNumber};
use billing::ledger::{Posting, credit_applied, debt_carried, invoice_finalized};
use billing::money::Money;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::PgConnection;
use store::customer::CustomerRecord;
use store::dunning::NewDunning;
use store::invoice::NewInvoice;
use store::ledger::NewPosting;

use crate::id::mint;
use crate::mail::{self, Addressed, Letter};
use crate::payment::waits;
use crate::record::{Note, note};
use crate::{Actor, Error, Result, credit};

/// What an invoice is made of. The id is minted by the caller, who may need it before.
#[derive(Debug)]
pub struct Finalize<'a> {
    pub id: InvoiceId,
    pub actor: &'a Actor,
    pub customer: &'a CustomerRecord,
    /// None of what is billed beside any plan.
    pub subscription: Option<SubscriptionId>,
    pub draft: &'a InvoiceDraft,
    /// What of the draft was waiting for an invoice.
    pub one_offs: &'a [OneOffId],
    /// purchase, renewal, upgrade and so on: why it exists.
    pub reason: &'static str,
    pub at: DateTime<Utc>,
}

/// The last step of a use case: it takes the numbers, which locks the series to the commit.
pub async fn finalize(conn: &mut PgConnection, invoices: &[Finalize<'_>], base_url: &str) -> Result<()> {
    let Some(first) = invoices.first() else {
        return Ok(());
    };
    let postings = postings(invoices)?;
    let series = InvoiceNumber::DEFAULT_SERIES;
    let count = i64::try_from(invoices.len()).map_err(|_| Error::Internal("too many invoices"))?;
    let counter = store::invoice::take_numbers(conn, series, count).await?;
    let numbered: Vec<_> = (counter..)
        .zip(invoices)
        .map(|(counter, f)| {
            let number = InvoiceNumber {
                series: series.to_owned(),
                counter,
            };
            f.numbered(number)
        })
        .collect();
    store::invoice::insert(conn, &numbered).await?;
    let waiting: Vec<_> = invoices.iter().filter_map(Finalize::waits).collect();
    store::dunning::begin(conn, &waiting).await?;
    let billed = |f: &Finalize<'_>| {
        let invoice = f.id;
        f.one_offs
            .iter()
            .map(move |one_off| (*one_off, invoice))
            .collect::<Vec<_>>()
    };
    let one_offs: Vec<_> = invoices.iter().flat_map(billed).collect();
    store::invoice::bill_one_offs(conn, &one_offs).await?;
    let taken: Vec<_> = invoices
        .iter()
        .flat_map(|f| credit::taken_by(f.id, f.draft.credits()))
        .collect();
    store::credit::grant::take(conn, &taken).await?;
    let postings: Vec<_> = postings.iter().map(|(f, posting)| f.posted(posting)).collect();
    store::ledger::insert(conn, &postings).await?;
    let shown: Vec<String> = numbered
        .iter()
        .map(|invoice| invoice.number.to_string())
        .collect();
    let letters: Vec<_> = invoices
        .iter()
        .zip(&shown)
        .map(|(f, number)| f.letter(number))
        .collect();
    mail::send(conn, &letters, base_url, first.at).await?;
    let notes: Vec<_> = invoices
        .iter()
        .zip(&shown)
        .map(|(f, number)| f.note(number))
        .collect();
    note(conn, &notes).await
}

/// What each invoice bills, then what it takes of credit and what is carried to it or on from it.
fn postings<'f, 'a>(invoices: &'f [Finalize<'a>]) -> Result<Vec<(&'f Finalize<'a>, Posting)>> {
    let mut postings = Vec::with_capacity(invoices.len());
    for f in invoices {
        let posting = invoice_finalized(f.draft.currency(), f.draft.lines());
        postings.push((f, posting.map_err(|_| Error::Internal("posting"))?));
    }
    for f in invoices {
        for posting in [
            credit_applied(f.draft.credit_applied()),
            debt_carried(f.draft.carried()),
        ] {
            postings.push((f, posting.map_err(|_| Error::Internal("posting"))?));
        }
    }
    Ok(postings)
}

impl<'a> Finalize<'a> {
    fn numbered(&self, number: InvoiceNumber) -> NewInvoice<'a> {
        let lines = self.draft.lines();
        NewInvoice {
            id: self.id,
            customer: self.customer.id,
            customer_name: &self.customer.name,
            customer_email: &self.customer.email,
            customer_tax: &self.customer.tax,
            subscription: self.subscription,
            number,
            reason: self.reason,
            draft: self.draft,
            lines: lines.iter().map(|_| mint(InvoiceLineId::from_uuid)).collect(),
            due: self.due(),
        }
    }

    fn due(&self) -> DueDate {
        DueDate::new(self.customer.terms, self.at, self.customer.zone)
    }

    /// What is sent is dunned from the day on which it is overdue.
    fn waits(&self) -> Option<NewDunning> {
        let open = self.draft.amount_due().is_ok_and(Money::is_positive);
        (open && self.due().is_sent()).then(|| waits(self.customer, self.id, self.due()))
    }

    fn posted<'p>(&self, posting: &'p Posting) -> NewPosting<'p> {
        NewPosting {
            id: mint(PostingId::from_uuid),
            customer: self.customer.id,
            posting,
            invoice: Some(self.id),
            attempt: None,
            credit_note: None,
            grant: None,
            refund: None,
            at: self.at,
        }
    }

    fn letter<'l>(&self, number: &'l str) -> Addressed<'l>
    where
        'a: 'l,
    {
        let (total, credit) = (self.draft.total(), self.draft.credit_applied());
        let due = self.draft.amount_due().unwrap_or(total);
        let to_pay = self.due().is_sent() && due.is_positive();
        let due_on = self.customer.zone.local(self.due().due_at).date();
        Addressed {
            to: self.customer,
            letter: Letter::InvoiceIssued {
                number,
                total,
                credit,
                carried: self.draft.carried(),
                pay_by: to_pay.then_some((self.id, due_on)),
            },
        }
    }

    fn note(&self, number: &str) -> Note<'a> {
        let (total, credit) = (self.draft.total(), self.draft.credit_applied());
        Note {
            actor: self.actor,
            at: self.at,
            what: "invoice.finalized",
            customer: self.customer.id,
            subject: self.id.to_string(),
            detail: json!({ "number": number, "total": total, "credit": credit, "carried": self.draft.carried(), "reason": self.reason }),
        }
    }
}
