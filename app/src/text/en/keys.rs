//! What the page of a customer's own API keys says.

pub const TITLE: &str = "API keys";
pub const SUBTITLE: &str = "For your own programs: they read and change what is yours.";
pub const LINK: &str = "API keys";
pub const LINK_HINT: &str = "Keys for your own programs, made, rotated and revoked by owners.";
pub const MANAGE: &str = "See the keys";
pub const BACK: &str = "Settings";

pub const DAYS_OF_UTC: &str = "Days are those of UTC.";
pub const IN_FORCE: &str = "In force";
pub const PAST: &str = "Revoked and expired";
pub const NONE: &str = "No key is in force";
pub const NONE_HINT: &str = "Make one for each program, so that each can be revoked alone.";
pub const NAME: &str = "Name";
pub const MAY: &str = "May";
pub const CREATED: &str = "Made";
pub const LAST_USED: &str = "Last used";
pub const EXPIRES: &str = "Expires";
pub const NEVER: &str = "never";
pub const ACTIONS: &str = "Actions";
pub const STATE: &str = "State";
pub const REVOKED: &str = "Revoked";
pub const EXPIRED: &str = "Expired";

pub const EVENTS_WRITE: &str = "report usage";
pub const READ: &str = "read";
pub const WRITE: &str = "change";
pub const MONEY: &str = "give money back";

pub const NEW: &str = "New key";
pub const NAME_HINT: &str = "What uses it, such as Build server.";
pub const SCOPES: &str = "What it may do";
pub const READ_HINT: &str = "Read: everything that is yours";
pub const WRITE_HINT: &str = "Change: what billing members may, the plan among it";
pub const LAST_DAY: &str = "Last day (UTC)";
pub const LAST_DAY_HINT: &str = "May be left empty: then it works until it is revoked.";
pub const MAKE: &str = "Make the key";
pub const WRONG_NAME: &str = "Enter 1 to 100 characters.";
pub const WRONG_DAY: &str = "Choose a day to come within ten years, or none.";
pub const WRONG_SCOPES: &str = "Tick at least one.";

pub const SHOWN_TITLE: &str = "Copy the key now";
pub const SHOWN_HINT: &str = "It is shown this one time; we keep only its fingerprint.";
pub const ROTATED_HINT: &str = "It is shown this one time. The key before it works for one more day.";

pub const ROTATE: &str = "Rotate";
pub const REVOKE: &str = "Revoke";

pub fn rotate_what(name: &str) -> String {
    format!(
        "A new key takes the place of {name}. The old one works for one more day, so that nothing stops meanwhile."
    )
}

pub fn rotate_named(name: &str) -> String {
    format!("Rotate {name}")
}

pub fn revoke_what(name: &str) -> String {
    format!("Whatever uses {name} is refused from now on. This cannot be undone.")
}

pub fn revoke_named(name: &str) -> String {
    format!("Revoke {name}")
}
