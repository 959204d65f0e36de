//! What the operators' pages about the catalog say.

pub const NAV: &str = "Catalog";
pub const TITLE: &str = "Catalog";
pub const SUBTITLE: &str =
    "What is sold, and on which version subscriptions are. A published version never changes.";
pub const PLANS: &str = "Plans";
pub const ADD_ONS: &str = "Add-ons";
pub const STANDALONE: &str = "Standalone plans";
pub const NAME: &str = "Name";
pub const VERSION: &str = "Version";
pub const PRICES: &str = "Prices";
pub const CONTENTS: &str = "Limits and features";
pub const SUBSCRIPTIONS: &str = "Subscriptions";
pub const NOT_LISTED: &str = "Not on the price list";
pub const NOTHING: &str = "Nothing is sold";
pub const NOTHING_HINT: &str = "Publish a catalog with at least one plan.";
pub const NOT_YOURS: &str = "Your role may look at the catalog but not edit it.";

pub const ON_SALE: &str = "On sale";
pub const ARCHIVED: &str = "Not sold any more";
pub const DRAFT: &str = "Draft";

pub const EDIT: &str = "Edit the catalog";
pub const REVIEW: &str = "Review the changes";
pub const GO_ON: &str = "Go on editing";
pub const DISCARD: &str = "Discard the draft";
pub const BACK: &str = "Back to the catalog";
pub const DRAFT_WAITS: &str = "You have a draft that is not published.";
pub const DRAFT_WRONG: &str = "You have a draft that cannot be published yet.";

pub const EDIT_TITLE: &str = "Edit the catalog";
pub const EDIT_HINT: &str = "Nothing is published before you have seen what it changes.";
pub const FILE: &str = "Catalog file";
pub const FILE_HINT: &str = "The whole catalog as TOML: a plan that is not in it is not sold any more. Amounts are in \
    major units; one with a point stands in quotes. A customer's own plan has the key customer = \"cus_…\"; base = \"starter\" \
    makes it from another plan.";
pub const PROBLEMS: &str = "What is wrong";
pub const PROBLEMS_HINT: &str = "The draft is kept. Mend these lines and review it again.";

pub const REVIEW_TITLE: &str = "Review the changes";
pub const REVIEW_HINT: &str = "Your draft against what is sold now.";
pub const COMES: &str = "New";
pub const CHANGES: &str = "Changed";
pub const GOES: &str = "Not sold any more";
pub const PUBLISH: &str = "Publish these changes";
pub const PUBLISH_EFFECT: &str = "Publishing sells the new versions at once, or from their date on. Subscribers stay on \
    the version they bought, at its prices, until they are moved.";
pub const NO_DRAFT: &str = "There is no draft";
pub const NO_DRAFT_HINT: &str = "Edit the catalog first; then this page shows what that changes.";
pub const UNCHANGED: &str = "Nothing differs";
pub const UNCHANGED_HINT: &str = "Your draft says what is sold already.";

pub fn version(number: u32) -> String {
    number.to_string()
}

pub fn contents_of(plan: &str, version: u32) -> String {
    format!("{CONTENTS} of {plan}, version {version}")
}

pub fn more(units: &str) -> String {
    format!("{units} more")
}

pub fn from(date: &str) -> String {
    format!("From {date}")
}

pub fn only_for(customer: &str) -> String {
    format!("Only for {customer}")
}

pub fn agreed(count: u32) -> String {
    format!("{count} at an agreed price")
}

pub fn line(number: usize) -> String {
    format!("Line {number}")
}

pub fn lines_around(number: usize) -> String {
    format!("Lines around line {number}")
}

pub fn problems(count: usize) -> String {
    match count {
        1 => "1 thing is wrong with the file".to_owned(),
        count => format!("{count} things are wrong with the file"),
    }
}

pub fn changes(count: usize) -> String {
    match count {
        1 => "1 change".to_owned(),
        count => format!("{count} changes"),
    }
}
