//! Whether more of a meter may be used: what is used and reserved, held against what is granted.
//!
//! `allowed <=> used + reserved + more <= limit`, of the running values, in the order asked: whoever applies these
//! functions under a lock on the count never passes a hard limit by one.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Allowance, Enforcement, GrantedFeature, Terms};
use crate::subscription::{Access, Status, StatusName};

/// How long a soft limit may be passed.
pub const SOFT_GRACE: TimeDelta = TimeDelta::hours(24);
/// The part of a soft limit that may be used beyond it.
const SOFT_TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 1);
/// Percentages are cut to so many decimals, not rounded: 100 is the whole limit and nothing less.
const PERCENT_DECIMALS: u32 = 2;

/// Why something is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    LimitReached,
    NotInPlan,
    /// Also while paused or unpaid.
    Suspended,
    NoSubscription,
}

impl Reason {
    pub const ALL: [Self; 4] = [
        Self::LimitReached,
        Self::NotInPlan,
        Self::Suspended,
        Self::NoSubscription,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LimitReached => "limit_reached",
            Self::NotInPlan => "not_in_plan",
            Self::Suspended => "suspended",
            Self::NoSubscription => "no_subscription",
        }
    }
}

/// How near a limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    Warning,
    Critical,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// From which parts of a limit on usage is a matter of warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    pub warning: Decimal,
    pub critical: Decimal,
}

impl Default for Thresholds {
    /// 80 and 90 percent.
    fn default() -> Self {
        Self {
            warning: Decimal::from_parts(8, 0, 0, false, 1),
            critical: Decimal::from_parts(9, 0, 0, false, 1),
        }
    }
}

/// What is granted of a meter, and what happens at the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub limit: Allowance,
    pub enforcement: Enforcement,
}

/// Where a customer stands with a meter before anything is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// None where nothing is granted.
    pub quota: Option<Quota>,
    /// What stands against it whatever is used.
    pub refused: Option<Reason>,
}

impl Standing {
    pub const NO_SUBSCRIPTION: Self = Self {
        quota: None,
        refused: Some(Reason::NoSubscription),
    };

    pub fn of(status: Status, terms: &Terms<'_>, meter_key: &str) -> Self {
        let quota = terms.charge(meter_key).map(|granted| Quota {
            limit: granted.included,
            // Nobody pays for a trial: what it includes is all there is.
            enforcement: match status {
                Status::Trialing { .. } => Enforcement::Hard,
                _ => granted.charge.enforcement,
            },
        });
        match refused(status) {
            Some(Reason::NoSubscription) => Self::NO_SUBSCRIPTION,
            Some(reason) => Self {
                quota,
                refused: Some(reason),
            },
            None => Self {
                quota,
                refused: quota.is_none().then_some(Reason::NotInPlan),
            },
        }
    }

    /// Whether so much more may be used.
    pub fn allows(&self, count: &Count, more: Decimal, at: DateTime<Utc>) -> Result<(), Reason> {
        if let Some(reason) = self.refused {
            return Err(reason);
        }
        let quota = self.quota.ok_or(Reason::NotInPlan)?;
        let Allowance::Units(limit) = quota.limit else {
            return Ok(());
        };
        let total = count.with(more);
        let allowed = match quota.enforcement {
            Enforcement::Overage => true,
            Enforcement::Hard => total <= limit,
            Enforcement::Soft => total <= limit || (total <= tolerated(limit) && count.is_in_grace(at)),
        };
        allowed.then_some(()).ok_or(Reason::LimitReached)
    }

    /// Reserves the units where they are allowed, and notes when a soft limit was passed.
    pub fn hold(&self, count: &mut Count, units: Decimal, at: DateTime<Utc>) -> Result<(), Reason> {
        let held = self.allows(count, units, at);
        if held.is_ok() {
            count.reserved = count.reserved.saturating_add(units);
        }
        count.passed_at = self.passed_at(count, at);
        held
    }

    /// When a soft limit was passed that is passed now: the instant it was first seen so.
    pub fn passed_at(&self, count: &Count, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.quota? {
            Quota {
                limit: Allowance::Units(limit),
                enforcement: Enforcement::Soft,
            } if count.with(Decimal::ZERO) > limit => Some(count.passed_at.unwrap_or(at)),
            _ => None,
        }
    }

