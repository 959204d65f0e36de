//! What coupons and campaigns came to, as operators read it; and in which order several are taken off.

use service::billing::coupon::{CodeLimits, Discount, Duration, Percent};
use service::billing::id::{CouponId, StaffId};
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::Month;
use service::{
    Actor, Error, MakeCodes, NewCoupon, NewPromotionCodes, SignUp, StaffRole, StartCheckout, Tally,
};
use sqlx::PgPool;

use crate::play::{Play, VISA, play};

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn percent(value: i64) -> Discount {
    Discount::Percent(Percent::new(value.into()).unwrap())
}

fn staff(role: StaffRole) -> Actor {
    Actor::Staff {
        id: StaffId::from_uuid(uuid::Uuid::from_u128(9)),
        role,
    }
}

async fn coupon(play: &Play, name: &str, what: (Discount, Duration), plans: Option<&str>) -> CouponId {
    let coupon = NewCoupon {
        name: name.to_owned(),
        discount: what.0,
        duration: what.1,
        plans: plans.map(|key| vec![key.to_owned()]),
    };
    play.billing
        .create_coupon(&staff(StaffRole::Finance), coupon)
        .await
        .unwrap()
}

async fn code(play: &Play, coupon: CouponId, code: &str, campaign: Option<&str>) {
    let codes = NewPromotionCodes {
        coupon,
        campaign: campaign.map(str::to_owned),
        make: MakeCodes::One(code.to_owned()),
        limits: CodeLimits::default(),
    };
    play.billing
        .create_codes(&staff(StaffRole::Finance), codes)
        .await
        .unwrap();
}

async fn start(play: &Play, plan: &str, code: &str) -> String {
    let start = StartCheckout {
        price: play.price(plan, Month).await,
        trial: false,
        code: Some(code.to_owned()),
    };
    let url = play.billing.start_checkout(&play.actor, start).await.unwrap();
    url.rsplit('/').next().unwrap().to_owned()
}

async fn buy(play: &Play, plan: &str, code: &str) {
    let session_ref = start(play, plan, code).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
}

async fn another(play: &Play, name: &str) -> Play {
    let sign_up = SignUp {
        company: name.to_owned(),
        name: name.to_owned(),
        email: format!("{name}@story.example"),
        password: "correct horse battery".into(),
        time_zone: "UTC".to_owned(),
        address: None,
    };
    let principal = play.billing.sign_up(sign_up).await.unwrap();
    Play {
        actor: play.billing.actor(principal).await.unwrap(),
        billing: play.billing.clone(),
        clock: play.clock.clone(),
        pool: play.pool.clone(),
    }
}

