//! The way out: everything is written down first, then the hosted page is opened.

use billing::id::{
    CheckoutSessionId, CustomerId, InvoiceId, PaymentAttemptId, PriceId, SubscriptionId, SubscriptionItemId,
};
use billing::money::Money;
use billing::payment::AttemptStatus;
use billing::subscription::{Create, start_trial};
use chrono::TimeDelta;
use gateway::{CheckoutLine, CheckoutMode, CheckoutRequest};
use store::customer::CustomerRecord;
use store::payment::{CheckoutRow, NewAttempt, NewCheckout, Purpose};
use store::{CustomerScope, PgConnection, Tx};

use crate::coupon::{redeemable, use_up};
use crate::id::mint;
use crate::mail::{self, Addressed, Letter};
use crate::record::{Save, create};
use crate::{Actor, Billing, Error, Result};

/// How long a hosted page stays open.
const PAGE_OPEN_FOR: TimeDelta = TimeDelta::hours(23);

/// A page to open, written down already.
pub struct Page {
    checkout: NewCheckout,
    customer: CustomerRecord,
    pub(super) lines: Vec<(String, Money)>,
    /// The invoice's total, where it takes a payment.
    amount: Option<Money>,
}

/// Why a page is opened, and what it pays.
pub(super) struct Cause {
    pub purpose: Purpose,
    pub pays: Option<(InvoiceId, Money)>,
    pub subscription: Option<SubscriptionId>,
}

impl Billing {
    /// The trial begins at once; the page takes a card for its end, and may be left without. On net terms there is
    /// none.
    pub(super) async fn begin_trial(
        &self,
        actor: &Actor,
        scope: CustomerScope,
        (price, code): (PriceId, Option<&str>),
    ) -> Result<Option<Page>> {
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        if store::subscription::live(&mut tx, scope).await?.is_some() {
            return Err(Error::AlreadySubscribed);
        }
        let plan = self.plan_on_sale(&mut tx, scope.customer(), price).await?;
        let price = plan.price(price).ok_or(Error::NotFound("price"))?;
        let redeemable = match code {
            Some(code) => {
                let wanted = (code, (plan.id, price.amount));
                Some(redeemable(&mut tx, &customer, wanted, (None, now)).await?)
            }
            None => None,
        };
        let discounts: Vec<_> = redeemable.iter().map(|code| code.redemption.clone()).collect();
        let subscription = start_trial(Create {
            discounts: &discounts,
            included_taxes: customer.taxation(self.parts.config.tax).included(),
            id: mint(SubscriptionId::from_uuid),
            item: mint(SubscriptionItemId::from_uuid),
            customer: customer.id,
            plan: &plan,
            price,
            billing_time: plan.billing_time,
            zone: customer.zone,
            now,
        })?;
        let after = &subscription;
        create(
            &mut tx,
            Save {
                actor,
                customer: &customer,
                after,
                what: "trial.started",
                at: now,
            },
        )
        .await?;
        if let Some(redeemable) = &redeemable {
            use_up(&mut tx, scope, redeemable, subscription.id).await?;
        }
        store::subscription::grant_trial(&mut tx, scope, subscription.id, now)
            .await
            .map_err(trial_used)?;
        let letter = Letter::TrialStarted {
            plan: &plan.name,
            ends_at: subscription.billing_period.end(),
        };
        let to = &customer;
        mail::send(&mut tx, &[Addressed { to, letter }], self.base_url(), now).await?;
        if customer.terms.is_net() {
            store::commit(tx).await?;
            return Ok(None);
        }
        let cause = Cause {
            purpose: Purpose::TrialCard,
            pays: None,
            subscription: Some(subscription.id),
        };
        let page = self.write_page(&mut tx, customer, cause).await?;
        store::commit(tx).await?;
        Ok(Some(page))
    }

    pub(super) async fn begin_payment(&self, scope: CustomerScope, invoice: InvoiceId) -> Result<Page> {
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let summary = store::invoice::lock(&mut tx, scope, invoice)
            .await?
            .ok_or(Error::NotFound("invoice"))?;
        let due = summary.amount_due();
        if !due.is_positive() {
            return Err(Error::NothingDue);
        }
        let pays = Some((invoice, due));
        let cause = Cause {
            purpose: Purpose::PayInvoice,
            pays,
            subscription: summary.subscription,
        };
        let page = self.write_page(&mut tx, customer, cause).await?;
        store::commit(tx).await?;
        Ok(Page {
            lines: vec![(format!("Invoice {}", summary.number), due)],
            ..page
        })
    }

    pub(super) async fn begin_add_card(&self, scope: CustomerScope) -> Result<Page> {
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let cause = Cause {
            purpose: Purpose::AddCard,
            pays: None,
            subscription: None,
        };
        let page = self.write_page(&mut tx, customer, cause).await?;
        store::commit(tx).await?;
        Ok(page)
    }

