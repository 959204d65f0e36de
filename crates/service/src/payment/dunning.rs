//! Unpaid invoices: what was done about each, and what comes next, as `billing` decides it.

mod take;

pub(crate) use take::HOLD;

use billing::id::InvoiceId;
use billing::invoice::DueDate;
use billing::payment::dunning::{Action, Card, Due, History, Next, Outlook, Step, next, outlook};
use billing::period::Zone;
use billing::subscription::{Access, ChangeError, Subscription};
use chrono::{DateTime, Utc};
use gateway::DeclineCode;
use store::customer::CustomerRecord;
use store::dunning::{Dunning, NewDunning};
use store::{CustomerScope, PgConnection};

use super::is_owed;
use crate::{Error, InvoiceSummary, Result};

/// An open invoice that is dunned.
#[derive(Debug)]
pub(crate) struct Debt {
    invoice: InvoiceSummary,
    dunning: Dunning,
    card: Card,
}

impl Debt {
    fn history(&self, zone: Zone) -> History<'_> {
        History {
            began_at: self.dunning.began_at,
            zone,
            taken: &self.dunning.taken,
            tries: &self.dunning.tries,
            card: self.card,
        }
    }

    fn outlook(&self, zone: Zone) -> Outlook {
        outlook(&self.history(zone))
    }

    fn next(&self, zone: Zone, now: DateTime<Utc>) -> Next {
        next(&self.history(zone), now)
    }
}

/// What is dunned of a customer's, oldest first.
pub(crate) async fn debts(conn: &mut PgConnection, customer: &CustomerRecord) -> Result<Vec<Debt>> {
    let scope = CustomerScope::of(customer.id);
    let mut dunned = store::dunning::under_way(conn, &[customer.id]).await?;
    if dunned.is_empty() {
        return Ok(Vec::new());
    }
    let card = card_of(conn, scope).await?;
    let open = store::invoice::open(conn, scope).await?;
    let debts = open.into_iter().filter_map(|invoice| {
        Some(Debt {
            dunning: dunned.remove(&invoice.id)?,
            card: if invoice.due_date().is_sent() {
                Card::None
            } else {
                card
            },
            invoice,
        })
    });
    Ok(debts.collect())
}

async fn card_of(conn: &mut PgConnection, scope: CustomerScope) -> Result<Card> {
    let Some(method) = store::payment::default_method(conn, scope).await? else {
        return Ok(Card::None);
    };
    let last = store::payment::last_decline(conn, method.id).await?;
    let refused = last.is_some_and(|code| DeclineCode::new(code).kind().is_final());
    Ok(if refused { Card::Refused } else { Card::Usable })
}

/// The step that is due first.
fn first_due(debts: &[Debt], zone: Zone, now: DateTime<Utc>) -> Option<(&Debt, Due)> {
    let due = debts.iter().filter_map(|debt| match debt.next(zone, now) {
        Next::Due(due) => Some((debt, due)),
        Next::Later(_) | Next::Over => None,
    });
    due.min_by_key(|(_, due)| due.at)
}

/// When a step of any of them is due.
pub(crate) fn next_at(debts: &[Debt], zone: Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let instants = debts.iter().filter_map(|debt| match debt.next(zone, now) {
        Next::Due(due) => Some(due.at),
        Next::Later(at) => Some(at),
        Next::Over => None,
    });
    instants.min()
}

/// What will happen by itself to a subscription and what it owes; none while nothing of it is dunned and overdue.
pub(crate) fn outlook_of(
    debts: &[Debt],
    subscription: &Subscription,
    (zone, now): (Zone, DateTime<Utc>),
) -> Option<Outlook> {
    let own = debts
        .iter()
        .filter(|debt| is_owed(subscription, &debt.invoice) && debt.invoice.is_overdue(now));
    own.map(|debt| debt.outlook(zone)).reduce(Outlook::first)
}

/// Some days after a failure the plan gets no bigger or smaller until the debt is paid.
pub(crate) async fn refuse_in_debt(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    subscription: &Subscription,
    now: DateTime<Utc>,
) -> Result<()> {
    if !subscription.status.is_behind() {
        return Ok(());
    }
    let debts = debts(conn, customer).await?;
    let outlook = outlook_of(&debts, subscription, (customer.zone, now));
    let stopped = subscription.status.access() < Access::Full;
    if stopped || outlook.is_some_and(|outlook| outlook.changes_blocked_at <= now) {
        return Err(Error::Change(ChangeError::InvoiceOpen));
    }
    Ok(())
}

/// An invoice that no card is charged for: waited for until it is overdue, which is at once where it was not sent.
pub(crate) const fn waits(customer: &CustomerRecord, invoice: InvoiceId, due: DueDate) -> NewDunning {
    NewDunning {
        customer: customer.id,
        invoice,
        began_at: due.overdue_at,
        next_at: due.overdue_at,
    }
}

/// A card was tried for these in vain: whoever tells the customer does so now. Says whether that is new of any.
pub(super) async fn failed(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoices: &[&InvoiceSummary],
    now: DateTime<Utc>,
) -> Result<bool> {
    let step = Step {
        day: 0,
        action: Action::Fail,
    };
    let first = History {
        began_at: now,
        zone: customer.zone,
        taken: &[step],
        tries: &[],
        card: Card::Usable,
    };
    let next_at = match next(&first, now) {
        Next::Later(at) => at,
        Next::Due(_) | Next::Over => now,
    };
    let new: Vec<_> = invoices
        .iter()
        .map(|invoice| NewDunning {
            customer: customer.id,
            invoice: invoice.id,
            began_at: now,
            next_at,
        })
        .collect();
    store::dunning::begin(conn, &new).await?;
    let mut is_first = false;
    for invoice in invoices.iter().filter(|invoice| !invoice.due_date().is_sent()) {
        is_first |= store::dunning::take(conn, invoice.id, step, now).await?;
    }
    Ok(is_first)
}
