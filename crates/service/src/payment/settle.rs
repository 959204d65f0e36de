//! What a payment's outcome means for the invoice, the subscription and the books. Settling twice
//! changes nothing: the attempt moves once.

use billing::id::{InvoiceId, PaymentAttemptId, PostingId};
use billing::invoice::InvoiceStatus;
use billing::ledger::payment_received;
use billing::money::Money;
use billing::payment::AttemptStatus;
use billing::subscription::{
    self, ChangeTarget, PendingChange, Status, Subscription, activate, complete_add_on, complete_upgrade,
    recover,
};
use billing::tax::TaxDefaults;
use chrono::{DateTime, Utc};
use gateway::ChargeOutcome;
use serde_json::json;
use store::customer::CustomerRecord;
use store::ledger::NewPosting;
use store::payment::{Attempt, Settlement};
use store::{CustomerScope, PgConnection};

use super::dunning::failed;
use super::standing::{RECOVERED, decides, is_owed, owes, paid_up, pay_from_credit, tell_recovered};
use crate::credit::{drop_top_up, grant_top_up};
use crate::entitlement::Carried;
use crate::id::mint;
use crate::invoice::Void;
use crate::mail::{self, Addressed, DunningLetter, Letter, Unpaid};
use crate::record::{Note, Save, note, save};
use crate::{Actor, Billing, Error, InvoiceSummary, Result, invoice};

/// An attempt whose outcome is being written down, under its customer's lock.
struct Case<'a> {
    base_url: &'a str,
    tax: TaxDefaults,
    customer: &'a CustomerRecord,
    attempt: &'a Attempt,
    now: DateTime<Utc>,
}

impl Case<'_> {
    const fn scope(&self) -> CustomerScope {
        CustomerScope::of(self.customer.id)
    }

    async fn write(&self, conn: &mut PgConnection, letter: Letter<'_>) -> Result<()> {
        let to = self.customer;
        mail::send(conn, &[Addressed { to, letter }], self.base_url, self.now).await
    }

    fn pays(&self, id: InvoiceId) -> bool {
        self.attempt.allocations.iter().any(|(invoice, _)| *invoice == id)
    }
}

impl Billing {
    /// Writes down what the gateway said of an attempt, and everything that follows from it.
    pub(crate) async fn settle(&self, id: PaymentAttemptId, outcome: &ChargeOutcome) -> Result<()> {
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let (customer, attempt) = lock_case(&mut tx, id).await?;
        let case = Case {
            base_url: self.base_url(),
            tax: self.parts.config.tax,
            customer: &customer,
            attempt: &attempt,
            now,
        };
        write_outcome(&mut tx, &case, outcome).await?;
        store::commit(tx).await?;
        self.work_done().note_charge(attempt.status, outcome.status());
        Ok(())
    }

    /// Gives up an attempt that was never sent, and the upgrade it was to pay for. False if it was sent
    /// meanwhile: then only its outcome ends it.
    pub(crate) async fn withdraw_unsent(&self, id: PaymentAttemptId) -> Result<bool> {
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let (customer, attempt) = lock_case(&mut tx, id).await?;
        let case = Case {
            base_url: self.base_url(),
            tax: self.parts.config.tax,
            customer: &customer,
            attempt: &attempt,
            now,
        };
        if !store::payment::withdraw_unsent(&mut tx, id, now).await? {
            return Ok(false);
        }
        given_up(&mut tx, &case).await?;
        store::commit(tx).await?;
        Ok(true)
    }
}

/// The attempt as it is now that its customer is locked: whoever settled it before is seen.
async fn lock_case(conn: &mut PgConnection, id: PaymentAttemptId) -> Result<(CustomerRecord, Attempt)> {
    // Whose attempt it is never changes.
    let attempt = store::payment::find_attempt(conn, id).await?;
    let scope = CustomerScope::of(attempt.ok_or(Error::NotFound("payment attempt"))?.customer);
    let customer = store::customer::lock(conn, scope)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let attempt = store::payment::find_attempt(conn, id).await?;
    Ok((customer, attempt.ok_or(Error::NotFound("payment attempt"))?))
}