    /// The whole answer to whether so much more may be used.
    pub fn check(
        &self,
        count: &Count,
        more: Decimal,
        (at, reset_at): (DateTime<Utc>, Option<DateTime<Utc>>),
        thresholds: &Thresholds,
    ) -> Answer {
        let allowed = self.allows(count, more, at);
        self.answer(count, allowed, reset_at, thresholds)
    }

    /// The same of what was decided before.
    pub fn answer(
        &self,
        count: &Count,
        allowed: Result<(), Reason>,
        reset_at: Option<DateTime<Utc>>,
        thresholds: &Thresholds,
    ) -> Answer {
        let limit = self
            .quota
            .map_or(Allowance::Units(Decimal::ZERO), |quota| quota.limit);
        Answer {
            reason: allowed.err(),
            warning: warning(limit, count.used, thresholds),
            used: count.used,
            reserved: count.reserved,
            limit,
            reset_at: self.quota.and(reset_at),
        }
    }
}

/// What of a meter is gone already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub used: Decimal,
    /// Held for calls under way.
    pub reserved: Decimal,
    /// When a soft limit was passed.
    pub passed_at: Option<DateTime<Utc>>,
}

impl Count {
    /// All that is gone, and so much more.
    pub fn with(&self, more: Decimal) -> Decimal {
        self.used.saturating_add(self.reserved).saturating_add(more)
    }

    fn is_in_grace(&self, at: DateTime<Utc>) -> bool {
        self.passed_at.is_none_or(|passed| at < passed + SOFT_GRACE)
    }
}

/// What is said to whoever asks; allowed where there is no reason against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub reason: Option<Reason>,
    pub warning: Option<Severity>,
    pub used: Decimal,
    pub reserved: Decimal,
    /// 0 where nothing is granted.
    pub limit: Allowance,
    pub reset_at: Option<DateTime<Utc>>,
}

impl Answer {
    /// What was answered before to whoever was allowed.
    pub fn repeated(
        (used, reserved): (Decimal, Decimal),
        limit: Allowance,
        reset_at: Option<DateTime<Utc>>,
        thresholds: &Thresholds,
    ) -> Self {
        Self {
            reason: None,
            warning: warning(limit, used, thresholds),
            used,
            reserved,
            limit,
            reset_at,
        }
    }

    pub const fn allowed(&self) -> bool {
        self.reason.is_none()
    }

    /// What is neither used nor reserved; none where there is no end to it.
    pub fn remaining(&self) -> Option<Decimal> {
        let gone = self.used.saturating_add(self.reserved);
        let limit = self.limit.units()?;
        Some(limit.saturating_sub(gone).max(Decimal::ZERO))
    }

    /// Of the limit, cut to two decimals; none of an unlimited one, and none of nothing.
    pub fn usage_percentage(&self) -> Option<Decimal> {
        let limit = self.limit.units()?;
        let percentage = self.used.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(limit)?;
        Some(percentage.trunc_with_scale(PERCENT_DECIMALS).normalize())
    }
}

/// What of a feature is granted, in its own words; the reason where none is.
pub fn feature<'f>(status: Status, granted: &'f [GrantedFeature], key: &str) -> Result<&'f str, Reason> {
    if let Some(reason) = refused(status) {
        return Err(reason);
    }
    let granted = granted.iter().find(|granted| granted.feature.key == key);
    match granted.map(|granted| granted.feature.value.as_str()) {
        None | Some("false" | "no") => Err(Reason::NotInPlan),
        Some(value) => Ok(value),
    }
}

fn refused(status: Status) -> Option<Reason> {
    match (status.access(), status.name()) {
        (Access::Full, _) => None,
        (Access::ReadOnly, _) | (_, StatusName::Unpaid) => Some(Reason::Suspended),
        (Access::None, _) => Some(Reason::NoSubscription),
    }
}

/// All that may be used of a soft limit for a day.
pub fn tolerated(limit: Decimal) -> Decimal {
    limit.saturating_add(limit.saturating_mul(SOFT_TOLERANCE))
}

/// Of a limit of nothing, no part is near.
fn warning(limit: Allowance, used: Decimal, thresholds: &Thresholds) -> Option<Severity> {
    let limit = limit.units().filter(|limit| !limit.is_zero())?;
    let reached = |threshold: Decimal| used >= limit.saturating_mul(threshold);
    if reached(thresholds.critical) {
        Some(Severity::Critical)
    } else {
        reached(thresholds.warning).then_some(Severity::Warning)
    }
}
