//! Nobody reaches another customer's rows, and nobody acts beyond their role: every use case, every actor.

mod answers;

use service::billing::id::{ApiKeyId, CustomerId, MemberId, StaffId};
use service::billing::period::Interval::Month;
use service::{Actor, Error, MemberRole, Scope, StaffRole};
use sqlx::PgPool;

use self::answers::{CANCEL, Foreign, answers};
use crate::play::{Play, VISA, play};
use crate::support::sign_up;

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
