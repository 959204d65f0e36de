//! Promotion codes: what a customer types, and whether it may be redeemed.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Discount, Duration};
use crate::id::{CampaignId, CouponId, PlanId, PromotionCodeId};
use crate::money::{Currency, Money};

/// Few enough to be typed.
const MAX_LENGTH: usize = 40;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a promotion code is of 3 to {MAX_LENGTH} letters, digits, dashes and underscores")]
pub struct InvalidCode;

/// A code as it is compared: in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Code(String);

impl Code {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = InvalidCode;

    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        let text = text.trim();
        let of_code = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let fits = (3..=MAX_LENGTH).contains(&text.len()) && text.chars().all(of_code);
        fits.then(|| Self(text.to_ascii_uppercase())).ok_or(InvalidCode)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is taken off, how often, and of which plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    pub id: CouponId,
    pub name: String,
    pub discount: Discount,
    pub duration: Duration,
    pub plans: Option<Vec<PlanId>>,
}

/// Under which terms a code gives its coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromotionCode {
    pub id: PromotionCodeId,
    pub code: Code,
    pub coupon: Coupon,
    pub campaign: Option<CampaignId>,
    pub limits: CodeLimits,
    pub is_active: bool,
    /// How often it was redeemed; what was given back does not count.
    pub redeemed: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeLimits {
    pub max_redemptions: Option<u32>,
    /// Only of customers who never paid.
    pub first_time: bool,
    /// Of what is billed at least.
    pub minimum: Option<Money>,
    /// From this instant on it is not taken any more.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Who wants to redeem a code, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub plan: PlanId,
    /// Before discounts and tax.
    pub amount: Money,
    pub ever_paid: bool,
    /// How often this customer redeemed this coupon already.
    pub redeemed: u32,
    pub now: DateTime<Utc>,
}

/// Why a code is not taken. What depends on other customers is said in no more words than that it is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeRefused {
    #[error("there is no such promotion code")]
    Unknown,
    #[error("the promotion code has expired")]
    Expired,
    #[error("the promotion code is used up")]
    UsedUp,
    #[error("the promotion code was redeemed before")]
    Redeemed,
    #[error("the promotion code is for new customers")]
    FirstTimeOnly,
    #[error("the promotion code is for another plan")]
    OtherPlan,
    #[error("the promotion code is for another currency")]
    OtherCurrency,
    #[error("the promotion code is for at least {0}")]
    BelowMinimum(Money),
}

impl PromotionCode {
    /// What stands for a code that nobody made: it is checked as every other is, and never taken.
    pub fn unknown(code: Code) -> Self {
        Self {
            id: PromotionCodeId::from_uuid(Uuid::nil()),
            code,
            coupon: Coupon {
                id: CouponId::from_uuid(Uuid::nil()),
                name: String::new(),
                discount: Discount::Amount(Money::zero(Currency::USD)),
                duration: Duration::Once,
                plans: None,
            },
            campaign: None,
            limits: CodeLimits::default(),
            is_active: false,
            redeemed: 0,
        }
    }

    /// Whether the candidate may redeem it now. How often it may be redeemed in all is decided where it is counted.
    pub fn check(&self, candidate: Candidate) -> Result<(), CodeRefused> {
        if !self.is_active {
            return Err(CodeRefused::Unknown);
        }
        if self.limits.expires_at.is_some_and(|end| end <= candidate.now) {
            return Err(CodeRefused::Expired);
        }
        if self
            .limits
            .max_redemptions
            .is_some_and(|most| self.redeemed >= most)
        {
            return Err(CodeRefused::UsedUp);
        }
        if candidate.redeemed > 0 {
            return Err(CodeRefused::Redeemed);
        }
        if self.limits.first_time && candidate.ever_paid {
            return Err(CodeRefused::FirstTimeOnly);
        }
        if self
            .coupon
            .plans
            .as_ref()
            .is_some_and(|plans| !plans.contains(&candidate.plan))
        {
            return Err(CodeRefused::OtherPlan);
        }
        let currency = candidate.amount.currency();
        if self.currency().is_some_and(|own| own != currency) {
            return Err(CodeRefused::OtherCurrency);
        }
        match self.limits.minimum {
            Some(minimum) if minimum.currency() != currency => Err(CodeRefused::OtherCurrency),
            Some(minimum) if candidate.amount.minor() < minimum.minor() => {
                Err(CodeRefused::BelowMinimum(minimum))
            }
            _ => Ok(()),
        }
    }

