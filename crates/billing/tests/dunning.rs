//! The whole schedule: each step at its instant, once, and what may be done there.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::payment::dunning::{Action, Card, Due, History, Next, Outlook, Step, next, outlook};
use billing::period::Zone;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use proptest::prelude::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn history<'a>(began_at: &str, zone_name: &str, taken: &'a [Step]) -> History<'a> {
    History {
        began_at: utc(began_at),
        zone: zone(zone_name),
        taken,
        tries: &[],
        card: Card::Usable,
    }
}

/// Every step with its instant, taken as it comes up: action, day, instant, charged or told.
fn lived(began_at: &str, zone: &str, card: Card) -> Vec<(&'static str, u32, String, &'static str)> {
    let (mut taken, mut tries, mut now) = (Vec::new(), vec![utc(began_at)], utc(began_at));
    let mut lived = Vec::new();
    loop {
        let own = History {
            tries: &tries,
            card,
            ..history(began_at, zone, &taken)
        };
        match next(&own, now) {
            Next::Later(at) => {
                assert!(at > now);
                now = at;
            }
            Next::Due(due) => {
                assert_eq!(due.at, now, "taken as it comes up");
                let does = match (due.charges, due.tells) {
                    (true, false) => "charges",
                    (false, true) => "tells",
                    (false, false) => "nothing",
                    (true, true) => panic!("{due:?}"),
                };
                let at = due.at.format("%m-%d %H:%M").to_string();
                lived.push((due.step.action.as_str(), due.step.day, at, does));
                if due.charges {
                    tries.push(now);
                }
                taken.push(due.step);
            }
            Next::Over => return lived,
        }
    }
}

fn expected(
    rows: &[(&'static str, u32, &str, &'static str)],
) -> Vec<(&'static str, u32, String, &'static str)> {
    rows.iter()
        .map(|(action, day, at, does)| (*action, *day, (*at).to_owned(), *does))
        .collect()
}

#[test]
fn a_declined_card_is_tried_six_times_in_two_weeks() {
    let whole = expected(&[
        ("fail", 0, "05-01 12:30", "tells"),
        ("retry", 1, "05-02 12:30", "charges"),
        ("retry", 3, "05-04 12:30", "charges"),
        ("remind", 3, "05-04 13:30", "tells"),
        ("retry", 5, "05-06 12:30", "charges"),
        ("retry", 7, "05-08 12:30", "charges"),
        ("retry", 10, "05-11 12:30", "charges"),
        ("warn", 10, "05-11 13:30", "tells"),
        ("retry", 14, "05-15 12:30", "charges"),
        ("suspend", 14, "05-15 13:30", "tells"),
        ("end", 30, "05-31 13:30", "tells"),
    ]);
    assert_eq!(lived("2026-05-01T12:30:00Z", "UTC", Card::Usable), whole);
}

#[test]
fn without_a_card_that_may_pay_everything_but_the_charges_goes_on() {
    let charged = lived("2026-05-01T12:30:00Z", "UTC", Card::Usable);
    for card in [Card::None, Card::Refused] {
        let without = lived("2026-05-01T12:30:00Z", "UTC", card);
        let same = charged.iter().cloned().map(|(action, day, at, does)| {
            let does = if does == "charges" { "nothing" } else { does };
            (action, day, at, does)
        });
        assert_eq!(without, same.collect::<Vec<_>>());
    }
}

#[test]
fn retries_are_in_office_hours_where_the_customer_is() {
    let first = |began_at, name| {
        let retry = Step {
            day: 1,
            action: Action::Retry,
        };
        let at = retry.at(utc(began_at), zone(name));
        zone(name).local(at).format("%m-%d %H:%M").to_string()
    };
    // Midnight in UTC, and what that is elsewhere.
    assert_eq!(first("2026-05-01T00:00:00Z", "UTC"), "05-02 09:00");
    assert_eq!(
        first("2026-05-01T00:00:00Z", "America/Los_Angeles"),
        "05-01 17:00"
    );
    assert_eq!(first("2026-05-01T00:00:00Z", "Asia/Tokyo"), "05-02 09:00");
    assert_eq!(first("2026-05-01T02:15:00Z", "Asia/Kolkata"), "05-02 09:00");
    assert_eq!(first("2026-05-01T06:15:00Z", "Asia/Kolkata"), "05-02 11:45");
    assert_eq!(first("2026-05-01T08:00:00Z", "Pacific/Kiritimati"), "05-02 17:00");
    // The clock is put forward, and back: the same time of day.
    assert_eq!(first("2026-03-28T14:00:00Z", "Europe/Berlin"), "03-29 15:00");
    assert_eq!(first("2026-10-24T13:00:00Z", "Europe/Berlin"), "10-25 15:00");
    // Samoa went without 30 December.
    assert_eq!(first("2011-12-29T20:00:00Z", "Pacific/Apia"), "12-31 09:00");
}

