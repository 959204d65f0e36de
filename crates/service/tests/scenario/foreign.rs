//! Nobody reaches another customer's rows, and nobody acts beyond their role: every use case, every actor.

use service::billing::id::{ApiKeyId, CustomerId, InvoiceId, MemberId, PriceId, StaffId};
use service::billing::period::Interval::Month;
use service::{Actor, Error, MemberRole, Scope, StaffRole, StartCheckout};
use sqlx::PgPool;

use crate::play::{Play, VISA, play, utc};
use crate::support::sign_up;

/// What each use case answers this actor, by name; `foreign` belongs to somebody else.
async fn answers(play: &Play, actor: &Actor, foreign: &Foreign) -> Vec<(&'static str, &'static str)> {
    let b = &play.billing;
    let code = |result: Result<(), Error>| result.map_or_else(|error| error.code(), |()| "ok");
    let start = StartCheckout {
        price: foreign.price,
        trial: false,
    };
    vec![
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
        ("cancel", code(b.cancel(actor).await)),
        ("undo_cancel", code(b.undo_cancel(actor).await)),
        ("overview", code(b.overview(actor).await.map(drop))),
        ("invoices", code(b.invoices(actor).await.map(drop))),
        ("start_add_card", code(b.start_add_card(actor).await.map(drop))),
        (
            "start_checkout",
            code(b.start_checkout(actor, start).await.map(drop)),
        ),
        ("admin_overview", code(b.admin_overview(actor).await.map(drop))),
        ("clock_state", code(b.clock_state(actor).await.map(drop))),
        (
            "start_clock_move",
            code(b.start_clock_move(actor, utc("2020-01-01T00:00:00Z")).await),
        ),
        ("sent_mail", code(b.sent_mail(actor).await.map(drop))),
        ("verify_as", code(b.verify_as(actor).await.map(drop))),
        ("ingest", code(b.ingest(actor, Vec::new()).await.map(drop))),
    ]
}

/// What belongs to Ada.
struct Foreign {
    invoice: InvoiceId,
    session_ref: String,
    token: String,
    price: PriceId,
}

async fn ada(pool: PgPool) -> (Play, Foreign) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("starter", Month, false).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    let price = play.price("professional", Month).await;
    let token = play
        .billing
        .preview_change(&play.actor, price)
        .await
        .unwrap()
        .token;
    let invoice = play.invoices().await[0].summary.id;
    (
        play,
        Foreign {
            invoice,
            session_ref,
            token,
            price,
        },
    )
}

const CUSTOMER: [&str; 12] = [
    "invoice",
    "start_payment",
    "checkout_result",
    "confirm_change",
    "preview_change",
    "undo_change",
    "cancel",
    "undo_cancel",
    "overview",
    "invoices",
    "start_add_card",
    "start_checkout",
];
const ADMIN: [&str; 5] = [
    "admin_overview",
    "clock_state",
    "start_clock_move",
    "sent_mail",
    "verify_as",
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
        ("overview", "ok"),
        ("invoices", "ok"),
        ("start_add_card", "ok"),
        ("start_checkout", "ok"),
    ];
    assert_eq!(answers[..12], expected);
    assert!(
        answers[12..].iter().all(|(_, code)| *code == "forbidden"),
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
    assert_eq!(play.bills().await.len(), 1);
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
        "start_add_card",
        "start_checkout",
    ];
    let expected: Vec<&str> = mutations.into_iter().chain(ADMIN).chain(["ingest"]).collect();
    assert_eq!(refused(&viewer, "forbidden"), expected);
    let read_only: Vec<&str> = CUSTOMER
        .into_iter()
        .chain(["start_clock_move", "ingest"])
        .collect();
    for role in [StaffRole::ReadOnly, StaffRole::Finance, StaffRole::Support] {
        assert_eq!(
            refused(&answers(&play, &staff(role), &foreign).await, "forbidden"),
            read_only,
            "{role:?}"
        );
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
