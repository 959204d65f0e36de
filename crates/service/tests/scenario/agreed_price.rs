//! A price agreed with one customer: billed from the next renewal on, ended at another, and nobody else's.

use service::billing::id::{PriceId, StaffId};
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::{ChangeError, SubscriptionItem, Term};
use service::{Actor, AgreePrice, AgreedPrice, Error, NewPrice, SetUp, StaffRole, StartCheckout};
use sqlx::PgPool;

use crate::play::{CATALOG, Play, VISA, bill, movement, play, utc};
use crate::support::sign_up;

fn finance() -> Actor {
    Actor::Staff {
        id: StaffId::from_uuid(uuid::Uuid::from_u128(9)),
        role: StaffRole::Finance,
    }
}

fn price(play: &Play, price: NewPrice) -> AgreePrice {
    AgreePrice {
        customer: play.customer(),
        add_on: None,
        price,
        reason: "Two years' promise".to_owned(),
    }
}

pub fn amount(text: &str) -> NewPrice {
    NewPrice::Amount(text.parse().unwrap())
}

fn percent_off(text: &str) -> NewPrice {
    let percent = service::billing::coupon::Percent::new(text.parse().unwrap());
    NewPrice::PercentOff(percent.unwrap())
}

impl Play {
    pub async fn agree_price(&self, new: NewPrice) -> AgreedPrice {
        let command = price(self, new);
        self.billing.agree_price(&finance(), command).await.unwrap()
    }

    pub async fn drop_agreed(&self) -> AgreedPrice {
        let customer = self.customer();
        let dropped = self.billing.drop_agreed_price(&finance(), customer, None).await;
        dropped.unwrap()
    }

    /// What the next bill comes to.
    async fn next_total(&self) -> i64 {
        let overview = self.billing.overview(&self.actor).await.unwrap();
        overview.upcoming.unwrap().draft.total().minor()
    }

    async fn plan_item(&self) -> SubscriptionItem {
        let overview = self.billing.overview(&self.actor).await.unwrap();
        overview.subscription.unwrap().plan_item().unwrap().clone()
    }

    /// Bob's, beside whoever plays here.
    pub async fn another(&self) -> Self {
        let bob = self.billing.sign_up(sign_up("bob@lumen.example")).await.unwrap();
        Self {
            actor: self.billing.actor(bob).await.unwrap(),
            billing: self.billing.clone(),
            clock: self.clock.clone(),
            pool: self.pool.clone(),
        }
    }
}

fn minor(agreed: AgreedPrice) -> (i64, i64, i64) {
    (agreed.from.minor(), agreed.to.minor(), agreed.list.minor())
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_billed_from_the_next_renewal_on_and_ends_at_another(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    let agreed = play.agree_price(amount("800")).await;
    assert_eq!(minor(agreed), (99_900, 80_000, 99_900));
    assert_eq!(agreed.at, Some(utc("2026-05-01T00:00:00Z")));
    assert_eq!(play.next_total().await, 86_400);
    let item = play.plan_item().await;
    assert_eq!(
        (item.price.amount.minor(), item.price.is_agreed()),
        (99_900, false)
    );
    assert_eq!(item.next_price.map(|next| next.amount.minor()), Some(80_000));

    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Paid, 86_400))
    );
    let item = play.plan_item().await;
    assert_eq!(
        (item.price.amount.minor(), item.price.is_agreed()),
        (80_000, true)
    );
    assert_eq!(item.next_price, None);

    play.live_until("2026-05-20T00:00:00Z").await;
    let dropped = play.drop_agreed().await;
    assert_eq!(minor(dropped), (80_000, 99_900, 99_900));
    assert_eq!(dropped.at, Some(utc("2026-06-01T00:00:00Z")));
    assert_eq!(play.next_total().await, 107_892);
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Paid, 107_892))
    );
    assert!(!play.plan_item().await.price.is_agreed());
    assert_eq!(
        play.movements().await,
        [
            movement("new", 99_900),
            movement("contraction", -19_900),
            movement("expansion", 19_900)
        ]
    );
    let audit: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT action, coalesce(detail -> 'to' ->> 'amount', ''), coalesce(detail ->> 'reason', '')
         FROM audit_entry WHERE action ~ 'price' ORDER BY id",
    )
    .fetch_all(&play.pool)
    .await
    .unwrap();
    let entry = |action: &str, to: &str, reason: &str| (action.to_owned(), to.to_owned(), reason.to_owned());
    let expected = [
        entry("subscription.price_agreed", "", ""),
        entry("price.agreed", "80000", "Two years' promise"),
        entry("subscription.price_dropped", "", ""),
        entry("price.dropped", "99900", ""),
    ];
    assert_eq!(audit, expected);
    play.ties().await;
}

