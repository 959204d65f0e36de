//! Changing, pausing and ending a plan.

pub const TITLE: &str = "Plan";
pub const CURRENT: &str = "Current plan";
pub const CANCEL: &str = "Cancel subscription";
pub const PAUSE: &str = "Pause";
pub const CANCEL_HINT: &str = "Pausing and cancelling show dates and amounts before you confirm.";
pub const COMPARE: &str = "Compare plans";
pub const UPGRADE_HINT: &str = "Amounts and dates are shown before anything is charged.";
pub const CHOICES: &str = "Plans to choose from";

pub mod agreed {
    pub fn now(list: &str) -> String {
        format!("Agreed price; the list price is {list}.")
    }

    pub fn from(date: &str, amount: &str) -> String {
        format!("From {date}: {amount}, agreed price.")
    }

    pub fn ends(date: &str, amount: &str) -> String {
        format!("From {date}: {amount}, the list price.")
    }
}

pub mod change {
    pub const DUE_NOW: &str = "Due now";
    pub const NOTHING_DUE: &str = "Nothing is due now.";
    pub const DUE_CAPTION: &str = "What is billed now: credit for unused time, the new price, tax";
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

    pub const CONFIRM: &str = "Confirm";
    pub const COVERED: &str = "No card is charged: your credit pays for it.";
    pub const TOO_LITTLE: &str =
        "No card is charged now: what is due is too little, and is added to your next bill.";
    pub const NOTHING_CHARGED: &str = "No card is charged.";

    pub fn at_once(plan: &str, why: &str) -> String {
        format!("{why} {plan} begins at once.")
    }

    pub fn leaves_agreed(plan: &str, amount: &str) -> String {
        format!("The price agreed with you for {plan}, {amount}, ends with this change.")
    }

    pub const LEAVES_AGREED_ADD_ONS: &str =
        "Prices agreed with you for add-ons end with it: they cost their list prices.";

    pub fn sent(plan: &str, days: u16) -> String {
        let within = crate::text::en::portal::terms::within(days);
        format!("{plan} begins at once. You are sent an invoice, {within}; no card is charged.")
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

/// What is had beside the plan.
pub mod standalone {
    pub const TITLE: &str = "Beside your plan";
    pub const CANCEL: &str = "Cancel at period end";
    pub const KEEP: &str = "Keep it";

    pub fn several(quantity: &str, each: &str) -> String {
        format!("{quantity} × {each}")
    }

    pub fn starts(date: &str) -> String {
        format!("Starts on {date}")
    }

    pub fn renews(date: &str) -> String {
        format!("Renews on {date}")
    }

    pub fn ends(date: &str) -> String {
        format!("Ends on {date}")
    }

    pub fn cancel(name: &str) -> String {
        format!("Cancel {name} at period end")
    }

    pub fn keep(name: &str) -> String {
        format!("Keep {name}")
    }
}

pub mod add_on {
    pub const TITLE: &str = "Add-ons";
    pub const QUANTITY: &str = "How many";
    pub const PREVIEW: &str = "Preview";
    pub const UNDO: &str = "Undo";
    pub const DUE_CAPTION: &str = "What is billed now: the rest of the period, tax";
    pub const NEXT_CAPTION: &str = "The first full bill after the change, before usage";
    pub const CONFIRM_SCHEDULE: &str = "Schedule the change";
    pub const CONFIRM_TRIAL: &str = "Change it";
    pub const NO_CARD: &str = "There is no card on file: add one to pay for the add-on.";
    pub const IN_TRIAL: &str = "It is there at once. Your card is not charged before your trial ends.";

    pub fn of(name: &str) -> String {
        format!("of {name}")
    }

    pub fn preview_of(name: &str) -> String {
        format!("Preview {name}")
    }

    pub fn undo_of(name: &str) -> String {
        format!("Undo the change of {name}")
    }

    pub fn carried(quantity: &str) -> String {
        format!("You have {quantity}.")
    }

    pub fn ends(date: &str) -> String {
        format!("It ends on {date}.")
    }

    pub fn fewer(quantity: &str, date: &str) -> String {
        format!("From {date} on it is {quantity}.")
    }

    pub fn title(name: &str, from: &str, to: &str) -> String {
        format!("{name}: {from} to {to}")
    }

    pub fn upgrade(card: &str) -> String {
        format!(
            "{card} is charged now. It is there as soon as the payment succeeds; if it is declined, all stays as it is."
        )
    }

    pub fn at_once(why: &str) -> String {
        format!("{why} It is there at once.")
    }

    pub fn sent(days: u16) -> String {
        let within = crate::text::en::portal::terms::within(days);
        format!("It is there at once. You are sent an invoice, {within}; no card is charged.")
    }

    pub fn at_period_end(date: &str) -> String {
        format!(
            "It changes on {date}. Until then all stays as it is, and you can undo this at any time before."
        )
    }

    pub fn not_with(name: &str) -> String {
        format!(
            "{name} is not sold with it. Remove the add-on first: it then goes with the end of the period."
        )
    }
}

pub mod promotion {
    pub const TITLE: &str = "Promotions";
    pub const RUNNING: &str = "Promotions that run";
    pub const OTHER_PLAN: &str = "not with your present plan";
    pub const CODE: &str = "Promotion code";
    pub const HINT: &str = "It counts from your next bill on.";
    pub const REDEEM: &str = "Redeem";
}

pub mod granted {
    pub const TITLE: &str = "What you have";
    pub const CAPTION: &str = "What your plan, add-ons and agreements give";
    pub const WHAT: &str = "Of what";
    pub const HOW_MUCH: &str = "How much";
    pub const WHY: &str = "Because of";
    pub const DEFAULT: &str = "every plan";
    pub const PLAN: &str = "your plan";
    pub const ADD_ON: &str = "plan and add-ons";
    pub const AGREED: &str = "an agreement with us";
}

pub mod cancel {
    use billing::subscription::FeedbackReason;

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

    pub fn nothing_more_sent(date: &str) -> String {
        format!("After {date} no more invoices come for it; usage until then is billed once, on that day.")
    }

    pub fn trial(date: &str) -> String {
        format!("Your trial ends on {date}. Nothing was charged and nothing will be.")
    }

    pub const INVOICES_STAY: &str = "Your invoices stay here.";
    pub const NOW_TITLE: &str = "End it now";
    pub const UNPAID: &str =
        "It is stopped: nothing more is billed, and it can end at once. What is owed stays owed.";
    pub const PAUSED: &str = "It is paused: nothing is charged, and it can end at once.";
    pub const OR_NOW: &str = "Or end it now";
    pub const NOW: &str = "The plan stops working at once.";
    pub const NOW_WITH_CREDIT: &str =
        "The plan stops working at once. Credit stays yours and pays for what you buy later.";
    pub const CONFIRM_NOW: &str = "End it now";
    pub const WHY: &str = "Why do you leave?";
    pub const NO_REASON: &str = "I would rather not say";
    pub const COMMENT: &str = "Anything we should know";

    pub fn valid_until(time: &str) -> String {
        format!("These amounts hold until {time}.")
    }

    pub const fn reason(reason: FeedbackReason) -> &'static str {
        match reason {
            FeedbackReason::TooExpensive => "It costs too much",
            FeedbackReason::MissingFeatures => "Something is missing",
            FeedbackReason::SwitchedService => "I switched to another service",
            FeedbackReason::Unused => "I do not use it enough",
            FeedbackReason::CustomerService => "Support did not help",
            FeedbackReason::TooComplex => "It is too hard to use",
            FeedbackReason::LowQuality => "It does not work well enough",
            FeedbackReason::Other => "Something else",
        }
    }
}

pub mod stop {
    pub const BECOMES_CREDIT: &str = "becomes credit";
    pub const LESS_OWED: &str = "less is owed of your open invoice";
    pub const CREDIT_CAPTION: &str = "What was paid for and is not used, with its tax";
    pub const NOTHING_BACK: &str = "Nothing was paid for in advance, so nothing comes back.";
    pub const BILL: &str = "Billed now";
    pub const BILL_CAPTION: &str = "What is not billed yet, paid from credit first";

