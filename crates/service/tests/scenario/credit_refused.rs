//! Credit notes that are not issued: nothing is changed, and the reason is plain.

use service::billing::credit::{CreditReason, CreditRefused, NoteParts, PaidTo, Wanted, WantedLine};
use service::billing::id::{InvoiceId, StaffId};
use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::money::Money;
use service::billing::period::Interval::Month;
use service::billing::subscription::ChangeError;
use service::{Actor, CreditInvoice, Error, IssueCreditNote, ShownNote, StaffRole};
use sqlx::PgPool;
use uuid::Uuid;

use crate::credit_by_hand::{behind, usd};
use crate::play::{DECLINES_LATER, VISA, bill, play};
use crate::support::sign_up;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_makes_no_note_changes_nothing(pool: PgPool) {
    let play = behind(pool).await;
    let (purchase, renewal) = (
        play.invoices().await[0].summary.id,
        play.last_invoice().await.summary.id,
    );
    let foreign = play.lines_of(purchase).await[0];
    let own = play.lines_of(renewal).await[0];
    let named = |line, amount| Wanted::Lines(vec![WantedLine { line, amount }]);
    let yen = Money::new(100, "JPY".parse().unwrap());
    for (wanted, code) in [
        (named(own, Some(usd(0))), "amount_not_positive"),
        (named(own, Some(usd(-1))), "amount_not_positive"),
        (named(own, Some(usd(19_901))), "beyond_line"),
        (named(own, Some(usd(i64::MAX))), "beyond_line"),
        (named(own, Some(yen)), "currency_mismatch"),
        (named(foreign, Some(usd(100))), "line_unknown"),
        (Wanted::Lines(Vec::new()), "line_missing"),
    ] {
        let refused = play
            .give_back(renewal, wanted.clone(), PaidTo::Card)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), code, "{wanted:?}");
        let command = play.asking(renewal, wanted, PaidTo::Card, "wrong");
        let refused = play
            .billing
            .issue_credit_note(&Actor::System, command)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), code);
    }
    let asking = |key: &str| play.asking(renewal, Wanted::Rest, PaidTo::Card, key);
    for (command, field) in [
        (
            IssueCreditNote {
                memo: "x".repeat(501),
                ..asking("1")
            },
            "memo",
        ),
        (
            IssueCreditNote {
                memo: "\0".to_owned(),
                ..asking("1")
            },
            "memo",
        ),
        (asking(""), "key"),
        (asking(&"k".repeat(256)), "key"),
        (
            IssueCreditNote {
                reason: CreditReason::Pause,
                ..asking("1")
            },
            "reason",
        ),
    ] {
        let refused = play.billing.issue_credit_note(&Actor::System, command).await;
        assert!(
            matches!(refused, Err(Error::Invalid { field: wrong }) if wrong == field),
            "{field}"
        );
    }
    // Neither another note than was shown, nor the same after one that nobody had seen.
    let credit = asking("1").credit;
    let seen = play.billing.preview_credit_note(&Actor::System, &credit).await;
    let seen = ShownNote::of(&seen.unwrap().note);
    let parts = NoteParts::all_credit(usd(21_492));
    for stale in [
        ShownNote { parts, ..seen },
        ShownNote {
            credited: usd(1),
            ..seen
        },
    ] {
        let stale = IssueCreditNote {
            shown: Some(stale),
            ..asking("1")
        };
        let refused = play.billing.issue_credit_note(&Actor::System, stale).await;
        assert!(matches!(refused, Err(Error::QuoteStale)));
    }
    // A page is open on which more may be paid than would be due.
    let page = play.billing.start_payment(&play.actor, renewal).await.unwrap();
    let refused = play.give_part(renewal, 100, PaidTo::Card).await;
    assert!(matches!(refused, Err(Error::PaymentUnderWay)));
    play.submit(page.rsplit('/').next().unwrap(), DECLINES_LATER)
        .await;
    assert_eq!(play.credit_notes().await, []);
    let expected = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Open, 21_492),
    ];
    assert_eq!(play.bills().await, expected);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_some_invoices_nothing_is_given_back(pool: PgPool) {
    let play = behind(pool).await;
    let renewal = play.last_invoice().await.summary.id;
    play.billing
        .void_invoice(&Actor::System, play.customer(), renewal, "wrong")
        .await
        .unwrap();
    let refused = play.give_back(renewal, Wanted::Rest, PaidTo::Card).await;
    assert!(matches!(refused, Err(Error::Credit(CreditRefused::Status(Void)))));
    let url = play.billing.top_up(&play.actor, 50.into()).await.unwrap();
    let page = url.rsplit('/').next().unwrap();
    play.submit(page, VISA).await;
    play.billing.checkout_result(&play.actor, page).await.unwrap();
    let top_up = play.last_invoice().await.summary;
    assert_eq!((top_up.status, top_up.reason.as_str()), (Paid, "top_up"));
    let refused = play.give_back(top_up.id, Wanted::Rest, PaidTo::Card).await;
    assert!(matches!(refused, Err(Error::Credit(CreditRefused::TopUp))));
    let unknown = InvoiceId::from_uuid(Uuid::now_v7());
    let refused = play.give_back(unknown, Wanted::Rest, PaidTo::Card).await;
    assert!(matches!(refused, Err(Error::NotFound("invoice"))));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_that_waits_for_its_payment_is_left_alone(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.checkout("starter", Month, false).await;
    let purchase = play.last_invoice().await.summary.id;
    sqlx::query("UPDATE payment_allocation SET settled = true")
        .execute(&play.pool)
        .await
        .unwrap();
    let refused = play.give_back(purchase, Wanted::Rest, PaidTo::Card).await;
    assert!(matches!(refused, Err(Error::Change(ChangeError::AwaitsPayment))));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn money_roles_alone_give_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary.id;
    let staff = |role| Actor::Staff {
        id: StaffId::from_uuid(Uuid::nil()),
        role,
    };
    let ask = async |actor: &Actor| {
        let command = play.asking(purchase, Wanted::Rest, PaidTo::Credit, "asked");
        let b = &play.billing;
        let code = |error: Option<Error>| error.map_or("ok", |error| error.code());
        [
            code(b.creditable_invoice(actor, play.customer(), purchase).await.err()),
            code(b.preview_credit_note(actor, &command.credit).await.err()),
            code(b.issue_credit_note(actor, command).await.err()),
        ]
    };
    assert_eq!(ask(&Actor::Anonymous).await, ["unauthenticated"; 3]);
    for actor in [
        play.actor.clone(),
        staff(StaffRole::Support),
        staff(StaffRole::Developer),
        staff(StaffRole::ReadOnly),
    ] {
        assert_eq!(ask(&actor).await, ["forbidden"; 3], "{actor:?}");
    }
    assert_eq!(ask(&staff(StaffRole::Finance)).await, ["ok"; 3]);
    // Once more under the same name it is the same note, and nothing is left to show.
    let again = ["ok", "nothing_left", "ok"];
    assert_eq!(ask(&staff(StaffRole::Admin)).await, again);
    assert_eq!(play.credit_notes().await.len(), 1);
    let principal = play.billing.sign_up(sign_up("eve@evil.example")).await.unwrap();
    let eve = play.billing.actor(principal).await.unwrap();
    assert_eq!(play.billing.credit_notes_of(&eve, purchase).await.unwrap(), []);
    let Actor::Member { customer, .. } = eve else {
        panic!("she is a member")
    };
    let hers = CreditInvoice {
        customer,
        ..play.asking(purchase, Wanted::Rest, PaidTo::Card, "hers").credit
    };
    let refused = play.billing.preview_credit_note(&Actor::System, &hers).await;
    assert!(matches!(refused, Err(Error::NotFound("invoice"))));
    play.ties().await;
}
