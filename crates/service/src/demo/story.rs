//! Who the demo customers are and what they do on which day, as data.

use chrono::{Days, Months, NaiveDate};

use billing::period::Interval;

/// How far back the story goes.
const MONTHS: Months = Months::new(6);

/// Cards of the sandbox, by what they do.
pub const GOOD_CARD: &str = "4242424242424242";
pub const OTHER_GOOD_CARD: &str = "5555555555554444";
/// Can be saved and is declined on every later charge.
pub const FAILING_CARD: &str = "4000000000000341";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Buy {
        plan: &'static str,
        interval: Interval,
        card: &'static str,
    },
    /// A trial, with a card for its end or without.
    Try {
        plan: &'static str,
        card: Option<&'static str>,
    },
    /// An upgrade happens at once, a downgrade is scheduled.
    Change {
        plan: &'static str,
        interval: Interval,
    },
    Cancel,
    ReplaceCard {
        card: &'static str,
    },
}

/// Units a day; storage is what is added.
#[derive(Debug, Clone, Copy)]
pub struct Habit {
    pub chains: u32,
    pub deployments: u32,
    pub api_requests: u32,
    pub storage_gb_a_month: u32,
}

#[derive(Debug, Clone, Copy)]
pub struct Story {
    pub company: &'static str,
    pub person: &'static str,
    pub email: &'static str,
    pub zone: &'static str,
    pub habit: Habit,
    /// On which day of the story (negative: before its end), in order.
    pub deeds: &'static [(i32, Deed)],
}

const fn habit(chains: u32, deployments: u32, api_requests: u32, storage_gb_a_month: u32) -> Habit {
    Habit {
        chains,
        deployments,
        api_requests,
        storage_gb_a_month,
    }
}

use Deed::{Buy, Cancel, Change, ReplaceCard, Try};
use Interval::{Month, Year};

pub const STORIES: [Story; 12] = [
    Story {
        company: "Lumen Labs",
        person: "Ada Byron",
        email: "ada@lumen.example",
        zone: "Europe/Berlin",
        habit: habit(1, 4, 3_700, 2),
        deeds: &[(
            2,
            Buy {
                plan: "starter",
                interval: Month,
                card: GOOD_CARD,
            },
        )],
    },
    Story {
        company: "Northwind Chain",
        person: "Noah Lind",
        email: "noah@northwind.example",
        zone: "Europe/Stockholm",
        habit: habit(3, 11, 22_000, 6),
        deeds: &[
            (
                4,
                Try {
                    plan: "professional",
                    card: Some(GOOD_CARD),
                },
            ),
            (
                -3,
                Change {
                    plan: "starter",
                    interval: Month,
                },
            ),
        ],
    },
    Story {
        company: "Helios Energy",
        person: "Iris Moreau",
        email: "iris@helios.example",
        zone: "Europe/Paris",
        habit: habit(1, 5, 4_100, 3),
        deeds: &[
            (
                9,
                Buy {
                    plan: "starter",
                    interval: Month,
                    card: OTHER_GOOD_CARD,
                },
            ),
            (
                81,
                Change {
                    plan: "professional",
                    interval: Month,
                },
            ),
        ],
    },
    Story {
        company: "Quanta Bank",
        person: "Grace Okafor",
        email: "grace@quanta.example",
        zone: "Africa/Lagos",
        habit: habit(12, 38, 310_000, 40),
        deeds: &[(
            14,
            Buy {
                plan: "enterprise",
                interval: Year,
                card: GOOD_CARD,
            },
        )],
    },
    Story {
        company: "Terra Registry",
        person: "Tom Weir",
        email: "tom@terra.example",
        zone: "Europe/London",
        habit: habit(1, 6, 5_200, 4),
        deeds: &[
            (
                20,
                Buy {
                    plan: "professional",
                    interval: Month,
                    card: GOOD_CARD,
                },
            ),
            (
                96,
                Change {
                    plan: "starter",
                    interval: Month,
                },
            ),
        ],
    },
    Story {
        company: "Vega Games",
        person: "Lin Zhao",
        email: "lin@vega.example",
        zone: "Asia/Singapore",
        habit: habit(1, 7, 3_900, 2),
        deeds: &[
            (
                70,
                Buy {
                    plan: "starter",
                    interval: Month,
                    card: FAILING_CARD,
                },
            ),
            (106, ReplaceCard { card: GOOD_CARD }),
        ],
    },
    Story {
        company: "Orbit Social",
        person: "Nora Diaz",
        email: "nora@orbit.example",
        zone: "America/New_York",
        habit: habit(1, 3, 2_900, 1),
        deeds: &[(
            -36,
            Buy {
                plan: "starter",
                interval: Month,
                card: FAILING_CARD,
            },
        )],
    },
    Story {
        company: "Cedar Health",
        person: "Sam Cedar",
        email: "sam@cedar.example",
        zone: "America/Chicago",
        habit: habit(2, 8, 9_800, 5),
        deeds: &[
            (
                26,
                Buy {
                    plan: "professional",
                    interval: Month,
                    card: GOOD_CARD,
                },
            ),
            (75, Cancel),
            (
                140,
                Buy {
                    plan: "starter",
                    interval: Month,
                    card: GOOD_CARD,
                },
            ),
        ],
    },
    Story {
        company: "Atlas Government Services",
        person: "Uma Patel",
        email: "uma@atlas.example",
        zone: "Asia/Kolkata",
        habit: habit(24, 60, 420_000, 80),
        deeds: &[(
            61,
            Buy {
                plan: "sovereign",
                interval: Month,
                card: GOOD_CARD,
            },
        )],
    },
    Story {
        company: "Pixel Forge",
        person: "Kai Tanaka",
        email: "kai@pixelforge.example",
        zone: "Asia/Tokyo",
        habit: habit(2, 9, 12_000, 3),
        deeds: &[(
            -6,
            Try {
                plan: "professional",
                card: Some(OTHER_GOOD_CARD),
            },
        )],
    },
    Story {
        company: "Mira Studio",
        person: "Mira Novak",
        email: "mira@mirastudio.example",
        zone: "Europe/Prague",
        habit: habit(1, 2, 1_200, 1),
        deeds: &[(
            -30,
            Try {
                plan: "starter",
                card: None,
            },
        )],
    },
    Story {
        company: "Sol Collective",
        person: "Elif Kaya",
        email: "elif@sol.example",
        zone: "Europe/Istanbul",
        habit: habit(3, 10, 26_000, 4),
        deeds: &[
            (
                33,
                Buy {
                    plan: "starter",
                    interval: Month,
                    card: GOOD_CARD,
                },
            ),
            (
                118,
                Change {
                    plan: "professional",
                    interval: Year,
                },
            ),
        ],
    },
];

pub fn emails() -> Vec<String> {
    STORIES.iter().map(|story| story.email.to_owned()).collect()
}

/// The days of the story: six months, ending the day before `today`.
pub fn days(today: NaiveDate) -> impl Iterator<Item = NaiveDate> + Clone {
    let start = today - MONTHS;
    start.iter_days().take_while(move |day| *day < today)
}

/// The day a deed falls on; from the end where it is negative.
pub fn day_of(deed_day: i32, start: NaiveDate, today: NaiveDate) -> NaiveDate {
    let distance = Days::new(u64::from(deed_day.unsigned_abs()));
    if deed_day < 0 {
        today - distance
    } else {
        start + distance
    }
}