/// The plan is 10.5 of 31 days from its end when it grows: what was billed for them was 800.00 a month.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_gives_back_what_was_billed_and_leaves_it_behind(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play.agree_price(percent_off("19.919919919")).await;
    assert_eq!(play.next_total().await, 86_400);
    play.live_until("2026-05-16T12:00:00Z").await;
    let enterprise = play.price("enterprise", Month).await;
    let preview = play
        .billing
        .preview_change(&play.actor, enterprise)
        .await
        .unwrap();
    let lines: Vec<i64> = preview
        .draft
        .lines()
        .iter()
        .map(|line| line.draft.amount.minor())
        .collect();
    assert_eq!(lines, [-40_000, 249_950]);
    play.agree_price(amount("700")).await;
    play.change("enterprise", Month).await;
    let item = play.plan_item().await;
    assert_eq!(
        (item.price.amount.minor(), item.price.is_agreed(), item.next_price),
        (499_900, false, None)
    );
    assert_eq!(
        play.movements().await,
        [
            movement("new", 99_900),
            movement("contraction", -19_900),
            movement("expansion", 419_900)
        ]
    );
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.bills().await.pop().unwrap().3, 539_892);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_agreed_is_taken_back_before_it_counts(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Year, VISA).await;
    play.agree_price(amount("1500.50")).await;
    play.drop_agreed().await;
    assert_eq!(play.plan_item().await.next_price, None);
    // Once it counts: it ends, and goes on after all, at the same row.
    play.agree_price(amount("1500.50")).await;
    play.live_until("2027-04-01T00:00:00Z").await;
    let paid = play.plan_item().await.price;
    assert_eq!(paid.amount.minor(), 150_050);
    play.drop_agreed().await;
    assert_eq!(
        minor(play.agree_price(amount("1500.5")).await),
        (150_050, 150_050, 199_000)
    );
    let item = play.plan_item().await;
    assert_eq!((item.price, item.next_price), (paid, None));
    play.ties().await;
}

/// In a trial nothing was charged: the price itself is another one, and there is no MRR to move.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn in_a_trial_it_counts_from_the_first_bill_on(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("professional", Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.agree_price(percent_off("50")).await;
    assert_eq!(play.next_total().await, 53_946);
    play.live_until("2026-04-15T00:00:00Z").await;
    assert_eq!(play.bills().await.pop().unwrap().3, 53_946);
    assert_eq!(play.movements().await, [movement("new", 49_950)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_of_each_seat_and_outlives_fewer_of_them(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let seats = async |quantity| {
        let preview = play
            .billing
            .preview_quantity(&play.actor, quantity)
            .await
            .unwrap();
        play.billing
            .confirm_change(&play.actor, &preview.token)
            .await
            .unwrap();
    };
    seats(3).await;
    play.agree_price(amount("150")).await;
    // Fewer are scheduled at the old price's id: they cost what was agreed before all the same.
    seats(2).await;
    assert_eq!(play.next_total().await, 32_400);
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.bills().await.pop().unwrap().3, 32_400);
    let item = play.plan_item().await;
    assert_eq!((item.quantity, item.price.amount.minor()), (2, 15_000));
    // More of it cost the same for the rest of the month.
    play.live_until("2026-05-16T12:00:00Z").await;
    seats(4).await;
    assert_eq!(play.bills().await.pop().unwrap().3, 16_200);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_add_on_has_a_price_of_its_own(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.set_add_on("extra_storage", 2).await;
    let of_add_on = |new| AgreePrice {
        add_on: Some("extra_storage".to_owned()),
        ..price(&play, new)
    };
    let agreed = play
        .billing
        .agree_price(&finance(), of_add_on(amount("10")))
        .await
        .unwrap();
    assert_eq!(minor(agreed), (1_500, 1_000, 1_500));
    play.live_until("2026-05-01T00:00:00Z").await;
    // 199.00 and twice 10.00, with tax.
    assert_eq!(play.bills().await.pop().unwrap().3, 23_652);
    play.set_add_on("extra_storage", 3).await;
    let added = play.bills().await.pop().unwrap();
    assert_eq!((added.1.as_str(), added.3), ("upgrade", 1_080));
    play.billing
        .drop_agreed_price(&finance(), play.customer(), Some("extra_storage"))
        .await
        .unwrap();
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.bills().await.pop().unwrap().3, 26_352);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_else_can_pay_it(pool: PgPool) {
    let ada = play(pool, "2026-04-01T00:00:00Z").await;
    ada.buy("professional", Month, VISA).await;
    ada.agree_price(amount("1")).await;
    ada.live_until("2026-05-01T00:00:00Z").await;
    let agreed = ada.plan_item().await.price.id;
    let bob = ada.another().await;
    let finds_nothing = async |play: &Play, price: PriceId| {
        let unknown = PriceId::from_uuid(uuid::Uuid::nil());
        for price in [price, unknown] {
            let start = |trial| StartCheckout {
                price,
                trial,
                code: None,
            };
            let b = &play.billing;
            let answers = [
                b.start_checkout(&play.actor, start(false)).await.map(drop),
                b.start_checkout(&play.actor, start(true)).await.map(drop),
            ];
            for answer in answers {
                assert!(matches!(answer, Err(Error::NotFound("price"))), "{answer:?}");
            }
            let term = Term {
                starts_at: utc("2026-05-01T00:00:00Z"),
                ends_at: None,
            };
            let command = SetUp {
                customer: play.customer(),
                price,
                billing_time: None,
                term,
            };
            let set_up = b.set_up_subscription(&Actor::System, command).await;
            assert!(matches!(set_up, Err(Error::NotFound("price"))), "{set_up:?}");
        }
    };
    finds_nothing(&bob, agreed).await;
    let shown = bob.billing.plans_for(&bob.actor).await.unwrap();
    let prices = shown.iter().flat_map(|plan| &plan.prices);
    assert!(prices.into_iter().all(|price| price.id != agreed));
    bob.buy("starter", Month, VISA).await;
    let preview = bob.billing.preview_change(&bob.actor, agreed).await;
    assert!(matches!(preview, Err(Error::NotFound("price"))), "{preview:?}");
    let error = bob
        .billing
        .check_code(&bob.actor, "LAUNCH", agreed)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound("price")), "{error:?}");
    // The row itself stands for good.
    for statement in [
        "UPDATE price SET amount_minor = 2 WHERE subscription_id IS NOT NULL",
        "UPDATE price SET subscription_id = NULL WHERE subscription_id IS NOT NULL",
        "DELETE FROM price WHERE subscription_id IS NOT NULL",
    ] {
        let refused = sqlx::query(statement).execute(&ada.pool).await.unwrap_err();
        let code = refused.as_database_error().unwrap().code().unwrap().into_owned();
        assert_eq!(code, "23000", "{statement}: {refused}");
    }
    ada.billing.drain_queue().await.unwrap();
    ada.ties().await;
}

