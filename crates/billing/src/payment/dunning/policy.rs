//! The schedule: which step an unpaid invoice comes to, when, and what may be done there. Decided from values
//! alone, so that a page says beforehand what the billing run will do.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Pace, retries};
use crate::period::Zone;

/// What is done at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It was to be paid, and is not: the subscription is past due and its customer is told.
    Fail,
    /// The card is tried again.
    Retry,
    /// The customer is told a second time.
    Remind,
    /// The customer is told when access stops.
    Warn,
    /// Access is read-only from here on.
    Suspend,
    /// What the policy ends with.
    End,
}

impl Action {
    pub const ALL: [Self; 6] = [
        Self::Fail,
        Self::Retry,
        Self::Remind,
        Self::Warn,
        Self::Suspend,
        Self::End,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Retry => "retry",
            Self::Remind => "remind",
            Self::Warn => "warn",
            Self::Suspend => "suspend",
            Self::End => "end",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// Whether doing this makes that pointless: nobody is charged twice or written to twice at once, also where
    /// the program stood still for days.
    const fn overtakes(self, earlier: Self) -> bool {
        match earlier {
            Self::Retry => matches!(self, Self::Retry | Self::End),
            _ => !matches!(self, Self::Retry),
        }
    }
}

/// An action so many days after the first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Step {
    pub day: u32,
    pub action: Action,
}

const fn step(day: u32, action: Action) -> Step {
    Step { day, action }
}

/// Seven tries in two weeks, the first charge among them; card networks take it ill from fifteen in thirty days on.
const STEPS: [Step; 11] = [
    step(0, Action::Fail),
    step(1, Action::Retry),
    step(3, Action::Retry),
    step(3, Action::Remind),
    step(5, Action::Retry),
    step(7, Action::Retry),
    step(10, Action::Retry),
    step(10, Action::Warn),
    step(14, Action::Retry),
    step(14, Action::Suspend),
    step(30, Action::End),
];
/// From this day on the plan stays what it is until the debt is paid.
const CHANGES_BLOCKED_FROM: u32 = 5;
/// Whatever else begins tries, an invoice is never tried more often by itself.
const MAX_TRIES: usize = 8;
const TRIES_WITHIN: TimeDelta = TimeDelta::days(60);
/// When banks and the card's owner are awake.
const OPENS: NaiveTime = hour(9);
const CLOSES: NaiveTime = hour(17);
/// What follows from a day's retry waits for its outcome.
const AFTER_THE_RETRY: TimeDelta = TimeDelta::hours(1);

const fn hour(hour: u32) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, 0, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}

impl Step {
    /// When it is to be taken: by the calendar of the customer, at the time of day of the failure, moved into
    /// office hours.
    pub fn at(self, began_at: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
        match self.action {
            Action::Fail => began_at,
            Action::Retry => days_after(began_at, self.day, zone),
            Action::Remind | Action::Warn | Action::Suspend | Action::End => {
                days_after(began_at, self.day, zone) + AFTER_THE_RETRY
            }
        }
    }
}

fn days_after(began_at: DateTime<Utc>, days: u32, zone: Zone) -> DateTime<Utc> {
    let local = zone.local(began_at);
    let day = retries(local.date(), Pace::AfterFirst(&[days]))
        .into_iter()
        .next();
    day.and_then(|day| in_hours(day, local.time(), zone))
        .unwrap_or(began_at + TimeDelta::days(days.into()))
}

/// A zone may skip what a day's hours are, or the whole day: then the next open hour.
fn in_hours(day: NaiveDate, time: NaiveTime, zone: Zone) -> Option<DateTime<Utc>> {
    let at = zone.instant(day.and_time(time.clamp(OPENS, CLOSES)))?;
    let there = zone.local(at);
    if there.time() < OPENS {
        return zone.instant(there.date().and_time(OPENS));
    }
    if there.time() > CLOSES {
        return zone.instant(there.date().succ_opt()?.and_time(OPENS));
    }
    Some(at)
}

