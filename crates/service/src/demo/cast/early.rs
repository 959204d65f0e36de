//! Those who joined in the first eight months of the history.

use billing::period::Interval::{Month, Week};

use crate::demo::lives::{
    agrees, buy_year_with_code, buys_after_the_trial, climbs, comes_round, comes_to_terms, complains,
    ends_the_trial, ends_the_year, hires, identified, is_given_back, is_helped, is_let_off, is_restless,
    leaves_unpaid, never_pays, pauses, pays_held_tax, recovers, redeems_later, returns, settles_late, wavers,
};
use crate::demo::story::Joins::{Ago, On31st};
use crate::demo::story::{Story, habit};

/// A plan with a minimum that the usage seldom reaches.
const MERIDIAN: &str = r#"
[plan.meridian]
name = "Meridian agreement"
summary = "As agreed with Meridian Trust"
customer = "{customer}"
prices = [{ interval = "month", amount = 2500 }]
feature = { support = "Dedicated", compliance = "Custom" }

[plan.meridian.charge]
chain_deployments = { included = "unlimited" }
storage_gb = { included = 500, scheme = "per_unit", amount = "0.15" }
api_requests = { included = 5_000_000, scheme = "package", size = 100_000, price = 25 }

[plan.meridian.charge.deployments]
included = 250
scheme = "graduated"
tiers = [{ up_to = 1000, amount = "0.80" }, { amount = "0.50" }]
minimum = 450
"#;

/// A plan paid by the week, from Monday on.
const ZEPHYR: &str = r#"
[plan.zephyr]
name = "Weekly Starter"
summary = "Starter, paid by the week"
customer = "{customer}"
billing_time = "calendar"
prices = [{ interval = "week", amount = 55 }]
feature = { support = "Community", compliance = "Standard" }

[plan.zephyr.charge]
chain_deployments = { included = 1, enforcement = "hard" }
deployments = { included = 100, scheme = "per_unit", amount = "2.50" }
storage_gb = { included = 10, scheme = "per_unit", amount = "0.25" }
api_requests = { included = 100_000, scheme = "per_unit", amount = "0.50", per = 1000 }
"#;

