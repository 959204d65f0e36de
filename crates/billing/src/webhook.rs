//! Outgoing webhooks: who hears of an event, when a delivery is tried again, and when an endpoint counts as gone.
//! All of it by real time.

use chrono::{DateTime, TimeDelta, Utc};

/// How long after the try before it each try is made. Together a good day: an outage of a night is outlived.
const PAUSES: [TimeDelta; 8] = [
    TimeDelta::zero(),
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(10),
];
/// Many deliveries that failed at one moment do not come back at one moment.
pub const MAX_JITTER_PERMILLE: i32 = 100;
/// An endpoint that took nothing for so long is asked no more.
const GONE_AFTER: TimeDelta = TimeDelta::days(5);
/// More kinds than there are events would be a list of something else.
pub const MAX_KINDS: usize = 100;
const MAX_KIND_CHARS: usize = 60;
/// Sent on request to one endpoint; nobody else hears of it.
pub const TEST_KIND: &str = "webhook_endpoint.test";

/// What an endpoint wants to hear of: kinds as `invoice.paid`, all of a noun as `invoice.*`; none named means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventKinds(Vec<String>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a kind is a noun and what happened to it, as invoice.paid or invoice.*")]
pub struct InvalidKinds;

impl EventKinds {
    pub fn new(kinds: Vec<String>) -> Result<Self, InvalidKinds> {
        if kinds.len() > MAX_KINDS || !kinds.iter().all(|kind| is_kind(kind)) {
            return Err(InvalidKinds);
        }
        Ok(Self(kinds))
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub fn include(&self, kind: &str) -> bool {
        let named = |wanted: &String| match wanted.strip_suffix('*') {
            Some(noun) => kind.starts_with(noun),
            None => wanted == kind,
        };
        kind != TEST_KIND && (self.0.is_empty() || self.0.iter().any(named))
    }
}

fn is_kind(text: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let parts = text.split_once('.');
    text.len() <= MAX_KIND_CHARS
        && parts.is_some_and(|(noun, happened)| word(noun) && (happened == "*" || word(happened)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// Waits for its next try.
    Pending,
    /// A try is under way, or was when its worker was killed.
    Sending,
    Success,
    /// Every try failed, or the endpoint was off.
    Failed,
}

impl DeliveryState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "sending" => Some(Self::Sending),
            "success" => Some(Self::Success),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// What a try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    Taken,
    Refused,
    /// 410: whoever stands behind the address wants nothing more.
    Gone,
}

impl Tried {
    /// Only 2xx is a success; a redirect is not followed and is none.
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Taken,
            410 => Self::Gone,
            _ => Self::Refused,
        }
    }
}

/// What becomes of a delivery after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    Success,
    Again { at: DateTime<Utc> },
    Failed,
}

/// `tries` counts the one just made, since the schedule began; `jitter_permille` is chance between plus and minus
/// [`MAX_JITTER_PERMILLE`].
pub fn after_try(tried: Tried, tries: u32, now: DateTime<Utc>, jitter_permille: i32) -> After {
    match tried {
        Tried::Taken => After::Success,
        Tried::Gone => After::Failed,
        Tried::Refused => {
            let next = usize::try_from(tries).ok().and_then(|tries| PAUSES.get(tries));
            next.map_or(After::Failed, |pause| After::Again {
                at: now + jittered(*pause, jitter_permille),
            })
        }
    }
}

fn jittered(pause: TimeDelta, permille: i32) -> TimeDelta {
    let permille = permille.clamp(-MAX_JITTER_PERMILLE, MAX_JITTER_PERMILLE);
    pause + pause * permille / 1_000
}

/// Whether the endpoint is turned off after a failed try. `failing_since`: its first failure since its last success.
pub fn is_given_up(tried: Tried, failing_since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    match tried {
        Tried::Taken => false,
        Tried::Gone => true,
        Tried::Refused => now - failing_since >= GONE_AFTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(kinds: &[&str]) -> Result<EventKinds, InvalidKinds> {
        EventKinds::new(kinds.iter().map(|kind| (*kind).to_owned()).collect())
    }

    #[test]
    fn an_endpoint_hears_what_it_names_and_of_everything_where_it_names_nothing() {
        let some = kinds(&["invoice.paid", "subscription.*"]).unwrap();
        assert!(some.include("invoice.paid"));
        assert!(!some.include("invoice.paid_late"));
        assert!(some.include("subscription.renewed"));
        assert!(!some.include("subscription_item.added"));
        let all = kinds(&[]).unwrap();
        assert!(all.include("invoice.paid"));
        assert!(!all.include(TEST_KIND));
        assert!(!kinds(&["webhook_endpoint.*"]).unwrap().include(TEST_KIND));
    }

    #[test]
    fn what_is_no_kind_is_refused() {
        for wrong in [
            "",
            "invoice",
            "invoice.",
            ".paid",
            "*",
            "*.*",
            "Invoice.paid",
            "invoice.pa*",
            "a.b.c",
        ] {
            assert_eq!(kinds(&[wrong]), Err(InvalidKinds), "{wrong}");
        }
        assert_eq!(
            EventKinds::new(vec!["a.b".to_owned(); MAX_KINDS + 1]),
            Err(InvalidKinds)
        );
    }

    #[test]
    fn tries_follow_the_schedule_and_end_with_the_eighth() {
        let now = DateTime::UNIX_EPOCH;
        let pauses: Vec<_> = (1..)
            .map_while(|tries| match after_try(Tried::Refused, tries, now, 0) {
                After::Again { at } => Some((at - now).num_seconds()),
                After::Success | After::Failed => None,
            })
            .collect();
        assert_eq!(pauses, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
        assert_eq!(after_try(Tried::Refused, 8, now, 0), After::Failed);
        assert_eq!(after_try(Tried::Refused, u32::MAX, now, 0), After::Failed);
        assert_eq!(after_try(Tried::Taken, 8, now, 0), After::Success);
        assert_eq!(after_try(Tried::Gone, 1, now, 0), After::Failed);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let now = DateTime::UNIX_EPOCH;
        for (permille, seconds) in [(-100, 270), (100, 330), (-5_000, 270), (5_000, 330), (0, 300)] {
            let at = now + TimeDelta::seconds(seconds);
            assert_eq!(after_try(Tried::Refused, 2, now, permille), After::Again { at });
        }
    }

    #[test]
    fn an_endpoint_is_given_up_after_five_days_or_where_it_says_so() {
        let since = DateTime::UNIX_EPOCH;
        let after = |delta| since + delta;
        assert!(!is_given_up(
            Tried::Refused,
            since,
            after(TimeDelta::days(5) - TimeDelta::seconds(1))
        ));
        assert!(is_given_up(Tried::Refused, since, after(TimeDelta::days(5))));
        assert!(is_given_up(Tried::Gone, since, since));
        assert!(!is_given_up(Tried::Taken, since, after(TimeDelta::days(50))));
    }

    #[test]
    fn only_two_hundreds_are_success() {
        for status in [200, 204, 299] {
            assert_eq!(Tried::of_status(status), Tried::Taken);
        }
        for status in [100, 199, 300, 301, 307, 400, 404, 429, 500] {
            assert_eq!(Tried::of_status(status), Tried::Refused);
        }
        assert_eq!(Tried::of_status(410), Tried::Gone);
    }
}