/// What is done about a subscription whose debt is not paid in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DunningEnd {
    /// It ends; what is billed and not served is given back.
    #[default]
    Cancel,
    /// It stays without service and is billed no more, until its debt is paid.
    Unpaid,
    /// It stays as it is, suspended, and is billed on.
    Keep,
}

impl DunningEnd {
    pub const ALL: [Self; 3] = [Self::Cancel, Self::Unpaid, Self::Keep];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Unpaid => "unpaid",
            Self::Keep => "keep",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.as_str() == text)
    }
}

/// Whether a card can be charged for the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// None is on file, or the invoice was sent and is paid by hand.
    None,
    /// It was declined for good, or only its owner can carry a payment on.
    Refused,
    Usable,
}

/// What happened to an invoice so far.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// When it first failed, or is to be paid at the latest.
    pub began_at: DateTime<Utc>,
    pub zone: Zone,
    pub taken: &'a [Step],
    /// When a saved card was tried for it.
    pub tries: &'a [DateTime<Utc>],
    pub card: Card,
}

impl History<'_> {
    fn may_charge(&self, at: DateTime<Utc>) -> bool {
        let recent = self.tries.iter().filter(|try_at| **try_at > at - TRIES_WITHIN);
        self.card == Card::Usable && recent.count() < MAX_TRIES
    }

    /// The steps that are not taken, in order, each with its instant.
    fn ahead(&self) -> impl Iterator<Item = (Step, DateTime<Utc>)> + '_ {
        let ahead = STEPS.into_iter().filter(|step| !self.taken.contains(step));
        ahead.map(|step| (step, step.at(self.began_at, self.zone)))
    }
}

/// What comes next for an invoice that is not paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Due(Due),
    Later(DateTime<Utc>),
    /// Every step was taken.
    Over,
}

/// A step whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub step: Step,
    pub at: DateTime<Utc>,
    /// Whether the card is charged.
    pub charges: bool,
    /// Whether the customer is told.
    pub tells: bool,
}

/// One step at a time, in order.
pub fn next(history: &History<'_>, now: DateTime<Utc>) -> Next {
    let mut ahead = history.ahead();
    let Some((step, at)) = ahead.next() else {
        return Next::Over;
    };
    if at > now {
        return Next::Later(at);
    }
    let overtaken = ahead.any(|(later, at)| at <= now && later.action.overtakes(step.action));
    let retries = step.action == Action::Retry;
    Next::Due(Due {
        step,
        at,
        charges: retries && !overtaken && history.may_charge(now),
        tells: !retries && !overtaken,
    })
}

/// What will happen by itself, as the customer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// When the card is tried next.
    pub retry_at: Option<DateTime<Utc>>,
    pub suspended_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// From when on the plan stays what it is.
    pub changes_blocked_at: DateTime<Utc>,
}

impl Outlook {
    /// What happens first of what is told of two invoices.
    #[must_use]
    pub fn first(self, other: Self) -> Self {
        let first = |a: Option<DateTime<Utc>>, b| a.into_iter().chain(b).min();
        Self {
            retry_at: first(self.retry_at, other.retry_at),
            suspended_at: first(self.suspended_at, other.suspended_at),
            ended_at: first(self.ended_at, other.ended_at),
            changes_blocked_at: self.changes_blocked_at.min(other.changes_blocked_at),
        }
    }
}

pub fn outlook(history: &History<'_>) -> Outlook {
    let ahead = |action| history.ahead().find(|(step, _)| step.action == action);
    let retry_at = ahead(Action::Retry).map(|(_, at)| at);
    Outlook {
        retry_at: retry_at.filter(|at| history.may_charge(*at)),
        suspended_at: ahead(Action::Suspend).map(|(_, at)| at),
        ended_at: ahead(Action::End).map(|(_, at)| at),
        changes_blocked_at: days_after(history.began_at, CHANGES_BLOCKED_FROM, history.zone),
    }
}
