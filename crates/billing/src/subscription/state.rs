//! The states of a subscription, the data each carries, and the one table of legal moves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::AddOnTime;
use crate::catalog::Price;
use crate::coupon::Redemption;
use crate::id::{CustomerId, InvoiceId, PlanId, PriceId, SubscriptionId, SubscriptionItemId};
use crate::period::{BillingTime, Period};
use crate::tax::Tax;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a subscription cannot go from {from:?} to {to:?}")]
pub struct InvalidTransition {
    pub from: StatusName,
    pub to: StatusName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The customer, or staff for them, asked for it.
    Requested,
    /// The first invoice was never paid.
    Expired,
    Superseded,
    Ended,
    /// Dunning ran out.
    Unpaid,
}

impl CancelReason {
    pub const ALL: [Self; 5] = [
        Self::Requested,
        Self::Expired,
        Self::Superseded,
        Self::Ended,
        Self::Unpaid,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Ended => "ended",
            Self::Unpaid => "unpaid",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Where a subscription stands, with what only that state has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Pending {
        starts_at: DateTime<Utc>,
    },
    /// Waits for its first payment until `expires_at`.
    Incomplete {
        expires_at: DateTime<Utc>,
    },
    Trialing {
        ends_at: DateTime<Utc>,
    },
    Active,
    PastDue {
        since: DateTime<Utc>,
    },
    Paused {
        since: DateTime<Utc>,
        /// Goes on by itself then; for ever where none is said.
        resume_at: Option<DateTime<Utc>>,
    },
    Suspended {
        since: DateTime<Utc>,
    },
    Unpaid {
        since: DateTime<Utc>,
    },
    Canceled {
        reason: CancelReason,
        at: DateTime<Utc>,
    },
}

/// A status without its data: what tables, filters and pages speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusName {
    Pending,
    Incomplete,
    Trialing,
    Active,
    PastDue,
    Paused,
    Suspended,
    Unpaid,
    Canceled,
}

impl StatusName {
    /// Active, past due and suspended subscriptions make up MRR; trials, paused and unpaid ones do not.
    pub const fn counts_as_recurring(self) -> bool {
        matches!(self, Self::Active | Self::PastDue | Self::Suspended)
    }

    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Incomplete,
        Self::Trialing,
        Self::Active,
        Self::PastDue,
        Self::Paused,
        Self::Suspended,
        Self::Unpaid,
        Self::Canceled,
    ];

    /// Every legal move, each of them made by a decision of this module; no other exists.
    pub const EDGES: [(Self, Self); 22] = [
        (Self::Pending, Self::Active),
        (Self::Pending, Self::Canceled),
        (Self::Incomplete, Self::Active),
        (Self::Incomplete, Self::Canceled),
        (Self::Trialing, Self::Active),
        (Self::Trialing, Self::Paused),
        (Self::Trialing, Self::Canceled),
        (Self::Active, Self::PastDue),
        (Self::Active, Self::Paused),
        (Self::Active, Self::Canceled),
        (Self::PastDue, Self::Active),
        (Self::PastDue, Self::Suspended),
        (Self::PastDue, Self::Canceled),
        (Self::Suspended, Self::Active),
        (Self::Suspended, Self::Unpaid),
        (Self::Suspended, Self::Canceled),
        (Self::Paused, Self::Active),
        (Self::Paused, Self::PastDue),
        (Self::Paused, Self::Canceled),
        (Self::Unpaid, Self::Active),
        (Self::Unpaid, Self::Paused),
        (Self::Unpaid, Self::Canceled),
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Incomplete => "incomplete",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Unpaid => "unpaid",
            Self::Canceled => "canceled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl Status {
    pub const fn name(self) -> StatusName {
        match self {
            Self::Pending { .. } => StatusName::Pending,
            Self::Incomplete { .. } => StatusName::Incomplete,
            Self::Trialing { .. } => StatusName::Trialing,
            Self::Active => StatusName::Active,
            Self::PastDue { .. } => StatusName::PastDue,
            Self::Paused { .. } => StatusName::Paused,
            Self::Suspended { .. } => StatusName::Suspended,
            Self::Unpaid { .. } => StatusName::Unpaid,
            Self::Canceled { .. } => StatusName::Canceled,
        }
    }

    /// Only the decisions of this module move a subscription.
    pub(super) fn to(self, next: Self) -> Result<Self, InvalidTransition> {
        let (from, to) = (self.name(), next.name());
        if StatusName::EDGES.contains(&(from, to)) {
            Ok(next)
        } else {
            Err(InvalidTransition { from, to })
        }
    }

    /// The same for a decision that makes sense from some states only.
    pub(super) fn move_from(self, states: &[StatusName], next: Self) -> Result<Self, InvalidTransition> {
        let (from, to) = (self.name(), next.name());
        if states.contains(&from) {
            self.to(next)
        } else {
            Err(InvalidTransition { from, to })
        }
    }

    /// Active, past due and suspended subscriptions make up MRR; trials, paused and unpaid ones do not.
    pub const fn counts_as_recurring(self) -> bool {
        self.name().counts_as_recurring()
    }

    /// Not all that is due is paid: once it is, that ends.
    pub const fn is_behind(self) -> bool {
        matches!(
            self,
            Self::PastDue { .. } | Self::Suspended { .. } | Self::Unpaid { .. }
        )
    }

    pub const fn is_live(self) -> bool {
        !matches!(self, Self::Canceled { .. })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    Plan,
    AddOn,
    Seats,
}

impl ItemKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::AddOn => "add_on",
            Self::Seats => "seats",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Plan, Self::AddOn, Self::Seats]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// One price a subscription carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionItem {
    pub id: SubscriptionItemId,
    pub kind: ItemKind,
    pub plan: PlanId,
    pub price: Price,
    pub quantity: u32,
    /// Of an add-on: how many it is from the next billing period on; at 0 it goes.
    pub next_quantity: Option<u32>,
    /// What it costs from the next billing period on, where staff agreed on that or took it back.
    pub next_price: Option<Price>,
}

