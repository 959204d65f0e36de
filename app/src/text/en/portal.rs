//! The customer's own pages.

pub mod overview {
    pub const TITLE: &str = "Overview";
    pub const NO_PLAN: &str = "No plan yet";
    pub const NO_PLAN_HINT: &str = "Choose a plan to start building. A trial costs nothing before its end.";
    pub const ENDED_HINT: &str = "Your invoices stay here. Choose a plan to start again.";
    pub const CHOOSE_PLAN: &str = "Choose a plan";
    pub const GO_ON: &str = "Go on";
    pub const END_IT: &str = "End it";
    pub const CHANGE_PLAN: &str = "Change plan";

    pub const NEXT_BILL: &str = "Next bill";
    pub const NO_NEXT_BILL: &str = "Nothing will be billed.";
    pub const NO_NEXT_BILL_TRIAL: &str =
        "Nothing will be billed: without a card the plan pauses when the trial ends.";
    pub const SO_FAR: &str = "with usage as of now";
    pub const BILL_LINES: &str = "What makes up the next bill";
    pub const USAGE: &str = "Usage";
    pub const CUSTOMER_ID: &str = "Reported for customer";
    pub const UNTIL: &str = "counts anew on";
    pub const UNLIMITED: &str = "unlimited";
    pub const NONE_INCLUDED: &str = "none included";
    pub const AS_NOW: &str = "the present level; it does not start anew";
    pub const LAST_30_DAYS: &str = "over the last 30 days";
    pub const FULL: &str = "the plan's limit is reached";
    pub const CARD: &str = "Card on file";
    pub const ADD_CARD: &str = "Add card";
    pub const REPLACE_CARD: &str = "Replace";
    pub const NO_CARD: &str = "No card on file.";
    pub const LAST_INVOICES: &str = "Last invoices";
    pub const ALL_INVOICES: &str = "All invoices";
    pub const NO_INVOICES: &str = "No invoice yet. The first one appears with the first charge.";
    pub const PAY_NOW: &str = "Pay now";
    pub fn pay_first(amount: &str, invoice: &str) -> String {
        format!("Pay {amount} of {invoice}")
    }
    pub fn charged_at_once(amount: &str) -> String {
        format!("Another card is charged {amount} at once: what is owed.")
    }
    pub const UNDO: &str = "Undo";
    pub const KEEP_PLAN: &str = "Keep plan";

    pub fn credit(amount: &str) -> String {
        format!("You have {amount} of credit: it pays first")
    }

    pub fn ended(plan: &str) -> String {
        format!("Your {plan} plan has ended")
    }

    pub fn price(plan: &str, amount: &str, interval: &str) -> String {
        format!("{plan}, {amount} per {interval}")
    }

    pub fn projected(amount: &str) -> String {
        format!("about {amount} by the end of the period")
    }

    pub fn of(used: &str, included: &str) -> String {
        format!("{used} of {included}")
    }

    pub fn over(beyond: &str, price: &str) -> String {
        format!("{beyond} beyond what is included, {price}")
    }
}

pub mod status {
    pub const PENDING: &str = "Starts later";
    pub const INCOMPLETE: &str = "Awaiting payment";
    pub const TRIALING: &str = "Trial";
    pub const ACTIVE: &str = "Active";
    pub const PAST_DUE: &str = "Past due";
    pub const PAUSED: &str = "Paused";
    pub const SUSPENDED: &str = "Suspended";
    pub const UNPAID: &str = "Unpaid";
    pub const CANCELED: &str = "Canceled";

    pub fn trial_left(days: i64) -> String {
        match days {
            0 => "Your trial ends today".to_owned(),
            1 => "1 day of trial left".to_owned(),
            days => format!("{days} days of trial left"),
        }
    }

    pub fn trial_then(date: &str, amount: &str) -> String {
        format!(
            "On {date} your card is charged {amount} and the plan goes on. Cancel before and nothing is charged."
        )
    }

    pub fn trial_no_card(date: &str) -> String {
        format!("Add a card before {date}, or the plan pauses. Nothing is charged before.")
    }

    pub fn trial_then_sent(date: &str, amount: &str, days: u16) -> String {
        format!(
            "On {date} you are sent an invoice over {amount}, {}, and the plan goes on. Cancel before and nothing is \
             billed.",
            super::terms::within(days)
        )
    }

    pub const PAUSED_TITLE: &str = "Your plan is paused";
    pub const PAUSED_DETAIL: &str =
        "The trial ended without a card. Add one to go on; nothing is charged meanwhile.";
    pub const PAUSED_BY_CHOICE: &str = "Nothing is charged until you go on; your credit pays first then.";
    pub fn paused_until(date: &str) -> String {
        format!("It goes on by itself on {date}; nothing is charged before, and your credit pays first then.")
    }

    pub fn cancels(plan: &str, date: &str) -> String {
        format!("{plan} ends on {date}")
    }
    pub const CANCELS_DETAIL: &str =
        "Until then everything works. Usage up to then is billed at the end; nothing after it.";

    pub const CANCELS_TRIAL_DETAIL: &str = "Until then everything works. Nothing is charged.";

