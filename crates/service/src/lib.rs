//! Use cases: authorize the actor, load, decide in `billing`, save in one transaction.
//!
//! `Billing` is the only door. The network is never called inside a transaction.

mod actor;
mod admin;
mod alert;
mod api_key;
mod auth;
mod backlog;
mod behalf;
mod catalog;
mod checkout;
pub mod clock;
mod coupon;
mod credit;
mod customer;
mod demo;
mod entitlement;
mod error;
mod feed;
mod id;
mod idempotency;
mod invoice;
mod limit;
mod mail;
mod outgoing;
mod overview;
mod page;
mod payment;
mod portal_link;
mod queue;
mod quote;
mod record;
mod run;
mod seal;
mod session;
mod shown_once;
mod subscription;
mod tax;
mod usage;
mod verify;
mod webhook;
mod work_done;
mod writers;

pub use actor::{Actor, MemberRole, Scope, StaffRole};
pub use admin::{
    AdminOverview, ClockMove, ClockState, MailRow, MonthMovements, MonthRevenue, MovedCustomer, MovementRow,
    ParkedCustomer,
};
pub use alert::{
    AlertList, AlertPage, ChannelAddress, HostAlert, NewAlertChannel, SetAlertRule, SetBudget, SetThresholds,
    ShownChannel, TestOutcome, alert_rule_revision, budget_revision,
};
pub use api_key::{CreatedApiKey, NewApiKey};
pub use auth::{NewStaff, Principal, SignIn, SignUp};
pub use backlog::{Backlog, Connections, Waiting};
pub use billing;
pub use catalog::{CatalogReview, MigrationReport, Move, Problem};
pub use checkout::{CheckoutOutcome, CheckoutResult, OpenTopUp, StartCheckout};
pub use coupon::{
    CodeOffer, CouponDetail, CouponReport, MakeCodes, NewCoupon, NewPromotionCodes, ValidateCode,
};
pub use credit::{
    CreditInvoice, CreditNotePreview, CreditOverview, CreditableInvoice, GrantCredit, IssueCreditNote,
    ShownNote,
};
pub use customer::{ChangeHosted, CustomerProfile, NewHosted, PutIf, revision};
pub use demo::{DEMO_PASSWORD, DemoAccount, DemoWorld, SeedProgress, demo_accounts};
pub use entitlement::{OverrideKey, SetOverride};
pub use error::{Error, ErrorKind, Result};
pub use feed::{FeedCursor, FeedPage, ToldEvent};
pub use gateway::{CheckoutMode, sandbox};
pub use idempotency::{Claim, Intent, SealedAnswer, Sent, Taken};
pub use invoice::{AddOneOff, BillOneOff, InvoicesOf, NotesOf};
pub use limit::{
    CheckUsage, CommitUsage, Committed, Entitlement, Held, MeterStanding, ReservationError, ReserveOutcome,
    ReserveUsage,
};
pub use mail::SmtpConfig;
pub use outgoing::{OutgoingConfig, Refused, Targets};
pub use overview::{Dunning, Overview, Owed, Upcoming};
pub use page::{CURSOR, MAX_PAGE, Page, PageQuery};
pub use portal_link::{OpenPortal, PortalFlow, PortalLink, PortalVisit};
pub use session::{ADDRESS_KEY, AGENT_KEY, PRINCIPAL_KEY, RETURN_URL_KEY, SessionStorage};
pub use store::alert::channel::{ChannelError, ChannelKind};
pub use store::alert::{AlertRow, AlertState};
pub use store::api_key::ApiKeyRow;
pub use store::catalog::SoldVersion;
pub use store::coupon::report::{CampaignRow, CodeRow, CouponRow, Tally};
pub use store::credit::grant::{CreditEntry, GrantOrigin, GrantRow};
pub use store::credit::page::ListedNote;
pub use store::credit::{CreditNoteDetail, CreditNoteSummary};
pub use store::customer::hosted::HostedCustomer;
pub use store::invoice::page::ListedInvoice;
pub use store::invoice::{AttemptRow, InvoiceDetail, InvoiceSummary, WaitingOneOff};
pub use store::member::LoginName;
pub use store::owner::Owned;
pub use store::page::After;
pub use store::payment::{PaymentMethod, RefundRow};
pub use store::usage::report::{CustomerSum, Mover};
pub use store::usage::{EventRow, ValueTotal};
pub use store::webhook::attempt::AttemptLog;
pub use store::webhook::delivery::DeliveryRow;
pub use store::webhook::endpoint::EndpointRow;
pub use subscription::{
    AddOnOffer, AddOnPreview, AddStandalone, AgreePrice, AgreedPrice, Aim, CancelWhen, ChangeKind,
    ChangeOutcome, ChangePreview, End, NewPrice, NewSubscription, ResumePreview, SetUp, StopKind,
    StopPreview, Stopped, Subscribed, SubscriptionsOf, WantedPrice,
};
pub use tax::{TaxAddress, TaxExemption, TaxSettings};
pub use usage::{
    CustomerMonth, DimensionUse, EventCursor, EventInput, EventOutcome, EventPage, EventQuery, IngestReport,
    MAX_EVENTS, MAX_EXPORTED, MeterPeriod, MeterReport, MeterUsage, UsageOverview, UsageReport,
};
pub use verify::{Finding, VerifyReport};
pub use webhook::{
    DeliveryDetail, DeliveryList, DeliveryPage, EditWebhookEndpoint, NewWebhookEndpoint, Replayed, ShownOnce,
    webhook_revision,
};
pub use work_done::WorkDone;

