//! Where a company is for tax.

pub const TITLE: &str = "Settings";
pub const TAX: &str = "Tax";
pub const REGION: &str = "Country or region";
pub const UNKNOWN: &str = "Not given";
pub const TAX_ID: &str = "Tax id";
pub const TAX_ID_HINT: &str = "Of a business, as in DE123456789. Leave it empty if there is none.";
pub const SAVE: &str = "Save";
pub const FROM_NEXT: &str = "Later invoices are taxed by this; those you have stay as they are.";
pub const NO_TAX: &str = "No tax is charged there.";
pub const EXEMPT: &str = "You are exempt: no tax is charged. Ask us if that is not right any more.";
pub const REVERSE_CHARGE: &str =
    "Reverse charge: no tax is charged. You account for it at your own tax office.";

/// A part of a country: `Canada, QC`.
pub fn part(country: &str, part: &str) -> String {
    format!("{country}, {part}")
}

/// `Prices are before tax, plus GST 5% and QST 9.975%.`
pub fn added(taxes: &str) -> String {
    format!("Prices are before tax, plus {taxes}.")
}

pub fn held(taxes: &str) -> String {
    format!("Prices include {taxes}.")
}

/// Several one after the other.
pub const AND: &str = " and ";
