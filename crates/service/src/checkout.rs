//! Out to the gateway's hosted page and back. What the return says is never believed: it is looked up.

mod finish;
mod give_up;
mod open;
mod purchase;
mod top_up;

use billing::id::{InvoiceId, PriceId};
use billing::invoice::InvoiceStatus;
use billing::money::Money;
use billing::payment::AttemptStatus;
use store::CustomerScope;
use store::payment::{CheckoutRow, Purpose};

use purchase::Purchase;
pub use top_up::OpenTopUp;

use crate::coupon::making_way;
use crate::{Actor, Billing, Error, InvoiceSummary, PaymentMethod, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartCheckout {
    pub price: PriceId,
    /// Start the plan's trial instead of paying now; the hosted page then only takes a card.
    pub trial: bool,
    /// A promotion code, as it was typed.
    pub code: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutOutcome {
    /// Paid; the subscription is active (a purchase) or the invoice settled.
    Paid,
    /// The card is saved; nothing was charged.
    CardSaved,
    /// The provider has not made up its mind: ask again.
    Processing,
    /// Not finished: this is where to go on.
    Open {
        resume_url: String,
    },
    Expired,
}

#[derive(Debug, Clone)]
pub struct CheckoutResult {
    pub outcome: CheckoutOutcome,
    pub plan_name: Option<String>,
    /// What was paid on the page, which is less than the invoice's total where credit paid some of it.
    pub amount: Option<Money>,
    pub invoice: Option<InvoiceSummary>,
    pub payment_method: Option<PaymentMethod>,
    pub trial: bool,
}

impl Billing {
    /// Buys, or begins a trial, and says where the browser goes next.
    pub async fn start_checkout(&self, actor: &Actor, start: StartCheckout) -> Result<String> {
        let scope = actor.manages_billing()?;
        let code = start.code.as_deref().filter(|code| !code.trim().is_empty());
        let wanted = (start.price, code);
        if code.is_some() {
            self.allow_code(scope)?;
            self.check_wanted(scope, wanted).await?;
        }
        self.give_up_purchase(scope).await?;
        if start.trial {
            return match self.begin_trial(actor, scope, wanted).await? {
                Some(page) => self.open_page(scope, page).await,
                None => Ok(format!("{}/overview", self.base_url())),
            };
        }
        match self.begin_purchase(actor, scope, wanted).await? {
            Purchase::Asks(page) => self.open_page(scope, *page).await,
            Purchase::Done(invoice) => Ok(format!("{}/invoices/{invoice}", self.base_url())),
        }
    }

    /// Before anything makes way for the purchase: a code that is refused leaves all as it is.
    async fn check_wanted(&self, scope: CustomerScope, wanted: (PriceId, Option<&str>)) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let makes_way = making_way(&mut conn, scope).await?;
        self.decide_purchase(&mut conn, &customer, wanted, makes_way)
            .await?;
        Ok(())
    }

    /// A hosted page for an open invoice.
    pub async fn start_payment(&self, actor: &Actor, invoice: InvoiceId) -> Result<String> {
        let scope = actor.manages_billing()?;
        if let Some(url) = self.payment_under_way(scope, invoice).await? {
            return Ok(url);
        }
        let page = self.begin_payment(scope, invoice).await?;
        self.open_page(scope, page).await
    }

    /// A hosted page that only saves a card.
    pub async fn start_add_card(&self, actor: &Actor) -> Result<String> {
        let scope = actor.manages_billing()?;
        let page = self.begin_add_card(scope).await?;
        self.open_page(scope, page).await
    }

    /// What came of a hosted page, by the provider's reference in the return address. Settles what is
    /// settled; asking again changes nothing. A reference of somebody else's is not found.
    pub async fn checkout_result(&self, actor: &Actor, session_ref: &str) -> Result<CheckoutResult> {
        let scope = actor.reads_customer()?;
        let row = self.checkout_row(scope, session_ref).await?;
        if row.status == "open" {
            self.look_up_checkout(&row).await?;
        }
        let row = self.checkout_row(scope, session_ref).await?;
        self.describe(scope, row).await
    }

    async fn checkout_row(&self, scope: CustomerScope, session_ref: &str) -> Result<CheckoutRow> {
        let mut conn = store::acquire(self.pool()).await?;
        store::payment::find_checkout(&mut conn, scope, session_ref)
            .await?
            .ok_or(Error::NotFound("checkout"))
    }

    async fn describe(&self, scope: CustomerScope, row: CheckoutRow) -> Result<CheckoutResult> {
        let mut conn = store::acquire(self.pool()).await?;
        let invoice = match row.invoice {
            Some(id) => store::invoice::find(&mut conn, scope, id).await?,
            None => None,
        };
        let paid = invoice.as_ref().and_then(|invoice| {
            let mut attempts = invoice.attempts.iter();
            attempts
                .find(|attempt| Some(attempt.id) == row.attempt && attempt.status == AttemptStatus::Succeeded)
        });
        let amount = paid.map(|attempt| attempt.amount);
        let invoice = invoice.map(|detail| detail.summary);
        let subscriptions = store::subscription::all(&mut conn, scope).await?;
        let subscription = subscriptions
            .iter()
            .find(|subscription| Some(subscription.id) == row.subscription);
        let plan = match subscription.and_then(|subscription| subscription.plan_item()) {
            Some(item) => store::catalog::plan_of_price(&mut conn, item.price.id).await?,
            None => None,
        };
        Ok(CheckoutResult {
            outcome: outcome(&row, invoice.as_ref()),
            plan_name: plan.map(|plan| plan.name),
            amount,
            invoice,
            payment_method: store::payment::default_method(&mut conn, scope).await?,
            trial: row.purpose == Purpose::TrialCard,
        })
    }
}

fn outcome(row: &CheckoutRow, invoice: Option<&InvoiceSummary>) -> CheckoutOutcome {
    let settled = invoice.map(|invoice| invoice.status);
    match (row.status.as_str(), settled) {
        (_, Some(InvoiceStatus::Paid)) => CheckoutOutcome::Paid,
        (_, Some(InvoiceStatus::Void)) | ("expired", _) => CheckoutOutcome::Expired,
        ("completed", None) => CheckoutOutcome::CardSaved,
        ("completed", Some(_)) => CheckoutOutcome::Processing,
        _ => match &row.url {
            Some(url) => CheckoutOutcome::Open {
                resume_url: url.clone(),
            },
            None => CheckoutOutcome::Expired,
        },
    }
}
