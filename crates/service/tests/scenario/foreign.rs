//! Nobody reaches another customer's rows, and nobody acts beyond their role: every use case, every actor.

use service::billing::coupon::{CodeLimits, Discount, Duration, Percent};
use service::billing::credit::GrantTerms;
use service::billing::entitlement::{Allowance, Override};
use service::billing::id::{
    ApiKeyId, CouponId, CreditNoteId, CustomerId, InvoiceId, MemberId, PlanId, PriceId, StaffId,
};
use service::billing::invoice::PaymentTerms;
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::Month;
use service::billing::subscription::{Term, UnusedTime};
use service::{
    Actor, Error, GrantCredit, MakeCodes, MemberRole, NewCoupon, NewPromotionCodes, OverrideKey, Scope,
    SetOverride, SetUp, StaffRole, StartCheckout, StopKind,
};
use sqlx::PgPool;

use crate::play::{Play, VISA, play, utc};
use crate::support::sign_up;

fn code(result: Result<(), Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |()| "ok")
}

/// What each use case answers this actor, by name; `foreign` belongs to somebody else.
async fn answers(play: &Play, actor: &Actor, foreign: &Foreign) -> Vec<(&'static str, &'static str)> {
    let b = &play.billing;
    let mut answers = vec![
        ("invoice", code(b.invoice(actor, foreign.invoice).await.map(drop))),
        (
            "start_payment",
            code(b.start_payment(actor, foreign.invoice).await.map(drop)),
        ),
        (
            "checkout_result",
            code(b.checkout_result(actor, &foreign.session_ref).await.map(drop)),
        ),
        (
            "confirm_change",
            code(b.confirm_change(actor, &foreign.token).await.map(drop)),
        ),
        (
            "preview_change",
            code(b.preview_change(actor, foreign.price).await.map(drop)),
        ),
        ("undo_change", code(b.undo_change(actor).await)),
        ("cancel", code(b.cancel(actor, None).await)),
        ("undo_cancel", code(b.undo_cancel(actor).await)),
        (
            "preview_quantity",
            code(b.preview_quantity(actor, 2).await.map(drop)),
        ),
        (
            "preview_stop",
            code(b.preview_stop(actor, CANCEL).await.map(drop)),
        ),
        (
            "confirm_stop",
            code(b.confirm_stop(actor, &foreign.stop_token, None).await.map(drop)),
        ),
        ("preview_resume", code(b.preview_resume(actor).await.map(drop))),
        (
            "confirm_resume",
            code(b.confirm_resume(actor, &foreign.token).await.map(drop)),
        ),
        (
            "credit_note",
            code(b.credit_note(actor, foreign.credit_note).await.map(drop)),
        ),
        (
            "preview_add_on",
            code(b.preview_add_on(actor, foreign.add_on, 1).await.map(drop)),
        ),
        (
            "confirm_add_on",
            code(b.confirm_add_on(actor, &foreign.add_on_token).await.map(drop)),
        ),
        ("undo_add_on", code(b.undo_add_on(actor, foreign.add_on).await)),
        ("add_ons", code(b.add_ons(actor).await.map(drop))),
        ("credit", code(b.credit(actor).await.map(drop))),
        ("overview", code(b.overview(actor).await.map(drop))),
        ("invoices", code(b.invoices(actor).await.map(drop))),
        ("start_add_card", code(b.start_add_card(actor).await.map(drop))),
    ];
    answers.extend(checkout_answers(play, actor, foreign).await);
    answers.extend(admin_answers(play, actor, foreign).await);
    answers
}

/// The same of buying, and of promotion codes.
async fn checkout_answers(
    play: &Play,
    actor: &Actor,
    foreign: &Foreign,
) -> [(&'static str, &'static str); 4] {
    let b = &play.billing;
    let start = StartCheckout {
        price: foreign.price,
        trial: false,
        code: None,
    };
    let started = b.start_checkout(actor, start).await.map(drop);
    let checked = b.check_code(actor, "LAUNCH", foreign.price).await.map(drop);
    [
        ("start_checkout", code(started)),
        ("check_code", code(checked)),
        ("redeem_code", code(b.redeem_code(actor, "LAUNCH").await)),
        ("top_up", code(b.top_up(actor, 50.into()).await.map(drop))),
    ]
}

