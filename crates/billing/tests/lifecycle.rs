//! What holds of money and time over any life of a subscription.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::catalog::{Plan, PlanKind, Price};
use billing::credit::{BilledLine, CreditLine, CreditNoteDraft, CreditableLine, Cut, unused};
use billing::entitlement::Terms;
use billing::id::{
    CustomerId, InvoiceId, InvoiceLineId, PlanId, PlanVersionId, PriceId, SubscriptionId, SubscriptionItemId,
};
use billing::invoice::{DraftLine, InvoiceDraft, LineKind};
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval, Period, Zone};
use billing::proration::ProrationMode;
use billing::subscription::{
    AddOnInput, AddOnTarget, ChangeInput, ChangeTarget, Create, PendingChange, PlanChange, RenewalInput,
    ResumeInput, Status, StopInput, Subscription, Term, UnusedTime, UpgradeBill, await_add_on, await_payment,
    cancel_now, change_add_on, complete_add_on, complete_upgrade, drop_upgrade, pause, plan_change, renew,
    resume, schedule_cancel, set_up, undo_add_on, undo_cancel, undo_pending_change,
};
use billing::tax::TaxRate;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

const INTERVALS: [Interval; 5] = [
    Interval::Week,
    Interval::Month,
    Interval::Quarter,
    Interval::HalfYear,
    Interval::Year,
];

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

#[derive(Debug, Clone)]
enum Step {
    Wait {
        hours: i64,
    },
    Change {
        plan: usize,
        interval: usize,
        quantity: u32,
        paid: bool,
    },
    UndoChange,
    AddOn {
        add_on: usize,
        quantity: u32,
        paid: bool,
    },
    UndoAddOn {
        add_on: usize,
    },
    Pause {
        days: Option<i64>,
    },
    Resume,
    CancelAtEnd,
    UndoCancel,
    TaxRate {
        percent: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let change = (
        0..3_usize,
        0..INTERVALS.len(),
        1..5_u32,
        prop::bool::weighted(0.8),
    );
    let add_on = (0..2_usize, 0..4_u32, prop::bool::weighted(0.8));
    prop_oneof![
        5 => (0..2_000_i64).prop_map(|hours| Step::Wait { hours }),
        4 => change.prop_map(|(plan, interval, quantity, paid)| Step::Change { plan, interval, quantity, paid }),
        1 => Just(Step::UndoChange),
        4 => add_on.prop_map(|(add_on, quantity, paid)| Step::AddOn { add_on, quantity, paid }),
        1 => (0..2_usize).prop_map(|add_on| Step::UndoAddOn { add_on }),
        2 => prop::option::weighted(0.3, 1..100_i64).prop_map(|days| Step::Pause { days }),
        3 => Just(Step::Resume),
        1 => Just(Step::CancelAtEnd),
        2 => Just(Step::UndoCancel),
        1 => (0..30_i64).prop_map(|percent| Step::TaxRate { percent }),
    ]
}

/// Three plans with a price for each interval, and two add-ons: the second is not sold with the last plan, nor by
/// the half year.
fn catalog(amounts: &[i64], billing_time: BillingTime, proration: ProrationMode) -> Vec<Plan> {
    let mut plans = plans(amounts, billing_time, proration);
    let keys = vec!["plan0".to_owned(), "plan1".to_owned()];
    plans[3].kind = PlanKind::AddOn { plans: None };
    plans[4].kind = PlanKind::AddOn { plans: Some(keys) };
    plans[4]
        .prices
        .retain(|price| price.interval != Interval::HalfYear);
    plans
}

fn plans(amounts: &[i64], billing_time: BillingTime, proration: ProrationMode) -> Vec<Plan> {
    let plan = |(index, amounts): (usize, &[i64])| Plan {
        id: PlanId::from_uuid(Uuid::from_u128(index as u128 + 1)),
        version: PlanVersionId::from_uuid(Uuid::from_u128(index as u128 + 1)),
        version_number: 1,
        key: format!("plan{index}"),
        name: format!("Plan {index}"),
        summary: String::new(),
        rank: 1,
        kind: PlanKind::Plan,
        trial_days: 0,
        billing_time,
        proration,
        prices: (0..)
            .zip(INTERVALS)
            .zip(amounts)
            .map(|((n, interval), minor)| Price {
                id: PriceId::from_uuid(Uuid::from_u128(100 * (index as u128 + 1) + n)),
                plan_version: PlanVersionId::from_uuid(Uuid::from_u128(index as u128 + 1)),
                interval,
                amount: usd(*minor),
            })
            .collect(),
        charges: Vec::new(),
        features: Vec::new(),
    };
    amounts.chunks(INTERVALS.len()).enumerate().map(plan).collect()
}

/// A line as the books keep it, with what was given back of it.
struct Booked {
    id: InvoiceLineId,
    line: billing::invoice::Line,
    credits: Vec<(Period, Money, Money)>,
}

impl Booked {
    fn credited(&self) -> (i64, i64) {
        let sum = |of: fn(&(Period, Money, Money)) -> i64| self.credits.iter().map(of).sum();
        (sum(|c| c.1.minor()), sum(|c| c.2.minor()))
    }

