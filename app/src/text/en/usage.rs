//! What was used, day by day and event by event.

use billing::usage::Measure;

pub const TITLE: &str = "Usage";

// Periods.

pub const PERIODS: &str = "Usage periods";
pub const ALL_PERIODS: &str = "Periods";

pub fn period_so_far(period: &str, days_left: i64) -> String {
    match days_left {
        1 => format!("{period}, 1 day left"),
        days => format!("{period}, {days} days left"),
    }
}

pub fn to_period(period: &str) -> String {
    format!("Show {period}")
}

pub const DAYS_CSV: &str = "Days as CSV";
pub const DAYS_HINT: &str = "Days are those of UTC, and the hour in which a period begins belongs to it as a whole. \
    Today and yesterday are up to the last event; days before are summed up anew once an hour. What the estimates say \
    is no bill: it goes on as it did so far.";

// Bars.

pub const METERS: &str = "Meters";

pub fn projected_by(amount: &str, date: &str) -> String {
    format!("about {amount} by {date}")
}

pub fn used_up_on(what: &str, date: &str) -> String {
    format!("{what}; all used up about {date}")
}

pub fn costs_so_far(amount: &str) -> String {
    format!("{amount} so far")
}

pub fn costs_if_it_stays(amount: &str) -> String {
    format!("{amount} if it stays as it is")
}

pub fn refused_until(date: &str) -> String {
    format!("the plan's limit is reached: more is refused until {date}")
}

pub fn refused_by_days(date: &str) -> String {
    format!("the plan's limit for 30 days is reached: more is refused until days drop out, from {date} on")
}

pub const REFUSED: &str = "the plan's limit is reached: more is refused until some is given back";

pub fn yields(most: &str, until: &str) -> String {
    format!("the plan's limit is passed: up to {most} are taken until {until}, then more is refused")
}

pub fn average(amount: &str) -> String {
    format!("{amount} on average so far, which is what is billed")
}

pub fn average_was(amount: &str) -> String {
    format!("{amount} on average, which is what is billed")
}

pub fn billed(amount: &str) -> String {
    format!("billed {amount}")
}

pub const COST_NOTHING: &str = "nothing was billed for it";
pub const NOT_OF_PLAN: &str = "not a part of the plan";
pub const TOO_EARLY: &str = "too early to say what it comes to";

// Charts.

pub const EACH_DAY: &str = "Each day";
pub const SO_FAR: &str = "So far";
pub const AT_THIS_PACE: &str = "At this pace";
pub const SO_FAR_AND_AHEAD: &str = "So far, and at this pace (dashed)";
pub const INCLUDED: &str = "Included";
pub const LIMIT: &str = "Limit";
pub const AT_DAYS_END: &str = "At the day's end";
pub const DAY: &str = "Day (UTC)";
pub const EVENTS_UNIT: &str = "events";
pub const NOTHING_USED: &str = "Nothing was used in this period.";

/// What the days of a chart tell.
pub const fn of_days(measure: Measure) -> &'static str {
    match measure {
        Measure::Used | Measure::Events => EACH_DAY,
        Measure::Level => AT_DAYS_END,
        Measure::Greatest => "Greatest of the day",
        Measure::Least => "Least of the day",
        Measure::Latest => "Last of the day",
    }
}

pub fn used_so_far(amount: &str, most: &str, day: &str) -> String {
    format!("{amount} so far, most of it on {day}: {most}.")
}

pub fn used_in_all(amount: &str, most: &str, day: &str) -> String {
    format!("{amount} in all, most of it on {day}: {most}.")
}

pub fn within(projected: &str, date: &str, percent: &str, included: &str) -> String {
    format!("At this pace it is about {projected} by {date}, {percent}% of the included {included}.")
}

pub fn beyond(projected: &str, date: &str, beyond: &str, included: &str) -> String {
    format!("At this pace it is about {projected} by {date}, {beyond} more than the included {included}.")
}

pub fn at_pace(projected: &str, date: &str) -> String {
    format!("At this pace it is about {projected} by {date}.")
}

pub fn of_included(percent: &str, included: &str) -> String {
    format!("That is {percent}% of the included {included}.")
}

pub fn stands_at(level: &str, most: &str, day: &str) -> String {
    format!("It stands at {level}; it was at most {most}, on {day}.")
}

pub fn stood_at(level: &str, most: &str, day: &str) -> String {
    format!("It stood at {level} at the end; it was at most {most}, on {day}.")
}

pub fn on_average(amount: &str) -> String {
    format!("On average it is {amount}, which is what is billed.")
}

pub fn limit_is(limit: &str) -> String {
    format!("The limit is {limit}.")
}

pub fn included_is(included: &str) -> String {
    format!("{included} are included.")
}

pub fn greatest(value: &str, day: &str) -> String {
    format!("The greatest value is {value}, of {day}.")
}

pub fn least(value: &str, day: &str) -> String {
    format!("The least value is {value}, of {day}.")
}

pub fn latest(value: &str, day: &str) -> String {
    format!("The last value is {value}, of {day}.")
}

pub fn different_values(amount: &str) -> String {
    format!("{amount} in all. Each day shows events: a value may come on several days and counts once.")
}

// Break-down.

pub const SHARE: &str = "Share";
pub const OTHERS: &str = "Others";
pub const NONE_OR_MANY: &str = "Without one, or rare";
pub const NOT_SUMMED_UP: &str = "This is summed up once an hour.";

pub fn by(dimension: &str) -> String {
    format!("By {dimension}")
}

// Events.

pub const EVENTS: &str = "Events";
pub const METER: &str = "Meter";
pub const ALL_METERS: &str = "All meters";

/// Days are those of a time zone.
pub fn from(zone: &str) -> String {
    format!("From ({zone})")
}

pub fn up_to(zone: &str) -> String {
    format!("Up to and with ({zone})")
}

pub const EVENT_ID: &str = "Event id";
pub const EVENT_ID_HINT: &str = "Finds it whenever it happened.";
pub const SHOW: &str = "Show";
pub const CLEAR: &str = "Show all";
pub const EVENTS_CSV: &str = "Events as CSV";

pub fn newest(rows: &str) -> String {
    format!("the {rows} newest at most")
}

pub const WHEN: &str = "When";
pub const VALUE: &str = "Value";
pub const PROPERTIES: &str = "Properties";
pub const SOURCE: &str = "Source";
pub const NO_EVENTS: &str = "No events";
pub const NO_EVENTS_HINT: &str =
    "None was reported of this meter in this time. Choose another time or all meters.";
pub const NO_SUCH_EVENT_HINT: &str = "No event with this id was reported.";
pub const NO_METER: &str = "none";
pub const TAKES_BACK: &str = "Takes one back";

pub fn taken_back(by: &str) -> String {
    format!("Taken back by {by}")
}

// Nothing yet.

pub const NO_PLAN: &str = "No plan yet";
pub const NO_PLAN_HINT: &str = "What you use appears here, against what the plan includes.";
pub const NOT_REPORTED: &str = "Nothing was reported yet";
pub fn not_reported_hint(customer: &str) -> String {
    format!("Usage appears here as soon as the platform reports it for the customer {customer}.")
}
