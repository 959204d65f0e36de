//! Changing and ending a plan.

pub const TITLE: &str = "Plan";
pub const CURRENT: &str = "Current plan";
pub const CANCEL: &str = "Cancel subscription";
pub const CANCEL_HINT: &str = "Ends with what is paid for; you see the date before you confirm.";
pub const COMPARE: &str = "Compare plans";
pub const UPGRADE_HINT: &str = "Amounts and dates are shown before anything is charged.";
pub const CHOICES: &str = "Plans to choose from";

pub mod change {
    pub const DUE_NOW: &str = "Due now";
    pub const NOTHING_DUE: &str = "Nothing is due now.";
    pub const DUE_CAPTION: &str = "What is charged now: credit for unused time, the new price, tax";
    pub const NEXT_BILL: &str = "Next bill";
    pub const NEXT_BILL_NOTE: &str = "before usage";
    pub const NEXT_CAPTION: &str = "The first full bill after the change, before usage";
    pub const NO_NEXT_BILL: &str = "The subscription ends before another bill comes.";
    pub const CONFIRM_SCHEDULE: &str = "Schedule the change";
    pub const CONFIRM_TRIAL: &str = "Change plan";
    pub const BACK: &str = "Back without changing";
    pub const LIMITS: &str = "Mind the limits";
    pub const NO_CARD: &str = "There is no card on file: add one to pay for the upgrade.";

    pub fn title(from: &str, to: &str) -> String {
        format!("{from} to {to}")
    }

    pub fn interval_title(plan: &str, interval: &str) -> String {
        format!("{plan}, paid by the {interval}")
    }

    pub fn confirm_and_pay(amount: &str) -> String {
        format!("Confirm and pay {amount}")
    }

    pub fn upgrade(plan: &str, card: &str) -> String {
        format!(
            "{card} is charged now. {plan} begins as soon as the payment succeeds; if it is declined, your plan stays as it is."
        )
    }

    pub fn at_period_end(to: &str, from: &str, date: &str) -> String {
        format!(
            "{to} begins on {date}. Until then {from} stays as it is, and you can undo this at any time before."
        )
    }

    pub fn in_trial(plan: &str) -> String {
        format!("Your trial goes on with {plan} until its end. Your card is not charged before.")
    }

    pub fn valid_until(time: &str) -> String {
        format!("These amounts hold until {time}.")
    }
}

pub mod cancel {
    pub const CONFIRM: &str = "Cancel subscription";
    pub const KEEP: &str = "Keep it";
    pub const WHAT_HAPPENS: &str = "What happens";
    pub const WHAT_IF: &str = "You can undo this until then, on the page of your plan.";

    pub fn title(plan: &str) -> String {
        format!("Cancel {plan}?")
    }

    pub fn until(plan: &str, date: &str) -> String {
        format!("{plan} works until {date}: what you paid for is yours.")
    }

    pub fn nothing_more(date: &str) -> String {
        format!(
            "After {date} the card is not charged for it again; usage until then is billed once, on that day."
        )
    }

    pub fn trial(date: &str) -> String {
        format!("Your trial ends on {date}. Nothing was charged and nothing will be.")
    }

    pub const INVOICES_STAY: &str = "Your invoices stay here.";
}
