//! Every decision on every status: the moves they make are the table of legal edges, no more and no less.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::BTreeSet;

use billing::catalog::{Plan, PlanKind, Price};
use billing::entitlement::{AddOn, Terms};
use billing::id::{
    CustomerId, InvoiceId, PlanId, PlanVersionId, PriceId, SubscriptionId, SubscriptionItemId,
};
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval, Zone};
use billing::proration::ProrationMode;
use billing::subscription::{
    AddOnInput, AddOnTarget, CancelReason, ChangeInput, ChangeTarget, Create, PendingChange, PlanChange,
    RenewalInput, ResumeInput, Status, StatusName, StopInput, Subscription, Term, UndoneBy, UnusedTime,
    activate, await_payment, buy, cancel_now, change_add_on, complete_upgrade, drop_upgrade, end_unpaid,
    expire_incomplete, extend_trial, fall_behind, leave_unpaid, pause, plan_change, recover, renew, resume,
    schedule_cancel, set_up, start_trial, supersede, suspend, undo_add_on, undo_cancel, undo_pending_change,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

fn uuid() -> Uuid {
    Uuid::from_u128(7)
}

fn price(id: u128, minor: i64) -> Price {
    Price {
        id: PriceId::from_uuid(Uuid::from_u128(id)),
        plan_version: PlanVersionId::from_uuid(uuid()),
        interval: Interval::Month,
        amount: Money::new(minor, Currency::USD),
    }
}

fn plan() -> Plan {
    Plan {
        id: PlanId::from_uuid(uuid()),
        version: PlanVersionId::from_uuid(uuid()),
        version_number: 1,
        key: "plan".into(),
        name: "Plan".into(),
        summary: String::new(),
        rank: 1,
        kind: PlanKind::Plan,
        trial_days: 14,
        billing_time: BillingTime::default(),
        proration: ProrationMode::default(),
        prices: vec![price(1, 100), price(2, 200), price(3, 50)],
        charges: Vec::new(),
        features: Vec::new(),
    }
}

fn now() -> DateTime<Utc> {
    "2026-04-01T00:00:00Z".parse().unwrap()
}

fn later() -> DateTime<Utc> {
    now() + TimeDelta::days(3)
}

fn create(plan: &Plan) -> Create<'_> {
    Create {
        discounts: &[],
        included_taxes: &[],
        id: SubscriptionId::from_uuid(uuid()),
        item: SubscriptionItemId::from_uuid(uuid()),
        customer: CustomerId::from_uuid(uuid()),
        plan,
        price: &plan.prices[0],
        billing_time: plan.billing_time,
        zone: Zone::UTC,
        now: now(),
    }
}

fn statuses() -> [Status; 9] {
    let at = now();
    let reason = CancelReason::Requested;
    [
        Status::Pending { starts_at: at },
        Status::Incomplete { expires_at: at },
        Status::Trialing { ends_at: at },
        Status::Active,
        Status::PastDue { since: at },
        Status::Paused {
            since: at,
            resume_at: Some(later()),
        },
        Status::Suspended { since: at },
        Status::Unpaid { since: at },
        Status::Canceled { reason, at },
    ]
}

/// What a subscription of this status looks like in every respect that decisions ask for.
fn variants(plan: &Plan, status: Status) -> Vec<Subscription> {
    let bought = buy(create(plan)).unwrap().subscription;
    let plain = Subscription { status, ..bought };
    let invoice = InvoiceId::from_uuid(uuid());
    let ends = |cancel_at, ends_at| Subscription {
        cancel_at,
        ends_at,
        ..plain.clone()
    };
    vec![
        ends(Some(plain.billing_period.end()), None),
        ends(None, Some(later())),
        await_payment(&plain, target(plan, 1, 1), invoice, now()),
        plain,
    ]
}

