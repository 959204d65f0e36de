//! One subscription, lived step by step as the use cases live it.

use std::collections::{BTreeMap, BTreeSet};

use billing::catalog::{Plan, Price};
use billing::coupon::{Discount, Duration, Redemption};
use billing::credit::{CreditableLine, Cut, Wallet, unused};
use billing::entitlement::Terms;
use billing::id::{CouponId, CustomerId, PriceId, RedemptionId, SubscriptionId, SubscriptionItemId};
use billing::invoice::LineKind;
use billing::money::Currency;
use billing::period::{Period, Zone};
use billing::proration::ProrationMode;
use billing::subscription::{
    Create, PendingChange, RenewalInput, ResumeInput, Status, StopInput, Subscription, Term, UndoneBy,
    UnusedTime, cancel_now, pause, redeem, renew, resume, schedule_cancel, set_up, undo_cancel,
    undo_pending_change,
};
use billing::tax::{Tax, TaxRate, Taxation};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::Step;
use crate::books::{Booked, BookedInvoice};

pub struct Life<'a> {
    /// Three plans, then two add-ons.
    pub plans: &'a [Plan],
    /// How many items there were, ever.
    pub items: u128,
    redemptions: u128,
    /// How many periods each is for.
    periods: BTreeMap<RedemptionId, usize>,
    pub zone: Zone,
    pub now: DateTime<Utc>,
    pub taxation: Taxation,
    pub subscription: Subscription,
    pub invoices: Vec<BookedInvoice>,
    /// Of all invoices, in order.
    pub booked: Vec<Booked>,
    pub wallet: Wallet,
    pub grants: u128,
    /// By promotions.
    pub granted: i64,
    /// What expired.
    pub lapsed: i64,
    pub collected: i64,
    pub billed: i64,
    pub given_back: i64,
    /// Seconds active, times how many.
    pub active: i64,
    /// Of the present usage period: seconds that each add-on was carried, times how many.
    carried: BTreeMap<PriceId, i64>,
    counted: Period,
}