impl SubscriptionItem {
    /// What the next billing period is billed at.
    pub fn price_to_come(&self) -> Price {
        self.next_price.unwrap_or(self.price)
    }

    /// Whether the next billing period is billed for it.
    pub fn goes_on(&self) -> bool {
        self.next_quantity != Some(0)
    }
}

/// How many of an add-on a change that waits for its payment leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnChange {
    /// The item that carries it, or is to.
    pub item: SubscriptionItemId,
    pub plan: PlanId,
    pub price: PriceId,
    pub quantity: u32,
}

/// At most one change waits at a time; a new one replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PendingChange {
    /// A downgrade: takes effect at the end of the billing period and can be undone.
    AtPeriodEnd {
        plan: PlanId,
        price: PriceId,
        /// As it is where none is said.
        #[serde(default)]
        quantity: Option<u32>,
        at: DateTime<Utc>,
        /// Scheduled by staff: only they take it back.
        #[serde(default)]
        by_staff: bool,
    },
    /// An upgrade: takes effect, as of the quoted instant, once its invoice is paid.
    AwaitingPayment {
        plan: PlanId,
        price: PriceId,
        #[serde(default)]
        quantity: Option<u32>,
        /// Where more of an add-on is what is paid for: the plan stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        add_on: Option<AddOnChange>,
        quoted_at: DateTime<Utc>,
        invoice: InvoiceId,
        expires_at: DateTime<Utc>,
        /// The downgrade it replaces if it is paid, and that stands again if it is not.
        #[serde(default)]
        replaces: Option<Downgrade>,
    },
}

/// A change that waits for the end of the billing period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downgrade {
    pub plan: PlanId,
    pub price: PriceId,
    pub quantity: Option<u32>,
    pub at: DateTime<Utc>,
    #[serde(default)]
    pub by_staff: bool,
}

impl PendingChange {
    /// Whether only staff may take it back.
    pub const fn is_by_staff(self) -> bool {
        matches!(self, Self::AtPeriodEnd { by_staff: true, .. })
    }

    pub const fn downgrade(self) -> Option<Downgrade> {
        match self {
            Self::AtPeriodEnd {
                plan,
                price,
                quantity,
                at,
                by_staff,
            } => Some(Downgrade {
                plan,
                price,
                quantity,
                at,
                by_staff,
            }),
            Self::AwaitingPayment { .. } => None,
        }
    }
}

