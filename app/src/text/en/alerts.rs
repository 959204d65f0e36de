//! Alerts: what they are, what can be done about them, and where they are told.

pub const TITLE: &str = "Alerts";
pub const NAV: &str = "Alerts";

pub fn mailed_to(email: &str) -> String {
    format!("Each is told once, by mail to {email}. What the platform itself reports stands here alone.")
}

pub const OPEN: &str = "Open";
pub const OPEN_ALERTS: &str = "Open alerts";
pub const ALL_ALERTS: &str = "All alerts";
pub const PAST: &str = "Past";
pub const NONE_OPEN: &str = "Nothing needs you";
pub const NONE_OPEN_HINT: &str =
    "When usage nears a limit, a budget is spent or a trial ends, it stands here.";
pub const NONE_PAST: &str = "Alerts that are resolved stay here.";
pub const VIEWER_HINT: &str = "Your role may look at alerts; owners and billing members decide about them.";

pub fn newest(count: u32) -> String {
    format!("There are more: these are the newest {count}.")
}

pub fn more(count: usize) -> String {
    format!("and {count} more")
}

pub fn lesser(count: usize) -> String {
    match count {
        1 => "with 1 lower step".to_owned(),
        count => format!("with {count} lower steps"),
    }
}

// Severities and states.

pub const INFO: &str = "Info";
pub const WARNING: &str = "Warning";
pub const HIGH: &str = "High";
pub const CRITICAL: &str = "Critical";

pub fn opened(at: &str) -> String {
    format!("Since {at}")
}

pub fn acknowledged(at: &str) -> String {
    format!("acknowledged {at}")
}

pub fn snoozed(until: &str) -> String {
    format!("snoozed until {until}")
}

pub fn lasted(from: &str, to: &str) -> String {
    format!("{from} to {to}")
}

// What can be done.

pub const ACKNOWLEDGE: &str = "Acknowledge";
pub const RESOLVE: &str = "Resolve";
pub const SNOOZE: &str = "Snooze";
pub const SNOOZE_FOR: &str = "Off the overview for";
pub const LOOK: &str = "Look into it";

/// What a button does, said with the alert's name.
pub fn about(does: &str, title: &str) -> String {
    format!("{does}: {title}")
}

/// For how many days, and in words.
pub const SNOOZES: [(u32, &str); 4] = [(1, "1 day"), (3, "3 days"), (7, "a week"), (30, "30 days")];

// The budget.

pub const BUDGET: &str = "Budget";
pub const NO_BUDGET: &str = "No budget is set.";
pub const SPENT: &str = "Usage so far";
pub const SAVE_BUDGET: &str = "Save budget";
pub const REMOVE_BUDGET: &str = "Remove budget";

pub fn budget_label(currency: &str) -> String {
    format!("For usage in a period, in {currency}")
}

pub fn budget_hint(parts: &str) -> String {
    format!("You are told at {parts} of it. It stops nothing.")
}

pub const BUDGET_STOPS_NOTHING: &str = "It stops nothing.";

pub fn spent_of(spent: &str, budget: &str) -> String {
    format!("{spent} of {budget} a period")
}

// When people are told.

pub const RULES: &str = "When you are told";
pub const WHAT: &str = "What";
pub const FROM: &str = "From";
pub const USAGE: &str = "Usage of a meter";
pub const OVERAGE: &str = "Usage beyond what is included";
pub const HIGH_BILL: &str = "The next bill";
pub const TRIAL: &str = "The end of a trial";
pub const CARD: &str = "The end of the card that pays";
pub const NOTHING_TOLD: &str = "Nothing is told at present.";

pub fn of_included(parts: &str) -> String {
    format!("{parts} of what is included")
}

pub fn of_budget(parts: &str) -> String {
    format!("{parts} of it")
}

pub fn days_before(days: &str) -> String {
    match days {
        "1" => "1 day before".to_owned(),
        days => format!("{days} days before"),
    }
}

/// `a, b and c`.
pub fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

pub const THRESHOLDS: &str = "Meters";
pub const THRESHOLDS_HINT: &str = "From which parts of what is included on you are told.";
pub const NOT_TOLD: &str = "You are not told.";
pub const CHANGE: &str = "Change";
pub const PERCENTS: &str = "In percent";
pub const PERCENTS_HINT: &str =
    "Up to ten numbers with commas between, such as 50, 75, 100. The most is ten times what is included.";
