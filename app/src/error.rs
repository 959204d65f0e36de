//! The one error of pages and server functions: a code that is safe to show, to send and to put in an address.

use serde::{Deserialize, Serialize};
use server_fn::codec::JsonEncoding;
use server_fn::error::{FromServerFnError, ServerFnErrorErr};

/// The words for each code stand in `text`; nothing else ever reaches a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[error("{}", self.code())]
pub enum AppError {
    Unauthenticated,
    Forbidden,
    NotFound,
    WrongCredentials,
    EmailTaken,
    Invalid,
    InvalidCompany,
    InvalidName,
    /// What somebody calls a thing.
    InvalidLabel,
    InvalidEmail,
    InvalidPassword,
    InvalidTimeZone,
    InvalidCatalog,
    CatalogChanged,
    InvalidMonth,
    InvalidRegion,
    InvalidTaxId,
    InvalidAmount,
    InvalidBudget,
    InvalidLevels,
    AlertResolved,
    InvalidChannel,
    TooManyChannels,
    TargetRefused,
    InvalidKinds,
    InvalidSince,
    EndpointOff,
    TooManyEndpoints,
    ChangedMeanwhile,
    InvalidExpiryDay,
    KeyReplaced,
    NoScope,
    AlreadySubscribed,
    Paused,
    TrialUsed,
    NoSubscription,
    QuoteStale,
    NothingDue,
    NoLine,
    NotCreditable,
    BeyondWhatIsLeft,
    NothingLeft,
    AmountTooSmall,
    PaymentUnderWay,
    NoPaymentMethod,
    SamePrice,
    SameQuantity,
    AddOnUnavailable,
    AddOnNotPriced,
    TooManyAddOns,
    ChangeAwaitsPayment,
    NothingPending,
    ChangeScheduled,
    ChangeScheduledByStaff,
    InvoiceOpen,
    ResumesTooEarly,
    NotChangeable,
    CodeUnknown,
    CodeExpired,
    CodeUsedUp,
    CodeRedeemed,
    CodeFirstTimeOnly,
    CodeOtherPlan,
    CodeOtherCurrency,
    CodeBelowMinimum,
    TooManyDiscounts,
    CodeTaken,
    EventConflict,
    KeyReused,
    ClockRefused,
    TooMany,
    Preparing,
    GatewayUnavailable,
    StorageUnavailable,
    AmountOutOfRange,
    /// The upgrade's payment was refused; the plan stayed as it was.
    ChangeDeclined,
    /// The hosted page did not take the card; the page says more where the bank did.
    CardDeclined,
    UnknownTestCard,
    InvalidExpiry,
    InvalidCvc,
    /// The browser could not reach the server.
    Offline,
    Internal,
}

use AppError::*;

impl AppError {
    pub const ALL: [Self; 82] = [
        Unauthenticated,
        Forbidden,
        NotFound,
        WrongCredentials,
        EmailTaken,
        Invalid,
        InvalidCompany,
        InvalidName,
        InvalidLabel,
        InvalidEmail,
        InvalidPassword,
        InvalidTimeZone,
        InvalidCatalog,
        CatalogChanged,
        InvalidMonth,
        InvalidRegion,
        InvalidTaxId,
        InvalidAmount,
        InvalidBudget,
        InvalidLevels,
        AlertResolved,
        InvalidChannel,
        TooManyChannels,
        TargetRefused,
        InvalidKinds,
        InvalidSince,
        EndpointOff,
        TooManyEndpoints,
        ChangedMeanwhile,
        InvalidExpiryDay,
        KeyReplaced,
        NoScope,
        AlreadySubscribed,
        Paused,
        TrialUsed,
        NoSubscription,
        QuoteStale,
        NothingDue,
        NoLine,
        NotCreditable,
        BeyondWhatIsLeft,
        NothingLeft,
        AmountTooSmall,
        PaymentUnderWay,
        NoPaymentMethod,
        SamePrice,
        SameQuantity,
        AddOnUnavailable,
        AddOnNotPriced,
        TooManyAddOns,
        ChangeAwaitsPayment,
        NothingPending,
        ChangeScheduled,
        ChangeScheduledByStaff,
        InvoiceOpen,
        ResumesTooEarly,
        NotChangeable,
        CodeUnknown,
        CodeExpired,
        CodeUsedUp,
        CodeRedeemed,
        CodeFirstTimeOnly,
        CodeOtherPlan,
        CodeOtherCurrency,
        CodeBelowMinimum,
        TooManyDiscounts,
        CodeTaken,
        EventConflict,
        KeyReused,
        ClockRefused,
        TooMany,
        Preparing,
        GatewayUnavailable,
        StorageUnavailable,
        AmountOutOfRange,
        ChangeDeclined,
        CardDeclined,
        UnknownTestCard,
        InvalidExpiry,
        InvalidCvc,
        Offline,
        Internal,
    ];

