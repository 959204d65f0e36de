//! Typed, prefixed identities over UUIDs. They are minted by the service, never here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is not an identity of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {expected}_ id")]
pub struct InvalidId {
    pub expected: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.as_simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse(text, $prefix).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    )*};
}

ids! {
    CustomerId = "cus";
    MemberId = "mem";
    StaffId = "stf";
    ApiKeyId = "key";
    PlanId = "plan";
    PlanVersionId = "plv";
    PriceId = "price";
    MeterId = "mtr";
    SubscriptionId = "sub";
    SubscriptionItemId = "si";
    InvoiceId = "inv";
    InvoiceLineId = "il";
    OneOffId = "one";
    CouponId = "cou";
    CampaignId = "cam";
    PromotionCodeId = "promo";
    RedemptionId = "red";
    CreditNoteId = "cn";
    CreditNoteLineId = "cl";
    CreditGrantId = "cg";
    PaymentMethodId = "pm";
    /// Also the idempotency key under which the gateway knows the charge.
    PaymentAttemptId = "pay";
    /// Also the idempotency key under which the gateway knows the refund.
    RefundId = "ref";
    CheckoutSessionId = "cs";
    PostingId = "post";
    MovementId = "mov";
    AuditEntryId = "aud";
    OutboxEventId = "evt";
    MailId = "mail";
    GrantId = "grant";
    PortalLinkId = "ps";
    WebhookEndpointId = "we";
    WebhookSecretId = "ws";
    WebhookDeliveryId = "wd";
    AlertId = "alt";
    AlertChannelId = "ach";
    AlertNotificationId = "anot";
}

/// One spelling only: the prefix, an underscore and 32 lower-case hexadecimal digits.
fn parse(text: &str, expected: &'static str) -> Result<Uuid, InvalidId> {
    let invalid = InvalidId { expected };
    let hex = text
        .strip_prefix(expected)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(invalid)?;
    if hex.len() != 32 || hex.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(invalid);
    }
    Uuid::try_parse(hex).map_err(|_| invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints_and_refuses_other_kinds() {
        let id = InvoiceId::from_uuid(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "inv_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        let foreign = CustomerId::from_uuid(Uuid::from_u128(7)).to_string();
        assert_eq!(foreign.parse::<InvoiceId>(), Err(InvalidId { expected: "inv" }));
        for text in [
            "",
            "inv_",
            "inv_7",
            "inv_0000000000000000000000000000000G",
            "INV_00000000000000000000000000000007",
        ] {
            assert_eq!(
                text.parse::<InvoiceId>(),
                Err(InvalidId { expected: "inv" }),
                "{text}"
            );
        }
    }
}