    const fn currency(&self) -> Option<Currency> {
        match self.coupon.discount {
            Discount::Percent(_) => None,
            Discount::Amount(amount) => Some(amount.currency()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Percent;
    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn plan(n: u128) -> PlanId {
        PlanId::from_uuid(Uuid::from_u128(n))
    }

    fn code() -> PromotionCode {
        PromotionCode {
            id: PromotionCodeId::from_uuid(Uuid::from_u128(1)),
            code: "launch-20".parse().unwrap(),
            coupon: Coupon {
                id: CouponId::from_uuid(Uuid::from_u128(1)),
                name: "Launch".to_owned(),
                discount: Discount::Percent(Percent::new(20.into()).unwrap()),
                duration: Duration::Once,
                plans: None,
            },
            campaign: None,
            limits: CodeLimits::default(),
            is_active: true,
            redeemed: 0,
        }
    }

    fn candidate() -> Candidate {
        Candidate {
            plan: plan(1),
            amount: usd(19_900),
            ever_paid: true,
            redeemed: 0,
            now: utc("2026-04-01T00:00:00Z"),
        }
    }

    #[test]
    fn codes_are_compared_in_one_case() {
        assert_eq!(" Launch-20\n".parse::<Code>().unwrap().as_str(), "LAUNCH-20");
        for wrong in ["", "ab", "a b c", "é-20", "a'; --", &"x".repeat(41)] {
            assert_eq!(wrong.parse::<Code>(), Err(InvalidCode), "{wrong}");
        }
    }

    #[test]
    fn each_limit_is_named() {
        let refused = |limits: CodeLimits| PromotionCode { limits, ..code() }.check(candidate());
        assert_eq!(code().check(candidate()), Ok(()));
        let until = |at| CodeLimits {
            expires_at: Some(utc(at)),
            ..CodeLimits::default()
        };
        assert_eq!(refused(until("2026-04-01T00:00:01Z")), Ok(()));
        assert_eq!(refused(until("2026-04-01T00:00:00Z")), Err(CodeRefused::Expired));
        let first_time = CodeLimits {
            first_time: true,
            ..CodeLimits::default()
        };
        assert_eq!(refused(first_time), Err(CodeRefused::FirstTimeOnly));
        let at_least = |minimum| CodeLimits {
            minimum: Some(minimum),
            ..CodeLimits::default()
        };
        assert_eq!(refused(at_least(usd(19_900))), Ok(()));
        assert_eq!(
            refused(at_least(usd(19_901))),
            Err(CodeRefused::BelowMinimum(usd(19_901)))
        );
        let yen = Money::new(1, "JPY".parse().unwrap());
        assert_eq!(refused(at_least(yen)), Err(CodeRefused::OtherCurrency));
        let used_up = PromotionCode {
            limits: CodeLimits {
                max_redemptions: Some(3),
                ..CodeLimits::default()
            },
            redeemed: 3,
            ..code()
        };
        assert_eq!(used_up.check(candidate()), Err(CodeRefused::UsedUp));
        let again = Candidate {
            redeemed: 1,
            ..candidate()
        };
        assert_eq!(code().check(again), Err(CodeRefused::Redeemed));
        let retired = PromotionCode {
            is_active: false,
            ..code()
        };
        assert_eq!(retired.check(candidate()), Err(CodeRefused::Unknown));
        let mut other = code();
        other.coupon.plans = Some(vec![plan(2)]);
        assert_eq!(other.check(candidate()), Err(CodeRefused::OtherPlan));
        other.coupon.plans = None;
        other.coupon.discount = Discount::Amount(yen);
        assert_eq!(other.check(candidate()), Err(CodeRefused::OtherCurrency));
    }
}