    pub fn charged(card: &str, amount: &str) -> String {
        format!("{card} is charged {amount} now.")
    }

    pub fn stays_open(amount: &str) -> String {
        format!("There is no card on file: {amount} stays to be paid on its invoice.")
    }

    pub fn left(amount: &str) -> String {
        format!("{amount} of credit then pays for your next invoices.")
    }
}

pub mod pause {
    pub const COMES_BACK: &str = "What comes back";
    pub const WHAT_HAPPENS: &str = "What happens";
    pub const NOTHING_CHARGED: &str = "Nothing is charged while it is paused, and access is read-only.";
    pub const NO_END: &str = "It stays paused until you go on.";
    pub const GOING_ON: &str = "Going on starts a new period that day, paid from your credit first.";
    pub const UNTIL_LABEL: &str = "Go on by itself on (optional)";
    pub const SET_DATE: &str = "Set the day";
    pub const CONFIRM: &str = "Pause now";
    pub const KEEP: &str = "Keep it running";

    pub fn title(plan: &str) -> String {
        format!("Pause {plan}?")
    }

    pub fn until(date: &str) -> String {
        format!("It goes on by itself on {date}; you can go on earlier.")
    }

    pub fn valid_until(time: &str) -> String {
        format!("These amounts hold until {time}.")
    }
}

pub mod resume {
    pub const CAPTION: &str = "The first period, with tax and what your credit pays";
    pub const NO_CARD: &str = "There is no card on file: add one to go on.";
    pub const CONFIRM: &str = "Go on";
    pub const COVERED: &str = "Your card is not charged: your credit pays for it.";
    pub const BACK: &str = "Stay paused";

    pub fn title(plan: &str) -> String {
        format!("Go on with {plan}?")
    }

    pub fn charged(card: &str) -> String {
        format!("{card} is charged now and the plan works at once.")
    }

    pub fn sent(days: u16) -> String {
        let within = crate::text::en::portal::terms::within(days);
        format!("The plan works at once. You are sent an invoice, {within}; no card is charged.")
    }

    pub fn confirm_and_pay(amount: &str) -> String {
        format!("Go on and pay {amount}")
    }

    pub fn renews(date: &str) -> String {
        format!("The next period begins on {date}.")
    }

    pub fn left(amount: &str) -> String {
        format!("{amount} of credit stays for later.")
    }
}