/// The same of use cases that are not a customer's.
async fn admin_answers(play: &Play, actor: &Actor, foreign: &Foreign) -> Vec<(&'static str, &'static str)> {
    let b = &play.billing;
    let mut answers = vec![
        (
            "admin_overview",
            code(b.admin_overview(actor, None).await.map(drop)),
        ),
        ("clock_state", code(b.clock_state(actor).await.map(drop))),
        (
            "start_clock_move",
            code(b.start_clock_move(actor, utc("2020-01-01T00:00:00Z")).await),
        ),
        ("sent_mail", code(b.sent_mail(actor).await.map(drop))),
        ("verify_as", code(b.verify_as(actor).await.map(drop))),
        (
            "set_up_subscription",
            code(b.set_up_subscription(actor, foreign.set_up()).await.map(drop)),
        ),
        (
            "extend_trial",
            code(
                b.extend_trial(actor, foreign.customer, utc("2020-01-01T00:00:00Z"))
                    .await,
            ),
        ),
        (
            "undo_change_for",
            code(b.undo_change_for(actor, foreign.customer).await),
        ),
        (
            "set_override",
            code(b.set_override(actor, foreign.set_override()).await),
        ),
        (
            "remove_override",
            code(
                b.remove_override(actor, foreign.customer, OverrideKey::Meter("sla".into()))
                    .await,
            ),
        ),
        (
            "set_payment_terms",
            code(
                b.set_payment_terms(actor, foreign.customer, PaymentTerms::Immediate)
                    .await,
            ),
        ),
    ];
    answers.extend(granting_answers(play, actor, foreign).await);
    answers.push(("ingest", code(b.ingest(actor, Vec::new()).await.map(drop))));
    answers
}

/// The same of coupons and credit.
async fn granting_answers(
    play: &Play,
    actor: &Actor,
    foreign: &Foreign,
) -> Vec<(&'static str, &'static str)> {
    let b = &play.billing;
    vec![
        (
            "create_coupon",
            code(b.create_coupon(actor, Foreign::coupon()).await.map(drop)),
        ),
        (
            "create_codes",
            code(b.create_codes(actor, Foreign::codes()).await.map(drop)),
        ),
        ("retire_code", code(b.retire_code(actor, "LAUNCH").await)),
        (
            "grant_credit",
            code(b.grant_credit(actor, foreign.grant_credit()).await.map(drop)),
        ),
        (
            "credit_grants",
            code(b.credit_grants(actor, foreign.customer).await.map(drop)),
        ),
        ("coupon_report", code(b.coupon_report(actor).await.map(drop))),
        (
            "coupon_detail",
            code(b.coupon_detail(actor, Foreign::codes().coupon).await.map(drop)),
        ),
        (
            "codes_of",
            code(b.codes_of(actor, Foreign::codes().coupon).await.map(drop)),
        ),
    ]
}

/// What belongs to Ada.
struct Foreign {
    invoice: InvoiceId,
    session_ref: String,
    token: String,
    stop_token: String,
    add_on_token: String,
    add_on: PlanId,
    credit_note: CreditNoteId,
    customer: CustomerId,
    price: PriceId,
}

const CANCEL: StopKind = StopKind::Cancel {
    unused: UnusedTime::Credit,
};

impl Foreign {
    fn set_override(&self) -> SetOverride {
        SetOverride {
            customer: self.customer,
            agreed: Override::Meter {
                key: "api_requests".into(),
                included: Allowance::Unlimited,
            },
            reason: "Why not".into(),
        }
    }

    fn grant_credit(&self) -> GrantCredit {
        GrantCredit {
            customer: self.customer,
            terms: GrantTerms::paid(Money::new(1_000, Currency::USD)),
            reason: "Why not".into(),
        }
    }

    fn coupon() -> NewCoupon {
        NewCoupon {
            name: "Mine".to_owned(),
            discount: Discount::Percent(Percent::new(100.into()).unwrap()),
            duration: Duration::Forever,
            plans: None,
        }
    }

