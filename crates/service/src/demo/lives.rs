//! The lives that demo customers lead, each of them told once and led by several on days of their own.
//!
//! Days between two deeds of one period leave room for months of any length, whatever the day of the seed is.

mod given_back;

pub use given_back::{complains, is_given_back, leaves, pays_by_hand};

use billing::payment::dunning::DunningEnd;
use billing::period::{BillingTime, Interval};
use billing::subscription::{FeedbackReason, UnusedTime};

use super::story::Deed::{
    Abandon, AddOn, Agree, AgreePrice, Approve, Beside, Buy, BuyWithCode, Cancel, CancelNow, Change,
    ChangeInVain, Credit, DropAgreedPrice, DunningEnds, ExtendTrial, Locate, NetTerms, OneOff, Pause,
    PayInvoice, Redeem, ReplaceCard, ReportLate, Resume, Seats, SetUp, Try, UndoCancel, UndoChange, Void,
    WriteOff,
};
use super::story::{
    ASKING_CARD, CreditDeed, Deed, FAILING_CARD, GOOD_CARD, OTHER_GOOD_CARD, Offer, Terms, WAVERING_CARD,
};

pub const fn buy(plan: &'static str) -> Deed {
    buy_with(plan, GOOD_CARD)
}

pub const fn buy_with(plan: &'static str, card: &'static str) -> Deed {
    Buy(monthly(plan, card))
}

pub const fn buy_year(plan: &'static str) -> Deed {
    buy_by(plan, Interval::Year)
}

const fn buy_by(plan: &'static str, interval: Interval) -> Deed {
    let card = GOOD_CARD;
    Buy(Offer { plan, interval, card })
}

const fn monthly(plan: &'static str, card: &'static str) -> Offer {
    let interval = Interval::Month;
    Offer { plan, interval, card }
}

pub const fn buy_with_code(plan: &'static str, code: &'static str) -> Deed {
    BuyWithCode(monthly(plan, GOOD_CARD), code)
}

pub const fn buy_year_with_code(plan: &'static str, code: &'static str) -> Deed {
    let (interval, card) = (Interval::Year, GOOD_CARD);
    BuyWithCode(Offer { plan, interval, card }, code)
}

pub const fn change(plan: &'static str) -> Deed {
    let interval = Interval::Month;
    Change { plan, interval }
}

pub const fn change_to_year(plan: &'static str) -> Deed {
    let interval = Interval::Year;
    Change { plan, interval }
}

pub const fn tries(plan: &'static str, card: Option<&'static str>) -> Deed {
    Try { plan, card }
}

/// Where it is, some other taxes are charged.
pub const fn located(region: &'static str) -> Deed {
    let tax_id = None;
    Locate { region, tax_id }
}

/// A business that pays the tax itself.
pub const fn identified(region: &'static str, tax_id: &'static str) -> Deed {
    let tax_id = Some(tax_id);
    Locate { region, tax_id }
}

/// Where prices hold their tax: a trial, a pause for some days.
pub const fn pays_held_tax(plan: &'static str, day: i32, days: u32) -> [(i32, Deed); 3] {
    let [trial, pause] = pauses_for(plan, day, days);
    [(0, located("AU")), trial, pause]
}

/// Hears of a code later.
pub const fn redeems_later(plan: &'static str, day: i32, code: &'static str) -> [(i32, Deed); 2] {
    [(0, buy(plan)), (day, Redeem(code))]
}

/// Buys storage and chains beside the plan, and later fewer of them.
pub const fn adds_on(plan: &'static str) -> [(i32, Deed); 5] {
    [
        (0, buy(plan)),
        (45, several("extra_storage", 1)),
        (105, several("extra_chain", 2)),
        (165, several("extra_chain", 1)),
        (225, several("extra_storage", 0)),
    ]
}

const fn several(key: &'static str, quantity: u32) -> Deed {
    AddOn { key, quantity }
}

/// Its card's charges succeed, and each time the answer has to be looked up. For some months it pays an agreed price.
pub const fn stays_unheard(plan: &'static str) -> [(i32, Deed); 3] {
    [
        (0, buy_with(plan, super::story::SILENT_CARD)),
        (40, AgreePrice { percent_off: 20 }),
        (110, DropAgreedPrice),
    ]
}

