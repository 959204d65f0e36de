//! Lives of those to whom something is given back.

use billing::credit::{CreditReason, PaidTo};
use billing::subscription::FeedbackReason;

use super::{buy_with, buy_with_code, buy_year, located};
use crate::demo::story::Deed::{Cancel, Credit, PayInvoice};
use crate::demo::story::{CreditDeed, Deed, EXPIRING_CARD, OTHER_GOOD_CARD, UNREFUNDABLE_CARD};

/// The renewal is declined; of its invoice half is given back, and the rest is paid by hand.
pub const fn pays_by_hand(plan: &'static str, day: i32) -> [(i32, Deed); 3] {
    [
        (0, buy_with(plan, EXPIRING_CARD)),
        (day - 1, gives_back(50, PaidTo::Card, CreditReason::Other)),
        (day, PayInvoice(OTHER_GOOD_CARD)),
    ]
}

const fn gives_back(percent: u32, paid_to: PaidTo, reason: CreditReason) -> Deed {
    Credit(CreditDeed::GiveBack {
        percent,
        paid_to,
        reason,
    })
}

/// A part of the first bill goes back to the card, a part becomes credit; all of a later one, which credit had paid a
/// part of, is both.
pub const fn is_given_back(code: &'static str) -> [(i32, Deed); 5] {
    [
        (0, located("CH")),
        (0, buy_with_code("enterprise", code)),
        (8, gives_back(25, PaidTo::Card, CreditReason::OrderChange)),
        (
            20,
            gives_back(10, PaidTo::Credit, CreditReason::OrderCancellation),
        ),
        (45, gives_back(100, PaidTo::Card, CreditReason::DuplicatedCharge)),
    ]
}

/// A year whose price holds its tax, of which some goes back.
pub const fn complains(region: &'static str) -> [(i32, Deed); 3] {
    let back = gives_back(10, PaidTo::Card, CreditReason::ProductUnsatisfactory);
    [(0, located(region)), (0, buy_year("enterprise")), (100, back)]
}

/// Money that could not go back is credit.
pub const fn leaves(plan: &'static str, day: i32, why: FeedbackReason) -> [(i32, Deed); 3] {
    let back = gives_back(50, PaidTo::Card, CreditReason::FraudulentCharge);
    [
        (0, buy_with(plan, UNREFUNDABLE_CARD)),
        (day / 2, back),
        (day, Cancel(why)),
    ]
}