    fn quantity(&self) -> i64 {
        i64::try_from(self.line.draft.quantity).unwrap()
    }

    /// Seconds served and paid for, times how many were served.
    fn served(&self) -> i64 {
        let given_back: i64 = self.credits.iter().map(|c| c.0.length().num_seconds()).sum();
        (self.line.draft.period.length().num_seconds() - given_back) * self.quantity()
    }
}

struct Life<'a> {
    /// Three plans, then two add-ons.
    plans: &'a [Plan],
    /// How many items there were, ever.
    items: u128,
    zone: Zone,
    now: DateTime<Utc>,
    rate: TaxRate,
    subscription: Subscription,
    booked: Vec<Booked>,
    balance: i64,
    collected: i64,
    billed: i64,
    given_back: i64,
    /// Seconds active, times how many.
    active: i64,
}

impl<'a> Life<'a> {
    fn begin(plans: &'a [Plan], zone: Zone, term: Option<i64>) -> Self {
        let now: DateTime<Utc> = "2024-01-31T09:00:00Z".parse().unwrap();
        let create = Create {
            id: SubscriptionId::from_uuid(Uuid::from_u128(1)),
            item: SubscriptionItemId::from_uuid(Uuid::from_u128(1)),
            customer: CustomerId::from_uuid(Uuid::from_u128(1)),
            plan: &plans[0],
            price: &plans[0].prices[1],
            billing_time: plans[0].billing_time,
            zone,
            now,
        };
        let ends_at = term.map(|days| now + TimeDelta::days(days));
        let starts_at = now;
        let mut life = Self {
            plans,
            items: 1,
            zone,
            now,
            rate: TaxRate::new("0.08".parse().unwrap()).unwrap(),
            subscription: set_up(create, Term { starts_at, ends_at }).unwrap(),
            booked: Vec::new(),
            balance: 0,
            collected: 0,
            billed: 0,
            given_back: 0,
            active: 0,
        };
        life.live_until(now);
        life
    }

