//! Coupons: what they take off, for how long, and who may redeem them.

use service::billing::coupon::{CodeLimits, CodeRefused, Discount, Duration, Percent};
use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::{Month, Year};
use service::{
    Actor, ChangeOutcome, Error, MakeCodes, NewCoupon, NewPromotionCodes, Result, SignUp, StartCheckout,
};
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, movement, play, utc};

pub fn percent(value: i64) -> Discount {
    Discount::Percent(Percent::new(value.into()).unwrap())
}

fn dollars(value: i64) -> Discount {
    Discount::Amount(Money::new(value * 100, Currency::USD))
}

/// Makes a coupon and the code LAUNCH that gives it.
pub async fn launch(play: &Play, discount: Discount, duration: Duration, limits: CodeLimits) {
    let coupon = NewCoupon {
        name: "Launch".to_owned(),
        discount,
        duration,
        plans: None,
    };
    let coupon = play.billing.create_coupon(&Actor::System, coupon).await.unwrap();
    let codes = NewPromotionCodes {
        coupon,
        campaign: Some("Spring".to_owned()),
        make: MakeCodes::One("Launch".to_owned()),
        limits,
    };
    play.billing.create_codes(&Actor::System, codes).await.unwrap();
}

async fn start(play: &Play, actor: &Actor, plan: &str, code: &str) -> Result<String> {
    let start = StartCheckout {
        price: play.price(plan, Month).await,
        trial: false,
        code: Some(code.to_owned()),
    };
    play.billing.start_checkout(actor, start).await
}

pub async fn buy(play: &Play, plan: &str, code: &str) {
    let url = start(play, &play.actor, plan, code).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap();
    play.submit(session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, session_ref)
        .await
        .unwrap();
}

