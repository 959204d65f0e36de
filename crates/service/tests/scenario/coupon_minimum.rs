//! A code is for so much at least, and for some plans: of the invoices to come, for those are what it discounts.

use service::billing::coupon::{CodeLimits, CodeRefused, Duration};
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::Month;
use service::{Actor, ChangeOutcome, Error, MakeCodes, NewCoupon, NewPromotionCodes};
use sqlx::PgPool;

use crate::agreed_price::amount;
use crate::coupon::{launch, percent};
use crate::credit_by_hand::usd;
use crate::play::{Play, VISA, bill, movement, play};

/// On the plan since 1 April; now it is the tenth, and LAUNCH takes a fifth off so much at least.
async fn on(pool: PgPool, plan: &str, minimum: i64) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let limits = CodeLimits {
        minimum: Some(usd(minimum)),
        ..CodeLimits::default()
    };
    launch(&play, percent(20), Duration::Once, limits).await;
    play.buy(plan, Month, VISA).await;
    play.live_until("2026-04-10T00:00:00Z").await;
    play
}

impl Play {
    async fn redeem(&self, code: &str) -> Result<(), CodeRefused> {
        match self.billing.redeem_code(&self.actor, code).await {
            Ok(()) => Ok(()),
            Err(Error::Code(refused)) => Err(refused),
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn downgrade(&self) {
        let outcome = self.change("starter", Month).await;
        assert!(matches!(outcome, ChangeOutcome::Scheduled { .. }), "{outcome:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_price_agreed_from_may_on_is_too_little(pool: PgPool) {
    let play = on(pool, "starter", 15_000).await;
    play.agree_price(amount("149")).await;
    let too_little = Err(CodeRefused::BelowMinimum(usd(15_000)));
    assert_eq!(play.redeem("LAUNCH").await, too_little);
    play.drop_agreed().await;
    assert_eq!(play.redeem("LAUNCH").await, Ok(()));
    play.live_until("2026-06-02T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 17_194),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_price_agreed_from_may_on_is_enough(pool: PgPool) {
    let play = on(pool, "starter", 25_000).await;
    let too_little = Err(CodeRefused::BelowMinimum(usd(25_000)));
    assert_eq!(play.redeem("LAUNCH").await, too_little);
    play.agree_price(amount("300")).await;
    assert_eq!(play.redeem("LAUNCH").await, Ok(()));
    play.live_until("2026-06-02T00:00:00Z").await;
    // 300.00 less a fifth, and then all of it.
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 25_920),
        bill("INV-000003", "renewal", Paid, 32_400),
    ];
    assert_eq!(play.bills().await, bills);
    let moved = [
        movement("new", 19_900),
        movement("expansion", 4_100),
        movement("expansion", 6_000),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_downgrade_that_waits_is_what_is_judged(pool: PgPool) {
    let play = on(pool, "professional", 50_000).await;
    play.downgrade().await;
    let too_little = Err(CodeRefused::BelowMinimum(usd(50_000)));
    assert_eq!(play.redeem("LAUNCH").await, too_little);
    play.billing.undo_change(&play.actor).await.unwrap();
    assert_eq!(play.redeem("LAUNCH").await, Ok(()));
    play.live_until("2026-05-02T00:00:00Z").await;
    // 999.00 less a fifth.
    let bills = [
        bill("INV-000001", "purchase", Paid, 107_892),
        bill("INV-000002", "renewal", Paid, 86_314),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_code_for_the_plan_to_come_waits_for_it(pool: PgPool) {
    let play = on(pool, "professional", 1).await;
    let coupon = NewCoupon {
        name: "Small".to_owned(),
        discount: percent(10),
        duration: Duration::Once,
        plans: Some(vec!["starter".to_owned()]),
    };
    let coupon = play.billing.create_coupon(&Actor::System, coupon).await.unwrap();
    let codes = NewPromotionCodes {
        coupon,
        campaign: None,
        make: MakeCodes::One("SMALL".to_owned()),
        limits: CodeLimits::default(),
    };
    play.billing.create_codes(&Actor::System, codes).await.unwrap();
    assert_eq!(play.redeem("SMALL").await, Err(CodeRefused::OtherPlan));
    play.downgrade().await;
    assert_eq!(play.redeem("SMALL").await, Ok(()));
    play.live_until("2026-06-02T00:00:00Z").await;
    // 199.00 less a tenth, and then all of it.
    let bills = [
        bill("INV-000001", "purchase", Paid, 107_892),
        bill("INV-000002", "renewal", Paid, 19_343),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    let moved = [
        movement("new", 99_900),
        movement("contraction", -81_990),
        movement("expansion", 1_990),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}
