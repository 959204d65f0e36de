//! Who a demo customer is and what they do on which day, as data.

use billing::credit::{CreditReason, PaidTo};
use billing::payment::dunning::DunningEnd;
use billing::period::{BillingTime, Interval, Zone};
use billing::subscription::{FeedbackReason, UnusedTime};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};

use crate::{Error, Result};

/// Cards of the sandbox, by what they do.
pub const GOOD_CARD: &str = "4242424242424242";
pub const OTHER_GOOD_CARD: &str = "5555555555554444";
/// Can be saved and is declined on every later charge.
pub const FAILING_CARD: &str = "4000000000000341";
/// Can be saved and is declined on the next two charges.
pub const WAVERING_CARD: &str = "4000000000000325";
/// Can be saved and is refused for good on every later charge.
pub const EXPIRING_CARD: &str = "4000000000000366";
/// The bank wants its owner to approve every charge.
pub const ASKING_CARD: &str = "4000002500003155";
/// Takes no money back.
pub const UNREFUNDABLE_CARD: &str = "4000000000005126";
/// Later charges succeed, and the answer that says so is lost.
pub const SILENT_CARD: &str = "4000000000000119";

/// What is bought, and paid with which card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    pub plan: &'static str,
    pub interval: Interval,
    pub card: &'static str,
}

