//! The one closed error of the use cases. Each edge maps it once: pages to words, REST to problem+json.

use billing::coupon::CodeRefused;
use billing::credit::{CreditRefused, PartRefused, TopUpError};
use billing::invoice::OneOffLineError;
use billing::money::MoneyError;
use billing::period::PeriodError;
use billing::subscription::{ChangeError, CreateError, InvalidTransition, OutOfBounds};
use billing::tax::InvalidTaxId;

use crate::catalog::Problem;
use crate::limit::ReservationError;
use crate::outgoing::Refused;

pub type Result<T> = std::result::Result<T, Error>;

/// What an edge answers, whatever the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    Unauthenticated,
    Forbidden,
    NotFound,
    /// The request was understood and cannot be carried out as things stand.
    Conflict,
    Invalid,
    /// Somebody else was faster: what the change was based on is old.
    Outdated,
    TooMany,
    /// For now: try again.
    Unavailable,
    Internal,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("sign in first")]
    Unauthenticated,
    #[error("not allowed")]
    Forbidden,
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    #[error("the e-mail address is taken")]
    EmailTaken,
    #[error("{field} is not valid")]
    Invalid { field: &'static str },
    /// Everything that is wrong with a catalog file.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Catalog(Vec<Problem>),
    #[error("the catalog or the draft changed meanwhile: look again")]
    CatalogChanged,
    #[error("there is a live subscription already")]
    AlreadySubscribed,
    #[error("the subscription is paused")]
    Paused,
    #[error("the customer had a trial before, or the plan offers none")]
    TrialUsed,
    #[error("there is no live subscription")]
    NoSubscription,
    #[error("the preview is not valid any more: look again")]
    QuoteStale,
    #[error("nothing is owed on this invoice")]
    NothingDue,
    #[error("the invoice is settled already")]
    InvoiceSettled,
    #[error("a part of the invoice was paid or given back: write it off instead")]
    InvoiceGivenBack,
    #[error(transparent)]
    Credit(#[from] CreditRefused),
    #[error("this name was used for another credit note of the invoice")]
    KeyReused,
    #[error("another key took the place of this one already")]
    KeyReplaced,
    #[error("it changed meanwhile: look again")]
    ChangedMeanwhile,
    #[error("another customer has this id of yours")]
    ExternalIdTaken,
    #[error("a payment of this invoice is under way")]
    PaymentUnderWay,
    #[error("there is no payment method")]
    NoPaymentMethod,
    #[error("the subscription cannot do this now")]
    Change(#[from] ChangeError),
    #[error(transparent)]
    TaxId(#[from] InvalidTaxId),
    #[error(transparent)]
    Code(#[from] CodeRefused),
    #[error("a promotion code of this name exists already")]
    CodeTaken,
    #[error(transparent)]
    Target(#[from] Refused),
    #[error("the alert is resolved")]
    AlertResolved,
    #[error("the webhook endpoint is turned off")]
    EndpointOff,
    #[error("there are as many webhook endpoints as there may be")]
    TooManyEndpoints,
    #[error("the customer has as many standalone plans as it may")]
    TooManyStandalone,
    #[error("the same event id came with another body")]
    EventConflict,
    #[error(transparent)]
    Reservation(#[from] ReservationError),
    #[error("too much is asked at once: try again in a second")]
    Busy,
    #[error("the clock only moves forward, and only in the sandbox")]
    ClockRefused,
    #[error("too many tries: wait a little")]
    TooMany,
    #[error("there are customers already: demo data go into an empty database only")]
    NotEmpty,
    #[error("demo data are being prepared: try again in a few seconds")]
    Preparing,
    #[error("the payment provider does not answer; the outcome is looked up")]
    Gateway(#[from] gateway::GatewayError),
    #[error("the database does not answer")]
    Store(#[from] store::Error),
    #[error("the queue does not answer")]
    Queue,
    #[error("an amount is out of range")]
    Money(#[from] MoneyError),
    #[error("the billing run would charge too much")]
    OutOfBounds(#[from] OutOfBounds),
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl Error {
    /// Stable, in URLs and problem documents.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound(_) => "not_found",
            Self::WrongCredentials => "wrong_credentials",
            Self::EmailTaken => "email_taken",
            Self::Invalid { .. } => "invalid",
            Self::TaxId(_) => "invalid_tax_id",
            Self::Catalog(_) => "invalid_catalog",
            Self::CatalogChanged => "catalog_changed",
            Self::AlreadySubscribed => "already_subscribed",
            Self::Paused => "paused",
            Self::TrialUsed => "trial_used",
            Self::NoSubscription => "no_subscription",
            Self::QuoteStale => "quote_stale",
            Self::NothingDue => "nothing_due",
            Self::InvoiceSettled => "invoice_settled",
            Self::InvoiceGivenBack => "invoice_given_back",
            Self::Credit(refused) => credit_code(*refused),
            Self::KeyReused => "key_reused",
            Self::KeyReplaced => "key_replaced",
            Self::ChangedMeanwhile => "changed_meanwhile",
            Self::ExternalIdTaken => "external_id_taken",
            Self::PaymentUnderWay => "payment_under_way",
            Self::NoPaymentMethod => "no_payment_method",
            Self::Change(ChangeError::SamePrice) => "same_price",
            Self::Change(ChangeError::SameQuantity) => "same_quantity",
            Self::Change(ChangeError::AddOnUnavailable { .. }) => "add_on_unavailable",
            Self::Change(ChangeError::AddOnNotPriced { .. }) => "add_on_not_priced",
            Self::Change(ChangeError::TooManyAddOns) => "too_many_add_ons",
            Self::Change(ChangeError::CouponRedeemed) | Self::Code(CodeRefused::Redeemed) => "code_redeemed",
            Self::Change(ChangeError::TooManyDiscounts) => "too_many_discounts",
            Self::Code(CodeRefused::Unknown) => "code_unknown",
            Self::Code(CodeRefused::Expired) => "code_expired",
            Self::Code(CodeRefused::UsedUp) => "code_used_up",
            Self::Code(CodeRefused::FirstTimeOnly) => "code_first_time_only",
            Self::Code(CodeRefused::OtherPlan) => "code_other_plan",
            Self::Code(CodeRefused::OtherCurrency) => "code_other_currency",
            Self::Code(CodeRefused::BelowMinimum(_)) => "code_below_minimum",
            Self::CodeTaken => "code_taken",
            Self::Change(ChangeError::AwaitsPayment) => "change_awaits_payment",
            Self::Change(ChangeError::NothingPending) => "nothing_pending",
            Self::Change(ChangeError::NothingAgreed) => "nothing_agreed",
            Self::Change(ChangeError::Scheduled) => "change_scheduled",
            Self::Change(ChangeError::ScheduledByStaff) => "change_scheduled_by_staff",
            Self::Change(ChangeError::InvoiceOpen) => "invoice_open",
            Self::Change(ChangeError::ResumesTooEarly) => "resumes_too_early",
            Self::Change(_) => "not_changeable",
            Self::Target(_) => "target_refused",
            Self::AlertResolved => "alert_resolved",
            Self::EndpointOff => "endpoint_off",
            Self::TooManyEndpoints => "too_many_endpoints",
            Self::TooManyStandalone => "too_many_standalone",
            Self::EventConflict => "event_conflict",
            Self::Reservation(error) => error.code(),
            Self::Busy => "busy",
            Self::ClockRefused => "clock_refused",
            Self::TooMany => "too_many",
            Self::NotEmpty => "not_empty",
            Self::Preparing => "preparing",
            Self::Gateway(_) => "gateway_unavailable",
            Self::Store(_) => "storage_unavailable",
            Self::Queue => "queue_unavailable",
            Self::Money(_) => "amount_out_of_range",
            Self::OutOfBounds(_) => "out_of_bounds",
            Self::Internal(_) => "internal",
        }
    }

    /// The same again may well succeed: nothing is wrong with what was asked.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => error.is_transient(),
            Self::Gateway(error) => error.outcome_unknown(),
            Self::Queue | Self::PaymentUnderWay | Self::Busy => true,
            _ => false,
        }
    }

    /// Asked again after a moment, and after another look where a preview is old, it may be answered otherwise.
    pub fn passes(&self) -> bool {
        match self {
            Self::QuoteStale
            | Self::CatalogChanged
            | Self::Change(ChangeError::AwaitsPayment | ChangeError::InvoiceOpen) => true,
            _ => self.is_transient(),
        }
    }

    /// Told in the log once, where it came about, or not worth to be: many meet it at the same time.
    pub const fn is_told_elsewhere(&self) -> bool {
        let shared = matches!(self, Self::Store(store::Error::Shared { .. }));
        shared || matches!(self, Self::Preparing | Self::Busy)
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthenticated | Self::WrongCredentials => ErrorKind::Unauthenticated,
            Self::Forbidden => ErrorKind::Forbidden,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Invalid { .. } | Self::TaxId(_) | Self::Catalog(_) | Self::Money(_) | Self::Target(_) => {
                ErrorKind::Invalid
            }
            Self::Credit(CreditRefused::UnknownLine | CreditRefused::Twice | CreditRefused::NoLine)
            | Self::Credit(CreditRefused::Currency | CreditRefused::Part(PartRefused::Amount)) => {
                ErrorKind::Invalid
            }
            Self::EmailTaken
            | Self::CatalogChanged
            | Self::AlreadySubscribed
            | Self::Paused
            | Self::TrialUsed
            | Self::NoSubscription
            | Self::QuoteStale
            | Self::NothingDue
            | Self::InvoiceSettled
            | Self::InvoiceGivenBack
            | Self::Credit(_)
            | Self::KeyReused
            | Self::KeyReplaced
            | Self::ExternalIdTaken
            | Self::PaymentUnderWay
            | Self::NoPaymentMethod
            | Self::Change(_)
            | Self::Code(_)
            | Self::CodeTaken
            | Self::EventConflict
            | Self::AlertResolved
            | Self::EndpointOff
            | Self::TooManyEndpoints
            | Self::TooManyStandalone
            | Self::NotEmpty
            | Self::ClockRefused => ErrorKind::Conflict,
            Self::Reservation(error) if error.is_conflict() => ErrorKind::Conflict,
            Self::Reservation(_) => ErrorKind::Invalid,
            Self::ChangedMeanwhile => ErrorKind::Outdated,
            Self::TooMany => ErrorKind::TooMany,
            Self::Preparing | Self::Busy | Self::Gateway(_) | Self::Queue => ErrorKind::Unavailable,
            Self::Store(error) if error.is_transient() => ErrorKind::Unavailable,
            Self::Store(_) | Self::OutOfBounds(_) | Self::Internal(_) => ErrorKind::Internal,
        }
    }
}

const fn credit_code(refused: CreditRefused) -> &'static str {
    match refused {
        CreditRefused::Status(_) => "invoice_not_creditable",
        CreditRefused::TopUp => "top_up_not_creditable",
        CreditRefused::UnknownLine => "line_unknown",
        CreditRefused::CreditLine => "line_not_creditable",
        CreditRefused::Twice => "line_named_twice",
        CreditRefused::NoLine => "line_missing",
        CreditRefused::Currency => "currency_mismatch",
        CreditRefused::BeyondInvoice(_) => "beyond_invoice",
        CreditRefused::NothingLeft | CreditRefused::Part(PartRefused::NothingLeft) => "nothing_left",
        CreditRefused::Part(PartRefused::Amount) => "amount_not_positive",
        CreditRefused::Part(PartRefused::TooMuch(_)) => "beyond_line",
        CreditRefused::Part(PartRefused::TooSmall) => "amount_too_small",
        CreditRefused::Part(PartRefused::Money(_)) => "amount_out_of_range",
    }
}

impl From<CreateError> for Error {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::NoTrial => Self::TrialUsed,
            CreateError::TooLongAgo => Self::Invalid { field: "starts_at" },
            CreateError::Period(error) => Self::Change(ChangeError::Period(error)),
            CreateError::Line(error) => Self::Change(error),
        }
    }
}

impl From<TopUpError> for Error {
    fn from(error: TopUpError) -> Self {
        match error {
            TopUpError::Amount => Self::Invalid { field: "amount" },
            TopUpError::Money(error) => Self::Money(error),
            TopUpError::Period(error) => error.into(),
        }
    }
}

impl From<OneOffLineError> for Error {
    fn from(error: OneOffLineError) -> Self {
        match error {
            OneOffLineError::Money(error) => Self::Money(error),
            OneOffLineError::Period(error) => error.into(),
        }
    }
}

impl From<InvalidTransition> for Error {
    fn from(error: InvalidTransition) -> Self {
        Self::Change(ChangeError::Transition(error))
    }
}

impl From<PeriodError> for Error {
    fn from(error: PeriodError) -> Self {
        Self::Change(ChangeError::Period(error))
    }
}