    fn codes() -> NewPromotionCodes {
        NewPromotionCodes {
            coupon: CouponId::from_uuid(uuid::Uuid::nil()),
            campaign: None,
            make: MakeCodes::One("MINE".to_owned()),
            limits: CodeLimits::default(),
        }
    }

    fn set_up(&self) -> SetUp {
        let term = Term {
            starts_at: utc("2026-04-01T00:00:00Z"),
            ends_at: None,
        };
        SetUp {
            customer: self.customer,
            price: self.price,
            billing_time: None,
            term,
        }
    }
}

async fn ada(pool: PgPool) -> (Play, Foreign) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("starter", Month, false).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.live_until("2026-04-02T00:00:00Z").await;
    play.pause().await;
    let credit_note = play.last_credit_note().await.unwrap().summary.id;
    play.resume().await;
    let stop_token = play
        .billing
        .preview_stop(&play.actor, CANCEL)
        .await
        .unwrap()
        .token;
    let price = play.price("professional", Month).await;
    let token = play
        .billing
        .preview_change(&play.actor, price)
        .await
        .unwrap()
        .token;
    let add_on = play.billing.add_ons(&play.actor).await.unwrap()[0].add_on.id;
    let preview = play.billing.preview_add_on(&play.actor, add_on, 1).await.unwrap();
    let add_on_token = preview.token;
    let invoice = play.invoices().await[0].summary.id;
    let customer = play.customer();
    (
        play,
        Foreign {
            invoice,
            session_ref,
            token,
            stop_token,
            add_on_token,
            add_on,
            credit_note,
            customer,
            price,
        },
    )
}