async fn write_outcome(conn: &mut PgConnection, case: &Case<'_>, outcome: &ChargeOutcome) -> Result<()> {
    match outcome {
        ChargeOutcome::Processing { .. } => {
            store::payment::set_in_flight(conn, case.attempt.id, AttemptStatus::Processing, None).await?;
        }
        ChargeOutcome::RequiresAction { url, .. } => {
            let moved = store::payment::set_in_flight(
                conn,
                case.attempt.id,
                AttemptStatus::RequiresAction,
                Some(url),
            )
            .await?;
            // A late answer about an attempt that is settled by now says nothing any more.
            if moved {
                fail(conn, case).await?;
                ask_to_approve(conn, case).await?;
            }
        }
        ChargeOutcome::Succeeded { charge_ref } => {
            if ended(conn, case, AttemptStatus::Succeeded, charge_ref, None).await? {
                succeeded(conn, case).await?;
            } else if case.attempt.status != AttemptStatus::Succeeded {
                taken_for_nothing(conn, case, charge_ref).await?;
            }
        }
        ChargeOutcome::Declined { charge_ref, code } => {
            let code = code.as_str();
            if ended(conn, case, AttemptStatus::Declined, charge_ref, Some(code)).await? {
                declined(conn, case, code).await?;
            }
        }
        ChargeOutcome::Canceled { charge_ref } => {
            // Whoever was asked to approve it, or saw a retry of it fail, knows already.
            if ended(conn, case, AttemptStatus::Canceled, charge_ref, None).await?
                && !given_up(conn, case).await?
                && fail(conn, case).await?
            {
                ask(conn, case, |unpaid| DunningLetter::NotCharged { unpaid }).await?;
            }
        }
    }
    Ok(())
}

/// The provider took money for an attempt that was given up: on record, so that it is given back.
async fn taken_for_nothing(conn: &mut PgConnection, case: &Case<'_>, charge_ref: &str) -> Result<()> {
    let attempt = case.attempt.id;
    tracing::error!(payment.attempt = %attempt, "The provider took money for attempt `{attempt}`, which was given up");
    let entry = Note {
        actor: &Actor::System,
        at: case.now,
        what: "payment.taken_for_nothing",
        customer: case.customer.id,
        subject: attempt.to_string(),
        detail: json!({ "charge": charge_ref, "amount": case.attempt.amount }),
    };
    note(conn, &[entry]).await
}

/// Ends the attempt; false if it had ended before, and then nothing more is to be done.
async fn ended(
    conn: &mut PgConnection,
    case: &Case<'_>,
    status: AttemptStatus,
    charge_ref: &str,
    decline_code: Option<&str>,
) -> Result<bool> {
    let settlement = Settlement {
        status,
        gateway_ref: Some(charge_ref),
        decline_code,
        at: case.now,
    };
    Ok(store::payment::settle_attempt(conn, case.attempt.id, settlement).await?)
}

async fn succeeded(conn: &mut PgConnection, case: &Case<'_>) -> Result<()> {
    let mut bought = false;
    for (invoice, amount) in &case.attempt.allocations {
        let paid = invoice_paid(conn, case, *invoice, *amount).await?;
        if paid.is_top_up() {
            grant_top_up(conn, case.customer, &paid, case.now).await?;
        } else {
            bought = true;
        }
    }
    if !bought {
        // Credit is no service yet: whoever buys some has not come back, and what is owed is paid from it.
        return pay_from_credit(conn, case.customer, (case.base_url, case.now)).await;
    }
    let mut recovered = Vec::new();
    for subscription in store::subscription::all_live(conn, case.scope()).await? {
        let before = subscription.status;
        let after = subscription_paid(conn, case, subscription).await?;
        recovered.extend(after.filter(|after| before.is_behind() && !after.status.is_behind()));
    }
    tell_recovered(conn, case.customer, &recovered, (case.base_url, case.now)).await?;
    store::customer::set_ever_paid(conn, case.scope()).await?;
    Ok(())
}

