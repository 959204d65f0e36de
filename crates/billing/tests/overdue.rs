//! Invoices that are sent: when they make a subscription past due, and when not.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::catalog::{Plan, PlanKind, Price};
use billing::id::{CustomerId, PlanId, PlanVersionId, PriceId, SubscriptionId, SubscriptionItemId};
use billing::invoice::DueDate;
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval, Zone};
use billing::proration::ProrationMode;
use billing::subscription::{
    CancelReason, Create, Overdue, Status, Subscription, activate, become_overdue, buy, fall_behind,
    next_overdue, send_invoice,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

fn at(day: i64) -> DateTime<Utc> {
    "2026-04-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day)
}

/// Active from day 0 to day 30, when its period ends.
fn active() -> Subscription {
    let uuid = Uuid::from_u128(7);
    let price = Price {
        id: PriceId::from_uuid(uuid),
        plan_version: PlanVersionId::from_uuid(uuid),
        interval: Interval::Month,
        amount: Money::new(100, Currency::USD),
    };
    let plan = Plan {
        id: PlanId::from_uuid(uuid),
        version: PlanVersionId::from_uuid(uuid),
        version_number: 1,
        key: "plan".into(),
        name: "Plan".into(),
        summary: String::new(),
        rank: 1,
        kind: PlanKind::Plan,
        trial_days: 0,
        billing_time: BillingTime::default(),
        proration: ProrationMode::default(),
        prices: vec![price],
        charges: Vec::new(),
        features: Vec::new(),
    };
    let create = Create {
        discounts: &[],
        included_taxes: &[],
        id: SubscriptionId::from_uuid(uuid),
        item: SubscriptionItemId::from_uuid(uuid),
        customer: CustomerId::from_uuid(uuid),
        plan: &plan,
        price: &price,
        billing_time: BillingTime::Anniversary,
        zone: Zone::UTC,
        now: at(0),
    };
    activate(buy(create).unwrap().subscription).unwrap()
}

fn due(issued: i64, due: i64) -> DueDate {
    DueDate {
        issued_at: at(issued),
        due_at: at(due),
    }
}

#[test]
fn the_earliest_invoice_decides() {
    let sent = send_invoice(send_invoice(active(), at(20)), at(10));
    let sent = send_invoice(sent, at(15));
    assert_eq!((sent.overdue_at, sent.due_at()), (Some(at(10)), Some(at(10))));
    let Overdue { at: instant, after } = become_overdue(&sent).unwrap().unwrap();
    assert_eq!(instant, at(10));
    assert_eq!(after.status, Status::PastDue { since: at(10) });
    // From here on only what is billed happens by itself.
    assert_eq!((after.overdue_at, after.due_at()), (None, Some(at(30))));
    assert_eq!(become_overdue(&after), Ok(None));
}

#[test]
fn it_comes_before_what_else_happens_at_its_instant_and_after_what_happens_earlier() {
    let on_the_boundary = send_invoice(active(), at(30));
    assert_eq!(on_the_boundary.overdue_first(), Some(at(30)));
    let later = send_invoice(active(), at(31));
    assert_eq!((later.overdue_first(), later.due_at()), (None, Some(at(30))));
    assert_eq!(become_overdue(&later), Ok(None));
    let term = Subscription {
        ends_at: Some(at(9)),
        ..send_invoice(active(), at(10))
    };
    assert_eq!((term.overdue_first(), term.due_at()), (None, Some(at(9))));
}

#[test]
fn only_what_is_active_becomes_past_due() {
    let behind = send_invoice(fall_behind(active(), at(1)).unwrap(), at(10));
    assert_eq!((behind.overdue_at, behind.due_at()), (Some(at(10)), Some(at(30))));
    assert_eq!(become_overdue(&behind), Ok(None));
    let (reason, ended) = (CancelReason::Ended, at(1));
    let canceled = Subscription {
        status: Status::Canceled { reason, at: ended },
        ..active()
    };
    assert_eq!(send_invoice(canceled.clone(), at(10)), canceled);
}

#[test]
fn what_is_still_open_says_what_becomes_overdue_next() {
    let open = [due(0, 20), due(0, 10), due(0, 0)];
    let behind = Status::PastDue { since: at(0) };
    let next = |status, day| next_overdue(status, open, at(day));
    // What the card is charged for is waited for by nobody.
    assert_eq!(next(Status::Active, 5), Some(at(10)));
    assert_eq!(next(behind, 5), Some(at(10)));
    // The billing run has not come to day 10 yet, or has.
    assert_eq!(next(Status::Active, 10), Some(at(10)));
    assert_eq!(next(behind, 10), Some(at(20)));
    assert_eq!(next(behind, 20), None);
    assert_eq!(next_overdue(Status::Active, [due(0, 0)], at(5)), None);
}