    fn terms(&self) -> Terms<'a> {
        let plans = self.plans;
        let plan_of = |price| plans.iter().find(|plan| plan.price(price).is_some());
        Terms::of(&self.subscription, plan_of, &[]).unwrap()
    }

    fn scheduled(&self) -> Option<(&'a Plan, &'a Price)> {
        let Some(PendingChange::AtPeriodEnd { price, .. }) = self.subscription.pending_change else {
            return None;
        };
        let priced = |plan: &'a Plan| plan.price(price).map(|price| (plan, price));
        self.plans.iter().find_map(priced)
    }

    fn target(&self, plan: usize, interval: usize, quantity: u32) -> ChangeTarget<'a> {
        let plan = &self.plans[plan];
        ChangeTarget {
            plan,
            price: &plan.prices[interval],
            quantity,
            zone: self.zone,
        }
    }

    fn creditable(&self) -> Vec<CreditableLine> {
        let line = |booked: &Booked| {
            let draft = &booked.line.draft;
            let (net, tax) = booked.credited();
            CreditableLine {
                line: booked.id,
                item: draft.item.unwrap(),
                billed: BilledLine {
                    net: draft.net,
                    period: draft.period,
                    credited: usd(net),
                },
                stands_until: booked
                    .credits
                    .iter()
                    .map(|c| c.0.start())
                    .min()
                    .unwrap_or(draft.period.end()),
                tax: booked.line.tax,
                tax_rate: booked.line.tax_rate,
                credited_tax: usd(tax),
            }
        };
        self.booked.iter().map(line).collect()
    }

    /// Credit first, then the card; an invoice never asks for less than nothing.
    fn invoice(&mut self, lines: Vec<DraftLine>) {
        let draft = InvoiceDraft::assemble(Currency::USD, lines, self.rate).unwrap();
        self.book(draft.apply_credit(usd(self.balance)).unwrap());
    }

    fn book(&mut self, draft: InvoiceDraft) {
        assert!(!draft.total().is_negative());
        assert!(!draft.amount_due().unwrap().is_negative());
        self.billed += draft.total().minor();
        self.collected += draft.amount_due().unwrap().minor();
        self.balance -= draft.credit_applied().minor();
        for line in draft.lines() {
            match line.draft.credits {
                Some(credited) => {
                    let (net, tax) = (line.draft.net.negate().unwrap(), line.tax.negate().unwrap());
                    self.credit(credited.line, line.draft.period, (net, tax));
                }
                None => self.booked.push(Booked {
                    id: InvoiceLineId::from_uuid(Uuid::from_u128(self.booked.len() as u128 + 1)),
                    line: line.clone(),
                    credits: Vec::new(),
                }),
            }
        }
    }

    fn note(&mut self, lines: Vec<CreditLine>) {
        let Some(draft) = CreditNoteDraft::assemble(Currency::USD, lines).unwrap() else {
            return;
        };
        self.given_back += draft.total().minor();
        self.balance += draft.total().minor();
        for line in draft.lines() {
            assert_eq!(line.explain.amount(), line.net.negate());
            self.credit(line.credits, line.period, (line.net, line.tax));
        }
    }

    fn credit(&mut self, id: InvoiceLineId, period: Period, (net, tax): (Money, Money)) {
        let booked = self.booked.iter_mut().find(|booked| booked.id == id).unwrap();
        assert_ne!(booked.line.draft.kind, LineKind::Usage);
        booked.credits.push((period, net, tax));
        let (net, tax) = booked.credited();
        assert!(
            net <= booked.line.draft.net.minor(),
            "credited beyond what was billed"
        );
        assert!(
            tax <= booked.line.tax.minor(),
            "tax credited beyond what was billed"
        );
    }

    fn pass(&mut self, to: DateTime<Utc>) {
        if self.subscription.status.counts_as_recurring() {
            let items = self.subscription.items.iter();
            let quantity: i64 = items.map(|item| i64::from(item.quantity)).sum();
            self.active += (to - self.now).num_seconds() * quantity;
        }
        self.now = to;
    }

    /// What the billing run does.
    fn live_until(&mut self, to: DateTime<Utc>) {
        while let Some(due) = self.subscription.due_at().filter(|due| *due <= to) {
            self.pass(due.max(self.now));
            let terms = self.terms();
            let input = RenewalInput {
                terms: &terms,
                scheduled: self.scheduled(),
                usage: &[],
                late: &[],
                has_payment_method: true,
                owes: false,
                zone: self.zone,
            };
            let renewal = renew(&self.subscription, input).unwrap();
            assert_eq!(renewal, renew(&self.subscription, input).unwrap());
            assert_eq!(renewal.boundary, due);
            assert!(
                renewal.after.due_at().is_none_or(|next| next > due),
                "time stands still"
            );
            self.subscription = renewal.after;
            self.invoice(renewal.lines);
        }
        self.pass(to);
    }

    fn stop_input<'b>(&self, terms: &'b Terms<'b>, billed: &'b [CreditableLine]) -> StopInput<'b> {
        StopInput {
            terms,
            billed,
            usage: &[],
            late: &[],
            zone: self.zone,
            owes: false,
            at: self.now,
        }
    }

    fn pause(&mut self, days: Option<i64>) {
        let (terms, billed) = (self.terms(), self.creditable());
        let input = self.stop_input(&terms, &billed);
        let resume_at = days.map(|days| self.now + TimeDelta::days(days));
        let Ok(stop) = pause(&self.subscription, input, resume_at) else {
            return;
        };
        // Done twice it is refused, and nothing is left to give back.
        assert!(pause(&stop.after, input, resume_at).is_err());
        self.subscription = stop.after;
        self.note(stop.credits);
        self.nothing_is_left();
    }

    fn nothing_is_left(&self) {
        let cut = Cut {
            at: self.now,
            proration: self.terms().plan.proration,
            zone: self.zone,
        };
        let left = unused(&self.creditable(), cut, |_| "").unwrap();
        assert_eq!(left, []);
    }

    fn resume(&mut self) {
        let terms = self.terms();
        let input = ResumeInput {
            terms: &terms,
            zone: self.zone,
            owes: false,
            at: self.now,
        };
        if let Ok(resumption) = resume(&self.subscription, input) {
            self.subscription = resumption.after;
            self.invoice(resumption.lines);
        }
    }

    fn change(&mut self, target: ChangeTarget<'a>, paid: bool) {
        let (terms, billed) = (self.terms(), self.creditable());
        let input = ChangeInput {
            terms: &terms,
            target,
            billed: &billed,
            usage: &[],
            at: self.now,
        };
        match plan_change(&self.subscription, input) {
            Ok(PlanChange::Upgrade { lines, after, .. }) => {
                let invoice = InvoiceId::from_uuid(Uuid::from_u128(1));
                let waits = await_payment(&self.subscription, target, invoice, self.now);
                assert_eq!(complete_upgrade(&waits, &terms, target, self.now).unwrap(), after);
                let dropped = drop_upgrade(waits);
                assert_eq!(dropped, self.subscription, "as if nothing had been asked");
                if paid {
                    let bill = UpgradeBill::of(&self.subscription, lines, input, self.rate).unwrap();
                    self.note(bill.credit_note.map(|n| n.lines().to_vec()).unwrap_or_default());
                    self.subscription = after;
                    self.book(bill.invoice.apply_credit(usd(self.balance)).unwrap());
                }
            }
            Ok(PlanChange::AtPeriodEnd { after, .. } | PlanChange::InTrial { after }) => {
                self.subscription = after;
            }
            Err(_) => {}
        }
    }

    fn change_add_on(&mut self, add_on: usize, quantity: u32, paid: bool) {
        let add_on = &self.plans[3 + add_on];
        let carried = self.subscription.add_ons().find(|item| item.plan == add_on.id);
        let own = self.subscription.plan_item().unwrap().price;
        let on_sale = add_on.price_for(own.interval, own.amount.currency());
        let Some(price) = carried.map(|item| item.price).or(on_sale.copied()) else {
            return;
        };
        self.items += 1;
        let target = AddOnTarget {
            add_on,
            price: &price,
            quantity,
            item: SubscriptionItemId::from_uuid(Uuid::from_u128(self.items)),
        };
        let terms = self.terms();
        let input = AddOnInput {
            terms: &terms,
            scheduled: self.scheduled(),
            target,
            zone: self.zone,
            at: self.now,
        };
        match change_add_on(&self.subscription, input) {
            Ok(PlanChange::Upgrade { lines, after, .. }) => {
                let invoice = InvoiceId::from_uuid(Uuid::from_u128(1));
                let waits = await_add_on(&self.subscription, target, invoice, self.now).unwrap();
                let Some(PendingChange::AwaitingPayment {
                    add_on: Some(change), ..
                }) = waits.pending_change
                else {
                    panic!("{waits:?}")
                };
                assert_eq!(complete_add_on(waits.clone(), change, price), after);
                assert_eq!(
                    drop_upgrade(waits),
                    self.subscription,
                    "as if nothing had been asked"
                );
                if paid {
                    self.subscription = after;
                    self.invoice(lines);
                }
            }
            Ok(PlanChange::AtPeriodEnd { after, .. }) => {
                let undone = undo_add_on(&after, &terms, None, add_on.id).unwrap();
                assert!(undo_add_on(&undone, &terms, None, add_on.id).is_err());
                self.subscription = after;
            }
            Ok(PlanChange::InTrial { after }) => self.subscription = after,
            Err(_) => {}
        }
    }

    fn undo_add_on(&mut self, add_on: usize) {
        let add_on = self.plans[3 + add_on].id;
        let undone = undo_add_on(&self.subscription, &self.terms(), self.scheduled(), add_on);
        self.subscription = undone.unwrap_or_else(|_| self.subscription.clone());
    }

    /// Add-ons are paid as the plan is, and none is carried twice.
    fn items_hold_together(&self) {
        let own = self.subscription.plan_item().unwrap().price.interval;
        let mut plans: Vec<_> = self.subscription.items.iter().map(|item| item.plan).collect();
        plans.sort_unstable();
        plans.dedup();
        assert_eq!(plans.len(), self.subscription.items.len());
        for item in self.subscription.add_ons() {
            assert_eq!(item.price.interval, own);
            assert!(item.quantity > 0);
            assert!(item.next_quantity.is_none_or(|next| next < item.quantity));
        }
    }

    fn step(&mut self, step: Step) {
        let own = self.subscription.clone();
        match step {
            Step::Wait { hours } => self.live_until(self.now + TimeDelta::hours(hours)),
            Step::Change {
                plan,
                interval,
                quantity,
                paid,
            } => {
                self.change(self.target(plan, interval, quantity), paid);
            }
            Step::UndoChange => self.subscription = undo_pending_change(own.clone()).unwrap_or(own),
            Step::AddOn {
                add_on,
                quantity,
                paid,
            } => self.change_add_on(add_on, quantity, paid),
            Step::UndoAddOn { add_on } => self.undo_add_on(add_on),
            Step::Pause { days } => self.pause(days),
            Step::Resume => self.resume(),
            Step::CancelAtEnd => self.subscription = schedule_cancel(own.clone()).unwrap_or(own),
            Step::UndoCancel => self.subscription = undo_cancel(own.clone()).unwrap_or(own),
            Step::TaxRate { percent } => {
                self.rate = TaxRate::new(rust_decimal::Decimal::new(percent, 2)).unwrap()
            }
        }
        self.items_hold_together();
        assert!(self.balance >= 0, "the balance is overdrawn");
        assert_eq!(self.billed - self.given_back, self.collected - self.balance);
    }

    fn end(&mut self) {
        let (terms, billed) = (self.terms(), self.creditable());
        let input = self.stop_input(&terms, &billed);
        if let Ok(stop) = cancel_now(&self.subscription, input, UnusedTime::Credit) {
            assert!(cancel_now(&stop.after, input, UnusedTime::Credit).is_err());
            self.subscription = stop.after;
            self.note(stop.credits);
        }
        assert!(matches!(self.subscription.status, Status::Canceled { .. }));
        self.nothing_is_left();
        let served: i64 = self.booked.iter().map(Booked::served).sum();
        match self.terms().plan.proration {
            ProrationMode::Second => assert_eq!(served, self.active, "billed service time is active time"),
            // The hours of the day on which a period ends are not given back.
            ProrationMode::Day => assert!(served >= self.active, "given back while active"),
        }
        assert_eq!(self.billed - self.given_back, self.collected - self.balance);
        assert_eq!(self.subscription.due_at(), None);
    }
}

fn zones() -> impl Strategy<Value = Zone> {
    let names = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
    ];
    prop::sample::select(names.map(|name| name.parse::<Zone>().unwrap()).to_vec())
}

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 10_000 } else { 256 })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_billed_is_what_is_served(
        amounts in prop::collection::vec(0..2_000_000_i64, 25),
        zone in zones(),
        billing_time in prop::sample::select(vec![BillingTime::Anniversary, BillingTime::Calendar]),
        proration in prop::sample::select(vec![ProrationMode::Second, ProrationMode::Day]),
        term in prop::option::weighted(0.2, 1..500_i64),
        steps in prop::collection::vec(step(), 1..25),
    ) {
        let plans = catalog(&amounts, billing_time, proration);
        let mut life = Life::begin(&plans, zone, term);
        for step in steps {
            life.step(step);
        }
        life.end();
    }
}
