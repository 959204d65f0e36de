//! A database for each test, a gateway with someone who uses its hosted pages, and requests to begin from.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use billing::id::{CheckoutSessionId, CustomerId, PaymentAttemptId, RefundId};
use billing::money::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use gateway::sandbox::{Authentication, CardInput, Sandbox, SubmitOutcome};
use gateway::{
    ChargeRequest, CheckoutLine, CheckoutMode, CheckoutPage, CheckoutRequest, CheckoutState, PaymentGateway,
};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgPool};
use uuid::Uuid;

/// A gateway under test and what a rule needs beside it.
pub struct World {
    pub gateway: Arc<dyn PaymentGateway>,
    pub holder: Arc<dyn CardHolder>,
    pub cards: Cards,
}

/// Card numbers with a meaning, each provider having its own.
pub struct Cards {
    pub pays: &'static str,
    pub declines: &'static str,
    pub declines_later: &'static str,
    pub asks_for_approval: &'static str,
    pub refunds_wait: &'static str,
    pub refunds_fail: &'static str,
}

/// Someone at a browser on the provider's pages.
#[async_trait]
pub trait CardHolder: Send + Sync {
    async fn enter_card(&self, page: &CheckoutPage, number: &str) -> Result<Entered>;
    async fn approve(&self, url: &str) -> Result<()>;
    async fn refuse(&self, url: &str) -> Result<()>;
}

#[derive(Debug, PartialEq, Eq)]
pub enum Entered {
    SentOn,
    Refused,
    /// The bank wants an approval at this URL.
    Asked(String),
    Expired,
}

impl Entered {
    pub fn asked(self) -> Result<String> {
        match self {
            Self::Asked(url) => Ok(url),
            other => bail!("expected to be asked for approval, got {other:?}"),
        }
    }
}

struct SandboxHolder(Sandbox);

impl SandboxHolder {
    async fn answer(&self, url: &str, answer: Authentication) -> Result<()> {
        self.0.authenticate(last_segment(url)?, answer, now()).await?;
        Ok(())
    }
}

#[async_trait]
impl CardHolder for SandboxHolder {
    async fn enter_card(&self, page: &CheckoutPage, number: &str) -> Result<Entered> {
        let session_ref = last_segment(&page.url)?;
        Ok(
            match self.0.submit_card(session_ref, typed(number), now()).await? {
                SubmitOutcome::Redirect { .. } => Entered::SentOn,
                SubmitOutcome::Refused(_) => Entered::Refused,
                SubmitOutcome::Authenticate { url } => Entered::Asked(url),
                SubmitOutcome::Expired => Entered::Expired,
            },
        )
    }

    async fn approve(&self, url: &str) -> Result<()> {
        self.answer(url, Authentication::Approve).await
    }

    async fn refuse(&self, url: &str) -> Result<()> {
        self.answer(url, Authentication::Decline).await
    }
}

pub fn sandbox_world(sandbox: Sandbox) -> World {
    World {
        gateway: Arc::new(sandbox.clone()),
        holder: Arc::new(SandboxHolder(sandbox)),
        cards: Cards {
            pays: "4242424242424242",
            declines: "4000000000000002",
            declines_later: "4000000000000341",
            asks_for_approval: "4000002500003155",
            refunds_wait: "4000000000007726",
            refunds_fail: "4000000000005126",
        },
    }
}