use std::sync::Arc;

use billing::entitlement::Thresholds;
use billing::invoice::{Assembly, DraftLine, InvoiceDiscount, InvoiceDraft};
use billing::money::Currency;
use billing::payment::dunning::DunningEnd;
use billing::revenue::GrossMargin;
use billing::tax::{TaxDefaults, TaxRate};
use gateway::PaymentGateway;
use gateway::sandbox::Sandbox;
use secrecy::SecretString;
use store::PgPool;
use store::customer::CustomerRecord;

use crate::clock::{Clock, ManualClock, ShiftedClock};
use crate::writers::Writers;

/// What the use cases need to know of the deployment.
#[derive(Clone)]
pub struct ServiceConfig {
    pub database_url: SecretString,
    /// Where browsers reach us, without a trailing slash.
    pub base_url: String,
    pub currency: Currency,
    pub tax: TaxDefaults,
    /// What LTV counts of revenue.
    pub gross_margin: GrossMargin,
    /// Signs quotes. 32 random bytes.
    pub quote_key: [u8; 32],
    pub usage_tracking: bool,
    /// From which parts of a limit on answers warn.
    pub usage_thresholds: Thresholds,
    /// What dunning ends with where nothing else is agreed.
    pub dunning_end: DunningEnd,
    pub outgoing: OutgoingConfig,
}

impl ServiceConfig {
    /// A deployment that decides nothing: US dollars, no tax, everything at its default. One key signs and seals; whoever
    /// serves customers gives each purpose its own.
    pub fn usual(database_url: impl Into<SecretString>, base_url: impl Into<String>, key: [u8; 32]) -> Self {
        Self {
            database_url: database_url.into(),
            base_url: base_url.into(),
            currency: Currency::USD,
            tax: TaxRate::ZERO.into(),
            gross_margin: GrossMargin::WHOLE,
            quote_key: key,
            usage_tracking: true,
            usage_thresholds: Thresholds::default(),
            dunning_end: DunningEnd::default(),
            outgoing: OutgoingConfig::new(key),
        }
    }
}

/// Without the key: whoever reads it could sign quotes.
impl std::fmt::Debug for ServiceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceConfig")
            .field("base_url", &self.base_url)
            .field("currency", &self.currency)
            .field("tax", &self.tax)
            .field("gross_margin", &self.gross_margin)
            .field("usage_tracking", &self.usage_tracking)
            .field("usage_thresholds", &self.usage_thresholds)
            .field("dunning_end", &self.dunning_end)
            .field("outgoing", &self.outgoing)
            .finish_non_exhaustive()
    }
}