/// Everything that any decision makes of it.
fn outcomes(plan: &Plan, subscription: &Subscription) -> Vec<Subscription> {
    let terms = &Terms::of_plan(plan);
    let stop = |owes| StopInput {
        terms,
        billed: &[],
        usage: &[],
        late: &[],
        zone: Zone::UTC,
        owes,
        at: later(),
    };
    let renewal = |has_payment_method, owes| RenewalInput {
        terms,
        scheduled: None,
        usage: &[],
        late: &[],
        has_payment_method,
        owes,
        zone: Zone::UTC,
    };
    let going_on = ResumeInput {
        terms,
        zone: Zone::UTC,
        owes: false,
        at: later(),
    };
    let own = || subscription.clone();
    let mut after: Vec<Subscription> = Vec::new();
    after.extend(activate(own()));
    after.extend(expire_incomplete(own(), later()));
    after.extend(extend_trial(own(), later(), now()));
    after.extend(fall_behind(own(), later()));
    after.extend(suspend(own(), later()));
    after.extend(leave_unpaid(own(), later()));
    after.extend(end_unpaid(subscription, stop(true)).map(|s| s.after));
    // While what was paid for goes on, and after it.
    after.extend(
        [later(), own().billing_period.end()]
            .into_iter()
            .flat_map(|at| recover(own(), at)),
    );
    after.extend(supersede(own(), later()));
    after.extend(schedule_cancel(own()));
    after.extend(undo_cancel(own()));
    after.extend(undo_pending_change(own(), UndoneBy::Customer));
    after.extend(undo_pending_change(own(), UndoneBy::Staff));
    after.push(drop_upgrade(own()));
    after.extend(
        [(true, false), (false, false), (true, true)]
            .map(|(method, owes)| renew(subscription, renewal(method, owes)).map(|r| r.after))
            .into_iter()
            .flatten(),
    );
    after.extend(
        [true, false]
            .map(|owes| pause(subscription, stop(owes), None).map(|s| s.after))
            .into_iter()
            .flatten(),
    );
    let rests = [UnusedTime::Credit, UnusedTime::Forfeit];
    after.extend(
        rests
            .map(|rest| cancel_now(subscription, stop(false), rest).map(|s| s.after))
            .into_iter()
            .flatten(),
    );
    after.extend(resume(subscription, going_on).map(|r| r.after));
    after.extend(changes(plan, subscription));
    after
}

fn target(plan: &Plan, price: usize, quantity: u32) -> ChangeTarget<'_> {
    ChangeTarget {
        plan,
        price: &plan.prices[price],
        quantity,
        zone: Zone::UTC,
    }
}

fn changes(plan: &Plan, subscription: &Subscription) -> Vec<Subscription> {
    let terms = &Terms::of_plan(plan);
    let mut after = Vec::new();
    for (price, quantity) in [(0, 5), (1, 1), (2, 1)] {
        let input = ChangeInput {
            terms,
            target: target(plan, price, quantity),
            billed: &[],
            usage: &[],
            at: later(),
        };
        after.extend(plan_change(subscription, input).map(|change| match change {
            PlanChange::Upgrade { after, .. }
            | PlanChange::AtPeriodEnd { after, .. }
            | PlanChange::InTrial { after } => after,
        }));
    }
    after.extend(add_ons(plan, subscription));
    // Only the invoice of an upgrade that waits for it can be paid.
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        after.extend(complete_upgrade(subscription, terms, target(plan, 1, 1), later()));
    }
    after
}

/// Of an add-on: one, and then none.
fn add_ons(plan: &Plan, subscription: &Subscription) -> Vec<Subscription> {
    let add_on = Plan {
        id: PlanId::from_uuid(Uuid::from_u128(8)),
        kind: PlanKind::AddOn { plans: None },
        ..plan.clone()
    };
    let mut own = Terms::of_plan(plan);
    own.add_ons.push(AddOn {
        plan: &add_on,
        quantity: 1,
    });
    let input = |quantity| AddOnInput {
        terms: &own,
        scheduled: None,
        target: AddOnTarget {
            add_on: &add_on,
            price: &add_on.prices[0],
            quantity,
            item: SubscriptionItemId::from_uuid(Uuid::from_u128(8)),
        },
        zone: Zone::UTC,
        at: later(),
    };
    let Ok(PlanChange::Upgrade { after, .. } | PlanChange::InTrial { after }) =
        change_add_on(subscription, input(1))
    else {
        return Vec::new();
    };
    let fewer = change_add_on(&after, input(0)).unwrap();
    let (PlanChange::AtPeriodEnd { after: fewer, .. } | PlanChange::InTrial { after: fewer }) = fewer else {
        panic!("{fewer:?}")
    };
    let undone = undo_add_on(&fewer, &own, None, add_on.id).unwrap_or(after.clone());
    assert_eq!(undone, after);
    vec![after, fewer]
}

#[test]
fn the_table_lists_exactly_the_moves_that_decisions_make() {
    let plan = plan();
    let mut moves = BTreeSet::new();
    for status in statuses() {
        for subscription in variants(&plan, status) {
            for after in outcomes(&plan, &subscription) {
                let (from, to) = (subscription.status.name(), after.status.name());
                if from != to {
                    moves.insert((from.as_str(), to.as_str()));
                }
            }
        }
    }
    let listed: BTreeSet<_> = StatusName::EDGES
        .iter()
        .map(|(from, to)| (from.as_str(), to.as_str()))
        .collect();
    assert_eq!(moves, listed);
    assert_eq!(StatusName::EDGES.len(), listed.len(), "an edge is listed twice");
}

#[test]
fn subscriptions_begin_in_three_ways() {
    let plan = plan();
    let term = Term {
        starts_at: later(),
        ends_at: None,
    };
    let begun = [
        buy(create(&plan)).unwrap().subscription,
        start_trial(create(&plan)).unwrap(),
        set_up(create(&plan), term).unwrap(),
    ];
    let names = begun.map(|subscription| subscription.status.name());
    assert_eq!(
        names,
        [StatusName::Incomplete, StatusName::Trialing, StatusName::Pending]
    );
}