#[test]
fn no_more_than_eight_tries_in_sixty_days() {
    let now = utc("2026-05-02T12:00:00Z");
    let taken = [Step {
        day: 0,
        action: Action::Fail,
    }];
    let charges = |days_ago: &[i64]| {
        let tries: Vec<_> = days_ago.iter().map(|days| now - TimeDelta::days(*days)).collect();
        let own = History {
            tries: &tries,
            ..history("2026-05-01T12:00:00Z", "UTC", &taken)
        };
        let Next::Due(due) = next(&own, now) else { panic!() };
        assert_eq!(
            outlook(&own).retry_at.is_some(),
            due.charges,
            "what is shown is what is done"
        );
        due.charges
    };
    assert!(charges(&[]));
    assert!(charges(&[1, 2, 3, 4, 5, 6, 7]));
    assert!(!charges(&[1, 2, 3, 4, 5, 6, 7, 8]));
    assert!(!charges(&[1, 2, 3, 4, 5, 6, 7, 59]));
    assert!(
        charges(&[1, 2, 3, 4, 5, 6, 7, 60]),
        "what is sixty days ago counts no more"
    );
}

/// The program stood still: what was missed is not made up for in one go.
#[test]
fn after_an_outage_nobody_is_charged_or_written_to_twice() {
    let at_once = |days: i64, card| {
        let now = utc("2026-05-01T12:00:00Z") + TimeDelta::days(days);
        let (mut taken, mut done) = (Vec::new(), Vec::new());
        while let Next::Due(due) = next(
            &History {
                card,
                ..history("2026-05-01T12:00:00Z", "UTC", &taken)
            },
            now,
        ) {
            let Due {
                step, charges, tells, ..
            } = due;
            if charges || tells {
                done.push((step.action.as_str(), step.day));
            }
            taken.push(step);
        }
        (done, taken.len())
    };
    assert_eq!(at_once(0, Card::Usable), (vec![("fail", 0)], 1));
    assert_eq!(at_once(2, Card::Usable), (vec![("fail", 0), ("retry", 1)], 2));
    assert_eq!(at_once(6, Card::Usable), (vec![("remind", 3), ("retry", 5)], 5));
    assert_eq!(
        at_once(20, Card::Usable),
        (vec![("retry", 14), ("suspend", 14)], 10)
    );
    assert_eq!(at_once(20, Card::None), (vec![("suspend", 14)], 10));
    assert_eq!(at_once(200, Card::Usable), (vec![("end", 30)], 11));
}

#[test]
fn what_will_happen_is_told_beforehand() {
    let taken = |count| {
        let all = lived("2026-05-01T12:00:00Z", "UTC", Card::Usable);
        let steps = all.into_iter().map(|(action, day, ..)| Step {
            day,
            action: Action::parse(action).unwrap(),
        });
        steps.take(count).collect::<Vec<_>>()
    };
    let shown = |count, card| {
        let taken = taken(count);
        outlook(&History {
            card,
            ..history("2026-05-01T12:00:00Z", "UTC", &taken)
        })
    };
    let fresh = Outlook {
        retry_at: Some(utc("2026-05-02T12:00:00Z")),
        suspended_at: Some(utc("2026-05-15T13:00:00Z")),
        ended_at: Some(utc("2026-05-31T13:00:00Z")),
        changes_blocked_at: utc("2026-05-06T12:00:00Z"),
    };
    assert_eq!(shown(1, Card::Usable), fresh);
    let retry_at = None;
    assert_eq!(shown(1, Card::Refused), Outlook { retry_at, ..fresh });
    let retry_at = Some(utc("2026-05-04T12:00:00Z"));
    assert_eq!(shown(2, Card::Usable), Outlook { retry_at, ..fresh });
    let late = Outlook {
        retry_at: None,
        suspended_at: None,
        ..fresh
    };
    assert_eq!(shown(10, Card::Usable), late);
    assert_eq!(
        shown(11, Card::Usable),
        Outlook {
            ended_at: None,
            ..late
        }
    );
}

proptest! {
    /// Wherever and whenever: in order, in office hours, on the day that was said.
    #[test]
    fn every_step_has_its_hour_in_every_zone(
        zone in prop::sample::select(Zone::all().collect::<Vec<_>>()),
        second in 0..2_000_000_000_i64,
    ) {
        let began_at = DateTime::from_timestamp(second, 0).unwrap();
        let (mut taken, mut before, mut now) = (Vec::new(), began_at, began_at);
        loop {
            let own = History { began_at, zone, taken: &taken, tries: &[], card: Card::Usable };
            match next(&own, now) {
                Next::Later(at) => now = at,
                Next::Over => break,
                Next::Due(due) => {
                    prop_assert!(due.at >= before, "in order");
                    before = due.at;
                    let local = zone.local(due.at);
                    let days = (local.date() - zone.local(began_at).date()).num_days() - i64::from(due.step.day);
                    // A day that the zone goes without is made up for on the next.
                    prop_assert!((0..=1).contains(&days), "{:?} on {local}", due.step);
                    if due.step.action == Action::Retry {
                        let hours = NaiveTime::from_hms_opt(9, 0, 0).unwrap()..=NaiveTime::from_hms_opt(17, 0, 0).unwrap();
                        prop_assert!(hours.contains(&local.time()), "{local}");
                    }
                    taken.push(due.step);
                }
            }
        }
        prop_assert_eq!(taken.len(), 11);
    }
}