impl<'a> Life<'a> {
    pub fn begin(plans: &'a [Plan], zone: Zone, term: Option<i64>) -> Self {
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
            discounts: &[],
            included_taxes: &[],
        };
        let ends_at = term.map(|days| now + TimeDelta::days(days));
        let starts_at = now;
        let mut life = Self {
            plans,
            items: 1,
            redemptions: 0,
            periods: BTreeMap::new(),
            zone,
            now,
            taxation: Taxation {
                taxes: vec![Tax {
                    name: "8 %".to_owned(),
                    rate: TaxRate::new("0.08".parse().unwrap()).unwrap(),
                    compound: false,
                }],
                ..Taxation::default()
            },
            subscription: set_up(create, Term { starts_at, ends_at }).unwrap(),
            invoices: Vec::new(),
            booked: Vec::new(),
            wallet: Wallet::empty(Currency::USD),
            grants: 0,
            granted: 0,
            lapsed: 0,
            collected: 0,
            billed: 0,
            given_back: 0,
            active: 0,
            carried: BTreeMap::new(),
            counted: Period::new(now, now + TimeDelta::seconds(1)).unwrap(),
        };
        life.live_until(now);
        life
    }

    pub fn terms(&self) -> Terms<'a> {
        let plans = self.plans;
        let plan_of = |price| plans.iter().find(|plan| plan.price(price).is_some());
        Terms::of(&self.subscription, plan_of, &[]).unwrap()
    }

    /// The plan and the price of the downgrade that waits.
    pub fn scheduled(&self) -> Option<(&'a Plan, &'a Price)> {
        let Some(PendingChange::AtPeriodEnd { price, .. }) = self.subscription.pending_change else {
            return None;
        };
        let priced = |plan: &'a Plan| plan.price(price).map(|price| (plan, price));
        self.plans.iter().find_map(priced)
    }

    fn pass(&mut self, to: DateTime<Utc>) {
        if self.subscription.status.counts_as_recurring() {
            let items = self.subscription.items.iter();
            let quantity: i64 = items.map(|item| i64::from(item.quantity)).sum();
            self.active += (to - self.now).num_seconds() * quantity;
            for item in self.subscription.add_ons() {
                *self.carried.entry(item.price.id).or_default() +=
                    (to - self.now).num_seconds() * i64::from(item.quantity);
            }
        }
        self.now = to;
    }

    /// What the billing run does.
    pub fn live_until(&mut self, to: DateTime<Utc>) {
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
            let before = std::mem::replace(&mut self.subscription, renewal.after);
            self.carry_over(&before);
            self.invoice(renewal.lines, &renewal.discounts);
            self.time_is_counted();
        }
        self.pass(to);
    }

    /// What was carried of an add-on is carried at the price agreed since.
    fn carry_over(&mut self, before: &Subscription) {
        for item in self.subscription.add_ons() {
            let mut same = before.items.iter().filter(|old| old.id == item.id);
            let moved = same.find(|old| old.price.id != item.price.id);
            if let Some(seconds) = moved.and_then(|old| self.carried.remove(&old.price.id)) {
                *self.carried.entry(item.price.id).or_default() += seconds;
            }
        }
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
        let proration = self.terms().plan.proration;
        let cut = Cut {
            at: proration.served_until(self.now, self.zone),
            proration,
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
            self.invoice(resumption.lines, &resumption.discounts);
        }
    }

    fn redeem(&mut self, discount: Discount, periods: u32) {
        self.redemptions += 1;
        let redemption = Redemption {
            id: RedemptionId::from_uuid(Uuid::from_u128(self.redemptions)),
            coupon: CouponId::from_uuid(Uuid::from_u128(self.redemptions)),
            name: "Launch".to_owned(),
            discount,
            duration: Duration::Periods(periods),
            plans: None,
            redeemed_at: self.now,
            used: 0,
            period: None,
        };
        let times = usize::try_from(periods).unwrap();
        self.periods.insert(redemption.id, times);
        // Three of them would leave too little of a price to be given back by the hour.
        if self.subscription.discounts.len() < 2
            && let Ok(after) = redeem(self.subscription.clone(), redemption)
        {
            self.subscription = after;
        }
    }

    /// No coupon discounts more periods than it is for, and an amount is never taken off one of them twice.
    fn coupons_are_used_up(&self) {
        let mut begun: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for booked in &self.booked {
            for off in &booked.line.discounts {
                let periods = begun.entry(off.redemption).or_default();
                match booked.line.draft.kind {
                    LineKind::Base => _ = periods.insert(booked.line.draft.period.start()),
                    _ => assert!(!periods.is_empty(), "discounted before a period began with it"),
                }
            }
        }
        for (redemption, periods) in begun {
            assert!(
                periods.len() <= self.periods[&redemption],
                "{redemption}: {periods:?}"
            );
        }
    }

    /// A second is counted for what is carried in it, in the usage period it lies in.
    fn time_is_counted(&mut self) {
        if self.counted != self.subscription.usage_period {
            self.counted = self.subscription.usage_period;
            self.carried.clear();
        }
        if !self.subscription.status.counts_as_recurring() {
            return;
        }
        let carried = self.subscription.add_ons().map(|item| item.price.id);
        let prices: Vec<_> = carried.chain(self.subscription.gone_add_ons()).collect();
        for price in &prices {
            let counted = self.subscription.unit_seconds(*price, self.now);
            assert_eq!(counted, self.carried.get(price).copied().unwrap_or(0));
        }
        let left_out = |(price, seconds): (&PriceId, &i64)| *seconds > 0 && !prices.contains(price);
        assert!(!self.carried.iter().any(left_out));
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
            assert!(
                item.next_price
                    .is_none_or(|next| next.pays_for_the_same(&item.price))
            );
            assert!(item.next_quantity.is_none_or(|next| next < item.quantity));
        }
    }

    pub fn step(&mut self, step: Step) {
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
            Step::UndoChange => {
                self.subscription = undo_pending_change(own.clone(), UndoneBy::Customer).unwrap_or(own);
            }
            Step::AddOn {
                add_on,
                quantity,
                paid,
            } => self.change_add_on(add_on, quantity, paid),
            Step::UndoAddOn { add_on } => self.undo_add_on(add_on),
            Step::AgreePrice { item } => self.agree_price(item),
            Step::DropPrice { item } => self.drop_price(item),
            Step::Pause { days } => self.pause(days),
            Step::Resume => self.resume(),
            Step::CancelAtEnd => self.subscription = schedule_cancel(own.clone()).unwrap_or(own),
            Step::UndoCancel => self.subscription = undo_cancel(own.clone()).unwrap_or(own),
            Step::Redeem { discount, periods } => self.redeem(discount, periods),
            Step::Promote {
                minor,
                priority,
                days,
            } => self.promote(minor, (priority, days)),
            Step::Tax(taxation) => self.taxation = taxation,
            Step::GiveBack {
                invoice,
                part,
                paid_to,
            } => self.give_by_hand(invoice, part, paid_to),
        }
        self.time_is_counted();
        self.items_hold_together();
        self.coupons_are_used_up();
        self.expire();
        self.credit_ties();
    }

    pub fn end(&mut self) {
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
        let thick = self.booked.iter().filter(|booked| !booked.is_thin());
        let of_thick: i64 = thick.map(Booked::served).sum();
        match self.terms().plan.proration {
            // One number where an hour of each line is worth a cent.
            ProrationMode::Second => assert!(
                (of_thick..=served).contains(&self.active),
                "billed service time is active time: {of_thick} and {served}, {}",
                self.active
            ),
            // The hours of the day on which a period ends are not given back.
            ProrationMode::Day => assert!(served >= self.active, "given back while active"),
        }
        self.credit_ties();
        assert_eq!(self.subscription.due_at(), None);
    }
}