/// Tries, and the trial turns into a paid plan, which becomes too small.
pub const fn outgrows(plan: &'static str, day: i32, next: &'static str) -> [(i32, Deed); 2] {
    [(0, tries(plan, Some(GOOD_CARD))), (day, change(next))]
}

/// Has support beside the plan, both due on the same days; on one of them nothing is paid, and staff takes the invoice
/// back.
pub const fn is_let_off(plan: &'static str, day: i32, next: &'static str) -> [(i32, Deed); 6] {
    let [tries, change] = outgrows(plan, day, next);
    [
        tries,
        (14, beside(Interval::Month)),
        // Between the fourth renewal and the fifth.
        (155, ReplaceCard(FAILING_CARD)),
        (175, Void),
        (176, ReplaceCard(GOOD_CARD)),
        change,
    ]
}

pub const fn beside(interval: Interval) -> Deed {
    let plan = "priority_support";
    Beside { plan, interval }
}

pub const fn is_convinced_for_a_year(plan: &'static str, day: i32) -> [(i32, Deed); 2] {
    [(0, tries(plan, Some(GOOD_CARD))), (day, change_to_year(plan))]
}

/// Staff makes the trial longer before it ends.
pub const fn needs_more_time(plan: &'static str) -> [(i32, Deed); 2] {
    let longer = ExtendTrial { days: 20 };
    [(0, tries(plan, Some(GOOD_CARD))), (10, longer)]
}

/// No card is left, and the trial pauses.
pub const fn lets_the_trial_lapse(plan: &'static str) -> [(i32, Deed); 1] {
    [(0, tries(plan, None))]
}

/// Another purchase takes the paused trial's place, on a card whose renewal is paid when it is tried a third time.
pub const fn buys_after_the_trial(tried: &'static str, day: i32, bought: &'static str) -> [(i32, Deed); 2] {
    [(0, tries(tried, None)), (day, buy_with(bought, WAVERING_CARD))]
}

/// Goes on with the paused trial on a card that does not pay, and pays a week later.
pub const fn goes_on_owing(plan: &'static str) -> [(i32, Deed); 4] {
    [
        (0, tries(plan, None)),
        (20, ReplaceCard(FAILING_CARD)),
        (20, Resume),
        (27, ReplaceCard(GOOD_CARD)),
    ]
}

pub const fn ends_the_trial(plan: &'static str) -> [(i32, Deed); 2] {
    let why = FeedbackReason::MissingFeatures;
    [(0, tries(plan, Some(GOOD_CARD))), (6, Cancel(why))]
}

pub const fn ends_the_trial_at_once(plan: &'static str) -> [(i32, Deed); 2] {
    [
        (0, tries(plan, Some(GOOD_CARD))),
        (5, CancelNow(UnusedTime::Forfeit)),
    ]
}

/// From Starter up the ladder.
pub const fn climbs(to_professional: i32, to_enterprise: i32) -> [(i32, Deed); 3] {
    [
        (0, buy("starter")),
        (to_professional, change("professional")),
        (to_enterprise, change("enterprise")),
    ]
}

/// Schedules a downgrade, thinks again, does it after all, and comes back up.
pub const fn wavers() -> [(i32, Deed); 5] {
    [
        (0, buy("professional")),
        (50, change("starter")),
        (53, UndoChange),
        (80, change("starter")),
        (200, change("professional")),
    ]
}

pub const fn steps_down(from: &'static str, day: i32, to: &'static str) -> [(i32, Deed); 2] {
    [(0, buy(from)), (day, change(to))]
}

/// Changes its mind again and again within the first period, and grows a year later.
pub const fn is_restless() -> [(i32, Deed); 8] {
    [
        (0, buy("starter")),
        (5, change("professional")),
        (12, change("enterprise")),
        (18, change("professional")),
        (20, UndoChange),
        (23, change("starter")),
        (25, change("professional")),
        (325, Seats(2)),
    ]
}

/// Back to months when the year is over.
pub const fn ends_the_year(plan: &'static str) -> [(i32, Deed); 2] {
    [(0, buy_year(plan)), (300, change(plan))]
}

pub const fn hires(plan: &'static str) -> [(i32, Deed); 4] {
    [(0, buy(plan)), (40, Seats(3)), (130, Seats(8)), (300, Seats(5))]
}

/// The renewal is declined; another card pays for it.
pub const fn recovers(plan: &'static str, day: i32) -> [(i32, Deed); 2] {
    [(0, buy_with(plan, FAILING_CARD)), (day, ReplaceCard(GOOD_CARD))]
}