pub const SAVE: &str = "Save";
pub const AS_USUAL: &str = "As usual";

pub fn own_levels(parts: &str) -> String {
    format!("At {parts}, as you set it.")
}

pub fn usual_levels(parts: &str) -> String {
    format!("At {parts}, as usual.")
}

pub fn of_units(included: &str) -> String {
    format!("of {included}")
}

// Operators.

pub const ADMIN_HINT: &str = "Of all customers and of the deployment.";
pub const DEPLOYMENT: &str = "The deployment";
pub const STATE: &str = "State";
pub const ACKNOWLEDGED: &str = "Acknowledged";
pub const RESOLVED: &str = "Resolved";
pub const NONE_HERE: &str = "There are none";
pub const NONE_OPEN_ADMIN: &str =
    "What nears a limit, ends or expires at a customer stands here, and what the host platform says.";
pub const NONE_ACKNOWLEDGED: &str = "Whatever somebody looks after stands here until it is resolved.";
pub const NONE_RESOLVED: &str = "What is over stays here.";

pub const CHANNELS: &str = "Channels";
pub const CHANNELS_HINT: &str =
    "Where operators are told. What it takes to reach them is kept sealed and shown to nobody.";
pub const NO_CHANNELS: &str = "Nobody is told yet";
pub const NO_CHANNELS_HINT: &str = "Add a mail address, a Slack channel or a PagerDuty service below.";
pub const NO_CHANNELS_READER: &str =
    "An admin or a developer adds mail addresses, Slack channels or PagerDuty services.";
pub const NAME: &str = "Name";
pub const KIND: &str = "Kind";
pub const HEARS: &str = "Hears of";
pub const ADDED: &str = "Added";
pub const LAST_TOLD: &str = "Last told";
pub const NEVER: &str = "never";
pub const IN_SENT_MAIL: &str = "Sent mail";
pub const FAILS: &str = "Fails";
pub const FAILED_BEFORE: &str = "Failed before";

pub fn tried_again(why: &str, at: &str) -> String {
    format!("{why}. Tried again at {at}.")
}

pub fn given_up(why: &str, at: &str) -> String {
    format!("{why}. Given up at {at}.")
}
pub const ACTIONS: &str = "Actions";
pub const EMAIL: &str = "Mail";
pub const SLACK: &str = "Slack";
pub const PAGERDUTY: &str = "PagerDuty";
pub const TEST: &str = "Send a test";
pub const REMOVE: &str = "Remove";

pub fn remove_what(name: &str) -> String {
    format!("{name} is told of nothing any more, and what reaches it is forgotten.")
}

pub fn remove_named(name: &str) -> String {
    format!("Remove {name}")
}

pub fn and_worse(severity: &str) -> String {
    format!("{severity} and worse")
}

pub const NEW_CHANNEL: &str = "New channel";
pub const ADDRESS: &str = "Address";
pub const ADDRESS_HINT: &str = "Of mail the address, of Slack the URL of an incoming webhook, of PagerDuty the routing key of Events API v2.";
pub const FROM_SEVERITY: &str = "From which severity on";
pub const NAME_HINT: &str = "As operators call it, such as On call.";
pub const ADD_CHANNEL: &str = "Add the channel";
pub const WRONG_NAME: &str = "Enter 1 to 100 characters.";
pub const WRONG_EMAIL: &str = "A mail address looks like name@example.com.";
pub const WRONG_SLACK: &str = "It begins with https://hooks.slack.com/services/.";
pub const WRONG_KEY: &str = "A routing key has 32 letters and digits.";

/// After a test.
pub fn tested(name: &str) -> String {
    format!("The test reached {name}")
}

pub fn tested_mail(name: &str) -> String {
    format!("A test letter to {name} is written")
}

pub const TESTED_HINT: &str = "Look there whether it was seen.";
pub const TESTED_MAIL_HINT: &str = "It is sent as any other mail, and stands among the sent mail.";

pub fn test_failed(name: &str) -> String {
    format!("The test did not reach {name}")
}

pub fn test_why(why: &str) -> String {
    format!("{why}. Check the address there, add it as a new channel and remove this one.")
}