/// Amount, discount, net and tax of each line of the last invoice.
async fn last_lines(play: &Play) -> Vec<(i64, i64, i64, i64)> {
    let last = play.invoices().await.pop().unwrap();
    let of_line = |line: &service::billing::invoice::Line| {
        let discount = line.discount().unwrap();
        (
            line.draft.amount.minor(),
            discount.minor(),
            line.net.minor(),
            line.tax.minor(),
        )
    };
    last.lines.iter().map(of_line).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_percentage_for_two_periods(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, percent(20), Duration::Periods(2), CodeLimits::default()).await;
    let price = play.price("starter", Month).await;
    let offer = play
        .billing
        .check_code(&play.actor, " launch ", price)
        .await
        .unwrap();
    assert_eq!((offer.name.as_str(), offer.code.as_str()), ("Launch", "LAUNCH"));
    assert_eq!(
        (offer.draft.discount().minor(), offer.draft.total().minor()),
        (3_980, 17_194)
    );
    buy(&play, "starter", "launch").await;
    assert_eq!(last_lines(&play).await, [(19_900, 3_980, 15_920, 1_274)]);
    play.live_until("2026-07-01T00:00:00Z").await;
    let expected = [
        bill("INV-000001", "purchase", Paid, 17_194),
        bill("INV-000002", "renewal", Paid, 17_194),
        bill("INV-000003", "renewal", Paid, 21_492),
        bill("INV-000004", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, expected);
    // What it takes off is no MRR as long as it does.
    let moved = [movement("new", 15_920), movement("expansion", 3_980)];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_is_discounted_as_the_period_is(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, percent(20), Duration::Once, CodeLimits::default()).await;
    buy(&play, "starter", "LAUNCH").await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("professional", Month).await;
    // Half of what was paid comes back, and half of the other plan is charged less a fifth.
    let lines = [(-7_960, 0, -7_960, -637), (49_950, 9_990, 39_960, 3_197)];
    assert_eq!(last_lines(&play).await, lines);
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(last_lines(&play).await, [(99_900, 0, 99_900, 7_992)]);
    let moved = [
        movement("new", 15_920),
        movement("expansion", 64_000),
        movement("expansion", 19_980),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_amount_comes_back_with_what_it_was_taken_off(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, dollars(50), Duration::Forever, CodeLimits::default()).await;
    buy(&play, "starter", "LAUNCH").await;
    assert_eq!(last_lines(&play).await, [(19_900, 5_000, 14_900, 1_192)]);
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("professional", Month).await;
    let lines = [(-7_450, 0, -7_450, -596), (49_950, 2_500, 47_450, 3_796)];
    assert_eq!(last_lines(&play).await, lines);
    // A year begins anew: all of the amount once more.
    play.live_until("2026-05-16T12:00:00Z").await;
    let outcome = play.change("professional", Year).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    let lines = [(-47_450, 0, -47_450, -3_796), (999_000, 5_000, 994_000, 79_520)];
    assert_eq!(last_lines(&play).await, lines);
    play.live_until("2026-05-20T00:00:00Z").await;
    play.pause().await;
    play.live_until("2026-05-21T00:00:00Z").await;
    play.resume().await;
    assert_eq!(last_lines(&play).await, [(999_000, 5_000, 994_000, 79_520)]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_free_month_asks_for_nothing(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, percent(100), Duration::Once, CodeLimits::default()).await;
    let url = start(&play, &play.actor, "starter", "LAUNCH").await.unwrap();
    let invoice = play.invoices().await.pop().unwrap().summary;
    assert_eq!(url, format!("http://localhost:3000/invoices/{}", invoice.id));
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Paid, 0)]);
    assert_eq!(play.movements().await, []);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn redeemed_for_a_plan_it_discounts_the_next_invoice(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, percent(50), Duration::Once, CodeLimits::default()).await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-10T00:00:00Z").await;
    play.billing.redeem_code(&play.actor, "launch").await.unwrap();
    let again = play.billing.redeem_code(&play.actor, "launch").await.unwrap_err();
    assert_eq!(again.code(), "code_redeemed");
    let upcoming = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    play.live_until("2026-06-01T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 10_746),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.invoices().await[1].lines, upcoming.draft.lines());
    let moved = [
        movement("new", 19_900),
        movement("contraction", -9_950),
        movement("expansion", 9_950),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_purchase_nobody_finished_gives_its_code_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let once = CodeLimits {
        max_redemptions: Some(1),
        ..CodeLimits::default()
    };
    launch(&play, percent(20), Duration::Once, once).await;
    start(&play, &play.actor, "starter", "LAUNCH").await.unwrap();
    play.live_until("2026-04-03T00:00:00Z").await;
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Void, 17_194)]);
    buy(&play, "starter", "LAUNCH").await;
    assert_eq!(
        play.bills().await[1],
        bill("INV-000002", "purchase", Paid, 17_194)
    );
    play.ties().await;
}

