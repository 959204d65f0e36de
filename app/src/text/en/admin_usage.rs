//! What all customers used.

pub const TITLE: &str = "Usage";
pub const CSV: &str = "Customers as CSV";

pub fn as_of(date: &str) -> String {
    format!("Days as summed up at {date}, once an hour")
}

pub const NEVER: &str = "Days are summed up once an hour: not yet";

pub const METERS: &str = "Meters this month";
pub const METER: &str = "Meter";
pub const CUSTOMERS: &str = "Customers";
pub const CHANGE: &str = "Change";

/// `November so far`.
pub fn so_far(month: &str) -> String {
    format!("{month} so far")
}

pub fn by_this_day(month: &str) -> String {
    format!("{month} by this day")
}

pub fn whole(month: &str) -> String {
    format!("All of {month}")
}

pub const METERS_HINT: &str = "Months are of UTC. Of a level, such as storage, the first number is where all customers \
    stand together now and the others where they stood when the month began; of a greatest or least value it is that \
    of the month. The change is against as many days of the month before.";
pub const NO_CHANGE: &str = "–";

pub fn most(meter: &str) -> String {
    format!("Most: {meter}")
}

pub const CUSTOMER: &str = "Customer";
pub const AMOUNT: &str = "Amount";

pub const MOVERS: &str = "Top movers";
pub const MOVERS_HINT: &str = "The last seven whole days against the seven before, by what the change is of the \
    meter's use of all customers; of a level where it stands against a week ago.";
pub const NO_MOVERS: &str = "Nobody's use changed.";
pub const BEFORE: &str = "The week before";
pub const NOW: &str = "Last 7 days";
pub const ROSE: &str = "rose";
pub const FELL: &str = "fell";
pub const NEW: &str = "new";
pub const STOPPED: &str = "stopped";

pub const NO_USAGE: &str = "Nothing was used yet";
pub const NO_USAGE_HINT: &str = "Meters fill as the host platform reports events.";

pub const ALL_CUSTOMERS: &str = "All customers";
pub fn title_of(customer: &str) -> String {
    format!("Usage of {customer}")
}
