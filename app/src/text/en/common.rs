//! Words that stand on many pages.

pub const SKIP_TO_CONTENT: &str = "Skip to content";
pub const MAIN_NAVIGATION: &str = "Main";
pub const SIGN_IN: &str = "Sign in";
pub const SESSION_OVER: &str = "You are not signed in here any more.";
pub const SIGN_IN_AGAIN: &str = "Sign in again";
pub const SIGN_UP: &str = "Create account";
pub const SIGN_OUT: &str = "Sign out";
pub const PRICING: &str = "Pricing";
pub const OVERVIEW: &str = "Overview";
pub const PLAN: &str = "Plan";
pub const INVOICES: &str = "Invoices";
pub const SETTINGS: &str = "Settings";
pub const WALLET: &str = "Wallet";

pub const SANDBOX: &str = "Sandbox";
pub const SANDBOX_HINT: &str = "No money moves here: cards are test cards.";

pub const THEME: &str = "Theme";
pub const THEME_LIGHT: &str = "Light";
pub const THEME_DARK: &str = "Dark";
pub const THEME_SYSTEM: &str = "As the system";

pub const NEWEST: &str = "Back to the newest";
pub const OLDER: &str = "Older";

pub const COPY: &str = "Copy";
pub const COPIED: &str = "Copied";
pub const BACK: &str = "Go back to the start";

pub fn back_to(site: &str) -> String {
    format!("Back to {site}")
}

pub fn clock_ahead(date: &str) -> String {
    format!("The test clock stands at {date}. Every date here follows it.")
}

pub fn seeding(done: u32, total: u32) -> String {
    format!("Demo data are being prepared: {done} of {total} steps. Figures grow until then.")
}

pub const HOSTED_PAGE: &str = "Test payment page";
