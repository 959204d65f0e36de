//! Several subscriptions of one customer: what is due on one of its days is on one invoice.

use chrono::{DateTime, Utc};
use service::billing::coupon::{CodeLimits, Duration};
use service::billing::id::SubscriptionId;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::money::Currency;
use service::billing::period::Interval::{self, Month, Year};
use service::billing::subscription::{StatusName, Term};
use service::{Actor, AddStandalone, InvoiceDetail, Result};
use sqlx::PgPool;

use crate::coupon::{buy, launch, percent};
use crate::play::{Play, VISA, bill, movement, play, utc};
use crate::wallet::{grant, promotion};

pub const SUPPORT: &str = "priority_support";

impl Play {
    /// What staff sells beside the plan, starting now.
    pub async fn try_beside(&self, plan: &str, interval: Interval) -> Result<SubscriptionId> {
        self.try_beside_from(plan, interval, self.billing.now()).await
    }

    /// The same, starting then.
    pub async fn try_beside_from(
        &self,
        plan: &str,
        interval: Interval,
        starts_at: DateTime<Utc>,
    ) -> Result<SubscriptionId> {
        let customer = self.customer();
        let plans = self.billing.standalone_plans(&Actor::System, customer).await?;
        let plan = plans.iter().find(|candidate| candidate.key == plan).unwrap();
        let price = plan.price_for(interval, Currency::USD).unwrap().id;
        let command = AddStandalone {
            customer,
            price,
            quantity: 1,
            term: Term {
                starts_at,
                ends_at: None,
            },
        };
        self.billing.add_standalone(&Actor::System, command).await
    }

    /// The same, paid.
    pub async fn beside(&self, plan: &str, interval: Interval) -> SubscriptionId {
        let added = self.try_beside(plan, interval).await.unwrap();
        self.billing.drain_queue().await.unwrap();
        added
    }

    /// The plan and the status of each live subscription, the main one first.
    pub async fn live_plans(&self) -> Vec<(String, StatusName)> {
        let live = self
            .billing
            .subscriptions_of(&Actor::System, self.customer())
            .await
            .unwrap();
        live.into_iter()
            .map(|one| (one.plan.key, one.subscription.status.name()))
            .collect()
    }

    pub async fn lives_in(&self, zone: &str) {
        sqlx::query("UPDATE customer SET time_zone = $1")
            .bind(zone)
            .execute(&self.pool)
            .await
            .unwrap();
    }
}

/// What stands as this.
pub fn stands(plan: &str, status: StatusName) -> (String, StatusName) {
    (plan.to_owned(), status)
}

/// What each line is for, from when to when, its amount, discount and tax.
pub fn lines(invoice: &InvoiceDetail) -> Vec<(String, String, String, [i64; 3])> {
    let lines = invoice.lines.iter();
    lines
        .map(|line| {
            let at = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M").to_string();
            let off = line.discount().unwrap();
            (
                line.draft.description.clone(),
                at(line.draft.period.start()),
                at(line.draft.period.end()),
                [line.draft.amount.minor(), off.minor(), line.tax.minor()],
            )
        })
        .collect()
}

pub fn line(what: &str, from: &str, to: &str, amounts: [i64; 3]) -> (String, String, String, [i64; 3]) {
    (what.to_owned(), from.to_owned(), to.to_owned(), amounts)
}

