//! Why a bank said no, and what follows from it.

use std::borrow::Cow;
use std::fmt;

/// The provider's code as it came. The set is open: banks invent codes, and one that is unknown today must
/// neither fail to parse nor be lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeclineCode(Cow<'static, str>);

/// What can be done about a decline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclineKind {
    /// May pass on another day.
    Soft,
    /// The network failed, not the card: worth one quick retry.
    Technical,
    /// Only the customer can carry it on.
    Authentication,
    /// This payment method will never pay: ask for another one.
    Hard,
    /// As hard, and the customer must not be told why.
    Fraud,
}

impl DeclineKind {
    /// Trying the card again without its owner is of no use.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Authentication | Self::Hard | Self::Fraud)
    }
}

impl DeclineCode {
    pub const CARD_DECLINED: Self = Self::known("card_declined");
    pub const INSUFFICIENT_FUNDS: Self = Self::known("insufficient_funds");
    pub const EXPIRED_CARD: Self = Self::known("expired_card");
    pub const AUTHENTICATION_FAILED: Self = Self::known("authentication_failed");

    const fn known(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    pub fn new(code: impl Into<String>) -> Self {
        Self(Cow::Owned(code.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An unknown code counts as soft: a dunning schedule ends by itself, a customer wrongly told to replace
    /// a working card does not come back.
    pub fn kind(&self) -> DeclineKind {
        match self.as_str() {
            "processing_error" => DeclineKind::Technical,
            "authentication_required" | "authentication_not_handled" | "authentication_failed" => {
                DeclineKind::Authentication
            }
            "fraudulent" | "merchant_blacklist" | "highest_risk_level" => DeclineKind::Fraud,
            "card_not_supported"
            | "currency_not_supported"
            | "expired_card"
            | "incorrect_cvc"
            | "incorrect_number"
            | "invalid_account"
            | "invalid_expiry_month"
            | "invalid_expiry_year"
            | "live_mode_test_card"
            | "lost_card"
            | "new_account_information_available"
            | "not_permitted"
            | "pickup_card"
            | "previously_declined_do_not_retry"
            | "restricted_card"
            | "revocation_of_all_authorizations"
            | "revocation_of_authorization"
            | "security_violation"
            | "stolen_card"
            | "stop_payment_order"
            | "transaction_not_allowed" => DeclineKind::Hard,
            _ => DeclineKind::Soft,
        }
    }
}

impl fmt::Display for DeclineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_can_be_done() {
        let kind = |code: &str| DeclineCode::new(code).kind();
        assert_eq!(DeclineCode::EXPIRED_CARD.kind(), DeclineKind::Hard);
        assert_eq!(DeclineCode::INSUFFICIENT_FUNDS.kind(), DeclineKind::Soft);
        assert_eq!(
            DeclineCode::AUTHENTICATION_FAILED.kind(),
            DeclineKind::Authentication
        );
        assert_eq!(kind("processing_error"), DeclineKind::Technical);
        assert_eq!(kind("fraudulent"), DeclineKind::Fraud);
        assert_eq!(kind("invented_by_some_bank"), DeclineKind::Soft);
        assert_eq!(DeclineCode::new("expired_card"), DeclineCode::EXPIRED_CARD);
    }
}
