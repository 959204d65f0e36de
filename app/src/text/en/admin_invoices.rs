//! Invoices for operators, and the credit notes they issue.

pub const NAV: &str = "Invoices";
pub const TITLE: &str = "Invoices";
pub const SUBTITLE: &str = "Find one by its number, and give back of it";
pub const NUMBER: &str = "Invoice number";
pub const NUMBER_HINT: &str = "As on the invoice: INV-000042.";
pub const FIND: &str = "Find";
pub const NOT_FOUND: &str = "No invoice has this number";
pub const MONEY_ROLES: &str = "Only admins and finance can issue credit notes.";
pub const TOTAL: &str = "Total";
pub const DUE: &str = "Due";
pub const KEPT: &str = "Paid by card and not refunded";
pub const CREDITED: &str = "Given back so far";
pub const GIVE_BACK: &str = "Give back";
pub const GIVE_BACK_HINT: &str = "Enter what is given back of a line as the invoice shows it: before its discount, and with tax \
     where its price holds it. The discount and the taxes follow.";
pub const NOTHING_LEFT: &str = "Nothing is left of it.";
pub const LINES: &str = "Lines, what is left of each, and what is given back";
pub const LINE: &str = "Line";
pub const AMOUNT: &str = "Amount";
pub const LEFT: &str = "Left";
pub const BACK: &str = "Give back";
pub const WRONG_AMOUNT: &str = "An amount in digits, with no more decimals than the currency has.";
pub const PAID_TO: &str = "What was paid";
pub const PAID_TO_HINT: &str = "What is due is lowered first. What credit had paid becomes credit again.";
pub const TO_CARD: &str = "Goes back to the card it came from";
pub const TO_CREDIT: &str = "Becomes credit";
pub const REVIEW: &str = "Review the note";
pub const REVIEW_REST: &str = "Review giving back all that is left";
pub const DOES: &str = "What it does";
pub const WHY: &str = "Issue it";
pub const REASON: &str = "Reason";
pub const CHOOSE_REASON: &str = "Choose one";
pub const BEFORE: &str = "Given back before it";
pub const MEMO: &str = "Memo, optional";
pub const MEMO_HINT: &str = "The customer reads it on the note.";
pub const ISSUE: &str = "Issue the credit note";

pub fn back_of(line: &str) -> String {
    format!("Give back of {line}")
}

pub fn note_on(number: &str) -> String {
    format!("Credit note on {number}")
}