fn tally(redemptions: u64, given: i64, mrr: i64) -> Tally {
    Tally {
        redemptions,
        given: usd(given),
        mrr: usd(mrr),
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn coupons_and_campaigns_are_added_up(pool: PgPool) {
    let ada = play(pool, "2026-04-01T00:00:00Z").await;
    let launch = coupon(&ada, "Launch", (percent(20), Duration::Periods(2)), None).await;
    let welcome = coupon(
        &ada,
        "Welcome",
        (Discount::Amount(usd(1_000)), Duration::Forever),
        None,
    )
    .await;
    coupon(&ada, "Unused", (percent(5), Duration::Once), Some("professional")).await;
    code(&ada, launch, "LAUNCH", Some("Spring")).await;
    code(&ada, welcome, "WELCOME", Some("Spring")).await;
    code(&ada, welcome, "HELLO", Some("Summer")).await;

    // Ada redeems both of a campaign; Ben one; Cy starts, but does not pay; Dee comes and goes.
    buy(&ada, "starter", "LAUNCH").await;
    ada.billing.redeem_code(&ada.actor, "WELCOME").await.unwrap();
    let ben = another(&ada, "ben").await;
    buy(&ben, "professional", "LAUNCH").await;
    let cy = another(&ada, "cy").await;
    start(&cy, "starter", "HELLO").await;
    let dee = another(&ada, "dee").await;
    buy(&dee, "starter", "HELLO").await;
    dee.billing.cancel(&dee.actor, None).await.unwrap();
    ada.live_until("2026-06-15T00:00:00Z").await;

    let report = ada
        .billing
        .coupon_report(&staff(StaffRole::ReadOnly))
        .await
        .unwrap();
    let coupons: Vec<_> = report
        .coupons
        .iter()
        .map(|row| (row.name.as_str(), row.codes, row.active, row.tally))
        .collect();
    // Launch: 39.80 of April and May from Ada, 199.80 twice from Ben. Welcome: 10 in May and June from Ada, 10 from
    // Dee in April; what Cy did not pay is void.
    let expected = [
        ("Unused", 0, 0, tally(0, 0, 0)),
        ("Welcome", 2, 2, tally(2, 3_000, 18_900)),
        ("Launch", 1, 1, tally(2, 2 * (3_980 + 19_980), 18_900 + 99_900)),
    ];
    assert_eq!(coupons, expected);
    let campaigns: Vec<_> = report
        .campaigns
        .iter()
        .map(|row| (row.name.as_str(), row.codes, row.tally))
        .collect();
    // Ada's MRR is won once.
    let expected = [
        ("Summer", 1, tally(1, 1_000, 0)),
        (
            "Spring",
            2,
            tally(3, 2 * (3_980 + 19_980) + 2_000, 18_900 + 99_900),
        ),
    ];
    assert_eq!(campaigns, expected);
    assert_eq!(report.coupons[0].plans, Some(vec!["Professional".to_owned()]));
    assert_eq!(
        ada.billing.coupon_report(&staff(StaffRole::Admin)).await.unwrap(),
        report
    );

    let detail = ada
        .billing
        .coupon_detail(&staff(StaffRole::Support), welcome)
        .await
        .unwrap();
    assert_eq!(detail.coupon, report.coupons[1]);
    ada.billing
        .retire_code(&staff(StaffRole::Finance), "hello")
        .await
        .unwrap();
    let codes = ada
        .billing
        .codes_of(&staff(StaffRole::Finance), welcome)
        .await
        .unwrap();
    let codes: Vec<_> = codes
        .iter()
        .map(|code| {
            (
                code.code.as_str(),
                code.campaign.as_deref(),
                code.redeemed,
                code.is_active,
            )
        })
        .collect();
    let expected = [
        ("HELLO", Some("Summer"), 1, false),
        ("WELCOME", Some("Spring"), 1, true),
    ];
    assert_eq!(codes, expected);
    // Codes are worth money: who may not make them takes none along.
    let refused = ada.billing.codes_of(&staff(StaffRole::Support), welcome).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    let unknown = CouponId::from_uuid(uuid::Uuid::nil());
    let missing = ada.billing.coupon_detail(&staff(StaffRole::Admin), unknown).await;
    assert!(matches!(missing, Err(Error::NotFound("coupon"))), "{missing:?}");
    ada.ties().await;
}

/// What was redeemed last, but for this plan alone, finds the whole price.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_coupon_for_the_plan_is_taken_off_first(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let all = coupon(&play, "All", (percent(10), Duration::Forever), None).await;
    let again = coupon(
        &play,
        "Again",
        (Discount::Amount(usd(1_000)), Duration::Forever),
        None,
    )
    .await;
    let own = coupon(
        &play,
        "Starter",
        (Discount::Amount(usd(5_000)), Duration::Forever),
        Some("starter"),
    )
    .await;
    code(&play, all, "ALL", None).await;
    code(&play, again, "AGAIN", None).await;
    code(&play, own, "STARTER", None).await;
    buy(&play, "starter", "ALL").await;
    play.live_until("2026-04-10T00:00:00Z").await;
    play.billing.redeem_code(&play.actor, "AGAIN").await.unwrap();
    play.live_until("2026-04-11T00:00:00Z").await;
    play.billing.redeem_code(&play.actor, "STARTER").await.unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    let invoice = play.invoices().await.pop().unwrap();
    let taken: Vec<_> = invoice.lines[0]
        .discounts
        .iter()
        .map(|taken| (taken.name.as_str(), taken.amount.minor()))
        .collect();
    // 50 of 199; a tenth of 149; 10.
    assert_eq!(taken, [("Starter", 5_000), ("All", 1_490), ("Again", 1_000)]);
    assert_eq!(invoice.summary.total.minor(), 13_403);
    // The same order makes MRR: 124.10.
    let movements = play.movements().await;
    assert_eq!(movements.iter().map(|(_, amount)| amount).sum::<i64>(), 12_410);
    play.ties().await;
}
