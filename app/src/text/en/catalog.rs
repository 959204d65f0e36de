//! Plans, prices and what they include.

pub const TITLE: &str = "Plans and prices";
pub const BEFORE_TAX: &str = "Change or cancel at any time. Prices are before tax.";
pub const WITH_TAX: &str = "Change or cancel at any time. Prices include tax.";
pub const INTERVAL: &str = "Billing interval";
pub const MONTHLY: &str = "Monthly";
pub const YEARLY: &str = "Yearly";
pub const BUY: &str = "Buy";
pub const COMPARE: &str = "Compare plans";
pub const COMPARE_CAPTION: &str = "Limits, prices of overage and features of each plan";
pub const UNLIMITED: &str = "Unlimited";
pub const NOT_INCLUDED: &str = "Not included";
pub const CURRENT: &str = "Current plan";
pub const CHOOSE: &str = "Choose";
pub const HARD_LIMIT: &str = "Limit";
pub const MADE_FOR_YOU: &str = "Made for you";
pub const NOT_OFFERED: &str = "Not offered";

pub fn saving(percent: &str) -> String {
    format!("save {percent}%")
}

pub fn yearly_saving(amount: &str) -> String {
    format!("Saves {amount} a year")
}

pub fn per(interval: &str) -> String {
    format!("per {interval}")
}

pub fn start_trial(days: u32) -> String {
    format!("Start {days}-day trial")
}

pub fn start_trial_of(days: u32, plan: &str) -> String {
    format!("Start {days}-day trial of {plan}")
}

pub fn buy_plan(plan: &str) -> String {
    format!("Buy {plan}")
}

pub fn from_credit(amount: &str) -> String {
    format!("{amount} of it, tax included, is paid from your credit.")
}

pub fn covered_by_credit(amount: &str) -> String {
    format!("All of it, {amount} with tax, is paid from your credit at once.")
}

pub const FROM_CREDIT_FIRST: &str = "Your credit pays first.";

pub fn choose_plan(plan: &str) -> String {
    format!("Choose {plan}")
}

pub fn then(price: &str) -> String {
    format!("then {price}")
}

pub fn flat(amount: &str) -> String {
    format!("{amount} a month")
}

pub fn from(price: &str) -> String {
    format!("from {price}")
}

pub fn package(price: &str, units: &str) -> String {
    format!("{price} per package of {units}")
}

pub fn percent_of_value(percent: &str) -> String {
    format!("{percent}% of the value")
}

pub fn at_least(minimum: &str) -> String {
    format!(", at least {minimum}")
}

pub fn at_most(maximum: &str) -> String {
    format!(", at most {maximum}")
}

pub fn uses_more(used: &str, included: &str) -> String {
    format!("You use {used}; this plan has {included}.")
}
pub const INCLUDED: &str = "Included";

pub mod promotion {
    pub const CODE: &str = "Promotion code";
    pub const APPLY: &str = "Apply";
    pub const WITHOUT: &str = "Go on without it";
    pub const SEE: &str = "See it with the code";
    pub const VISITOR: &str =
        "Create an account or sign in: what the code takes off is shown here before you pay.";
    pub const HAS_PLAN: &str = "Redeem the code on the page of your plan";
    pub const HAS_PLAN_DETAIL: &str = "It then counts from your next bill on.";
    pub const TO_PLAN: &str = "To your plan";

    pub fn kept(code: &str) -> String {
        format!("Promotion code {code}")
    }

    pub fn gives(code: &str, coupon: &str) -> String {
        format!("{code}: {coupon}")
    }

    pub fn with_tax(total: &str) -> String {
        format!("; {total} with tax")
    }

    pub const TAX_INCLUDED: &str = ", tax included";

    /// Of the plan it was tried with.
    pub fn first_invoice(plan: &str, price: &str, before: &str, tax: &str) -> String {
        format!("The first invoice of {plan} is {price} instead of {before}{tax}.")
    }

    /// On the plan's card.
    pub fn on_first_invoice(price: &str) -> String {
        format!("{price} on the first invoice")
    }

    pub fn see(plan: &str) -> String {
        format!("See {plan} with the code")
    }

    pub fn not_with(plan: &str) -> String {
        format!("It is not taken with {plan}. See it with the plan that you want.")
    }

    pub fn at_least(minimum: &str) -> String {
        format!("It is for prices of at least {minimum} before tax.")
    }
}
