//! The customer's credit: the grants it is kept in, what adds to them, and the invoices that are paid from them.

mod by_hand;
mod expire;
mod grant;
mod note;
mod top_up;

pub use by_hand::{CreditInvoice, CreditNotePreview, CreditableInvoice, IssueCreditNote, ShownNote};
pub use expire::expire;
pub use grant::GrantCredit;
pub use note::{Issue, PlannedNote, issue};
pub use top_up::{drop_top_up, grant_top_up};

use billing::credit::{CreditUse, Settled, TopUpBounds, Wallet, total_of};
use billing::id::{CreditNoteId, CustomerId, InvoiceId, PostingId};
use billing::ledger::{Account, Posting, PostingKind, credit_applied, debt_carried};
use billing::money::{Currency, Money};
use billing::payment::minimum_charge;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::credit::grant::{CreditEntry, GrantRow, NewUse};
use store::customer::CustomerRecord;
use store::ledger::NewPosting;
use store::{CustomerScope, PgConnection};

use crate::checkout::OpenTopUp;
use crate::id::mint;
use crate::record::{Note, note};
use crate::{
    Actor, Billing, CreditNoteDetail, CreditNoteSummary, CustomerProfile, Error, InvoiceSummary, Result,
};

/// A customer that pauses each month has no more in twenty years.
const MAX_LISTED: i64 = 250;

/// What later invoices take from, in which order, and how it came about.
#[derive(Debug, Clone)]
pub struct CreditOverview {
    pub now: DateTime<Utc>,
    pub customer: CustomerProfile,
    /// What can be used now.
    pub balance: Money,
    /// Owed of earlier invoices: too little to be charged, so it waits for the next one.
    pub carried: Money,
    /// Newest first.
    pub grants: Vec<GrantRow>,
    /// Newest first.
    pub notes: Vec<CreditNoteSummary>,
    /// Newest first.
    pub history: Vec<CreditEntry>,
    /// How much can be bought.
    pub bounds: TopUpBounds,
    /// One that was begun and not paid yet.
    pub top_up: Option<OpenTopUp>,
}

impl CreditOverview {
    /// What can be used, in the order it is.
    pub fn usable(&self) -> Vec<&GrantRow> {
        let usable = |row: &&GrantRow| row.grant.left.is_positive() && !row.grant.is_expired(self.now);
        let mut usable: Vec<_> = self.grants.iter().filter(usable).collect();
        usable.sort_by(|a, b| a.grant.burn_order(&b.grant));
        usable
    }
}

impl Billing {
    pub async fn credit(&self, actor: &Actor) -> Result<CreditOverview> {
        let scope = actor.reads_customer()?;
        let top_up = self.look_up_top_up(scope).await;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let wallet = wallet(&mut conn, scope, customer.currency).await?;
        Ok(CreditOverview {
            now,
            top_up,
            bounds: TopUpBounds::of(customer.currency)?,
            balance: wallet.balance(now)?,
            carried: wallet.carried(),
            grants: store::credit::grant::list(&mut conn, scope, MAX_LISTED).await?,
            notes: store::credit::list(&mut conn, scope, MAX_LISTED).await?,
            history: store::credit::grant::history(&mut conn, scope, MAX_LISTED).await?,
            customer: CustomerProfile::of(customer, self.parts.config.tax),
        })
    }

    pub async fn credit_note(&self, actor: &Actor, id: CreditNoteId) -> Result<CreditNoteDetail> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        store::credit::find(&mut conn, scope, id)
            .await?
            .ok_or(Error::NotFound("credit note"))
    }

    /// The notes that reduce an invoice, oldest first.
    pub async fn credit_notes_of(&self, actor: &Actor, invoice: InvoiceId) -> Result<Vec<CreditNoteDetail>> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        notes_of(&mut conn, scope, invoice).await
    }
}

/// The notes of an invoice, oldest first, each with what became of its refunds.
async fn notes_of(
    conn: &mut PgConnection,
    scope: CustomerScope,
    invoice: InvoiceId,
) -> Result<Vec<CreditNoteDetail>> {
    let mut notes = Vec::new();
    for note in store::credit::of_invoice(conn, scope, invoice).await? {
        notes.extend(store::credit::find(conn, scope, note.id).await?);
    }
    Ok(notes)
}

/// What a customer's invoices are paid from first. Under the customer's lock it stays what it is.
pub async fn wallet(conn: &mut PgConnection, scope: CustomerScope, currency: Currency) -> Result<Wallet> {
    let wallets = wallets(conn, &[(scope.customer(), currency)]).await?;
    Ok(wallets.into_iter().next().unwrap_or(Wallet::empty(currency)))
}

