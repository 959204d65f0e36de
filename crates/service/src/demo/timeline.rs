//! Everybody's deeds and the host's reports in one order: how the history is lived, stop by stop.

use std::collections::HashSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};

use super::story::{Deed, Story};
use super::{DemoWorld, at};
use crate::{Error, Result};

/// Usage of these last days is told day by day, of featured customers hour by hour; of earlier weeks once a week.
const FINE_DAYS: u64 = 35;
const REPORTS_ON: Weekday = Weekday::Fri;
const EVENING: (u32, u32) = (20, 5);
/// What a stop costs beside the periods that end on the way, of which each customer has one a month.
const STOP: i64 = 6;
const PERIOD: i64 = 6;
const MINUTES_A_PERIOD: i64 = 30 * 24 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Somebody, by their place among the stories, does something.
    Act { who: usize, deed: Deed },
    /// The host reports usage since the beginning of a day.
    Report { since: NaiveDate, fine: bool },
    /// The history is over.
    End,
}

/// The clock is moved there, living what is due on the way, and something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    pub at: DateTime<Utc>,
    pub what: What,
    /// Its share of the whole work, for the progress that pages show.
    pub effort: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    pub start: DateTime<Utc>,
    /// In order.
    pub stops: Vec<Stop>,
}

impl Timeline {
    /// From the world's first day up to the morning of `today`.
    pub fn of(world: DemoWorld, today: NaiveDate) -> Result<Self> {
        let wrong = Error::Internal("a demo story's day");
        let first_day = today.checked_sub_months(world.months()).ok_or(wrong)?;
        let (start, end) = (at(first_day, (0, 0)), at(today, (0, 0)));
        let mut stops = reports(first_day, today);
        for (who, story) in world.stories().enumerate() {
            stops.extend(deeds(who, story, today)?);
        }
        // Deeds of one instant stay in the order of their story.
        stops.sort_by_key(|stop| stop.at);
        stops.push(stop(end, What::End));
        if stops.iter().any(|stop| stop.at < start || stop.at > end) {
            return Err(Error::Internal("a demo story beyond its history"));
        }
        weigh(start, &mut stops);
        Ok(Self { start, stops })
    }

    pub fn effort(&self) -> u32 {
        self.stops.iter().map(|stop| stop.effort).sum()
    }
}

const fn stop(at: DateTime<Utc>, what: What) -> Stop {
    let effort = 0;
    Stop { at, what, effort }
}

fn deeds(who: usize, story: &Story, today: NaiveDate) -> Result<Vec<Stop>> {
    let minute = u32::try_from(who).map_err(|_| Error::Internal("too many demo stories"))?;
    let of_life = story.life.iter().map(|(day, deed)| {
        let at = story.instant(minute, *day, today)?;
        Ok(stop(at, What::Act { who, deed: *deed }))
    });
    of_life.collect()
}

/// A report a week, then one a day.
fn reports(first_day: NaiveDate, today: NaiveDate) -> Vec<Stop> {
    let fine_from = today - Days::new(FINE_DAYS);
    let mut since = first_day;
    let mut stops = Vec::new();
    for day in first_day.iter_days().take_while(|day| *day < today) {
        let fine = day >= fine_from;
        if fine || day.weekday() == REPORTS_ON {
            stops.push(stop(at(day, EVENING), What::Report { since, fine }));
            since = day + Days::new(1);
        }
    }
    stops
}

fn weigh(start: DateTime<Utc>, stops: &mut [Stop]) {
    let (mut before, mut joined) = (start, HashSet::new());
    for stop in stops {
        let customers = i64::try_from(joined.len()).unwrap_or(i64::MAX);
        let minutes = (stop.at - before).num_minutes();
        let effort = STOP + minutes.saturating_mul(customers).saturating_mul(PERIOD) / MINUTES_A_PERIOD;
        stop.effort = u32::try_from(effort).unwrap_or(u32::MAX);
        before = stop.at;
        if let What::Act { who, .. } = stop.what {
            joined.insert(who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the day of the seed: months of any length, leap days, clocks that change.
    #[test]
    fn every_life_fits_into_the_history_and_goes_forward() {
        let first: NaiveDate = "2026-01-01".parse().unwrap();
        for today in first.iter_days().take(3 * 366) {
            for world in [DemoWorld::Small, DemoWorld::Full] {
                let timeline = Timeline::of(world, today).unwrap();
                for (who, story) in world.stories().enumerate() {
                    let lived: Vec<_> = timeline
                        .stops
                        .iter()
                        .filter_map(|stop| match stop.what {
                            What::Act { who: one, deed } if one == who => Some(deed),
                            _ => None,
                        })
                        .collect();
                    let told: Vec<_> = story.life.iter().map(|(_, deed)| *deed).collect();
                    assert_eq!(lived, told, "{} on {today}", story.company);
                }
            }
        }
    }

    #[test]
    fn everybody_is_somebody_else() {
        assert_eq!(DemoWorld::Full.stories().count(), 60);
        let emails: HashSet<_> = DemoWorld::Full.stories().map(|story| story.email).collect();
        let companies: HashSet<_> = DemoWorld::Full.stories().map(|story| story.company).collect();
        assert_eq!((emails.len(), companies.len()), (60, 60));
        for story in DemoWorld::Full.stories() {
            assert!(story.email.ends_with(".example"), "{}", story.email);
            assert_eq!(story.zone().name(), story.zone);
        }
    }

    #[test]
    fn usage_is_reported_for_each_day_once() {
        let today = "2026-06-30".parse().unwrap();
        let timeline = Timeline::of(DemoWorld::Full, today).unwrap();
        let mut next: NaiveDate = "2024-12-30".parse().unwrap();
        for stop in &timeline.stops {
            if let What::Report { since, .. } = stop.what {
                assert_eq!(since, next);
                next = stop.at.date_naive() + Days::new(1);
            }
        }
        assert_eq!(next, today);
    }
}