impl From<Downgrade> for PendingChange {
    fn from(downgrade: Downgrade) -> Self {
        let Downgrade {
            plan,
            price,
            quantity,
            at,
            by_staff,
        } = downgrade;
        Self::AtPeriodEnd {
            plan,
            price,
            quantity,
            at,
            by_staff,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub customer: CustomerId,
    /// Of a standalone plan, beside the customer's main one: it counts no usage.
    pub standalone: bool,
    pub status: Status,
    /// Moves on with every save; quotes name the version they were made for.
    pub version: u32,
    pub items: Vec<SubscriptionItem>,
    pub billing_time: BillingTime,
    /// The instant that periods run from: the start, the end of the trial or of a pause, a change of interval.
    pub anchor: DateTime<Utc>,
    /// What the base price was last charged for; a trial's span while trialing.
    pub billing_period: Period,
    /// The month usage is counted in; of a standalone plan the billing period. A plan paid by the week has several
    /// billing periods in one.
    pub usage_period: Period,
    /// Of the present usage period: how long add-ons were carried in another number than now.
    pub add_on_time: Vec<AddOnTime>,
    pub cancel_at: Option<DateTime<Utc>>,
    /// The end of a fixed term: nothing is billed beyond it.
    pub ends_at: Option<DateTime<Utc>>,
    pub pending_change: Option<PendingChange>,
    /// Coupons that discount its invoices, in the order they were redeemed.
    pub discounts: Vec<Redemption>,
    /// Taxes that its prices held when they were last billed: MRR is without them.
    pub included_taxes: Vec<Tax>,
    pub created_at: DateTime<Utc>,
}

impl Subscription {
    /// The item that carries the plan.
    pub fn plan_item(&self) -> Option<&SubscriptionItem> {
        self.items.iter().find(|item| item.kind == ItemKind::Plan)
    }

    /// Paused because its trial ended without a card: nothing was ever paid. Any other pause begins before the
    /// period's end, and goes on where it was.
    pub fn is_paused_trial(&self) -> bool {
        matches!(self.status, Status::Paused { since, .. } if since == self.billing_period.end())
    }

    pub fn add_ons(&self) -> impl Iterator<Item = &SubscriptionItem> {
        self.items.iter().filter(|item| item.kind == ItemKind::AddOn)
    }

    /// How many of the plan: seats.
    pub fn quantity(&self) -> u32 {
        self.plan_item().map_or(1, |item| item.quantity)
    }

    /// The invoice of an upgrade that waits for its payment.
    pub const fn awaited_invoice(&self) -> Option<InvoiceId> {
        match self.pending_change {
            Some(PendingChange::AwaitingPayment { invoice, .. }) => Some(invoice),
            _ => None,
        }
    }

    /// The part of the present usage period that is over at an instant; none before its start.
    pub fn counted_until(&self, at: DateTime<Utc>) -> Option<Period> {
        Period::new(self.usage_period.start(), at.min(self.usage_period.end())).ok()
    }

    /// What of the present billing period is served: a fixed term may end before it does.
    pub fn served_period(&self) -> Option<Period> {
        let (start, end) = (self.billing_period.start(), self.billing_period.end());
        Period::new(start, self.ends_at.map_or(end, |term| term.min(end))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_stored_before_there_were_add_ons_reads_back() {
        let json = r#"{"kind": "awaiting_payment", "plan": "plan_00000000000000000000000000000001",
            "price": "price_00000000000000000000000000000002", "quoted_at": "2026-04-01T00:00:00Z",
            "invoice": "inv_00000000000000000000000000000003", "expires_at": "2026-04-01T23:00:00Z"}"#;
        let change: PendingChange = serde_json::from_str(json).unwrap();
        let PendingChange::AwaitingPayment { add_on, quantity, .. } = change else {
            panic!("{change:?}")
        };
        assert_eq!((add_on, quantity), (None, None));
        let written = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<PendingChange>(&written).unwrap(), change);
    }

    #[test]
    fn canceled_is_final_and_names_read_back() {
        assert!(
            StatusName::EDGES
                .iter()
                .all(|(from, _)| *from != StatusName::Canceled)
        );
        for name in StatusName::ALL {
            assert_eq!(StatusName::parse(name.as_str()), Some(name));
        }
    }
}
