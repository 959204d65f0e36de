//! Coming back from the hosted page.

pub const PAID_TITLE: &str = "Payment received";
pub const CARD_SAVED_TITLE: &str = "Card saved";
pub const TRIAL_TITLE: &str = "Your trial has begun";
pub const PROCESSING_TITLE: &str = "Payment is being processed";
pub const PROCESSING_HINT: &str =
    "The bank has not answered yet. This page looks again by itself; you can also close it.";
pub const CHECK_AGAIN: &str = "Look again";
pub const OPEN_TITLE: &str = "Not finished yet";
pub const OPEN_HINT: &str = "Nothing was charged. You can go on where you left.";
pub const RESUME: &str = "Go on";
pub const EXPIRED_TITLE: &str = "This payment page has expired";
pub const EXPIRED_HINT: &str = "Nothing was charged. Start again when you like.";
pub const NEXT: &str = "To the overview";
pub const RECEIPT: &str = "See the invoice";
pub const WALLET: &str = "To the wallet";
pub const TOPPED_UP: &str = "It is yours: what you owed was paid from it, and your next invoices are.";
pub const PLANS: &str = "See the plans";
pub const CANCEL_TITLE: &str = "Nothing was charged";
pub const CANCEL_HINT: &str = "You left the payment page. What you began stays open for a while.";
pub const PLAN: &str = "Plan";
pub const AMOUNT: &str = "Amount";
pub const CARD: &str = "Card";
pub const INVOICE: &str = "Invoice";

pub fn paid(plan: Option<&str>) -> String {
    plan.map_or_else(
        || "The invoice is settled. Thank you.".to_owned(),
        |plan| format!("{plan} is active. Thank you."),
    )
}

/// `sent`: bills are, and the card is not charged for them.
pub fn card_saved(trial: bool, plan: Option<&str>, sent: bool) -> String {
    match (trial, plan) {
        (true, Some(plan)) => {
            format!("{plan} is yours to try. Nothing was charged; the overview shows when the trial ends.")
        }
        _ if sent => "Nothing was charged. Later bills are sent to you; pay them with this card if you like."
            .to_owned(),
        _ => "Later bills are paid with this card; what is owed already is charged to it now.".to_owned(),
    }
}