/// A plain reason, and nothing is written.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_may_not_be_redeemed_is_refused(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let limits = CodeLimits {
        expires_at: Some(utc("2026-05-01T00:00:00Z")),
        minimum: Some(Money::new(50_000, Currency::USD)),
        ..CodeLimits::default()
    };
    launch(&play, percent(20), Duration::Once, limits).await;
    let refused = async |plan, code| match start(&play, &play.actor, plan, code).await {
        Err(Error::Code(refused)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("professional", "LAUNCH-2").await, CodeRefused::Unknown);
    assert_eq!(
        refused("professional", "'; DROP TABLE coupon").await,
        CodeRefused::Unknown
    );
    let minimum = Money::new(50_000, Currency::USD);
    assert_eq!(
        refused("starter", "LAUNCH").await,
        CodeRefused::BelowMinimum(minimum)
    );
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(refused("professional", "LAUNCH").await, CodeRefused::Expired);
    play.billing.retire_code(&Actor::System, "launch").await.unwrap();
    assert_eq!(refused("professional", "LAUNCH").await, CodeRefused::Unknown);
    assert_eq!(play.bills().await, []);
    assert_eq!(play.status().await, (None, None));
    // The eleventh try within a minute is not looked at.
    for _ in 0..5 {
        refused("professional", "GUESS").await;
    }
    let slowed = start(&play, &play.actor, "professional", "GUESS")
        .await
        .unwrap_err();
    assert!(matches!(slowed, Error::TooMany), "{slowed:?}");
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn many_at_once_redeem_no_more_than_there_are(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let ten = CodeLimits {
        max_redemptions: Some(10),
        ..CodeLimits::default()
    };
    launch(&play, percent(20), Duration::Once, ten).await;
    let price = play.price("starter", Month).await;
    let mut clients = Vec::new();
    for client in 0..64 {
        let sign_up = SignUp {
            company: format!("Client {client}"),
            name: "Ada".to_owned(),
            email: format!("client{client}@lumen.example"),
            password: "correct horse battery".into(),
            time_zone: "UTC".to_owned(),
            address: None,
        };
        let principal = play.billing.sign_up(sign_up).await.unwrap();
        clients.push(play.billing.actor(principal).await.unwrap());
    }
    let starts: Vec<_> = clients
        .into_iter()
        .map(|actor| {
            let billing = play.billing.clone();
            let start = StartCheckout {
                price,
                trial: false,
                code: Some("LAUNCH".to_owned()),
            };
            tokio::spawn(async move { billing.start_checkout(&actor, start).await })
        })
        .collect();
    let mut redeemed = 0;
    for start in starts {
        match start.await.unwrap() {
            Ok(_) => redeemed += 1,
            Err(Error::Code(CodeRefused::UsedUp)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(redeemed, 10);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn codes_are_unique_and_made_all_or_none(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, dollars(10), Duration::Once, CodeLimits::default()).await;
    let coupon = NewCoupon {
        name: "Fair".to_owned(),
        discount: percent(5),
        duration: Duration::Once,
        plans: Some(vec!["professional".to_owned()]),
    };
    let coupon = play.billing.create_coupon(&Actor::System, coupon).await.unwrap();
    let make = async |make| {
        let codes = NewPromotionCodes {
            coupon,
            campaign: None,
            make,
            limits: CodeLimits::default(),
        };
        play.billing.create_codes(&Actor::System, codes).await
    };
    let random = MakeCodes::Random {
        prefix: "fair-".to_owned(),
        count: 1_000,
    };
    let codes = make(random).await.unwrap();
    assert_eq!(codes.len(), 1_000);
    assert!(
        codes
            .iter()
            .all(|code| code.as_str().starts_with("FAIR-") && code.as_str().len() == 15)
    );
    let none = MakeCodes::Random {
        prefix: String::new(),
        count: 0,
    };
    for (wrong, field) in [(none, "count"), (MakeCodes::One("a b".to_owned()), "code")] {
        let refused = make(wrong).await.unwrap_err();
        assert!(
            matches!(refused, Error::Invalid { field: wrong } if wrong == field),
            "{refused:?}"
        );
    }
    let nothing = NewCoupon {
        name: "Nothing".to_owned(),
        discount: dollars(0),
        duration: Duration::Once,
        plans: None,
    };
    let refused = play
        .billing
        .create_coupon(&Actor::System, nothing)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, Error::Invalid { field: "amount" }),
        "{refused:?}"
    );
    let taken = make(MakeCodes::One("LaUnCh".to_owned())).await.unwrap_err();
    assert!(matches!(taken, Error::CodeTaken), "{taken:?}");
    let refused = start(&play, &play.actor, "starter", codes[7].as_str())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, Error::Code(CodeRefused::OtherPlan)),
        "{refused:?}"
    );
    let member = play.billing.retire_code(&play.actor, "launch").await.unwrap_err();
    assert!(matches!(member, Error::Forbidden), "{member:?}");
}

/// What a period is not discounted by takes nothing off what is charged within it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn redeemed_within_a_period_it_waits_for_the_next(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, dollars(50), Duration::Once, CodeLimits::default()).await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.billing.redeem_code(&play.actor, "LAUNCH").await.unwrap();
    play.change("professional", Month).await;
    let lines = [(-9_950, 0, -9_950, -796), (49_950, 0, 49_950, 3_996)];
    assert_eq!(last_lines(&play).await, lines);
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(last_lines(&play).await, [(99_900, 0, 99_900, 7_992)]);
    let discounts: Vec<_> = play
        .invoices()
        .await
        .iter()
        .map(|i| i.summary.discount.minor())
        .collect();
    assert_eq!(discounts, [0, 0, 5_000, 0]);
    play.ties().await;
}

