//! Subscribers of an old version move to the one on sale at their next renewal; it is known before who pays more.

use service::billing::id::StaffId;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::money::{Currency, Money};
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::{PendingChange, Stays};
use service::{Actor, MigrationReport, StaffRole};
use sqlx::PgPool;

use crate::play::{CATALOG, Play, VISA, bill, movement, play};
use crate::support::sign_up;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Name, amounts now and then, and what it does to MRR.
fn moves(report: &MigrationReport) -> Vec<(Money, Money, String, Money)> {
    let of = |moved: &service::Move| (moved.from, moved.to, moved.at.to_rfc3339(), moved.mrr_delta);
    report.moves.iter().map(of).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_takes_effect_at_the_next_renewal(pool: PgPool) {
    let ada = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    ada.buy("starter", Month, VISA).await;
    let bob = ada.billing.sign_up(sign_up("bob@lumen.example")).await.unwrap();
    let bob = Play {
        billing: ada.billing.clone(),
        clock: ada.clock.clone(),
        actor: ada.billing.actor(bob).await.unwrap(),
        pool: pool.clone(),
    };
    bob.buy("starter", Year, VISA).await;
    let dearer = CATALOG
        .replace("amount = 199 }", "amount = 219 }")
        .replace("amount = 1990 }", "amount = 1890 }");
    ada.billing.apply_catalog(&Actor::System, &dearer).await.unwrap();

    let preview = ada
        .billing
        .preview_migration(&Actor::System, "starter")
        .await
        .unwrap();
    let expected = [
        (
            usd(19_900),
            usd(21_900),
            "2026-05-01T00:00:00+00:00".to_owned(),
            usd(2_000),
        ),
        // A twelfth of 1,890 less a twelfth of 1,990, each rounded.
        (
            usd(199_000),
            usd(189_000),
            "2027-04-01T00:00:00+00:00".to_owned(),
            usd(-833),
        ),
    ];
    assert_eq!(moves(&preview), expected);
    assert_eq!((preview.winners(), preview.losers(), preview.version), (1, 1, 2));
    assert_eq!(
        ada.billing
            .overview(&ada.actor)
            .await
            .unwrap()
            .subscription
            .unwrap()
            .pending_change,
        None
    );

    let done = ada
        .billing
        .migrate_subscribers(&Actor::System, "starter")
        .await
        .unwrap();
    assert_eq!(moves(&done), expected);
    let again = ada
        .billing
        .migrate_subscribers(&Actor::System, "starter")
        .await
        .unwrap();
    assert_eq!(again.moves, []);
    let reasons: Vec<Stays> = again.stays.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(reasons, [Stays::ChangePending, Stays::ChangePending]);

    ada.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(
        ada.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Paid, 23_652))
    );
    assert_eq!(
        ada.movements().await,
        [
            movement("new", 19_900),
            movement("new", 16_583),
            movement("expansion", 2_000)
        ]
    );
    ada.live_until("2027-04-01T00:00:00Z").await;
    let yearly = bob.bills().await.pop().unwrap();
    assert_eq!((yearly.1.as_str(), yearly.3), ("renewal", 204_120));
    let nobody = ada
        .billing
        .preview_migration(&Actor::System, "starter")
        .await
        .unwrap();
    assert_eq!((nobody.moves.len(), nobody.stays.len()), (0, 0));
    ada.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_cannot_move_stays_and_a_trial_moves_at_once(pool: PgPool) {
    let ada = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    let session = ada.checkout("starter", Month, true).await;
    ada.submit(&session, VISA).await;
    ada.billing.checkout_result(&ada.actor, &session).await.unwrap();
    let without_years = CATALOG.replace(
        r#"prices = [{ interval = "month", amount = 199 }, { interval = "year", amount = 1990 }]"#,
        r#"prices = [{ interval = "month", amount = 149 }]"#,
    );
    ada.billing
        .apply_catalog(&Actor::System, &without_years)
        .await
        .unwrap();
    let done = ada
        .billing
        .migrate_subscribers(&Actor::System, "starter")
        .await
        .unwrap();
    assert_eq!(
        moves(&done),
        [(
            usd(19_900),
            usd(14_900),
            "2026-04-15T00:00:00+00:00".to_owned(),
            usd(0)
        )]
    );
    ada.live_until("2026-04-15T00:00:00Z").await;
    assert_eq!(
        ada.bills().await.pop(),
        Some(bill("INV-000001", "renewal", Paid, 16_092))
    );
    let forbidden = ada
        .billing
        .migrate_subscribers(&ada.actor, "starter")
        .await
        .unwrap_err();
    assert!(matches!(forbidden, service::Error::Forbidden), "{forbidden:?}");
    let unknown = ada
        .billing
        .preview_migration(&Actor::System, "nothing")
        .await
        .unwrap_err();
    assert!(matches!(unknown, service::Error::NotFound("plan")), "{unknown:?}");
    ada.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_staff_scheduled_staff_takes_back(pool: PgPool) {
    let ada = play(pool.clone(), "2026-04-01T00:00:00Z").await;
    ada.buy("professional", Month, VISA).await;
    let dearer = CATALOG.replace("amount = 999 }", "amount = 1099 }");
    ada.billing.apply_catalog(&Actor::System, &dearer).await.unwrap();
    let migrated = async || {
        let done = ada
            .billing
            .migrate_subscribers(&Actor::System, "professional")
            .await;
        assert_eq!(done.unwrap().moves.len(), 1);
    };
    let pending = async || {
        let overview = ada.billing.overview(&ada.actor).await.unwrap();
        overview.subscription.unwrap().pending_change
    };
    migrated().await;
    let scheduled = pending().await;
    assert!(scheduled.is_some_and(PendingChange::is_by_staff), "{scheduled:?}");
    let refused = ada.billing.undo_change(&ada.actor).await.unwrap_err();
    assert_eq!(refused.code(), "change_scheduled_by_staff");
    let stop = service::StopKind::Pause { resume_at: None };
    let refused = ada.billing.preview_stop(&ada.actor, stop).await.unwrap_err();
    assert_eq!(refused.code(), "change_scheduled_by_staff");
    // Leaving and staying after all does not lose it.
    ada.billing.cancel(&ada.actor, None).await.unwrap();
    ada.billing.undo_cancel(&ada.actor).await.unwrap();
    assert_eq!(pending().await, scheduled);

    let support = Actor::Staff {
        id: StaffId::from_uuid(uuid::Uuid::from_u128(9)),
        role: StaffRole::Support,
    };
    ada.billing
        .undo_change_for(&support, ada.customer())
        .await
        .unwrap();
    assert_eq!(pending().await, None);
    let again = ada.billing.undo_change_for(&support, ada.customer()).await;
    assert_eq!(again.unwrap_err().code(), "nothing_pending");

    // A change that the customer chooses takes its place, and is theirs to take back.
    migrated().await;
    ada.change("starter", Month).await;
    assert!(pending().await.is_some_and(|change| !change.is_by_staff()));
    ada.billing.undo_change(&ada.actor).await.unwrap();
    assert_eq!(pending().await, None);
    ada.ties().await;
}