/// Books the money on the invoice, and says which it was.
async fn invoice_paid(
    conn: &mut PgConnection,
    case: &Case<'_>,
    id: InvoiceId,
    amount: Money,
) -> Result<InvoiceSummary> {
    let summary = store::invoice::lock(conn, case.scope(), id)
        .await?
        .ok_or(Error::NotFound("invoice"))?;
    if summary.status == InvoiceStatus::Uncollectible {
        let due = summary.amount_due();
        invoice::reverse_write_off(conn, case.customer, id, due, case.now).await?;
    }
    store::invoice::settle(conn, case.scope(), id, amount, case.now).await?;
    let posting = payment_received(amount).map_err(|_| Error::Internal("posting"))?;
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: case.customer.id,
        posting: &posting,
        invoice: Some(id),
        attempt: Some(case.attempt.id),
        credit_note: None,
        grant: None,
        refund: None,
        at: case.now,
    };
    store::ledger::insert(conn, &[posting]).await?;
    let number = summary.number.to_string();
    let receipt = Letter::Receipt {
        number: &number,
        paid: amount,
    };
    case.write(conn, receipt).await?;
    let entry = Note {
        actor: &Actor::System,
        at: case.now,
        what: "invoice.paid",
        customer: case.customer.id,
        subject: id.to_string(),
        detail: json!({ "number": number, "paid": amount, "attempt": case.attempt.id }),
    };
    note(conn, &[entry]).await?;
    Ok(summary)
}

/// A paid invoice activates, upgrades, or brings the subscription up to date; none where it changes nothing.
async fn subscription_paid(
    conn: &mut PgConnection,
    case: &Case<'_>,
    subscription: Subscription,
) -> Result<Option<Subscription>> {
    let owes = owes(conn, &subscription, case.now).await?;
    let (after, what) = match (subscription.status, subscription.pending_change) {
        (_, Some(PendingChange::AwaitingPayment { invoice, .. })) if case.pays(invoice) => {
            let (upgraded, what) = upgraded(conn, case, subscription).await?;
            (paid_up(conn, upgraded, case.now).await?, what)
        }
        (Status::Incomplete { .. }, _) if !owes => (activate(subscription)?, "subscription.activated"),
        (status, _) if status.is_behind() && !owes => (recover(subscription, case.now)?, RECOVERED),
        _ => return Ok(None),
    };
    save_case(conn, case, &after, what).await?;
    Ok(Some(after))
}

/// What was paid for takes effect.
async fn upgraded(
    conn: &mut PgConnection,
    case: &Case<'_>,
    subscription: Subscription,
) -> Result<(Subscription, &'static str)> {
    let Some(PendingChange::AwaitingPayment {
        price,
        quantity,
        add_on,
        quoted_at,
        ..
    }) = subscription.pending_change
    else {
        return Err(Error::Internal("nothing awaits its payment"));
    };
    let price = add_on.map_or(price, |change| change.price);
    let plan = store::catalog::plan_of_price(conn, price)
        .await?
        .ok_or(Error::NotFound("price"))?;
    let price = plan.price(price).ok_or(Error::NotFound("price"))?;
    if let Some(change) = add_on {
        let after = complete_add_on(subscription, change, *price, quoted_at);
        return Ok((after, "subscription.add_on_changed"));
    }
    let target = ChangeTarget {
        plan: &plan,
        price,
        quantity: quantity.unwrap_or_else(|| subscription.quantity()),
        zone: case.customer.zone,
    };
    let carried = Carried::load(conn, &subscription).await?;
    let terms = carried.terms(&subscription)?;
    let mut after = complete_upgrade(&subscription, &terms, target, quoted_at)?;
    after.included_taxes = case.customer.taxation(case.tax).included().to_vec();
    Ok((after, "subscription.upgraded"))
}

async fn declined(conn: &mut PgConnection, case: &Case<'_>, code: &str) -> Result<()> {
    for (invoice, _) in &case.attempt.allocations {
        let entry = Note {
            actor: &Actor::System,
            at: case.now,
            what: "payment.declined",
            customer: case.customer.id,
            subject: case.attempt.id.to_string(),
            detail: json!({ "invoice": invoice, "code": code, "amount": case.attempt.amount }),
        };
        note(conn, &[entry]).await?;
    }
    if given_up(conn, case).await? {
        return case.write(conn, Letter::UpgradeDeclined).await;
    }
    fail(conn, case).await?;
    if case.attempt.retry {
        return Ok(());
    }
    ask(conn, case, |unpaid| DunningLetter::Declined { unpaid }).await
}

/// Whoever pays on a page or for a change sits before it and is led to the bank.
async fn ask_to_approve(conn: &mut PgConnection, case: &Case<'_>) -> Result<()> {
    if case.attempt.method.is_none() || awaited_upgrade(conn, case).await?.is_some() {
        return Ok(());
    }
    ask(conn, case, |unpaid| DunningLetter::Approval { unpaid }).await
}