    pub fn changes(plan: &str, date: &str) -> String {
        format!("{plan} begins on {date}")
    }
    pub const CHANGES_DETAIL: &str = "Until then your present plan stays as it is.";
    pub const CHANGES_BY_STAFF_DETAIL: &str =
        "We scheduled this for you. Until then your present plan stays as it is; you may choose another one.";
    pub fn awaits_payment(plan: &str) -> String {
        format!("The upgrade to {plan} waits for its payment")
    }
    pub fn awaits_add_on(name: &str) -> String {
        format!("{name} waits for its payment")
    }
    pub fn awaits_until(date: &str) -> String {
        format!("It is dropped if it is not paid by {date}; your plan then stays as it is.")
    }
}

pub mod lines {
    pub const DESCRIPTION: &str = "Description";
    pub const QUANTITY: &str = "Quantity";
    pub const NET: &str = "Net";
    pub const TAX: &str = "Tax";
    pub const AMOUNT: &str = "Amount";
    pub const SUBTOTAL: &str = "Subtotal";
    pub const TOTAL: &str = "Total";
    pub const CREDIT: &str = "Paid from your credit";
    pub const PROMOTIONAL_CREDIT: &str = "Promotional credit";
    pub const DUE: &str = "Amount due";
    pub const HOW: &str = "How this was calculated";

    pub const EXEMPT: &str = "Tax: exempt";
    pub const REVERSE_CHARGE: &str = "Tax: reverse charge";

    /// `VAT 19%`.
    pub fn tax(name: &str, rate: &str) -> String {
        format!("{name} {rate}")
    }

    pub fn included(tax: &str) -> String {
        format!("{tax}, included")
    }
}

/// What coupons take off, and for how long.
pub mod coupon {
    pub const FOR_GOOD: &str = "for good";
    pub const PERIOD_ENDS: &str = "until this billing period ends";

    /// `20% off`, `$50.00 off`.
    pub fn off(what: &str) -> String {
        format!("{what} off")
    }

    pub fn named(name: &str, off: &str) -> String {
        format!("{name}, {off}")
    }

    pub fn more_invoices(count: u32) -> String {
        match count {
            1 => "for 1 more invoice".to_owned(),
            count => format!("for {count} more invoices"),
        }
    }

    pub fn until(date: &str) -> String {
        format!("until {date}")
    }
}

/// What is owed, and what comes of it.
pub mod debt {
    pub const OVERDUE_TITLE: &str = "An invoice is overdue";
    pub const PAST_DUE_TITLE: &str = "Your last payment failed";
    pub const SUSPENDED_TITLE: &str = "Your plan is suspended: access is read-only";
    pub const UNPAID_TITLE: &str = "Your plan is stopped until it is paid";
    pub const INCOMPLETE_TITLE: &str = "Your purchase waits for its payment";
    pub const STILL_OWED_TITLE: &str = "Something is still to pay";
    pub const REPLACE_CARD: &str = "Replace card";

    /// The invoice is the oldest of them.
    pub fn due_on(amount: &str, invoice: &str, count: usize) -> String {
        match count {
            1 => format!("{amount} is due on invoice {invoice}."),
            count => format!("{amount} is due on {count} invoices."),
        }
    }

    pub fn retried_on(date: &str) -> String {
        format!("The card is tried again on {date}.")
    }
    pub const NOT_RETRIED: &str = "The card is not tried again.";
    pub const NO_CARD: &str = "There is no card to charge.";

    pub fn suspended_on(date: &str) -> String {
        format!("If it is not paid by {date}, access becomes read-only.")
    }

    pub fn ends_on(date: &str) -> String {
        format!("If it is not paid by {date}, your subscription ends.")
    }

    pub fn stops_on(date: &str) -> String {
        format!("If it is not paid by {date}, your plan is stopped.")
    }

    pub const PAY_IT: &str = "Pay it and everything goes on at once.";
    pub const PAY_THEM: &str = "Pay them, the oldest first, and everything goes on at once.";
    pub const PAY_OR_REPLACE: &str = "Pay now, or replace the card and it is paid at once.";
    pub const PAY_OR_REPLACE_FOR_ALL: &str =
        "Pay the oldest first, or replace the card and all are paid at once.";
    pub const GOES_ON_ONCE_PAID: &str =
        "Nothing more is billed until then; once it is paid the plan can go on.";
    /// On the pages of plans.
    pub const NO_CHANGES: &str = "Plans can be changed again once what is owed is paid.";
}

pub mod card {
    pub fn expires(month: u32, year: i32) -> String {
        format!("expires {month:02}/{:02}", year.rem_euclid(100))
    }
}

/// On net terms: invoices are sent and paid within some days, and no card is charged.
pub mod terms {
    pub fn within(days: u16) -> String {
        match days {
            1 => "due within 1 day".to_owned(),
            days => format!("due within {days} days"),
        }
    }

    /// Above what is to be paid.
    pub fn title(days: u16) -> String {
        match days {
            1 => "Due within 1 day".to_owned(),
            days => format!("Due within {days} days"),
        }
    }

    pub fn next_bill(days: u16) -> String {
        format!("You are sent an invoice, {}.", within(days))
    }
}
