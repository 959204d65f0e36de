//! The stand-in for the provider's hosted pages.

pub const MARK: &str =
    "This page stands in for the payment provider's. No money moves; only test cards are taken.";
pub const PAY_TITLE: &str = "Pay with a test card";
pub const SAVE_TITLE: &str = "Save a test card";
pub const SUMMARY: &str = "What this is for";
pub const TOTAL: &str = "Total";
pub const SAVE_HINT: &str =
    "The card is kept for later bills. What is owed already is charged to it at once.";
pub const NUMBER: &str = "Card number";
pub const EXPIRY: &str = "Expiry";
pub const EXPIRY_HINT: &str = "Month and year, such as 12/30.";
pub const CVC: &str = "Security code";
pub const CVC_HINT: &str = "Any three digits.";
pub const SAVE: &str = "Save card";
pub const LEAVE: &str = "Leave without paying";
pub const CARDS: &str = "Test cards";
pub const CARDS_CAPTION: &str = "Test cards and what each of them does";
pub const CARD: &str = "Card";
pub const USE: &str = "Use";
pub const COMPLETED_TITLE: &str = "This page is done";
pub const COMPLETED_HINT: &str = "The card was taken. Go back to see what came of it.";
pub const EXPIRED_TITLE: &str = "This page has expired";
pub const EXPIRED_HINT: &str = "Nothing was charged.";
pub const BACK: &str = "Back";

pub const AUTH_TITLE: &str = "Your bank asks: approve this payment?";
pub const AUTH_SAVE_TITLE: &str = "Your bank asks: approve saving this card?";
pub const AUTH_MARK: &str = "This page stands in for the bank's.";
pub const APPROVE: &str = "Approve";
pub const DECLINE: &str = "Decline";
pub const ANSWERED_TITLE: &str = "This was answered before";
pub const ANSWERED_HINT: &str = "Only the first answer counts. You can close this page.";
pub const AMOUNT: &str = "Amount";
pub const FOR: &str = "For";

pub fn use_card(title: &str) -> String {
    format!("Use the card: {title}")
}

pub fn pay(amount: &str) -> String {
    format!("Pay {amount}")
}
