//! An upgrade whose card wants its owner: nothing else changes the plan before that is answered.

use gateway::sandbox::Authentication;
use service::billing::invoice::InvoiceStatus::{Open, Paid, Void};
use service::billing::period::Interval::Month;
use service::billing::subscription::{ChangeError, StatusName};
use service::{ChangeOutcome, Error};
use sqlx::PgPool;

use crate::play::{ASKS, Play, bill, play};

/// Buys Starter, approves, and asks for Professional; the reference of the charge to approve.
async fn asked(play: &Play) -> String {
    let session_ref = play.checkout("starter", Month, false).await;
    let gateway::sandbox::SubmitOutcome::Authenticate { url } = play.submit(&session_ref, ASKS).await else {
        panic!("the card asks for approval")
    };
    answer(play, &last(&url), Authentication::Approve).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.live_until("2026-04-11T00:00:00Z").await;
    let outcome = play.change("professional", Month).await;
    let ChangeOutcome::RequiresAction { url } = outcome else {
        panic!("{outcome:?}")
    };
    last(&url)
}

fn last(url: &str) -> String {
    url.rsplit('/').next().unwrap().to_owned()
}

async fn answer(play: &Play, charge_ref: &str, answer: Authentication) {
    play.billing
        .sandbox()
        .authenticate(charge_ref, answer, play.billing.now())
        .await
        .unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn approved_it_is_done_when_the_customer_comes_back(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let charge = asked(&play).await;
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    let cancel = play.billing.cancel(&play.actor, None).await;
    assert!(
        matches!(cancel, Err(Error::Change(ChangeError::AwaitsPayment))),
        "{cancel:?}"
    );
    answer(&play, &charge, Authentication::Approve).await;
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "upgrade", Paid, 57_600))
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn refused_the_plan_stays(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let charge = asked(&play).await;
    answer(&play, &charge, Authentication::Decline).await;
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "upgrade", Void, 57_600))
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn unanswered_it_runs_out_after_23_hours(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    asked(&play).await;
    play.live_until("2026-04-11T22:59:59Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "upgrade", Open, 57_600))
    );
    play.live_until("2026-04-11T23:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "upgrade", Void, 57_600))
    );
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    play.ties().await;
}
