//! What the operators' pages say.

use billing::revenue::MovementKind;

pub const ADMIN: &str = "Admin";
pub const OVERVIEW: &str = "Overview";
pub const COUPONS: &str = "Coupons";
pub const SYSTEM: &str = "System";
pub const MAIL: &str = "Mail";

pub fn as_of(date: &str) -> String {
    format!("As of {date}")
}

// Overview.

pub const MRR: &str = "MRR";
pub const COLLECTED: &str = "Collected this month";
pub const OPEN: &str = "Open invoices";
pub const MONEY_NOW: &str = "Money now";
pub const TRIALING: &str = "Trialing";
pub const PAST_DUE: &str = "Past due subscriptions";
pub const MONTH: &str = "Month";
pub const NET_NEW: &str = "Net new";
pub const MRR_BY_MONTH: &str = "MRR by month";
pub const NO_REVENUE: &str = "No recurring revenue yet";
pub const NO_REVENUE_HINT: &str = "MRR and its movements appear with the first subscription that is paid.";
pub const MRR_FORMULA: &str = "MRR is the monthly value of recurring prices: a yearly price counts a twelfth, net of \
    current discounts, without usage, tax and one-off charges. Active, past due and suspended subscriptions count; \
    trialing, paused and unpaid ones do not. MRR at the start + movements = MRR at the end.";
pub const LAST_MOVEMENTS: &str = "Last movements";
pub const NO_MOVEMENTS: &str = "Nothing has moved MRR yet.";
pub const WHEN: &str = "When";
pub const CUSTOMER: &str = "Customer";
pub const PLAN: &str = "Plan";
pub const MOVEMENT: &str = "Movement";
pub const CHANGE: &str = "Change";
pub const CUSTOMER_MRR: &str = "Customer's MRR";
pub const OPERATIONS: &str = "Operations";
pub const JOBS_WAITING: &str = "Jobs waiting";
pub const PARKED: &str = "Customers set aside";
pub const PARKED_HINT: &str =
    "The billing run could not go on with them. See to the reason, then have it try again.";
pub const REASON: &str = "Reason";
pub const DUE_SINCE: &str = "Due since";
pub const TRY_AGAIN: &str = "Try again";

pub fn try_again_with(customer: &str) -> String {
    format!("Try again with {customer}")
}

pub const PARKED_NONE: &str = "The billing run goes on with every customer.";
pub const PARKED_SOME: &str = "The billing run cannot go on with them.";
pub const JOBS_NONE: &str = "Everything queued has run.";
pub const JOBS_SOME: &str = "Queued work that has not run yet.";
pub const ALL_WELL: &str = "All well";
pub const LOOK_AT_IT: &str = "Look at it";

pub fn invoices(count: u64) -> String {
    match count {
        1 => "1 invoice".to_owned(),
        count => format!("{count} invoices"),
    }
}

pub fn of_customers(count: u64) -> String {
    match count {
        1 => "of 1 customer".to_owned(),
        count => format!("of {count} customers"),
    }
}

pub const fn movement(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::New => "New",
        MovementKind::Expansion => "Expansion",
        MovementKind::Contraction => "Contraction",
        MovementKind::Churn => "Churn",
        MovementKind::Reactivation => "Reactivation",
    }
}

pub fn mrr_rose(since: &str, from: &str, to: &str) -> String {
    format!("Since {since}, MRR rose from {from} to {to}")
}

pub fn mrr_fell(since: &str, from: &str, to: &str) -> String {
    format!("Since {since}, MRR fell from {from} to {to}")
}

pub fn mrr_unchanged(since: &str, at: &str) -> String {
    format!("Since {since}, MRR has stayed at {at}")
}

// System.

pub const TEST_CLOCK: &str = "Test clock";
pub const BUSINESS_TIME: &str = "Business time";
pub const CLOCK_REAL: &str = "The same as real time";
pub const CLOCK_ONLY_SANDBOX: &str = "Only a sandbox has a clock that can be moved.";
pub const CLOCK_NOT_YOURS: &str = "Your role may look at the clock but not move it.";
pub const CLOCK_EFFECT: &str = "Everything due until then happens: renewals, ends of trials, payments, reminders. \
    The clock goes forward only.";
pub const PLUS_DAY: &str = "Plus one day";
pub const PLUS_MONTH: &str = "Plus one month";
pub const MOVE_TO: &str = "Move to (UTC)";
pub const MOVE: &str = "Move the clock";
pub const CLOCK_MOVING: &str = "The clock is moving";
pub const CLOCK_STOPPED: &str = "The clock stopped short";
pub const CLOCK_STOPPED_ADVICE: &str = "Move it again to go on from where it stands.";
pub const BOOKS: &str = "Do the books tie?";
pub const BOOKS_HINT: &str = "Recomputes invoices, the ledger, payments and MRR from the stored rows and names \
    whatever does not agree. It changes nothing.";
pub const CHECK_BOOKS: &str = "Check the books";
pub const CHECK_AGAIN: &str = "Check again";
pub const CHECK: &str = "Check";
pub const ROWS: &str = "Rows";
pub const RESULT: &str = "Result";
pub const TIES: &str = "Ties";
pub const FINDINGS: &str = "Findings";
pub const BOOKS_TIE: &str = "The books tie";

pub fn clock_ahead_by(span: &str) -> String {
    format!("Ahead of real time by {span}")
}

pub fn clock_progress(stands: &str, target: &str, processed: u64) -> String {
    let periods = match processed {
        1 => "1 billing period has".to_owned(),
        count => format!("{count} billing periods have"),
    };
    format!("It stands at {stands} and goes to {target}. {periods} ended on the way.")
}

pub fn books_differ(findings: usize) -> String {
    match findings {
        1 => "1 thing does not tie".to_owned(),
        count => format!("{count} things do not tie"),
    }
}

pub fn rows_checked(rows: &str) -> String {
    format!("{rows} rows were looked at.")
}

// Mail.

pub const SENT_MAIL: &str = "Sent mail";
pub const NO_MAIL: &str = "No mail yet";
pub const NO_MAIL_HINT: &str =
    "What the system writes to customers shows up here: invoices, receipts, reminders.";
pub const MAIL_HINT: &str = "The newest 100. Open one to read it as it was sent.";

pub fn mail_to(recipient: &str) -> String {
    format!("To {recipient}")
}
