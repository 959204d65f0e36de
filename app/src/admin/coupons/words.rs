//! Coupons and codes in words.

use billing::coupon::Duration;
use billing::period::Zone;
use chrono::{DateTime, TimeDelta, Utc};
use service::CodeRow;

use crate::format;
use crate::text::en::coupons as t;
use crate::ui::Tone;

pub fn lasts(duration: Duration) -> String {
    match duration {
        Duration::Once => t::ONCE.to_owned(),
        Duration::Periods(periods) => t::periods(periods),
        Duration::Months(months) => t::months(months),
        Duration::Forever => t::FOREVER.to_owned(),
    }
}

pub fn plans(plans: Option<&[String]>) -> String {
    plans.map_or_else(|| t::ALL_PLANS.to_owned(), |plans| plans.join(", "))
}

pub fn count(count: u64) -> String {
    format::quantity(count.into())
}

pub fn redeemed(code: &CodeRow) -> String {
    match code.limits.max_redemptions {
        Some(most) => t::of_most(&count(code.redeemed), &count(most.into())),
        None => count(code.redeemed),
    }
}

pub fn terms(code: &CodeRow) -> String {
    let limits = &code.limits;
    // The last day ends with the instant it expires at.
    let last = limits.expires_at.map(|end| end - TimeDelta::nanoseconds(1));
    let terms = [
        limits.first_time.then(|| t::NEW_CUSTOMERS.to_owned()),
        limits.minimum.map(|minimum| t::least(&format::money(minimum))),
        last.map(|last| t::until(&format::date(last, Zone::UTC))),
    ];
    let terms: Vec<String> = terms.into_iter().flatten().collect();
    if terms.is_empty() {
        t::NO_TERMS.to_owned()
    } else {
        terms.join(", ")
    }
}

/// Whether anybody could redeem it now.
pub fn state(code: &CodeRow, now: DateTime<Utc>) -> (Tone, &'static str) {
    let limits = &code.limits;
    let used_up = limits
        .max_redemptions
        .is_some_and(|most| code.redeemed >= u64::from(most));
    match (code.is_active, limits.expires_at.is_some_and(|end| end <= now)) {
        (false, _) => (Tone::Neutral, t::RETIRED),
        (true, true) => (Tone::Neutral, t::EXPIRED),
        (true, false) if used_up => (Tone::Neutral, t::USED_UP),
        (true, false) => (Tone::Success, t::ACTIVE),
    }
}