const CUSTOMER: [&str; 26] = [
    "invoice",
    "start_payment",
    "checkout_result",
    "confirm_change",
    "preview_change",
    "undo_change",
    "cancel",
    "undo_cancel",
    "preview_quantity",
    "preview_stop",
    "confirm_stop",
    "preview_resume",
    "confirm_resume",
    "credit_note",
    "preview_add_on",
    "confirm_add_on",
    "undo_add_on",
    "add_ons",
    "credit",
    "overview",
    "invoices",
    "start_add_card",
    "start_checkout",
    "check_code",
    "redeem_code",
    "top_up",
];
const ADMIN: [&str; 19] = [
    "admin_overview",
    "clock_state",
    "start_clock_move",
    "sent_mail",
    "verify_as",
    "set_up_subscription",
    "extend_trial",
    "undo_change_for",
    "set_override",
    "remove_override",
    "set_payment_terms",
    "create_coupon",
    "create_codes",
    "retire_code",
    "grant_credit",
    "credit_grants",
    "coupon_report",
    "coupon_detail",
    "codes_of",
];

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn another_customer_finds_nothing_of_hers(pool: PgPool) {
    let (play, foreign) = ada(pool).await;
    let principal = play.billing.sign_up(sign_up("eve@evil.example")).await.unwrap();
    let eve = play.billing.actor(principal).await.unwrap();
    let answers = answers(&play, &eve, &foreign).await;
    let expected = [
        ("invoice", "not_found"),
        ("start_payment", "not_found"),
        ("checkout_result", "not_found"),
        ("confirm_change", "no_subscription"),
        ("preview_change", "no_subscription"),
        ("undo_change", "no_subscription"),
        ("cancel", "no_subscription"),
        ("undo_cancel", "no_subscription"),
        ("preview_quantity", "no_subscription"),
        ("preview_stop", "no_subscription"),
        ("confirm_stop", "no_subscription"),
        ("preview_resume", "no_subscription"),
        ("confirm_resume", "no_subscription"),
        ("credit_note", "not_found"),
        ("preview_add_on", "no_subscription"),
        ("confirm_add_on", "no_subscription"),
        ("undo_add_on", "no_subscription"),
        ("add_ons", "ok"),
        ("credit", "ok"),
        ("overview", "ok"),
        ("invoices", "ok"),
        ("start_add_card", "ok"),
        ("start_checkout", "ok"),
        ("check_code", "code_unknown"),
        ("redeem_code", "code_unknown"),
        ("top_up", "ok"),
    ];
    assert_eq!(answers[..26], expected);
    assert!(
        answers[26..].iter().all(|(_, code)| *code == "forbidden"),
        "{answers:?}"
    );
    assert!(
        play.billing
            .invoices(&eve)
            .await
            .unwrap()
            .iter()
            .all(|invoice| invoice.id != foreign.invoice)
    );
    // With a subscription of her own that is active, Ada's quote is still not hers.
    let hers = Play {
        actor: eve,
        billing: play.billing.clone(),
        clock: play.clock.clone(),
        pool: play.pool.clone(),
    };
    hers.buy("starter", Month, VISA).await;
    let stolen = hers.billing.confirm_change(&hers.actor, &foreign.token).await;
    assert!(matches!(stolen, Err(Error::QuoteStale)), "{stolen:?}");
    let stolen = hers
        .billing
        .confirm_add_on(&hers.actor, &foreign.add_on_token)
        .await;
    assert!(matches!(stolen, Err(Error::QuoteStale)), "{stolen:?}");
    assert_eq!(play.bills().await.len(), 2);
    let hers = hers.billing.credit(&hers.actor).await.unwrap();
    assert!(hers.grants.is_empty() && hers.history.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_role_does_what_it_may(pool: PgPool) {
    let (play, foreign) = ada(pool).await;
    let Actor::Member { customer, .. } = play.actor else {
        panic!()
    };
    let uuid = uuid::Uuid::from_u128(9);
    let member = |role| Actor::Member {
        id: MemberId::from_uuid(uuid),
        customer,
        role,
    };
    let staff = |role| Actor::Staff {
        id: StaffId::from_uuid(uuid),
        role,
    };
    let key = Actor::ApiKey {
        id: ApiKeyId::from_uuid(uuid),
        customer: Some(CustomerId::from_uuid(uuid)),
        scopes: vec![Scope::Read],
    };
    let refused = |answers: &[(&'static str, &'static str)], code: &str| -> Vec<&'static str> {
        answers
            .iter()
            .filter(|(_, answer)| *answer == code)
            .map(|(name, _)| *name)
            .collect()
    };
    let all: Vec<&str> = CUSTOMER.into_iter().chain(ADMIN).chain(["ingest"]).collect();

    assert_eq!(
        refused(
            &answers(&play, &Actor::Anonymous, &foreign).await,
            "unauthenticated"
        ),
        all
    );
    assert_eq!(refused(&answers(&play, &key, &foreign).await, "forbidden"), all);
    let viewer = answers(&play, &member(MemberRole::Viewer), &foreign).await;
    let mutations = [
        "start_payment",
        "confirm_change",
        "undo_change",
        "cancel",
        "undo_cancel",
        "confirm_stop",
        "confirm_resume",
        "confirm_add_on",
        "undo_add_on",
        "start_add_card",
        "start_checkout",
        "check_code",
        "redeem_code",
        "top_up",
    ];
    let expected: Vec<&str> = mutations.into_iter().chain(ADMIN).chain(["ingest"]).collect();
    assert_eq!(refused(&viewer, "forbidden"), expected);
    let refused_to = |more: &[&'static str]| -> Vec<&str> {
        let more = more.iter().copied();
        CUSTOMER.into_iter().chain(more).chain(["ingest"]).collect()
    };
    let serves = [
        "start_clock_move",
        "set_up_subscription",
        "extend_trial",
        "undo_change_for",
    ];
    let agrees = [
        "set_override",
        "remove_override",
        "set_payment_terms",
        "create_coupon",
        "create_codes",
        "retire_code",
        "grant_credit",
        "credit_grants",
        "codes_of",
    ];
    let reads = [serves.as_slice(), &agrees].concat();
    for (role, expected) in [
        (StaffRole::ReadOnly, refused_to(&reads)),
        (StaffRole::Finance, refused_to(&serves)),
        (
            StaffRole::Support,
            refused_to(&[&["start_clock_move"][..], &agrees].concat()),
        ),
    ] {
        let answers = answers(&play, &staff(role), &foreign).await;
        assert_eq!(refused(&answers, "forbidden"), expected, "{role:?}");
    }
    let operator: Vec<&str> = CUSTOMER.into_iter().chain(["ingest"]).collect();
    assert_eq!(
        refused(
            &answers(&play, &staff(StaffRole::Admin), &foreign).await,
            "forbidden"
        ),
        operator
    );
}