    #[expect(clippy::too_many_lines, reason = "a line for each")]
    pub const fn code(self) -> &'static str {
        match self {
            Unauthenticated => "unauthenticated",
            Forbidden => "forbidden",
            NotFound => "not_found",
            WrongCredentials => "wrong_credentials",
            EmailTaken => "email_taken",
            Invalid => "invalid",
            InvalidCompany => "invalid_company",
            InvalidName => "invalid_name",
            InvalidLabel => "invalid_label",
            InvalidEmail => "invalid_email",
            InvalidPassword => "invalid_password",
            InvalidTimeZone => "invalid_time_zone",
            InvalidCatalog => "invalid_catalog",
            CatalogChanged => "catalog_changed",
            InvalidMonth => "invalid_month",
            InvalidRegion => "invalid_region",
            InvalidTaxId => "invalid_tax_id",
            InvalidAmount => "invalid_amount",
            InvalidBudget => "invalid_budget",
            InvalidLevels => "invalid_levels",
            AlertResolved => "alert_resolved",
            InvalidChannel => "invalid_channel",
            TooManyChannels => "too_many_channels",
            TargetRefused => "target_refused",
            InvalidKinds => "invalid_kinds",
            InvalidSince => "invalid_since",
            EndpointOff => "endpoint_off",
            TooManyEndpoints => "too_many_endpoints",
            ChangedMeanwhile => "changed_meanwhile",
            InvalidExpiryDay => "invalid_expiry_day",
            KeyReplaced => "key_replaced",
            NoScope => "no_scope",
            AlreadySubscribed => "already_subscribed",
            Paused => "paused",
            TrialUsed => "trial_used",
            NoSubscription => "no_subscription",
            QuoteStale => "quote_stale",
            NothingDue => "nothing_due",
            NoLine => "no_line",
            NotCreditable => "not_creditable",
            BeyondWhatIsLeft => "beyond_what_is_left",
            NothingLeft => "nothing_left",
            AmountTooSmall => "amount_too_small",
            PaymentUnderWay => "payment_under_way",
            NoPaymentMethod => "no_payment_method",
            SamePrice => "same_price",
            SameQuantity => "same_quantity",
            AddOnUnavailable => "add_on_unavailable",
            AddOnNotPriced => "add_on_not_priced",
            TooManyAddOns => "too_many_add_ons",
            ChangeAwaitsPayment => "change_awaits_payment",
            NothingPending => "nothing_pending",
            ChangeScheduled => "change_scheduled",
            ChangeScheduledByStaff => "change_scheduled_by_staff",
            InvoiceOpen => "invoice_open",
            ResumesTooEarly => "resumes_too_early",
            NotChangeable => "not_changeable",
            CodeUnknown => "code_unknown",
            CodeExpired => "code_expired",
            CodeUsedUp => "code_used_up",
            CodeRedeemed => "code_redeemed",
            CodeFirstTimeOnly => "code_first_time_only",
            CodeOtherPlan => "code_other_plan",
            CodeOtherCurrency => "code_other_currency",
            CodeBelowMinimum => "code_below_minimum",
            TooManyDiscounts => "too_many_discounts",
            CodeTaken => "code_taken",
            EventConflict => "event_conflict",
            KeyReused => "key_reused",
            ClockRefused => "clock_refused",
            TooMany => "too_many",
            Preparing => "preparing",
            GatewayUnavailable => "gateway_unavailable",
            StorageUnavailable => "storage_unavailable",
            AmountOutOfRange => "amount_out_of_range",
            ChangeDeclined => "change_declined",
            CardDeclined => "card_declined",
            UnknownTestCard => "unknown_test_card",
            InvalidExpiry => "invalid_expiry",
            InvalidCvc => "invalid_cvc",
            Offline => "offline",
            Internal => "internal",
        }
    }

    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.code() == code)
    }

    /// Whether asking again is in vain until somebody signs in: the session is over, or another's by now.
    pub const fn needs_sign_in(self) -> bool {
        matches!(self, Unauthenticated | Forbidden)
    }

    /// Whether it says why a promotion code is not taken.
    pub const fn refuses_code(self) -> bool {
        matches!(
            self,
            CodeUnknown
                | CodeExpired
                | CodeUsedUp
                | CodeRedeemed
                | CodeFirstTimeOnly
                | CodeOtherPlan
                | CodeOtherCurrency
                | CodeBelowMinimum
                | TooManyDiscounts
        )
    }

    /// The HTTP status of a page or an answer that failed with it.
    pub const fn status(self) -> u16 {
        match self {
            Unauthenticated | WrongCredentials => 401,
            Forbidden => 403,
            NotFound => 404,
            Invalid | InvalidCompany | InvalidName | InvalidLabel | InvalidEmail | InvalidPassword
            | InvalidTimeZone | InvalidCatalog | InvalidMonth | InvalidRegion | InvalidTaxId
            | InvalidAmount | InvalidBudget | InvalidLevels | InvalidChannel | InvalidKinds
            | InvalidSince | InvalidExpiryDay | NoScope | TargetRefused | NoLine | UnknownTestCard
            | InvalidExpiry | InvalidCvc | AmountOutOfRange => 422,
            TooMany => 429,
            Preparing | GatewayUnavailable | StorageUnavailable | Offline => 503,
            Internal => 500,
            _ => 409,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Offline,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Invalid,
            // On the server this is the client's body, in the browser an answer that is not ours.
            ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => Invalid,
            _ => Internal,
        }
    }
}