    /// Where to go on with an invoice somebody is paying already; none if nobody is, or not any more.
    pub(super) async fn payment_under_way(
        &self,
        scope: CustomerScope,
        invoice: InvoiceId,
    ) -> Result<Option<String>> {
        let (attempt, page) = {
            let mut conn = store::acquire(self.pool()).await?;
            // Named first, so that a foreign invoice says nothing about its payments.
            store::invoice::find(&mut conn, scope, invoice)
                .await?
                .ok_or(Error::NotFound("invoice"))?;
            let Some(attempt) = store::payment::live_of_invoice(&mut conn, invoice).await? else {
                return Ok(None);
            };
            let open = store::payment::open_checkouts(&mut conn, scope).await?;
            (attempt, open.into_iter().find(|row| row.attempt == Some(attempt)))
        };
        match page {
            Some(row) => self.page_under_way(row).await,
            None => self.charge_under_way(attempt).await,
        }
    }

    /// A page whose time is over, or that nobody was sent to, makes way for another. Whoever paid there and
    /// never came back has paid.
    async fn page_under_way(&self, row: CheckoutRow) -> Result<Option<String>> {
        if row.url.is_none() || row.expires_at <= self.now() {
            self.close_page(&row).await?;
            return Ok(None);
        }
        self.look_up_checkout(&row).await?;
        let mut conn = store::acquire(self.pool()).await?;
        let open = store::payment::open_checkouts(&mut conn, CustomerScope::of(row.customer)).await?;
        Ok(open
            .iter()
            .any(|page| page.id == row.id)
            .then_some(row.url)
            .flatten())
    }

    /// Where the card's owner approves the charge; what the owner answered since, only the gateway knows.
    async fn charge_under_way(&self, id: PaymentAttemptId) -> Result<Option<String>> {
        self.collect(id).await?;
        let mut conn = store::acquire(self.pool()).await?;
        let attempt = store::payment::find_attempt(&mut conn, id).await?;
        match attempt.filter(|attempt| !attempt.status.is_settled()) {
            Some(attempt) => attempt.action_url.map(Some).ok_or(Error::PaymentUnderWay),
            None => Ok(None),
        }
    }

    pub(super) async fn plan_on_sale(
        &self,
        conn: &mut PgConnection,
        customer: CustomerId,
        price: PriceId,
    ) -> Result<billing::catalog::Plan> {
        let plan = store::catalog::plan_of_price(conn, price)
            .await?
            .ok_or(Error::NotFound("price"))?;
        if !store::catalog::is_on_sale(conn, &plan, customer, self.now()).await? {
            return Err(Error::NotFound("price"));
        }
        Ok(plan)
    }

    pub(super) async fn write_page(
        &self,
        tx: &mut Tx,
        customer: CustomerRecord,
        cause: Cause,
    ) -> Result<Page> {
        let Cause {
            purpose,
            pays,
            subscription,
        } = cause;
        let now = self.now();
        let scope = CustomerScope::of(customer.id);
        let payment = match pays {
            Some((invoice, amount)) => {
                let id = mint(PaymentAttemptId::from_uuid);
                let attempt = NewAttempt {
                    id,
                    customer: customer.id,
                    method: None,
                    invoice,
                    amount,
                    retry: false,
                    created_at: now,
                };
                store::payment::insert_attempts(tx, &[attempt])
                    .await
                    .map_err(under_way)?;
                store::payment::set_in_flight(tx, id, AttemptStatus::Submitted, None).await?;
                Some((invoice, id))
            }
            None => None,
        };
        let checkout = NewCheckout {
            id: mint(CheckoutSessionId::from_uuid),
            purpose,
            payment,
            subscription,
            created_at: now,
            expires_at: now + PAGE_OPEN_FOR,
        };
        store::payment::insert_checkout(tx, scope, &checkout).await?;
        Ok(Page {
            checkout,
            customer,
            lines: Vec::new(),
            amount: pays.map(|(_, amount)| amount),
        })
    }

    /// Opens the page at the gateway and notes where it is.
    pub(super) async fn open_page(&self, scope: CustomerScope, page: Page) -> Result<String> {
        debug_assert_eq!(scope.customer(), page.customer.id);
        let mode = match (page.checkout.payment, page.amount) {
            (Some((_, attempt)), Some(amount)) => CheckoutMode::Payment { attempt, amount },
            _ => CheckoutMode::Setup,
        };
        let base_url = self.base_url();
        let request = CheckoutRequest {
            checkout: page.checkout.id,
            customer: page.customer.id,
            customer_ref: page.customer.gateway_ref,
            email: page.customer.email,
            mode,
            lines: page
                .lines
                .into_iter()
                .map(|(label, amount)| CheckoutLine { label, amount })
                .collect(),
            success_url: format!("{base_url}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}"),
            cancel_url: format!("{base_url}/checkout/cancel"),
            expires_at: page.checkout.expires_at,
        };
        let opened = self.parts.gateway.create_checkout(&request).await?;
        let noted = {
            let mut conn = store::acquire(self.pool()).await?;
            store::payment::set_checkout_page(&mut conn, request.checkout, &opened.session_ref, &opened.url)
                .await?
        };
        if !noted {
            // Given up by a request beside this one: whoever paid here now would pay for nothing.
            self.parts.gateway.expire_checkout(&opened.session_ref).await?;
            return Err(Error::PaymentUnderWay);
        }
        Ok(opened.url)
    }
}

fn trial_used(error: store::Error) -> Error {
    if error.is_conflict_on("trial_grant_pkey") {
        Error::TrialUsed
    } else {
        error.into()
    }
}

fn under_way(error: store::Error) -> Error {
    if error.is_conflict_on("payment_allocation_one_live") {
        Error::PaymentUnderWay
    } else {
        error.into()
    }
}