/// In New York both renew in the evening of the 9th; in UTC the second does so on the 10th.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_due_on_one_day_of_the_customers(pool: PgPool) {
    let play = play(pool, "2026-03-09T23:30:00Z").await;
    play.lives_in("America/New_York").await;
    launch(&play, percent(20), Duration::Periods(2), CodeLimits::default()).await;
    buy(&play, "starter", "LAUNCH").await;
    play.live_until("2026-03-10T01:00:00Z").await;
    play.beside(SUPPORT, Month).await;
    grant(&play, promotion(5_000, 50, None)).await.unwrap();

    // The second is renewed with the plan, an hour and a half before its time.
    play.live_until("2026-04-09T23:29:59Z").await;
    assert_eq!(play.bills().await.len(), 2);
    let overview = play.billing.overview(&play.actor).await.unwrap();
    let shown = overview.upcoming.unwrap();
    assert_eq!((shown.at, shown.bills_plan), (utc("2026-04-09T23:30:00Z"), true));
    play.live_until("2026-04-09T23:30:00Z").await;
    let both = play.invoices().await.pop().unwrap();
    let expected = [
        line(
            "Starter, one month",
            "2026-04-09T23:30",
            "2026-05-09T23:30",
            [19_900, 3_980, 1_274],
        ),
        line(
            "Priority support, one month",
            "2026-04-10T01:00",
            "2026-05-10T01:00",
            [9_900, 0, 792],
        ),
    ];
    assert_eq!(lines(&both), expected);
    assert_eq!(
        both.lines,
        shown.draft.lines(),
        "what was shown is what is billed"
    );
    let summary = &both.summary;
    assert_eq!(
        (summary.credit_applied.minor(), summary.paid.minor()),
        (5_000, 22_886)
    );
    assert_eq!(summary.paid, shown.draft.amount_due().unwrap());
    assert_eq!(play.credit().await, 0);

    play.live_until("2026-05-11T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 17_194),
        bill("INV-000002", "purchase", Paid, 10_692),
        bill("INV-000003", "renewal", Paid, 27_886),
        bill("INV-000004", "renewal", Paid, 32_184),
    ];
    assert_eq!(play.bills().await, bills);
    let moved = [
        movement("new", 15_920),
        movement("expansion", 9_900),
        movement("expansion", 3_980),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn two_due_on_different_days(pool: PgPool) {
    let play = play(pool, "2026-04-01T23:30:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-02T00:30:00Z").await;
    play.beside(SUPPORT, Month).await;
    play.live_until("2026-05-31T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "purchase", Paid, 10_692),
        bill("INV-000003", "renewal", Paid, 21_492),
        bill("INV-000004", "renewal", Paid, 10_692),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

/// Twelve months of the plan, of which the last comes with the second year beside it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn monthly_beside_yearly(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-01T15:00:00Z").await;
    play.beside(SUPPORT, Year).await;
    play.live_until("2027-04-02T00:00:00Z").await;
    let mut bills = vec![
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "purchase", Paid, 106_920),
    ];
    bills.extend((3..14).map(|n| bill(&format!("INV-{n:06}"), "renewal", Paid, 21_492)));
    bills.push(bill("INV-000014", "renewal", Paid, 128_412));
    assert_eq!(play.bills().await, bills);
    let year = play.invoices().await.pop().unwrap();
    let expected = [
        line(
            "Starter, one month",
            "2027-04-01T09:00",
            "2027-05-01T09:00",
            [19_900, 0, 1_592],
        ),
        line(
            "Priority support, one year",
            "2027-04-01T15:00",
            "2028-04-01T15:00",
            [99_000, 0, 7_920],
        ),
    ];
    assert_eq!(lines(&year), expected);
    // 990.00 a year is 82.50 a month.
    let moved = [movement("new", 19_900), movement("expansion", 8_250)];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

/// The trial ends at its hour, and what is beside it is renewed then.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_ends_with_what_is_beside_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    let session_ref = play.checkout("starter", Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    // Served since the middle of March.
    play.try_beside_from(SUPPORT, Month, utc("2026-03-15T12:00:00Z"))
        .await
        .unwrap();
    play.billing.drain_queue().await.unwrap();
    play.live_until("2026-04-15T08:59:59Z").await;
    assert_eq!(
        play.live_plans().await,
        [
            stands("starter", StatusName::Trialing),
            stands(SUPPORT, StatusName::Active)
        ]
    );
    play.live_until("2026-04-15T09:00:00Z").await;
    let first = play.invoices().await.pop().unwrap();
    let expected = [
        line(
            "Starter, one month",
            "2026-04-15T09:00",
            "2026-05-15T09:00",
            [19_900, 0, 1_592],
        ),
        line(
            "Priority support, one month",
            "2026-04-15T12:00",
            "2026-05-15T12:00",
            [9_900, 0, 792],
        ),
    ];
    assert_eq!(lines(&first), expected);
    let moved = [movement("new", 9_900), movement("expansion", 19_900)];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}