/// The use cases over one database and one gateway. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Billing {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    pool: PgPool,
    writers: Arc<Writers>,
    gateway: Arc<dyn PaymentGateway>,
    sandbox: Sandbox,
    clock: Clock,
    config: ServiceConfig,
    moving: admin::ClockMoveSlot,
    work_done: WorkDone,
    partitions: usage::PartitionsMade,
    intake: usage::Intake,
    meters: Arc<usage::Meters>,
    sign_in: auth::SignInGuard,
    code_tries: coupon::CodeTries,
    keys: api_key::KeyCache,
    limits: limit::Limits,
    outgoing: outgoing::Outgoing,
    sealer: seal::Sealer,
    smtp: mail::Smtp,
    touched: alert::Touched,
}

impl Billing {
    /// Connects, without migrating.
    pub async fn connect(config: ServiceConfig) -> Result<Self> {
        use secrecy::ExposeSecret;
        let pool = store::connect(config.database_url.expose_secret()).await?;
        Ok(Self::of(pool, Clock::Shifted(ShiftedClock::default()), config))
    }

    /// Over a pool and under a clock of the caller's: the seed's, the tests'. Within a Tokio runtime.
    pub fn over(pool: PgPool, clock: Arc<ManualClock>, config: ServiceConfig) -> Self {
        Self::of(pool, Clock::Manual(clock), config)
    }

    fn of(pool: PgPool, clock: Clock, config: ServiceConfig) -> Self {
        let sandbox = Sandbox::new(pool.clone(), &config.base_url);
        let gateway = Arc::new(sandbox.clone());
        let (moving, work_done, partitions, sign_in) = Default::default();
        let meters = Arc::<usage::Meters>::default();
        let outgoing = outgoing::Outgoing::new(config.outgoing.targets);
        let sealer = seal::Sealer::new(&config.outgoing.sealing_key);
        let writers = Arc::new(Writers::beside(&pool));
        let parts = Parts {
            limits: limit::Limits::new(writers.clone(), meters.clone(), config.usage_thresholds),
            pool,
            writers,
            gateway,
            sandbox,
            clock,
            config,
            moving,
            work_done,
            partitions,
            intake: usage::Intake::default(),
            meters,
            sign_in,
            code_tries: coupon::CodeTries::default(),
            keys: api_key::KeyCache::default(),
            outgoing,
            sealer,
            smtp: mail::Smtp::default(),
            touched: alert::Touched::default(),
        };
        Self {
            parts: Arc::new(parts),
        }
    }

    /// Brings every schema up to date: ours, the queue's and the sandbox's.
    pub async fn migrate(&self) -> Result<()> {
        store::migrate(&self.parts.pool).await?;
        if store::outbox::feed::align(&self.parts.pool).await? {
            tracing::warn!("The database was restored: the feed goes on behind whatever was told before");
        }
        queue::migrate(&self.parts.pool).await?;
        Sandbox::migrate(&self.parts.pool)
            .await
            .map_err(|_| Error::Internal("the sandbox schema"))?;
        self.load_clock_shift().await
    }

    /// The hosted pages of the sandbox provider.
    pub fn sandbox(&self) -> &Sandbox {
        &self.parts.sandbox
    }

    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.parts.clock.now()
    }

    /// What is made of an invoice's charges.
    pub(crate) fn assembly<'a>(
        &self,
        customer: &CustomerRecord,
        discounts: &'a [InvoiceDiscount],
    ) -> Assembly<'a> {
        let taxation = customer.taxation(self.parts.config.tax);
        Assembly { discounts, taxation }
    }

    /// The customer's invoice of these lines, before credit.
    pub(crate) fn draft(
        &self,
        customer: &CustomerRecord,
        lines: Vec<DraftLine>,
        discounts: &[InvoiceDiscount],
    ) -> Result<InvoiceDraft> {
        let assembly = self.assembly(customer, discounts);
        Ok(InvoiceDraft::assemble(customer.currency, lines, &assembly)?)
    }

    pub fn config(&self) -> &ServiceConfig {
        &self.parts.config
    }

    /// What this process did since it began.
    pub fn work_done(&self) -> &WorkDone {
        &self.parts.work_done
    }

    pub fn session_storage(&self) -> SessionStorage {
        SessionStorage::new(self.parts.pool.clone())
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.parts.config.base_url
    }

    pub(crate) fn pool(&self) -> &PgPool {
        &self.parts.pool
    }
}
