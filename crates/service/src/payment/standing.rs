//! Where a subscription stands with what it owes.

use billing::subscription::{Status, Subscription, recover};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use crate::record::{Save, save};
use crate::{Actor, InvoiceSummary, Result, credit};

/// Of an open invoice: whether its subscription stands or falls with it.
pub(crate) fn is_owed(subscription: &Subscription, invoice: &InvoiceSummary) -> bool {
    invoice.subscription == Some(subscription.id) && Some(invoice.id) != subscription.awaited_invoice()
}

/// Whether an invoice of this very subscription is open: what an earlier one left unpaid is another matter,
/// and so is an upgrade that waits for its payment.
pub(super) async fn owes(conn: &mut PgConnection, subscription: &Subscription) -> Result<bool> {
    let open = store::invoice::open(conn, CustomerScope::of(subscription.customer)).await?;
    Ok(open.iter().any(|invoice| is_owed(subscription, invoice)))
}

/// The subscription, active again where it was behind and owes nothing any more.
pub(super) fn recovered(subscription: Subscription, owes: bool) -> Result<Subscription> {
    if subscription.status.is_behind() && !owes {
        return Ok(recover(subscription)?);
    }
    Ok(subscription)
}

/// Pays open invoices from the credit balance once nobody is paying them another way. Whatever ends an attempt
/// without money calls this: else credit could be spent on something newer than the debt.
pub(crate) async fn pay_from_credit(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    at: DateTime<Utc>,
) -> Result<()> {
    let (actor, scope) = (&Actor::System, CustomerScope::of(customer.id));
    let balance = credit::balance(conn, scope, customer.currency).await?;
    if !balance.is_positive() {
        return Ok(());
    }
    let live = store::subscription::live(conn, scope).await?;
    let mut open = store::invoice::open(conn, scope).await?;
    if let Some(live) = &live {
        open.retain(|invoice| !decides(live, invoice));
    }
    let payments = credit::payments(conn, open, balance).await?;
    credit::pay(conn, actor, customer, &payments, at).await?;
    if payments.is_empty() {
        return Ok(());
    }
    recover_paid_up(conn, customer, at).await
}

/// A subscription that was behind and owes nothing any more is active again.
pub(crate) async fn recover_paid_up(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    at: DateTime<Utc>,
) -> Result<()> {
    let live = store::subscription::live(conn, CustomerScope::of(customer.id)).await?;
    let Some(behind) = live.filter(|live| live.status.is_behind()) else {
        return Ok(());
    };
    if owes(conn, &behind).await? {
        return Ok(());
    }
    let saved = Save {
        actor: &Actor::System,
        customer,
        after: &recover(behind)?,
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