/// Asks for what is still open.
async fn ask(
    conn: &mut PgConnection,
    case: &Case<'_>,
    words: for<'u> fn(Unpaid<'u>) -> DunningLetter<'u>,
) -> Result<()> {
    for (id, _) in &case.attempt.allocations {
        let invoice = store::invoice::lock(conn, case.scope(), *id)
            .await?
            .ok_or(Error::NotFound("invoice"))?;
        if invoice.status == InvoiceStatus::Open {
            let number = invoice.number.to_string();
            let unpaid = Unpaid {
                number: &number,
                due: invoice.amount_due(),
                invoice: *id,
            };
            case.write(conn, Letter::Dunning(words(unpaid))).await?;
        }
    }
    Ok(())
}

/// No money comes of the attempt: an upgrade or a top-up it was for is void, and credit does what it can. Says whether it
/// was for an upgrade.
async fn given_up(conn: &mut PgConnection, case: &Case<'_>) -> Result<bool> {
    let upgrade = give_up_upgrade(conn, case).await?;
    for (invoice, _) in &case.attempt.allocations {
        drop_top_up(conn, case.customer, *invoice, case.now).await?;
    }
    pay_from_credit(conn, case.customer, (case.base_url, case.now)).await?;
    Ok(upgrade)
}

/// An upgrade that was not paid is void and the plan stays. Says whether the attempt was for one.
async fn give_up_upgrade(conn: &mut PgConnection, case: &Case<'_>) -> Result<bool> {
    let Some((subscription, awaited)) = awaited_upgrade(conn, case).await? else {
        return Ok(false);
    };
    let void = Void {
        actor: &Actor::System,
        customer: case.customer,
        invoice: awaited,
        reason: None,
        at: case.now,
    };
    invoice::void(conn, void).await?;
    store::usage::forget_billed(conn, case.scope(), awaited).await?;
    let was_behind = subscription.status.is_behind();
    let dropped = subscription::drop_upgrade(subscription);
    let after = paid_up(conn, dropped, case.now).await?;
    save_case(conn, case, &after, "subscription.upgrade_dropped").await?;
    if was_behind && !after.status.is_behind() {
        tell_recovered(conn, case.customer, &[after], (case.base_url, case.now)).await?;
    }
    Ok(true)
}

/// The subscription and the invoice of the upgrade that this attempt pays for.
async fn awaited_upgrade(
    conn: &mut PgConnection,
    case: &Case<'_>,
) -> Result<Option<(Subscription, InvoiceId)>> {
    let subscription = store::subscription::live(conn, case.scope()).await?;
    Ok(subscription.and_then(|subscription| {
        let invoice = subscription
            .awaited_invoice()
            .filter(|invoice| case.pays(*invoice))?;
        Some((subscription, invoice))
    }))
}

/// An invoice that could not be collected is dunned, and makes its subscriptions past due. A purchase or an upgrade
/// that is not paid is not, nor credit that is bought, nor an invoice that was sent and may be paid later. Says whether
/// this is the first failure of any.
async fn fail(conn: &mut PgConnection, case: &Case<'_>) -> Result<bool> {
    let live = store::subscription::all_live(conn, case.scope()).await?;
    let open = store::invoice::open(conn, case.scope()).await?;
    let is_failed = |invoice: &&InvoiceSummary| {
        let awaited = live.iter().any(|live| decides(live, invoice));
        case.pays(invoice.id) && invoice.is_overdue(case.now) && !awaited && !invoice.is_top_up()
    };
    let unpaid: Vec<_> = open.iter().filter(is_failed).collect();
    let is_first = failed(conn, case.customer, &unpaid, case.now).await?;
    let active = live.into_iter().filter(|live| live.status == Status::Active);
    for active in active.filter(|active| unpaid.iter().any(|invoice| is_owed(active, invoice))) {
        let after = &subscription::fall_behind(active, case.now)?;
        save_case(conn, case, after, "subscription.past_due").await?;
    }
    Ok(is_first)
}

async fn save_case(
    conn: &mut PgConnection,
    case: &Case<'_>,
    after: &Subscription,
    what: &'static str,
) -> Result<()> {
    let actor = &Actor::System;
    save(
        conn,
        Save {
            actor,
            customer: case.customer,
            after,
            what,
            at: case.now,
        },
    )
    .await
}
