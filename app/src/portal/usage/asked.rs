//! What a usage page is asked for by its address, and the addresses that ask for something else.

use billing::period::{Period, Zone};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use service::{EventCursor, EventQuery, UsageOverview};

use crate::error::AppError;
use crate::page::{Visit, parse_query};
use crate::safe_path::escape;

/// Says in an address that events are not bound to the period that is shown.
pub const ALL: &str = "1";

/// Where the part with the events begins.
pub const EVENTS: &str = "events";

/// Whose usage page it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub base: String,
    /// The customer sees it, who may take files along.
    pub own: bool,
}

/// The period, and which events.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub period: Option<DateTime<Utc>>,
    /// The events are not bound to the period.
    pub all: bool,
    pub events: EventQuery,
}

impl Asked {
    pub fn read(visit: &Visit) -> Result<Self, AppError> {
        Self::of(|name| visit.query(name))
    }

    /// The same by the query of another address, such as a file's.
    pub fn of_query(query: &str) -> Result<Self, AppError> {
        let params = parse_query(query);
        Self::of(|name| params.get_str(name))
    }

    /// From the parameters of an address. A field that was left empty is none.
    fn of<'v>(param: impl Fn(&str) -> Option<&'v str>) -> Result<Self, AppError> {
        let param = |name| param(name).map(str::trim).filter(|text| !text.is_empty());
        let instant = |name| param(name).map(str::parse::<DateTime<Utc>>).transpose();
        let day = |name| param(name).map(str::parse::<NaiveDate>).transpose();
        let wrong = |_| AppError::Invalid;
        let after = match (instant("before").map_err(wrong)?, param("before_id")) {
            (Some(at), Some(id)) => Some(EventCursor {
                at,
                id: id.to_owned(),
            }),
            _ => None,
        };
        Ok(Self {
            period: instant("period").map_err(wrong)?,
            all: param("all") == Some(ALL),
            events: EventQuery {
                meter: param("meter").map(str::to_owned),
                from: day("from").map_err(wrong)?,
                to: day("to").map_err(wrong)?,
                id: param("id").map(str::to_owned),
                after,
            },
        })
    }

    /// Of a period that is over the events are at first those of its days.
    #[must_use]
    pub fn within(mut self, usage: &UsageOverview) -> Self {
        let query = &mut self.events;
        let is_bound = !self.all && !usage.is_present;
        if is_bound && query.from.is_none() && query.to.is_none() && query.id.is_none() {
            let (first, last) = days_of(usage.shown, usage.zone);
            (query.from, query.to) = (Some(first), Some(last));
        }
        self
    }
}

/// The first and the last day of a period, the customer's.
fn days_of(period: Period, zone: Zone) -> (NaiveDate, NaiveDate) {
    let day = |at| zone.local(at).date();
    (
        day(period.start()),
        day(period.end() - TimeDelta::microseconds(1)),
    )
}

impl Place {
    pub fn period(&self, period: Period) -> String {
        format!("{}?period={}", self.base, instant(period.start()))
    }

    /// A file beside the page: `name` with the parameters of what is shown.
    pub fn file(&self, name: &str, asked: &Asked) -> String {
        let query = query(asked, None);
        format!("{}/{name}{}", self.base, query)
    }

    /// The events from a place on.
    pub fn events(&self, asked: &Asked, after: Option<&EventCursor>) -> String {
        format!("{}{}#{EVENTS}", self.base, query(asked, after))
    }

    /// Without the filters, the days of the period among them.
    pub fn all_events(&self, asked: &Asked) -> String {
        let all = Asked {
            period: asked.period,
            all: asked.period.is_some(),
            ..Asked::default()
        };
        self.events(&all, None)
    }
}

fn query(asked: &Asked, after: Option<&EventCursor>) -> String {
    let events = &asked.events;
    let pairs = [
        ("period", asked.period.map(instant)),
        ("all", asked.all.then(|| ALL.to_owned())),
        ("meter", events.meter.as_deref().map(escape)),
        ("from", events.from.map(|day| day.to_string())),
        ("to", events.to.map(|day| day.to_string())),
        ("id", events.id.as_deref().map(escape)),
        ("before", after.map(|after| instant(after.at))),
        ("before_id", after.map(|after| escape(&after.id))),
    ];
    let pairs = pairs
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    let pairs: Vec<_> = pairs.collect();
    match pairs.is_empty() {
        true => String::new(),
        false => format!("?{}", pairs.join("&")),
    }
}

/// To the microsecond: periods may begin at any.
fn instant(at: DateTime<Utc>) -> String {
    escape(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

#[cfg(test)]
mod tests {
    use billing::entitlement::Enforcement;

    use super::super::chart::tests::{SUM, june, own, units};
    use super::*;

    fn read(address: &str) -> Result<Asked, AppError> {
        let address = address.split('#').next().unwrap_or_default();
        Asked::of_query(address.split_once('?').map_or("", |(_, query)| query))
    }

    #[test]
    fn addresses_read_back() {
        let place = Place {
            base: "/usage".to_owned(),
            own: true,
        };
        let at = "2026-05-12T08:30:00.000001Z".parse().unwrap();
        let after = EventCursor {
            at,
            id: "a b+c/%&=é".to_owned(),
        };
        let asked = Asked {
            period: Some(at),
            all: false,
            events: EventQuery {
                meter: Some("api_requests".to_owned()),
                from: Some("2026-05-12".parse().unwrap()),
                to: None,
                id: Some("x&y#z".to_owned()),
                after: None,
            },
        };
        let address = place.events(&asked, Some(&after));
        assert!(address.ends_with("#events"), "{address}");
        let back = read(&address).unwrap();
        let (events, expected) = (back.events, asked.events.clone());
        assert_eq!(
            (
                back.period,
                events.meter,
                events.from,
                events.to,
                events.id,
                events.after
            ),
            (
                Some(at),
                expected.meter,
                expected.from,
                None,
                expected.id,
                Some(after)
            )
        );
        assert_eq!(place.all_events(&Asked::default()), "/usage#events");
        assert_eq!(place.file("days.csv", &Asked::default()), "/usage/days.csv");
    }

    /// Else "Show all" would lead to the dates it should take away.
    #[test]
    fn events_of_all_times_are_shown_beside_a_period_that_is_over() {
        let own = own(SUM, &["10"], (units("100"), Enforcement::Overage));
        let (place, june) = (
            Place {
                base: "/usage".to_owned(),
                own: true,
            },
            june(&own, false),
        );
        let days = |asked: Asked| (asked.events.from, asked.events.to);
        let day = |text: &str| Some(text.parse().unwrap());
        let asked = read("/usage?period=2026-06-01T00:00:00Z").unwrap().within(&june);
        assert_eq!(days(asked.clone()), (day("2026-06-01"), day("2026-06-30")));
        let all = place.all_events(&asked);
        assert_eq!(all, "/usage?period=2026-06-01T00%3A00%3A00Z&all=1#events");
        assert_eq!(days(read(&all).unwrap().within(&june)), (None, None));
    }

    #[test]
    fn an_empty_field_is_none_and_what_cannot_be_read_is_refused() {
        let asked = read("/usage?period=&meter=&from=&to=+&id=&before=&before_id=").unwrap();
        assert!(asked.period.is_none() && asked.events.from.is_none() && asked.events.id.is_none());
        for wrong in [
            "period=may",
            "from=2026-02-30",
            "to=tomorrow",
            "before=1&before_id=a",
        ] {
            assert_eq!(
                read(&format!("/usage?{wrong}")).err(),
                Some(AppError::Invalid),
                "{wrong}"
            );
        }
    }
}