/// What staff sets up; days count from the day of the deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub plan: &'static str,
    pub billing_time: BillingTime,
    pub starts_in: i32,
    pub ends_in: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Buy(Offer),
    /// The same with a promotion code.
    BuyWithCode(Offer, &'static str),
    /// A promotion code for the plan they have.
    Redeem(&'static str),
    /// Goes to the hosted page and leaves it.
    Abandon(Offer),
    /// A trial, with a card for its end or without.
    Try {
        plan: &'static str,
        card: Option<&'static str>,
    },
    /// An upgrade happens at once, a downgrade is scheduled.
    Change {
        plan: &'static str,
        interval: Interval,
    },
    /// An upgrade that the bank does not pay for.
    ChangeInVain {
        plan: &'static str,
    },
    /// More at once, fewer at the period's end.
    Seats(u32),
    /// So many of an add-on: more at once, fewer from the next period on.
    AddOn {
        key: &'static str,
        quantity: u32,
    },
    /// Staff sells a standalone plan beside the plan.
    Beside {
        plan: &'static str,
        interval: Interval,
    },
    UndoChange,
    Cancel(FeedbackReason),
    UndoCancel,
    CancelNow(UnusedTime),
    /// For so many days, or until it is ended.
    Pause {
        days: Option<u32>,
    },
    Resume,
    /// Saves another card; what is owed is tried on it.
    ReplaceCard(&'static str),
    /// Pays the oldest open invoice on its hosted page.
    PayInvoice(&'static str),
    /// Approves the charge that the bank asks about.
    Approve,
    /// Staff sets a subscription up.
    SetUp(Terms),
    /// Staff gives the trial so many more days from now.
    ExtendTrial {
        days: u32,
    },
    /// Staff bills something once, in whole units of the currency: on the next invoice or at once.
    OneOff {
        description: &'static str,
        price: i64,
        at_once: bool,
    },
    /// The host reports what was used so many days ago, of a month that is billed already.
    ReportLate {
        meter: &'static str,
        value: u32,
        days_ago: u32,
    },
    Credit(CreditDeed),
    /// Staff gives up the oldest open invoice.
    WriteOff,
    /// Staff takes it back.
    Void,
    /// Finance lets the customer pay within so many days.
    NetTerms {
        days: u16,
    },
    /// Finance lets the plan cost so many percent less from the next renewal on.
    AgreePrice {
        percent_off: u32,
    },
    /// The list price again, from the next renewal on.
    DropAgreedPrice,
    /// Finance agrees on what happens where nothing gets the customer to pay.
    DunningEnds(DunningEnd),
    /// Tells where the company is for tax, and its tax id.
    Locate {
        region: &'static str,
        tax_id: Option<&'static str>,
    },
    /// Staff has seen that it pays no tax.
    Exempt,
    /// Staff publishes a plan for this customer alone: this part of the catalog.
    Agree(&'static str),
}

/// Amounts are whole units of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditDeed {
    /// Buys some.
    TopUp(u32),
    /// Goes to the page that it is paid on and leaves it.
    AbandonTopUp(u32),
    /// Staff grants some for so many days.
    Promote { amount: u32, priority: u8, days: u32 },
    /// Staff gives back so many percent of each line of the newest invoice; a hundred are all that is left.
    GiveBack {
        percent: u32,
        paid_to: PaidTo,
        reason: CreditReason,
    },
}

/// Units a day; storage is what is added.
#[derive(Debug, Clone, Copy)]
pub struct Habit {
    pub chains: u32,
    pub deployments: u32,
    pub api_requests: u32,
    pub storage_gb_a_month: u32,
    /// Percent more each month, of what it was at first.
    pub growth: u32,
}

impl Habit {
    pub const fn growing(self, growth: u32) -> Self {
        Self { growth, ..self }
    }
}

pub const fn habit(chains: u32, deployments: u32, api_requests: u32, storage_gb_a_month: u32) -> Habit {
    Habit {
        chains,
        deployments,
        api_requests,
        storage_gb_a_month,
        growth: 0,
    }
}

/// The day that a story's days count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joins {
    /// So many days before the end of the history.
    Ago(u32),
    /// On the last 31st that is at least so long ago.
    On31st(u32),
    /// Half a year before the end; negative days count from the end.
    HalfYearAgo,
}

#[derive(Debug, Clone, Copy)]
pub struct Story {
    pub company: &'static str,
    pub person: &'static str,
    pub email: &'static str,
    pub zone: &'static str,
    /// Its usage of the last weeks is told hour by hour.
    pub featured: bool,
    pub habit: Habit,
    pub joins: Joins,
    /// On which day of the story, in order.
    pub life: &'static [(i32, Deed)],
}

/// In those who joined half a year ago everybody acts in the morning of UTC; others at their own offices' hours.
const MORNING_HOUR: u32 = 8;
const OFFICE_OPENS: u32 = 9;
const OFFICE_HOURS: u32 = 8;

impl Story {
    /// When a deed happens. Everybody has a minute of the hour to themselves, so that no two periods end at once
    /// and the order of what is billed is always the same.
    pub fn instant(&self, who: u32, day: i32, today: NaiveDate) -> Result<DateTime<Utc>> {
        let wrong = Error::Internal("a demo story's day");
        let first = match self.joins {
            Joins::Ago(days) => today.checked_sub_days(Days::new(days.into())),
            Joins::On31st(days) => today.checked_sub_days(Days::new(days.into())).and_then(last_31st),
            Joins::HalfYearAgo if day < 0 => Some(today),
            Joins::HalfYearAgo => today.checked_sub_months(Months::new(6)),
        };
        let distance = Days::new(day.unsigned_abs().into());
        let date = first.and_then(|first| match day < 0 {
            true => first.checked_sub_days(distance),
            false => first.checked_add_days(distance),
        });
        let (hour, zone) = match self.joins {
            Joins::HalfYearAgo => (MORNING_HOUR, Zone::UTC),
            _ => (OFFICE_OPENS + who % OFFICE_HOURS, self.zone()),
        };
        let local = date.and_then(|date| date.and_hms_opt(hour, who, 0));
        local.and_then(|local| zone.instant(local)).ok_or(wrong)
    }

    pub fn zone(&self) -> Zone {
        self.zone.parse().unwrap_or(Zone::UTC)
    }
}

/// Itself, where it is one.
fn last_31st(date: NaiveDate) -> Option<NaiveDate> {
    date.iter_days().rev().take(62).find(|day| day.day() == 31)
}