pub const EARLY: [Story; 24] = [
    Story {
        company: "Aurora Ledger",
        person: "Mina Sato",
        email: "mina@auroraledger.example",
        zone: "Asia/Tokyo",
        featured: true,
        habit: habit(1, 3, 3_100, 2).growing(60),
        joins: Ago(541),
        life: &climbs(75, 262),
    },
    Story {
        company: "Pebble Wallet",
        person: "Owen Walsh",
        email: "owen@pebblewallet.example",
        zone: "Europe/Dublin",
        featured: false,
        habit: habit(1, 2, 1_900, 1),
        joins: Ago(536),
        life: &comes_to_terms("starter"),
    },
    Story {
        company: "Fjord Registry",
        person: "Signe Dahl",
        email: "signe@fjordregistry.example",
        zone: "Europe/Oslo",
        featured: false,
        habit: habit(1, 3, 2_600, 1),
        joins: Ago(529),
        life: &settles_late("starter"),
    },
    Story {
        company: "Mosaic Art",
        person: "Rosa Lane",
        email: "rosa@mosaicart.example",
        zone: "America/New_York",
        featured: false,
        habit: habit(1, 2, 1_400, 1),
        joins: Ago(521),
        life: &leaves_unpaid("starter", "CA-QC"),
    },
    Story {
        company: "Tundra Mining",
        person: "Gus Olsen",
        email: "gus@tundramining.example",
        zone: "America/Anchorage",
        featured: false,
        habit: habit(1, 4, 3_500, 2),
        joins: Ago(508),
        life: &recovers("starter", 50),
    },
    Story {
        company: "Saffron Pay",
        person: "Arjun Rao",
        email: "arjun@saffronpay.example",
        zone: "Asia/Kolkata",
        featured: false,
        habit: habit(3, 14, 26_000, 4).growing(3),
        joins: Ago(497),
        life: &is_let_off("professional", 430, "enterprise"),
    },
    Story {
        company: "Delta Freight",
        person: "June Carter",
        email: "june@deltafreight.example",
        zone: "America/Chicago",
        featured: false,
        habit: habit(2, 10, 18_000, 5),
        joins: Ago(489),
        life: &pauses("professional", 100, 150),
    },
    Story {
        company: "Koru Carbon",
        person: "Aroha Ngata",
        email: "aroha@korucarbon.example",
        zone: "Pacific/Auckland",
        featured: false,
        habit: habit(1, 3, 2_800, 1).growing(2),
        joins: On31st(479),
        life: &is_helped("starter"),
    },
    Story {
        company: "Basalt Custody",
        person: "Lukas Frei",
        email: "lukas@basaltcustody.example",
        zone: "Europe/Zurich",
        featured: false,
        habit: habit(9, 40, 240_000, 25).growing(3),
        joins: Ago(466),
        life: &is_given_back("PARTNER"),
    },
    Story {
        company: "Ember Games",
        person: "Dana Cruz",
        email: "dana@embergames.example",
        zone: "America/Los_Angeles",
        featured: false,
        habit: habit(2, 12, 21_000, 3),
        joins: Ago(455),
        life: &wavers(),
    },
    Story {
        company: "Lattice Labs",
        person: "Jonas Beck",
        email: "jonas@latticelabs.example",
        zone: "Europe/Berlin",
        featured: false,
        habit: habit(1, 5, 4_400, 2).growing(4),
        joins: Ago(447),
        life: &comes_round("starter", 120, "professional"),
    },
    Story {
        company: "Juniper Land Titles",
        person: "Wanjiru Mwangi",
        email: "wanjiru@juniperland.example",
        zone: "Africa/Nairobi",
        featured: false,
        habit: habit(1, 2, 2_100, 1),
        joins: Ago(436),
        life: &ends_the_year("starter"),
    },
    Story {
        company: "Quill Notary",
        person: "Edith Moore",
        email: "edith@quillnotary.example",
        zone: "Europe/London",
        featured: false,
        habit: habit(1, 4, 3_300, 2),
        joins: Ago(425),
        life: &returns("starter", 230, "professional"),
    },
    Story {
        company: "Cobalt Exchange",
        person: "Wei Tan",
        email: "wei@cobaltexchange.example",
        zone: "Asia/Singapore",
        featured: true,
        habit: habit(4, 21, 44_000, 9).growing(5),
        joins: Ago(414),
        life: &redeems_later("professional", 45, "LAUNCH20"),
    },
    Story {
        company: "Meridian Trust",
        person: "Claire Roy",
        email: "claire@meridiantrust.example",
        zone: "America/Toronto",
        featured: false,
        habit: habit(6, 30, 90_000, 12),
        joins: Ago(402),
        life: &agrees("meridian", MERIDIAN, Month),
    },
    Story {
        company: "Harbor Logistics",
        person: "Sanne de Vries",
        email: "sanne@harborlogistics.example",
        zone: "Europe/Amsterdam",
        featured: false,
        habit: habit(1, 6, 5_000, 3),
        joins: Ago(395),
        life: &hires("starter"),
    },
    Story {
        company: "Sable Insurance",
        person: "Thandi Nkosi",
        email: "thandi@sableinsurance.example",
        zone: "Africa/Johannesburg",
        featured: false,
        habit: habit(1, 3, 2_500, 1),
        joins: Ago(384),
        life: &buys_after_the_trial("professional", 40, "starter"),
    },
    Story {
        company: "Opal Identity",
        person: "Ines Costa",
        email: "ines@opalidentity.example",
        zone: "Europe/Lisbon",
        featured: false,
        habit: habit(3, 12, 19_000, 4),
        joins: Ago(378),
        life: &[
            (0, identified("PT", "PT501234567")),
            (0, buy_year_with_code("professional", "WELCOME50")),
        ],
    },
    Story {
        company: "Nimbus Weather",
        person: "Hal Reyes",
        email: "hal@nimbusweather.example",
        zone: "America/Denver",
        featured: false,
        habit: habit(2, 9, 15_000, 2),
        joins: Ago(371),
        life: &never_pays("professional"),
    },
    Story {
        company: "Tidal Music",
        person: "Zoe Harper",
        email: "zoe@tidalmusic.example",
        zone: "Australia/Sydney",
        featured: false,
        habit: habit(1, 3, 3_000, 1),
        joins: Ago(352),
        life: &pays_held_tax("starter", 120, 45),
    },
    Story {
        company: "Garnet Bank",
        person: "Bruno Alves",
        email: "bruno@garnetbank.example",
        zone: "America/Sao_Paulo",
        featured: false,
        habit: habit(8, 35, 210_000, 30),
        joins: Ago(341),
        life: &complains("BR"),
    },
    Story {
        company: "Willow Health",
        person: "Nadia Stone",
        email: "nadia@willowhealth.example",
        zone: "America/New_York",
        featured: false,
        habit: habit(2, 11, 16_000, 4),
        joins: Ago(333),
        life: &is_restless(),
    },
    Story {
        company: "Onyx Arena",
        person: "Pablo Rey",
        email: "pablo@onyxarena.example",
        zone: "Europe/Madrid",
        featured: false,
        habit: habit(1, 4, 3_800, 1),
        joins: Ago(322),
        life: &ends_the_trial("starter"),
    },
    Story {
        company: "Zephyr Air Data",
        person: "Kalani Akana",
        email: "kalani@zephyrair.example",
        zone: "Pacific/Honolulu",
        featured: false,
        habit: habit(1, 3, 2_700, 1),
        joins: Ago(315),
        life: &agrees("zephyr", ZEPHYR, Week),
    },
];
