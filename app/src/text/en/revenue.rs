//! What the figures of a month say: each with its formula, and the formula with the numbers put in.

use billing::revenue::MovementKind;

pub const MRR: &str = "MRR";
pub const ARR: &str = "ARR";
pub const PAYING: &str = "Paying customers";
pub const ARPA: &str = "ARPA";
pub const NET_NEW: &str = "Net new MRR";
pub const NRR: &str = "NRR";
pub const GRR: &str = "GRR";
pub const LOGO_CHURN: &str = "Logo churn";
pub const REVENUE_CHURN: &str = "Revenue churn";
pub const LTV: &str = "LTV";
pub const QUICK_RATIO: &str = "Quick ratio";

pub const NOT_SAID: &str = "n/a";
pub const FORMULA: &str = "Formula";
pub const THE_ROWS: &str = "The customers behind it";

pub const MRR_IS: &str = "Start + new + expansion + reactivation − contraction − churn";
pub const ARR_IS: &str = "MRR × 12";
pub const PAYING_IS: &str = "Customers at the start + who came − who left; a customer is who brings MRR";
pub const ARPA_IS: &str = "MRR ÷ paying customers";
pub const NET_NEW_IS: &str = "New + expansion + reactivation − contraction − churn";
pub const NRR_IS: &str = "(Start + expansion − contraction − churn) ÷ start, of the customers at the start";
pub const GRR_IS: &str = "(Start − contraction − churn) ÷ start, of the customers at the start";
pub const LOGO_CHURN_IS: &str = "Customers lost ÷ customers at the start";
pub const REVENUE_CHURN_IS: &str = "(Contraction + churn) ÷ start, of the customers at the start";
pub const LTV_IS: &str = "ARPA × gross margin ÷ revenue churn; none of it is rounded before the end";
pub const QUICK_RATIO_IS: &str = "(New + expansion + reactivation) ÷ (contraction + churn)";

pub const NO_START: &str = "There was no MRR at the start of the month, so nothing can be a part of it.";
pub const NO_PAYING: &str = "Nobody pays, so there is no average.";
pub const NO_LOSS: &str = "No MRR was lost in this month, so there is nothing to divide by.";
pub const NO_LIFETIME: &str =
    "No MRR was lost in this month, so nobody can say how long customers stay: there is no LTV.";

pub const ONCE_EACH: &str = "Months are of UTC. MRR, net new MRR and the quick ratio count every movement. NRR, GRR and both churns \
    count each customer at the start once: what they brought then against what they bring at the end. Who grew within \
    the month and left in it lost what they had at the start.";
pub const SO_FAR: &str = "The month still runs: it has gained and lost only what it did so far.";

pub fn gross_margin(margin: &str) -> String {
    format!("LTV counts a gross margin of {margin} (BILLING_GROSS_MARGIN).")
}

pub fn part_of_start(lost: &str, at_start: &str) -> String {
    format!("{lost} lost ÷ {at_start} at the start")
}

pub fn lives(at_start: &str, came: &str, left: &str) -> String {
    format!("{at_start} at the start + {came} came − {left} left")
}

pub fn equals(formula: &str, result: &str) -> String {
    format!("{formula} = {result}")
}

/// How a movement stands in a formula.
pub const fn term(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::New => "new",
        MovementKind::Expansion => "expansion",
        MovementKind::Contraction => "contraction",
        MovementKind::Churn => "churn",
        MovementKind::Reactivation => "reactivation",
    }
}

pub const START: &str = "start";

// The month that is shown.

pub const MONTHS: &str = "Months";
pub const THIS_MONTH: &str = "This month";

pub fn figures_of(month: &str) -> String {
    format!("Revenue in {month}")
}

pub fn so_far(month: &str) -> String {
    format!("{month}, so far")
}

pub fn to_month(month: &str) -> String {
    format!("Show {month}")
}

// The movements of the month.

pub const CHANGE: &str = "Change";
pub const STEP: &str = "Step";
pub const AMOUNT: &str = "Amount";
pub const NET: &str = "Net new MRR";
pub const MRR_NOW: &str = "MRR now";

pub fn movements_in(month: &str) -> String {
    format!("Movements in {month}")
}

pub fn mrr_on(date: &str) -> String {
    format!("MRR on {date}")
}

pub fn mrr_at_end_of(month: &str) -> String {
    format!("MRR at the end of {month}")
}

/// The finding of the waterfall: what happened, and what most of it was.
pub fn month_rose(month: &str, by: &str, from: &str, to: &str) -> String {
    format!("In {month}, MRR rose by {by}, from {from} to {to}")
}

pub fn month_fell(month: &str, by: &str, from: &str, to: &str) -> String {
    format!("In {month}, MRR fell by {by}, from {from} to {to}")
}

pub fn month_stayed(month: &str, at: &str) -> String {
    format!("In {month}, MRR ended where it began, at {at}")
}

pub fn most_of_it(gains: &str, losses: &str) -> String {
    format!(": {gains} gained, {losses} lost.")
}

pub fn scale_begins(at: &str) -> String {
    format!(" The scale begins at {at}.")
}

pub fn nothing_moved(month: &str, mrr: &str) -> String {
    format!("Nothing moved MRR in {month}. It is {mrr}.")
}

// The rows behind the figures.

pub const CUSTOMERS_BEHIND: &str = "Customers behind the figures";
pub const CUSTOMER: &str = "Customer";
pub const AT_START: &str = "At the start";
pub const AT_END: &str = "At the end";
pub const OTHERS_MOVED: &str = "Other customers that moved";
pub const DID_NOT_MOVE: &str = "Customers that did not move";
pub const ALL: &str = "All customers";

pub fn customers_moved(count: usize) -> String {
    match count {
        0 => "Nobody's MRR moved in this month.".to_owned(),
        1 => "Show the customer whose MRR moved".to_owned(),
        count => format!("Show the {count} customers whose MRR moved"),
    }
}
