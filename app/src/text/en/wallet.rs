//! The wallet.

pub const TITLE: &str = "Wallet";
pub const BALANCE: &str = "Credit balance";
pub const HINT: &str = "Credit pays for your next invoices, before your card is charged.";

pub const BROUGHT: &str = "From earlier invoices";
pub const PASSED_ON: &str = "Added to the next invoice";

pub fn carried(amount: &str) -> String {
    format!("{amount} of earlier invoices was too little to charge. It is added to your next invoice.")
}

pub const TOP_UP: &str = "Top up";
pub const BUY: &str = "Buy credit";
pub const TAX_HINT: &str = "No tax is added now: it is part of the invoices that the credit pays for. Bought credit does not expire.";
pub const GO_ON: &str = "See the invoice";

pub fn amount(currency: &str) -> String {
    format!("Amount in {currency}")
}

pub fn bounds(min: &str, max: &str) -> String {
    format!("From {min} to {max}.")
}

pub fn waiting(amount: &str) -> String {
    format!("A top-up of {amount} waits for its payment")
}

pub fn waiting_until(at: &str) -> String {
    format!(
        "It becomes credit once it is paid. It is void if it is not paid by {at}, or if you begin another."
    )
}

pub const GRANTS: &str = "Used in this order";
pub const GRANTS_CAPTION: &str = "Credit that can be used, what is used first on top";
pub const CREDIT: &str = "Credit";
pub const SINCE: &str = "Since";
pub const EXPIRES: &str = "Expires";
pub const NEVER: &str = "Never";
pub const LEFT: &str = "Left";
pub const NEXT: &str = "Used next";
pub const PROMOTIONAL: &str = "Promotional credit";
pub const PAID: &str = "Paid credit";
pub const ORDER_HINT: &str =
    "What we put first goes first; then what expires soonest, promotional before paid, and the oldest.";
pub const EMPTY: &str = "No credit";
pub const EMPTY_HINT: &str =
    "What you buy, what we give you and what is given back of an invoice appears here.";
pub const USED_HINT: &str = "All of it is used. The history below says for what.";

pub fn of(amount: &str) -> String {
    format!("of {amount}")
}

pub const GIVEN_BACK: &str = "Credit note";
pub const REFUND_FAILED: &str = "Refund that failed";
pub const BOUGHT: &str = "Top-up";
pub const FROM_US: &str = "From us";

pub const HISTORY: &str = "History";
pub const HISTORY_CAPTION: &str = "What happened to the credit balance, newest first";
pub const NO_HISTORY: &str = "Nothing happened yet.";
pub const WHEN: &str = "When";
pub const WHAT: &str = "What";
pub const AMOUNT: &str = "Amount";
pub const BALANCE_AFTER: &str = "Balance";
pub const APPLIED: &str = "Paid for invoice";
pub const RETURNED: &str = "Given back by void invoice";
pub const EXPIRED: &str = "Expired";
pub const GRANTED: &str = "Credit from us";
