//! What the operators' pages of coupons say.

pub const COUPONS: &str = "Coupons";
pub const SUBTITLE: &str =
    "A coupon says what is taken off; a promotion code is what a customer types to get it.";
pub const CAMPAIGNS: &str = "Campaigns";
pub const CAMPAIGNS_HINT: &str = "A campaign groups codes, whichever coupons they give.";
pub const NO_COUPONS: &str = "No coupons yet";
pub const NO_COUPONS_HINT: &str = "Make one below, then codes that give it.";
pub const NO_COUPONS_READER: &str = "Whoever decides about money makes them here.";
pub const NO_CAMPAIGNS: &str = "No campaigns yet. A code joins one by the name it is made with.";

pub const NAME: &str = "Name";
pub const TAKES_OFF: &str = "Takes off";
pub const LASTS: &str = "Discounts";
pub const PLANS: &str = "Plans";
pub const ALL_PLANS: &str = "All plans";
pub const CODES: &str = "Codes";
pub const REDEMPTIONS: &str = "Redemptions";
pub const DISCOUNT_GIVEN: &str = "Discount given";
pub const MRR_WON: &str = "MRR won";
pub const MADE: &str = "Made";

pub fn formulas(currency: &str) -> String {
    format!(
        "In {currency}. Discount given: the sum of what the coupon took off the lines of finalized invoices that are not \
         void. MRR won: what the subscriptions that redeemed it bring now, net of discounts: the sum of their movements. \
         A subscription with two coupons counts with each. Redemptions that were given back count in neither."
    )
}

pub fn codes_active(codes: &str, active: &str) -> String {
    format!("{codes}, {active} active")
}

pub const ONCE: &str = "The next invoice";
pub const FOREVER: &str = "Every invoice";

pub fn periods(periods: u32) -> String {
    match periods {
        1 => "1 billing period".to_owned(),
        periods => format!("{periods} billing periods"),
    }
}

pub fn months(months: u32) -> String {
    match months {
        1 => "1 month".to_owned(),
        months => format!("{months} months"),
    }
}

// A new coupon.

pub const NEW_COUPON: &str = "New coupon";
pub const NAME_HINT: &str = "As invoices show it.";
pub const PERCENT: &str = "Percent";
pub const VALUE: &str = "How much";
pub const VALUE_HINT: &str = "20 is a fifth, or 20.00 off.";
pub const HOW_LONG: &str = "For how long";
pub const LASTS_ONCE: &str = "The next invoice alone";
pub const LASTS_PERIODS: &str = "So many billing periods";
pub const LASTS_MONTHS: &str = "So many months";
pub const LASTS_FOREVER: &str = "Every invoice";
pub const HOW_MANY: &str = "How many periods or months";
pub const HOW_MANY_HINT: &str = "Empty, where neither is chosen.";
pub const FOR_PLANS: &str = "Only for these plans; for all where none is chosen";
pub const MAKE_COUPON: &str = "Make the coupon";

pub fn amount_in(currency: &str) -> String {
    format!("Amount in {currency}")
}

pub const WRONG_NAME: &str = "Give it a name.";
pub const WRONG_PERCENT: &str = "A number above 0, up to 100.";
pub const WRONG_AMOUNT: &str = "An amount above 0 in digits, with no more decimals than the currency has.";
pub const WRONG_COUNT: &str = "A whole number, from 1.";
pub const WRONG_CODE: &str = "3 to 40 letters, digits, dashes and underscores.";
pub const TAKEN_CODE: &str = "There is such a code already.";
pub const WRONG_DAY: &str = "A day, as in 2027-12-31.";

// One coupon.

pub const ONE_CODE: &str = "A code to type";
pub const ONE_CODE_HINT: &str =
    "3 to 40 letters, digits, dashes and underscores; upper and lower case are the same.";
pub const CODE: &str = "Code";
pub const MAKE_CODE: &str = "Make the code";
pub const UNIQUE_CODES: &str = "Unique codes";
pub const UNIQUE_CODES_HINT: &str =
    "Each is the prefix and ten random letters, and is redeemed once unless said otherwise.";
pub const PREFIX: &str = "Prefix";
pub const COUNT: &str = "How many";
pub const MAKE_CODES: &str = "Make the codes";
pub const CAMPAIGN: &str = "Campaign";
pub const MOST: &str = "Redeemed at most";
pub const MOST_HINT: &str = "Redeemed at most so many times; empty: as often as anybody likes.";
pub const MOST_EACH: &str = "Each redeemed at most";
pub const MINIMUM: &str = "Least bill";
pub const LAST_DAY: &str = "Last day (UTC)";
pub const FIRST_TIME: &str = "Only for customers who never paid";
pub const LIMITS: &str = "Limits, all optional";
pub const CODES_HIDDEN: &str = "Codes are worth money: admins and finance see them.";
pub const NO_CODES: &str = "No code gives it yet";
pub const NO_CODES_HINT: &str = "Customers redeem a coupon by a code.";
pub const DOWNLOAD: &str = "All codes as CSV";
pub const NEWEST_HUNDRED: &str = "The newest 100. The file has all of them.";
pub const REDEEMED: &str = "Redeemed";
pub const TERMS: &str = "Terms";
pub const NO_TERMS: &str = "None";
pub const STATE: &str = "State";
pub const ACTIVE: &str = "Active";
pub const RETIRED: &str = "Retired";
pub const EXPIRED: &str = "Expired";
pub const USED_UP: &str = "Used up";
pub const RETIRE: &str = "Retire";

pub fn retire_what(code: &str) -> String {
    format!("Nobody redeems {code} any more; what was redeemed goes on. This cannot be undone.")
}

pub fn retire_named(code: &str) -> String {
    format!("Retire {code}")
}

pub fn of_most(redeemed: &str, most: &str) -> String {
    format!("{redeemed} of {most}")
}

pub fn least(minimum: &str) -> String {
    format!("bills of {minimum} or more")
}

pub fn until(day: &str) -> String {
    format!("until {day}")
}

pub const NEW_CUSTOMERS: &str = "new customers";
