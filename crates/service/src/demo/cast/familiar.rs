//! The twelve of the last half year: those that people and tests sign in as are among them.

use billing::period::Interval;
use billing::subscription::FeedbackReason::CustomerService;

use crate::demo::lives::{beside, buy, buy_with, buy_year, change, change_to_year, lives_on_credit, tries};
use crate::demo::story::Deed::{Agree, AgreePrice, Cancel, ReplaceCard};
use crate::demo::story::Joins::HalfYearAgo;
use crate::demo::story::{FAILING_CARD, GOOD_CARD, OTHER_GOOD_CARD, Story, habit};

/// Sovereign, and more of what is done for them.
const ATLAS: &str = r#"
[plan.atlas]
name = "Atlas Sovereign"
summary = "As agreed with Atlas Government Services"
base = "sovereign"
customer = "{customer}"
prices = [{ interval = "month", amount = 24_999 }, { interval = "year", amount = 249_990 }]
feature = { support = "On site" }
"#;

pub const FAMILIAR: [Story; 12] = [
    Story {
        company: "Lumen Labs",
        person: "Ada Byron",
        email: "ada@lumen.example",
        zone: "Europe/Berlin",
        featured: true,
        habit: habit(1, 4, 3_700, 2),
        joins: HalfYearAgo,
        life: &[(2, buy("starter"))],
    },
    Story {
        company: "Northwind Chain",
        person: "Noah Lind",
        email: "noah@northwind.example",
        zone: "Europe/Stockholm",
        featured: true,
        habit: habit(3, 11, 22_000, 6),
        joins: HalfYearAgo,
        life: &[
            (4, tries("professional", Some(GOOD_CARD))),
            (-3, change("starter")),
        ],
    },
    Story {
        company: "Helios Energy",
        person: "Iris Moreau",
        email: "iris@helios.example",
        zone: "Europe/Paris",
        featured: true,
        habit: habit(1, 5, 4_100, 3),
        joins: HalfYearAgo,
        life: &[
            (9, buy_with("starter", OTHER_GOOD_CARD)),
            (81, change("professional")),
            (95, beside(Interval::Year)),
        ],
    },
    Story {
        company: "Quanta Bank",
        person: "Grace Okafor",
        email: "grace@quanta.example",
        zone: "Africa/Lagos",
        featured: true,
        habit: habit(12, 38, 310_000, 40),
        joins: HalfYearAgo,
        life: &[(14, buy_year("enterprise")), (14, beside(Interval::Month))],
    },
    Story {
        company: "Terra Registry",
        person: "Tom Weir",
        email: "tom@terra.example",
        zone: "Europe/London",
        featured: false,
        habit: habit(1, 6, 5_200, 4),
        joins: HalfYearAgo,
        life: &lives_on_credit(),
    },
    Story {
        company: "Vega Games",
        person: "Lin Zhao",
        email: "lin@vega.example",
        zone: "Asia/Singapore",
        featured: false,
        habit: habit(1, 7, 3_900, 2),
        joins: HalfYearAgo,
        life: &[
            (70, buy_with("starter", FAILING_CARD)),
            (106, ReplaceCard(GOOD_CARD)),
            // Three weeks before the day of the seed a renewal is declined: read-only by now.
            (-26, ReplaceCard(FAILING_CARD)),
        ],
    },
    Story {
        company: "Orbit Social",
        person: "Nora Diaz",
        email: "nora@orbit.example",
        zone: "America/New_York",
        featured: true,
        habit: habit(1, 3, 2_900, 1),
        joins: HalfYearAgo,
        life: &[(-36, buy_with("starter", FAILING_CARD))],
    },
    Story {
        company: "Cedar Health",
        person: "Sam Cedar",
        email: "sam@cedar.example",
        zone: "America/Chicago",
        featured: false,
        habit: habit(2, 8, 9_800, 5),
        joins: HalfYearAgo,
        life: &[
            (26, buy("professional")),
            (75, Cancel(CustomerService)),
            (140, buy("starter")),
            (145, AgreePrice { percent_off: 15 }),
        ],
    },
    Story {
        company: "Atlas Government Services",
        person: "Uma Patel",
        email: "uma@atlas.example",
        zone: "Asia/Kolkata",
        featured: true,
        habit: habit(24, 60, 420_000, 80),
        joins: HalfYearAgo,
        life: &[
            (61, buy("sovereign")),
            (100, Agree(ATLAS)),
            (100, change("atlas")),
        ],
    },
    Story {
        company: "Pixel Forge",
        person: "Kai Tanaka",
        email: "kai@pixelforge.example",
        zone: "Asia/Tokyo",
        featured: false,
        habit: habit(2, 9, 12_000, 3),
        joins: HalfYearAgo,
        life: &[(-6, tries("professional", Some(OTHER_GOOD_CARD)))],
    },
    Story {
        company: "Mira Studio",
        person: "Mira Novak",
        email: "mira@mirastudio.example",
        zone: "Europe/Prague",
        featured: false,
        habit: habit(1, 2, 1_200, 1),
        joins: HalfYearAgo,
        life: &[(-30, tries("starter", None))],
    },
    Story {
        company: "Sol Collective",
        person: "Elif Kaya",
        email: "elif@sol.example",
        zone: "Europe/Istanbul",
        featured: false,
        habit: habit(3, 10, 26_000, 4),
        joins: HalfYearAgo,
        life: &[(33, buy("starter")), (118, change_to_year("professional"))],
    },
];
