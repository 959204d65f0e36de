//! When an add-on is there: in a trial at once, else once it is paid.

use gateway::sandbox::{Authentication, SubmitOutcome};
use service::ChangeOutcome;
use service::billing::invoice::InvoiceStatus::{Paid, Void};
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use sqlx::PgPool;

use crate::add_on::{line, offer};
use crate::play::{ASKS, DECLINES_LATER, Play, VISA, bill, movement, play};

impl Play {
    pub async fn approve(&self, url: &str) {
        let charge_ref = url.rsplit('/').next().unwrap();
        self.billing
            .sandbox()
            .authenticate(charge_ref, Authentication::Approve, self.billing.now())
            .await
            .unwrap();
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn in_a_trial_it_is_free_and_there_at_once(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("starter", Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    let applied = ChangeOutcome::Applied { invoice: None };
    assert_eq!(play.set_add_on("extra_chain", 1).await, applied);
    assert_eq!(play.set_add_on("extra_storage", 3).await, applied);
    assert_eq!(play.set_add_on("extra_storage", 2).await, applied);
    assert_eq!(play.set_add_on("extra_chain", 0).await, applied);
    assert_eq!(play.set_add_on("extra_chain", 4).await, applied);
    assert_eq!(play.set_add_on("extra_chain", 0).await, applied);
    play.live_until("2026-04-15T00:00:00Z").await;
    let both = [
        line("Starter, one month", 19_900),
        line("Extra storage, one month", 3_000),
    ];
    assert_eq!(play.last_words().await, both);
    assert_eq!(play.movements().await, [movement("new", 22_900)]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn unpaid_it_does_not_come(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    let outcome = play.set_add_on("extra_chain", 1).await;
    assert!(matches!(outcome, ChangeOutcome::Declined { .. }), "{outcome:?}");
    assert_eq!(play.offered().await[0], offer("extra_chain", 0, None));
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "upgrade", Void, 10_692),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// A bank that asks the card's owner: until then there is no add-on, no other change, and the books tie.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_waits_for_its_payment(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let session_ref = play.checkout("professional", Month, false).await;
    let SubmitOutcome::Authenticate { url } = play.submit(&session_ref, ASKS).await else {
        panic!("the card asks for approval")
    };
    play.approve(&url).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.change("starter", Month).await;
    let asked = async || {
        let outcome = play.set_add_on("extra_storage", 2).await;
        let ChangeOutcome::RequiresAction { url } = outcome else {
            panic!("{outcome:?}")
        };
        url
    };
    asked().await;
    assert_eq!(play.offered().await[1], offer("extra_storage", 0, None));
    let overview = play.billing.overview(&play.actor).await.unwrap();
    assert_eq!(overview.next_plan.unwrap().key, "extra_storage");
    let refused = play.refused_add_on("extra_chain", 1).await;
    assert_eq!(refused.code(), "change_awaits_payment");
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
    // Nobody approves it: a day later it is given up, and the downgrade stands as before.
    play.live_until("2026-04-02T00:00:00Z").await;
    assert_eq!(play.offered().await[1], offer("extra_storage", 0, None));
    let next = async || {
        play.billing
            .overview(&play.actor)
            .await
            .unwrap()
            .next_plan
            .unwrap()
            .key
    };
    assert_eq!(next().await, "starter");
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
    // Asked for again and approved it is there, and the downgrade still stands.
    let url = asked().await;
    play.approve(&url).await;
    assert_eq!(next().await, "starter");
    assert_eq!(play.offered().await[1], offer("extra_storage", 2, None));
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