/// However the period ends: by a renewal that the coupon is over for, or by a pause.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn usage_is_discounted_as_its_period_was(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    launch(&play, percent(20), Duration::Once, CodeLimits::default()).await;
    buy(&play, "starter", "LAUNCH").await;
    play.live_until("2026-04-12T00:00:00Z").await;
    // Two beyond the hundred that are included, at 2.50.
    play.use_meter("a", "deployments", 102, utc("2026-04-10T00:00:00Z"))
        .await;
    play.live_until("2026-05-10T00:00:00Z").await;
    assert_eq!(
        last_lines(&play).await,
        [(500, 100, 400, 32), (19_900, 0, 19_900, 1_592)]
    );
    play.use_meter("b", "deployments", 102, utc("2026-05-10T00:00:00Z"))
        .await;
    // Late usage of a period that is over has its price.
    play.use_meter("c", "deployments", 2, utc("2026-04-20T00:00:00Z"))
        .await;
    play.live_until("2026-06-01T00:00:00Z").await;
    let lines = [(500, 0, 500, 40), (500, 0, 500, 40), (19_900, 0, 19_900, 1_592)];
    assert_eq!(last_lines(&play).await, lines);
    play.ties().await;
}

/// Of an amount only what was taken off the plan comes back with the plan, not what add-ons bore of it.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_amount_is_taken_off_a_period_once(pool: PgPool) {
    let play = play(pool, "2026-03-01T00:00:00Z").await;
    launch(&play, dollars(50), Duration::Forever, CodeLimits::default()).await;
    buy(&play, "starter", "LAUNCH").await;
    play.live_until("2026-03-20T00:00:00Z").await;
    let offers = play.billing.add_ons(&play.actor).await.unwrap();
    let chain = offers
        .iter()
        .find(|offer| offer.add_on.key == "extra_chain")
        .unwrap();
    let preview = play
        .billing
        .preview_add_on(&play.actor, chain.add_on.id, 1)
        .await
        .unwrap();
    play.billing
        .confirm_add_on(&play.actor, &preview.token)
        .await
        .unwrap();
    assert_eq!(play.invoices().await.pop().unwrap().summary.discount.minor(), 0);
    play.live_until("2026-04-16T00:00:00Z").await;
    let renewal = last_lines(&play).await;
    let discounts: Vec<_> = renewal.iter().map(|line| (line.0, line.1)).collect();
    assert_eq!(discounts, [(19_900, 3_339), (9_900, 1_661)]);
    play.change("professional", Month).await;
    // 165.61 was paid for the plan: half of that comes back, and half of 33.39 is taken off once more.
    let lines = [(-8_281, 0, -8_281, -662), (49_950, 1_670, 48_280, 3_862)];
    assert_eq!(last_lines(&play).await, lines);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_makes_way_gives_its_code_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let once = CodeLimits {
        max_redemptions: Some(1),
        ..CodeLimits::default()
    };
    launch(&play, percent(20), Duration::Once, once).await;
    let price = play.price("starter", Month).await;
    let trial = StartCheckout {
        price,
        trial: true,
        code: Some("LAUNCH".to_owned()),
    };
    play.billing.start_checkout(&play.actor, trial).await.unwrap();
    let taken = play
        .billing
        .check_code(&play.actor, "LAUNCH", price)
        .await
        .unwrap_err();
    assert!(matches!(taken, Error::Code(CodeRefused::UsedUp)), "{taken:?}");
    // The trial pauses without a card, and a purchase takes its place.
    play.live_until("2026-05-01T00:00:00Z").await;
    play.billing
        .check_code(&play.actor, "LAUNCH", price)
        .await
        .unwrap();
    start(&play, &play.actor, "starter", "LAUNCH").await.unwrap();
    // So does the next purchase of one that nobody finished; a code that is refused leaves that as it is.
    play.billing
        .check_code(&play.actor, "LAUNCH", price)
        .await
        .unwrap();
    let refused = start(&play, &play.actor, "starter", "NOTHING").await.unwrap_err();
    assert_eq!(refused.code(), "code_unknown");
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Open, 17_194)]);
    buy(&play, "starter", "LAUNCH").await;
    let bills = [
        bill("INV-000001", "purchase", Void, 17_194),
        bill("INV-000002", "purchase", Paid, 17_194),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}