/// The renewal is declined and nothing helps: the subscription ends, and the debt is given up in the end.
pub const fn never_pays(plan: &'static str) -> [(i32, Deed); 2] {
    [(0, buy_with(plan, FAILING_CARD)), (90, WriteOff)]
}

/// The renewal is declined, and the customer leaves rather than pay.
pub const fn leaves_owing(plan: &'static str) -> [(i32, Deed); 2] {
    [
        (0, buy_with(plan, FAILING_CARD)),
        (36, CancelNow(UnusedTime::Forfeit)),
    ]
}

/// The plan is not ended for want of a payment, only stopped, and the customer leaves.
pub const fn leaves_unpaid(plan: &'static str, region: &'static str) -> [(i32, Deed); 5] {
    let [agreed, card] = stops_paying(80);
    [
        (0, located(region)),
        (0, buy(plan)),
        agreed,
        card,
        (160, CancelNow(UnusedTime::Forfeit)),
    ]
}

/// The same, and the customer pays in the end and goes on; much later the plan rests.
pub const fn comes_to_terms(plan: &'static str) -> [(i32, Deed); 6] {
    let [agreed, card] = stops_paying(200);
    [
        (0, buy(plan)),
        agreed,
        card,
        (300, ReplaceCard(GOOD_CARD)),
        (310, Resume),
        (515, Pause { days: None }),
    ]
}

/// Commits to a year, in which it owes for something else for so long that the plan is stopped, and goes on.
pub const fn settles_late(plan: &'static str) -> [(i32, Deed); 6] {
    let [agreed, card] = stops_paying(200);
    [
        (0, buy(plan)),
        (130, change_to_year(plan)),
        agreed,
        card,
        (201, migration(true)),
        (240, ReplaceCard(GOOD_CARD)),
    ]
}

const fn stops_paying(day: i32) -> [(i32, Deed); 2] {
    [
        (day, DunningEnds(DunningEnd::Unpaid)),
        (day, ReplaceCard(FAILING_CARD)),
    ]
}

/// Is helped with two migrations, and its host finds usage that it had not reported.
pub const fn is_helped(plan: &'static str) -> [(i32, Deed); 4] {
    let late = ReportLate {
        meter: "deployments",
        value: 180,
        days_ago: 16,
    };
    [
        (0, buy(plan)),
        (40, migration(false)),
        (70, late),
        (100, migration(true)),
    ]
}

const fn migration(at_once: bool) -> Deed {
    OneOff {
        description: "Migration of a chain",
        price: 450,
        at_once,
    }
}

/// The bank asks about every charge: an upgrade waits in vain, a renewal does not.
pub const fn is_asked(plan: &'static str, upgrade: &'static str) -> [(i32, Deed); 5] {
    [
        (0, buy_with(plan, ASKING_CARD)),
        (12, ChangeInVain { plan: upgrade }),
        (34, Approve),
        (50, ReplaceCard(GOOD_CARD)),
        (70, change(upgrade)),
    ]
}

pub const fn pauses(plan: &'static str, from: i32, to: i32) -> [(i32, Deed); 3] {
    [(0, buy(plan)), (from, Pause { days: None }), (to, Resume)]
}

/// Says at once when it goes on.
const fn pauses_for(plan: &'static str, day: i32, days: u32) -> [(i32, Deed); 2] {
    let days = Some(days);
    [(0, tries(plan, Some(GOOD_CARD))), (day, Pause { days })]
}

/// What was used up to the pause is not paid when it ends by itself.
pub const fn pauses_owing(plan: &'static str) -> [(i32, Deed); 3] {
    let days = Some(20);
    [
        (0, buy_with(plan, FAILING_CARD)),
        (24, Pause { days }),
        (50, ReplaceCard(GOOD_CARD)),
    ]
}

pub const fn leaves_from_a_pause(plan: &'static str) -> [(i32, Deed); 3] {
    [
        (0, buy(plan)),
        (40, Pause { days: None }),
        (75, CancelNow(UnusedTime::Credit)),
    ]
}

pub const fn hesitates(plan: &'static str) -> [(i32, Deed); 3] {
    let why = FeedbackReason::Other;
    [(0, buy(plan)), (20, Cancel(why)), (22, UndoCancel)]
}

