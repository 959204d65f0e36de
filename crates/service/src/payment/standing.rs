//! Where a subscription stands with what it owes.

use billing::credit::Wallet;
use billing::subscription::{ChangeError, Status, Subscription, recover};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use crate::mail::{self, Addressed, DunningLetter, Letter};
use crate::record::{Save, save};
use crate::{Actor, Error, InvoiceSummary, Result, credit};

pub(super) const RECOVERED: &str = "subscription.recovered";

/// Of an open invoice: whether the subscription stands or falls with it, alone or beside others.
pub(crate) fn is_owed(subscription: &Subscription, invoice: &InvoiceSummary) -> bool {
    invoice.subscriptions.contains(&subscription.id) && Some(invoice.id) != subscription.awaited_invoice()
}

/// Whether this very subscription owes anything that is due: what an earlier one left unpaid is another matter, and so
/// is an upgrade that waits for its payment.
pub(super) async fn owes(
    conn: &mut PgConnection,
    subscription: &Subscription,
    now: DateTime<Utc>,
) -> Result<bool> {
    let open = store::invoice::open(conn, CustomerScope::of(subscription.customer)).await?;
    let mut own = open.iter().filter(|invoice| is_owed(subscription, invoice));
    Ok(own.any(|invoice| invoice.is_overdue(now)))
}

/// Whether money may still come for something that would be given back: then it would be given back twice, or
/// without ever having come.
pub(crate) async fn is_being_paid(conn: &mut PgConnection, subscription: &Subscription) -> Result<bool> {
    let open = store::invoice::open(conn, CustomerScope::of(subscription.customer)).await?;
    for invoice in open.iter().filter(|invoice| is_owed(subscription, invoice)) {
        if store::payment::live_of_invoice(conn, invoice.id).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Open invoices of the subscription that nobody is paying this moment.
pub(crate) async fn owed_unpaid(
    conn: &mut PgConnection,
    subscription: &Subscription,
) -> Result<Vec<InvoiceSummary>> {
    let mut unpaid = Vec::new();
    for invoice in store::invoice::open(conn, CustomerScope::of(subscription.customer)).await? {
        let under_way = store::payment::live_of_invoice(conn, invoice.id).await?.is_some();
        if is_owed(subscription, &invoice) && !under_way {
            unpaid.push(invoice);
        }
    }
    Ok(unpaid)
}

/// The subscription, active again where it was behind and owes nothing any more.
pub(super) async fn paid_up(
    conn: &mut PgConnection,
    subscription: Subscription,
    now: DateTime<Utc>,
) -> Result<Subscription> {
    if !subscription.status.is_behind() || owes(conn, &subscription, now).await? {
        return Ok(subscription);
    }
    Ok(recover(subscription, now)?)
}

/// Tells a customer who was behind with these that nothing is owed of them any more.
pub(super) async fn tell_recovered(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    recovered: &[Subscription],
    (base_url, at): (&str, DateTime<Utc>),
) -> Result<()> {
    // Of the plan, where that is among them: what is sold beside it goes on as well.
    let plans = recovered.iter().filter(|own| !own.standalone);
    let Some(told) = plans.chain(recovered).next() else {
        return Ok(());
    };
    let item = told.plan_item().ok_or(Error::Change(ChangeError::NoPlan))?;
    let plan = store::catalog::plan_of_price(conn, item.price.id)
        .await?
        .ok_or(Error::NotFound("plan"))?;
    let plan = plan.name.as_str();
    let letter = Letter::Dunning(match told.status {
        Status::Paused { .. } => DunningLetter::PaidAfterAll { plan },
        _ => DunningLetter::Recovered { plan },
    });
    let to = customer;
    mail::send(conn, &[Addressed { to, letter }], base_url, at).await
}

/// Pays open invoices from the credit balance once nobody is paying them another way. Whatever ends an attempt
/// without money calls this: else credit could be spent on something newer than the debt.
pub(crate) async fn pay_from_credit(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    (base_url, at): (&str, DateTime<Utc>),
) -> Result<()> {
    let wallet = credit::wallet(conn, CustomerScope::of(customer.id), customer.currency).await?;
    if wallet.grants().is_empty() {
        return Ok(());
    }
    pay_or_carry(conn, customer, wallet, (base_url, at)).await
}

/// The same where there may be no credit: what is too little to be charged waits for the next invoice.
pub(crate) async fn pay_or_carry(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    mut wallet: Wallet,
    (base_url, at): (&str, DateTime<Utc>),
) -> Result<()> {
    let (actor, scope) = (&Actor::System, CustomerScope::of(customer.id));
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
    recover_paid_up(conn, customer, (base_url, at)).await
}

/// Subscriptions that were behind and owe nothing any more are active again.
pub(crate) async fn recover_paid_up(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    (base_url, at): (&str, DateTime<Utc>),
) -> Result<()> {
    let live = store::subscription::all_live(conn, CustomerScope::of(customer.id)).await?;
    let mut recovered = Vec::new();
    for behind in live.into_iter().filter(|live| live.status.is_behind()) {
        let after = paid_up(conn, behind, at).await?;
        if after.status.is_behind() {
            continue;
        }
        let saved = Save {
            actor: &Actor::System,
            customer,
            after: &after,
            what: RECOVERED,
            at,
        };
        save(conn, saved).await?;
        recovered.push(after);
    }
    tell_recovered(conn, customer, &recovered, (base_url, at)).await
}

/// Whether paying the invoice is what starts or changes the subscription: only its own payment does that.
pub(crate) fn decides(live: &Subscription, invoice: &InvoiceSummary) -> bool {
    let starts = matches!(live.status, Status::Incomplete { .. }) && invoice.subscription == Some(live.id);
    starts || live.awaited_invoice() == Some(invoice.id)
}