/// Runs the test on a database of its own and drops it, whether the test passes, fails or panics.
pub async fn with_sandbox(test: impl AsyncFnOnce(Sandbox, PgPool) -> Result<()>) -> Result<()> {
    let server = server()?;
    let name = format!("gateway_{:032x}", rand::random::<u128>());
    let mut admin = server
        .connect()
        .await
        .context("no Postgres at TEST_DATABASE_URL")?;
    admin
        .execute(AssertSqlSafe(format!("create database {name}")))
        .await?;
    let database = server.database(&name);
    let pool = PgPoolOptions::new()
        .max_connections(20)
        .connect_with(database)
        .await?;
    let story = async {
        Sandbox::migrate(&pool).await?;
        test(Sandbox::new(pool.clone(), "https://billing.test/"), pool.clone()).await
    };
    let outcome = AssertUnwindSafe(story).catch_unwind().await;
    pool.close().await;
    admin
        .execute(AssertSqlSafe(format!("drop database {name} with (force)")))
        .await?;
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

fn server() -> Result<PgConnectOptions> {
    let url = std::env::var("TEST_DATABASE_URL").context("TEST_DATABASE_URL names no Postgres server")?;
    Ok(url.parse()?)
}

pub fn last_segment(url: &str) -> Result<&str> {
    Ok(url
        .rsplit_once('/')
        .context("a hosted page's URL ends with its reference")?
        .1)
}

pub fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_500)
}

pub fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

pub fn typed(number: &str) -> CardInput {
    CardInput {
        number: number.to_owned(),
        exp_month: 12,
        exp_year: 2034,
        cvc: "123".to_owned(),
    }
}

fn random_uuid() -> Uuid {
    Uuid::from_u128(rand::random())
}

pub fn new_attempt() -> PaymentAttemptId {
    PaymentAttemptId::from_uuid(random_uuid())
}

pub fn new_refund() -> RefundId {
    RefundId::from_uuid(random_uuid())
}

pub fn new_customer() -> CustomerId {
    CustomerId::from_uuid(random_uuid())
}

pub fn new_checkout_key() -> CheckoutSessionId {
    CheckoutSessionId::from_uuid(random_uuid())
}

pub fn setup_request() -> CheckoutRequest {
    CheckoutRequest {
        checkout: new_checkout_key(),
        customer: new_customer(),
        customer_ref: None,
        email: "ada@example.test".to_owned(),
        mode: CheckoutMode::Setup,
        lines: vec![],
        success_url: "https://billing.test/checkout/success?session_id={CHECKOUT_SESSION_ID}".to_owned(),
        cancel_url: "https://billing.test/checkout/cancel".to_owned(),
        expires_at: now() + TimeDelta::hours(1),
    }
}

pub fn payment_request(attempt: PaymentAttemptId) -> CheckoutRequest {
    CheckoutRequest {
        mode: CheckoutMode::Payment {
            attempt,
            amount: usd(21_492),
        },
        lines: vec![
            CheckoutLine {
                label: "Growth, monthly".to_owned(),
                amount: usd(19_900),
            },
            CheckoutLine {
                label: "Tax, 8 %".to_owned(),
                amount: usd(1_592),
            },
        ],
        ..setup_request()
    }
}

impl World {
    /// A charge of a card that was saved for it on a hosted page.
    pub async fn charge_of(&self, number: &str) -> Result<ChargeRequest> {
        let page = self.gateway.create_checkout(&setup_request()).await?;
        match self.holder.enter_card(&page, number).await? {
            Entered::SentOn => {}
            Entered::Asked(url) => self.holder.approve(&url).await?,
            other => bail!("the card was not saved: {other:?}"),
        }
        let state = self.gateway.find_checkout(&page.session_ref).await?;
        let Some(CheckoutState::Completed {
            customer_ref,
            payment_method,
            ..
        }) = state
        else {
            bail!("the page is not completed: {state:?}");
        };
        Ok(ChargeRequest {
            attempt: new_attempt(),
            customer_ref,
            method_ref: payment_method.method_ref,
            amount: usd(21_492),
            description: "Invoice INV-000001".to_owned(),
            return_url: "https://billing.test/invoices".to_owned(),
        })
    }

    pub async fn is_open(&self, page: &CheckoutPage) -> Result<bool> {
        Ok(self.gateway.find_checkout(&page.session_ref).await? == Some(CheckoutState::Open))
    }
}