/// The same of many customers, in the order asked.
pub async fn wallets(conn: &mut PgConnection, of: &[(CustomerId, Currency)]) -> Result<Vec<Wallet>> {
    let wallets = store::credit::grant::wallets(conn, of).await?;
    let carried = store::ledger::balances(conn, Account::Carried, of).await?;
    let with = wallets.into_iter().zip(carried);
    Ok(with.map(|(wallet, carried)| wallet.owing(carried)).collect())
}

/// What an invoice takes of grants, as it is written down.
pub fn taken_by(invoice: InvoiceId, uses: &[CreditUse]) -> impl Iterator<Item = NewUse> {
    uses.iter().map(move |taken| NewUse {
        grant: taken.grant,
        invoice: Some(invoice),
        amount: taken.amount,
        at: taken.at,
    })
}

/// A void invoice charges nothing of what earlier ones passed on to it: that waits again.
pub async fn carry_again(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: &InvoiceSummary,
    at: DateTime<Utc>,
) -> Result<()> {
    let posting = debt_carried(invoice.carried)
        .and_then(|posting| posting.reversed(PostingKind::CarryReversed))
        .map_err(|_| Error::Internal("posting"))?;
    book(conn, customer, invoice.id, &posting, at).await
}

/// A void invoice gives back what it took, to the grants it took it of. What expired meanwhile expires again at once.
pub async fn give_back(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: InvoiceId,
    at: DateTime<Utc>,
) -> Result<()> {
    let scope = CustomerScope::of(customer.id);
    let uses = store::credit::grant::uses_of(conn, scope, invoice).await?;
    if uses.is_empty() {
        return Ok(());
    }
    let mut returned = Vec::with_capacity(uses.len());
    for taken in taken_by(invoice, &uses) {
        let amount = taken.amount.negate()?;
        returned.push(NewUse { amount, at, ..taken });
    }
    store::credit::grant::take(conn, &returned).await?;
    let posting = credit_applied(total_of(customer.currency, &uses)?)
        .and_then(|posting| posting.reversed(PostingKind::CreditReturned))
        .map_err(|_| Error::Internal("posting"))?;
    book(conn, customer, invoice, &posting, at).await?;
    expire(conn, &[(customer.id, at)], at).await?;
    let wallet = wallet(conn, scope, customer.currency).await?;
    let ends = wallet.grants().iter().filter_map(|grant| grant.expires_at).min();
    match ends {
        Some(end) => Ok(store::customer::bring_forward(conn, scope, end).await?),
        None => Ok(()),
    }
}

/// Books a posting of an invoice that no payment attempt is behind.
pub async fn book(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: InvoiceId,
    posting: &Posting,
    at: DateTime<Utc>,
) -> Result<()> {
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: customer.id,
        posting,
        invoice: Some(invoice),
        attempt: None,
        credit_note: None,
        grant: None,
        refund: None,
        at,
    };
    Ok(store::ledger::insert(conn, &[posting]).await?)
}

/// What a wallet pays of open invoices, oldest first; where that leaves too little to be charged, it is carried. One
/// that somebody is paying this moment stays what it asks for, and what tops the wallet up is not paid from it.
pub async fn payments(
    conn: &mut PgConnection,
    open: Vec<InvoiceSummary>,
    wallet: &mut Wallet,
    at: DateTime<Utc>,
) -> Result<Vec<(InvoiceSummary, Settled)>> {
    let mut payments = Vec::new();
    for invoice in open {
        if invoice.is_top_up() || store::payment::live_of_invoice(conn, invoice.id).await?.is_some() {
            continue;
        }
        let due = invoice.amount_due();
        let settled = wallet.pay(due, minimum_charge(due.currency()), at)?;
        if settled.due != due {
            payments.push((invoice, settled));
        }
    }
    Ok(payments)
}

/// Makes these payments.
pub async fn pay(
    conn: &mut PgConnection,
    actor: &Actor,
    customer: &CustomerRecord,
    payments: &[(InvoiceSummary, Settled)],
    at: DateTime<Utc>,
) -> Result<()> {
    for (invoice, settled) in payments {
        let (id, amount) = (invoice.id, total_of(customer.currency, &settled.credits)?);
        let paid = (amount, settled.carried);
        store::invoice::apply_credit(conn, CustomerScope::of(customer.id), id, paid, at).await?;
        let taken: Vec<_> = taken_by(id, &settled.credits).collect();
        store::credit::grant::take(conn, &taken).await?;
        for posting in [credit_applied(amount), debt_carried(settled.carried)] {
            let posting = posting.map_err(|_| Error::Internal("posting"))?;
            book(conn, customer, id, &posting, at).await?;
        }
        let entry = Note {
            actor,
            at,
            what: "invoice.credited",
            customer: customer.id,
            subject: id.to_string(),
            detail: json!({
                "number": invoice.number.to_string(), "credit": amount, "carried": settled.carried
            }),
        };
        note(conn, &[entry]).await?;
    }
    Ok(())
}