/// The edge: what the use cases say becomes a code, and what a person cannot mend is logged.
#[cfg(feature = "ssr")]
impl From<service::Error> for AppError {
    fn from(error: service::Error) -> Self {
        use service::ErrorKind;
        if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) {
            tracing::error!(error = ?error, code = error.code(), "A page's use case failed: {error}");
        }
        match error {
            service::Error::Invalid { field } => invalid(field),
            service::Error::Credit(refused) => credit(refused),
            other => Self::parse(other.code()).unwrap_or(Internal),
        }
    }
}

#[cfg(feature = "ssr")]
const fn credit(refused: billing::credit::CreditRefused) -> AppError {
    use billing::credit::{CreditRefused, PartRefused};
    match refused {
        CreditRefused::Status(_) | CreditRefused::TopUp | CreditRefused::CreditLine => NotCreditable,
        CreditRefused::BeyondInvoice(_) | CreditRefused::Part(PartRefused::TooMuch(_)) => BeyondWhatIsLeft,
        CreditRefused::NothingLeft | CreditRefused::Part(PartRefused::NothingLeft) => NothingLeft,
        CreditRefused::Part(PartRefused::TooSmall) => AmountTooSmall,
        CreditRefused::Part(PartRefused::Money(_)) => AmountOutOfRange,
        CreditRefused::NoLine => NoLine,
        CreditRefused::UnknownLine
        | CreditRefused::Twice
        | CreditRefused::Currency
        | CreditRefused::Part(PartRefused::Amount) => Invalid,
    }
}

#[cfg(feature = "ssr")]
fn invalid(field: &str) -> AppError {
    match field {
        "company" => InvalidCompany,
        "name" => InvalidName,
        "email" => InvalidEmail,
        "password" => InvalidPassword,
        "time_zone" => InvalidTimeZone,
        "month" => InvalidMonth,
        "region" => InvalidRegion,
        "amount" => InvalidAmount,
        "levels" => InvalidLevels,
        "channels" => TooManyChannels,
        "slack_url" | "routing_key" => InvalidChannel,
        "kinds" => InvalidKinds,
        "scopes" => NoScope,
        _ => Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_travel_as_themselves() {
        for error in AppError::ALL {
            assert_eq!(AppError::parse(error.code()), Some(error));
            assert_eq!(
                serde_json::to_string(&error).unwrap(),
                format!("\"{}\"", error.code())
            );
            assert_eq!(AppError::de(error.ser()), error);
        }
        assert_eq!(AppError::parse("<script>"), None);
    }

    /// A server that is away for a moment must not send anybody to sign in.
    #[test]
    fn only_a_missing_session_needs_signing_in() {
        let needing: Vec<_> = AppError::ALL.into_iter().filter(|e| e.needs_sign_in()).collect();
        assert_eq!(needing, [Unauthenticated, Forbidden]);
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn knows_the_codes_of_the_use_cases() {
        use service::Error;
        assert_eq!(AppError::from(Error::QuoteStale), QuoteStale);
        assert_eq!(AppError::from(Error::NotFound("invoice")), NotFound);
        assert_eq!(AppError::from(Error::Invalid { field: "email" }), InvalidEmail);
        assert_eq!(AppError::from(Error::Invalid { field: "token" }), Invalid);
    }

    /// Each by its own words, and none by words that are said of anything else.
    #[cfg(feature = "ssr")]
    #[test]
    fn says_why_a_promotion_code_is_not_taken() {
        use billing::coupon::CodeRefused::*;
        use billing::money::{Currency, Money};
        use billing::subscription::ChangeError;
        use service::Error;
        let minimum = BelowMinimum(Money::new(10_000, Currency::USD));
        let refusals = [
            Unknown,
            Expired,
            UsedUp,
            Redeemed,
            FirstTimeOnly,
            OtherPlan,
            OtherCurrency,
            minimum,
        ];
        let refusals = refusals.map(Error::Code).into_iter();
        let too_many = Error::Change(ChangeError::TooManyDiscounts);
        let mut said: Vec<_> = refusals.chain([too_many]).map(AppError::from).collect();
        assert!(said.iter().all(|error| error.refuses_code()), "{said:?}");
        said.dedup();
        assert_eq!(said.len(), 9);
        assert!(!AppError::from(Error::TooMany).refuses_code());
        assert_eq!(AppError::from(Error::CodeTaken), CodeTaken);
    }
}
