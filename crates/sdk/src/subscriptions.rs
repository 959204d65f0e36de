//! `/v1/subscriptions`: what a customer is subscribed to, and how that changes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::invoices::Draft;
use crate::money::Amount;
use crate::plans::Price;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscription {
    /// `sub_...`.
    pub id: String,
    pub customer: String,
    /// pending, incomplete, trialing, active, past_due, paused, suspended, unpaid or canceled.
    pub status: String,
    /// full, read_only or none: what the customer may do with what it is subscribed to.
    pub access: String,
    pub plan: SubscribedPlan,
    pub price: Price,
    /// How many of the plan: seats.
    pub quantity: u32,
    /// Beside the customer's plan, with periods of its own.
    pub standalone: bool,
    pub add_ons: Vec<SubscribedAddOn>,
    /// What the price was charged for last; a trial's span while trialing.
    pub billing_period: Period,
    /// The month that usage is counted in.
    pub usage_period: Period,
    /// While it is trialing.
    pub trial: Option<Trial>,
    /// Since when, and when it goes on by itself, while it is paused.
    pub pause: Option<Pause>,
    /// It ends then, at the end of what is paid for.
    pub cancel_at: Option<DateTime<Utc>>,
    /// The end of a fixed term.
    pub ends_at: Option<DateTime<Utc>>,
    /// When and why it ended.
    pub canceled: Option<Canceled>,
    pub pending_change: Option<PendingChange>,
    pub created_at: DateTime<Utc>,
    /// Moves on with every change.
    pub version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscribedPlan {
    /// `plan_...`.
    pub id: String,
    pub key: String,
    pub name: String,
    pub version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscribedAddOn {
    /// `plan_...`.
    pub plan: String,
    pub price: Price,
    pub quantity: u32,
}

/// From its start up to its end, the end not included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Period {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trial {
    pub ends_at: DateTime<Utc>,
    /// Begun days count.
    pub remaining_days: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    pub since: DateTime<Utc>,
    pub resume_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Canceled {
    pub at: DateTime<Utc>,
    /// requested, expired, superseded, ended or unpaid.
    pub reason: String,
}

/// A change that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PendingChange {
    /// For the end of the billing period.
    AtPeriodEnd { price: String, at: DateTime<Utc> },
    /// For the payment of its invoice.
    AwaitingPayment {
        price: String,
        invoice: String,
        expires_at: DateTime<Utc>,
    },
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateSubscription {
    /// `cus_...`.
    pub customer: String,
    /// `price_...`; or else the plan and the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// The key of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// week, month, quarter, half_year or year; month where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// Of a standalone plan; 1 where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
    pub quantity: Option<u32>,
    /// Begin with a trial of so many days, of a plan that has trials. A customer has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 730))]
    pub trial_days: Option<u32>,
    /// Later than now, or earlier: then what was served since is billed at once. Now where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// The end of a fixed term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
}

/// Another price, or another quantity of the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PreviewChange {
    /// `price_...`; or else the plan and the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000))]
    pub quantity: Option<u32>,
}

/// What a change comes to. Confirming its token in time charges exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePreview {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    /// upgrade: charged and in effect now. at_period_end: in effect then. in_trial: in effect now, nothing to pay.
    pub kind: String,
    /// When it takes effect, where that is later.
    pub at: Option<DateTime<Utc>>,
    pub from: SubscribedPlan,
    pub to: SubscribedPlan,
    pub price: String,
    /// What is due now; without lines where nothing is.
    pub due_now: Draft,
    pub next_bill: Option<NextBill>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextBill {
    pub at: DateTime<Utc>,
    pub invoice: Draft,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Of the preview.
    pub token: String,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    pub outcome: Outcome,
    pub subscription: Subscription,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// In effect.
    Applied { invoice: Option<String> },
    /// Takes effect then.
    Scheduled { at: DateTime<Utc> },
    /// The card wants its owner: send them there.
    RequiresAction { url: String },
    /// The bank refused; everything stays as it was.
    Declined { code: String },
    /// The provider has not answered yet.
    Processing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CancelAt {
    /// With the end of what is paid for; it can be taken back until then.
    PeriodEnd,
    Now,
}

/// What becomes of time that is paid for and not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unused {
    Credit,
    Forfeit,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    pub at: CancelAt,
    /// Of an end now: credit where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused: Option<Unused>,
    /// too_expensive, missing_features, switched_service, unused, customer_service, too_complex, low_quality or other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 1_000))]
    pub comment: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PauseUntil {
    /// Goes on by itself then; where none is said, when asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<DateTime<Utc>>,
}

/// What stopping gave back and billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stopped {
    /// Given back as credit.
    pub credited: Option<Amount>,
    /// The last bill; without lines where there is nothing.
    pub billed: Draft,
    pub subscription: Subscription,
}
