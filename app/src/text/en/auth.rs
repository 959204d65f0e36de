//! Signing up and in.

pub const SIGN_IN_TITLE: &str = "Sign in";
pub const SIGN_UP_TITLE: &str = "Create your account";
pub const SIGN_UP_SUBTITLE: &str = "No card needed until you choose a plan.";
pub const EMAIL: &str = "E-mail address";
pub const PASSWORD: &str = "Password";
pub const PASSWORD_HINT: &str = "At least 8 characters; a sentence is fine.";
pub const COMPANY: &str = "Company";
pub const COMPANY_HINT: &str = "As it should stand on invoices.";
pub const NAME: &str = "Your name";
pub const TIME_ZONE_HINT: &str = "Dates and billing periods follow the time zone";
pub const NEW_HERE: &str = "New here?";
pub const HAVE_ACCOUNT: &str = "Already a customer?";

pub const DEMO_TITLE: &str = "Demo accounts";
pub const DEMO_PASSWORD: &str = "Password of all:";
pub fn demo_sign_in(email: &str) -> String {
    format!("Sign in as {email}")
}