/// Won back.
pub const fn returns(plan: &'static str, day: i32, to: &'static str) -> [(i32, Deed); 3] {
    let why = FeedbackReason::SwitchedService;
    [(0, buy(plan)), (140, Cancel(why)), (day, buy(to))]
}

/// What was given back on leaving pays for the return; in the end access is read-only.
pub const fn returns_on_credit(plan: &'static str, to: &'static str) -> [(i32, Deed); 4] {
    [
        (0, buy(plan)),
        (100, CancelNow(UnusedTime::Credit)),
        (130, buy(to)),
        // Three weeks before the day of the seed a renewal is declined.
        (269, ReplaceCard(FAILING_CARD)),
    ]
}

/// Leaves the hosted page, and buys days later.
pub const fn comes_round(plan: &'static str, day: i32, then: &'static str) -> [(i32, Deed); 3] {
    [
        (0, Abandon(monthly(plan, GOOD_CARD))),
        (3, buy(plan)),
        (day, change(then)),
    ]
}

pub const fn never_buys(plan: &'static str, other: &'static str) -> [(i32, Deed); 2] {
    [
        (0, Abandon(monthly(plan, GOOD_CARD))),
        (2, Abandon(monthly(other, GOOD_CARD))),
    ]
}

/// Is given credit that is used up and credit that expires, leaves the page when buying some, and buys it later.
pub const fn lives_on_credit() -> [(i32, Deed); 9] {
    [
        (20, buy("professional")),
        (24, promoted(60, 50, 14)),
        (44, promoted(40, 50, 30)),
        (88, Credit(CreditDeed::AbandonTopUp(100))),
        (90, Credit(CreditDeed::TopUp(600))),
        (96, change("starter")),
        (-24, promoted(75, 10, 120)),
        (-3, promoted(25, 50, 45)),
        (-2, promoted(30, 50, 150)),
    ]
}

const fn promoted(amount: u32, priority: u8, days: u32) -> Deed {
    Credit(CreditDeed::Promote {
        amount,
        priority,
        days,
    })
}

pub const fn has_a_term(plan: &'static str, days: u32) -> [(i32, Deed); 2] {
    let ends_in = Some(days);
    contract(Terms {
        ends_in,
        ..from_day_to_day(plan, 0)
    })
}

/// Towards the end of the term the yearly price costs less by the day than what is paid already.
pub const fn shortens_the_bill(plan: &'static str) -> [(i32, Deed); 3] {
    let [card, set_up] = has_a_term(plan, 170);
    [card, set_up, (157, change_to_year(plan))]
}

/// Starts later, or earlier: then what was served since is billed at once.
pub const fn starts(plan: &'static str, in_days: i32) -> [(i32, Deed); 2] {
    contract(from_day_to_day(plan, in_days))
}

/// Is billed with the calendar's months, the first of which is a part.
pub const fn starts_by_the_calendar(plan: &'static str, in_days: i32) -> [(i32, Deed); 2] {
    let billing_time = BillingTime::Calendar;
    contract(Terms {
        billing_time,
        ..from_day_to_day(plan, in_days)
    })
}

/// Called off before it starts.
pub const fn is_called_off(plan: &'static str) -> [(i32, Deed); 3] {
    let [card, set_up] = starts(plan, 30);
    [card, set_up, (10, CancelNow(UnusedTime::Forfeit))]
}

const fn from_day_to_day(plan: &'static str, starts_in: i32) -> Terms {
    Terms {
        plan,
        billing_time: BillingTime::Anniversary,
        starts_in,
        ends_in: None,
    }
}

const fn contract(terms: Terms) -> [(i32, Deed); 2] {
    [(0, ReplaceCard(GOOD_CARD)), (0, SetUp(terms))]
}

/// Is sent invoices, the first two at once for what was served already, and pays one of them too late.
pub const fn is_sent_invoices(plan: &'static str) -> [(i32, Deed); 11] {
    let pays = PayInvoice(OTHER_GOOD_CARD);
    [
        (0, NetTerms { days: 30 }),
        (0, SetUp(from_day_to_day(plan, -45))),
        (10, pays),
        (11, pays),
        (40, pays),
        (60, pays),
        (115, pays),
        (125, pays),
        (155, pays),
        (190, pays),
        (220, pays),
    ]
}

/// A plan of the customer's own.
pub const fn agrees(plan: &'static str, terms: &'static str, interval: Interval) -> [(i32, Deed); 2] {
    [(0, Agree(terms)), (0, buy_by(plan, interval))]
}
