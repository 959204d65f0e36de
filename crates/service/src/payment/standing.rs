//! Where a subscription stands with what it owes.

use billing::subscription::{Status, Subscription, next_overdue, recover};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use crate::record::{Save, save};
use crate::{Actor, InvoiceSummary, Result, credit};

/// Of an open invoice: whether its subscription stands or falls with it.
pub(crate) fn is_owed(subscription: &Subscription, invoice: &InvoiceSummary) -> bool {
    invoice.subscription == Some(subscription.id) && Some(invoice.id) != subscription.awaited_invoice()
}

/// What this very subscription owes: what an earlier one left unpaid is another matter, and so is an upgrade that
/// waits for its payment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Debt {
    /// Whether an invoice is open and due.
    pub owes: bool,
    /// When the earliest of those that were sent becomes overdue.
    pub overdue_at: Option<DateTime<Utc>>,
}

pub(super) async fn debt(
    conn: &mut PgConnection,
    subscription: &Subscription,
    now: DateTime<Utc>,
) -> Result<Debt> {
    let open = store::invoice::open(conn, CustomerScope::of(subscription.customer)).await?;
    let own = open.iter().filter(|invoice| is_owed(subscription, invoice));
    let own: Vec<_> = own.map(InvoiceSummary::due_date).collect();
    Ok(Debt {
        owes: own.iter().any(|due| due.is_due(now)),
        overdue_at: next_overdue(subscription.status, own, now),
    })
}

/// The subscription, active again where it was behind and owes nothing any more.
pub(super) fn recovered(subscription: Subscription, debt: Debt) -> Result<Subscription> {
    let after = Subscription {
        overdue_at: debt.overdue_at,
        ..subscription
    };
    if after.status.is_behind() && !debt.owes {
        return Ok(recover(after)?);
    }
    Ok(after)
}

/// One invoice less is open and nothing else changed: no event of its own.
pub(super) async fn keep_waiting(
    conn: &mut PgConnection,
    subscription: Subscription,
    debt: Debt,
) -> Result<()> {
    if subscription.overdue_at == debt.overdue_at {
        return Ok(());
    }
    let after = Subscription {
        overdue_at: debt.overdue_at,
        ..subscription
    };
    let scope = CustomerScope::of(after.customer);
    store::subscription::set_overdue_at(conn, scope, after.id, after.overdue_at).await?;
    Ok(store::customer::set_due_at(conn, &[(after.customer, after.due_at())]).await?)
}

/// Pays open invoices from the credit balance once nobody is paying them another way. Whatever ends an attempt
/// without money calls this: else credit could be spent on something newer than the debt.
pub(crate) async fn pay_from_credit(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    at: DateTime<Utc>,
) -> Result<()> {
    let (actor, scope) = (&Actor::System, CustomerScope::of(customer.id));
    let mut wallet = credit::wallet(conn, scope, customer.currency).await?;
    if wallet.grants().is_empty() {
        return Ok(());
    }
    let live = store::subscription::live(conn, scope).await?;
    let mut open = store::invoice::open(conn, scope).await?;
    if let Some(live) = &live {
        open.retain(|invoice| !decides(live, invoice));
    }
    let payments = credit::payments(conn, open, &mut wallet, at).await?;
    credit::pay(conn, actor, customer, &payments, at).await?;
    if payments.is_empty() {
        return Ok(());
    }
    recover_paid_up(conn, customer, at).await
}

/// A subscription that was behind and owes nothing any more is active again; one that is not waits for what is
/// still open.
pub(crate) async fn recover_paid_up(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    at: DateTime<Utc>,
) -> Result<()> {
    let Some(live) = store::subscription::live(conn, CustomerScope::of(customer.id)).await? else {
        return Ok(());
    };
    let debt = debt(conn, &live, at).await?;
    if debt.owes || !live.status.is_behind() {
        return keep_waiting(conn, live, debt).await;
    }
    let saved = Save {
        actor: &Actor::System,
        customer,
        after: &recovered(live, debt)?,
        what: "subscription.recovered",
        at,
    };
    save(conn, saved).await
}

/// Whether paying the invoice is what starts or changes the subscription: only its own payment does that.
pub(crate) fn decides(live: &Subscription, invoice: &InvoiceSummary) -> bool {
    let starts = matches!(live.status, Status::Incomplete { .. }) && invoice.subscription == Some(live.id);
    starts || live.awaited_invoice() == Some(invoice.id)
}