/// Their subscription keeps the price that the new version would cost more than.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_pays_one_is_not_moved_to_another_version(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.agree_price(amount("150")).await;
    let dearer = CATALOG.replace("amount = 199 }", "amount = 219 }");
    play.billing.apply_catalog(&Actor::System, &dearer).await.unwrap();
    let stays = async || {
        let report = play.billing.migrate_subscribers(&Actor::System, "starter").await;
        let report = report.unwrap();
        assert_eq!(report.moves, []);
        report.stays[0].1.to_string()
    };
    assert_eq!(stays().await, "pays an agreed price");
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(stays().await, "pays an agreed price");
    // It ends at the list price of the version they are on, and from then on they can be moved.
    assert_eq!(minor(play.drop_agreed().await), (15_000, 19_900, 19_900));
    play.live_until("2026-06-01T00:00:00Z").await;
    let report = play.billing.migrate_subscribers(&Actor::System, "starter").await;
    assert_eq!(report.unwrap().moves.len(), 1);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_makes_no_sense_is_refused(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let b = &play.billing;
    let refused = async |command: AgreePrice| b.agree_price(&finance(), command).await.unwrap_err().code();
    assert_eq!(refused(price(&play, amount("1"))).await, "no_subscription");
    play.buy("professional", Month, VISA).await;
    for (wrong, expected) in [
        (price(&play, amount("-1")), "invalid"),
        (price(&play, amount("1.005")), "invalid"),
        (price(&play, amount("10000000000.01")), "invalid"),
        (price(&play, amount("999")), "same_price"),
        (
            AgreePrice {
                reason: " ".to_owned(),
                ..price(&play, amount("1"))
            },
            "invalid",
        ),
        (
            AgreePrice {
                add_on: Some("extra_chain".to_owned()),
                ..price(&play, amount("1"))
            },
            "not_changeable",
        ),
        (
            AgreePrice {
                customer: service::billing::id::CustomerId::from_uuid(uuid::Uuid::nil()),
                ..price(&play, amount("1"))
            },
            "not_found",
        ),
    ] {
        assert_eq!(refused(wrong.clone()).await, expected, "{wrong:?}");
    }
    let dropped = b.drop_agreed_price(&finance(), play.customer(), None).await;
    assert!(
        matches!(dropped, Err(Error::Change(ChangeError::NothingAgreed))),
        "{dropped:?}"
    );
    play.change("starter", Month).await;
    assert_eq!(refused(price(&play, amount("1"))).await, "change_scheduled");
    for (role, expected) in [
        (StaffRole::Admin, "change_scheduled"),
        (StaffRole::Support, "forbidden"),
        (StaffRole::Developer, "forbidden"),
        (StaffRole::ReadOnly, "forbidden"),
    ] {
        let staff = Actor::Staff {
            id: StaffId::from_uuid(uuid::Uuid::from_u128(9)),
            role,
        };
        let agreed = b.agree_price(&staff, price(&play, amount("1"))).await;
        assert_eq!(agreed.unwrap_err().code(), expected, "{role:?}");
    }
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_leaves_it_by_choosing_the_list_price(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.agree_price(amount("250")).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let list = play.price("starter", Month).await;
    let refused = play.billing.preview_change(&play.actor, list).await;
    assert!(
        matches!(refused, Err(Error::Change(ChangeError::SamePrice))),
        "{refused:?}"
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 27_000),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}
