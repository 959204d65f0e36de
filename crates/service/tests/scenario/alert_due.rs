//! Trials that end and cards that expire are told days before, by business time.

use service::billing::period::Interval;
use service::{Actor, AlertPage, AlertState};
use sqlx::PgPool;

use crate::play::{Play, VISA, play, utc};

/// Oldest first: what is told, when, and what became of it.
async fn told(play: &Play) -> Vec<(String, String, &'static str)> {
    let all = AlertPage {
        state: None,
        after: None,
        limit: 100,
    };
    let found = play.billing.alerts(&Actor::System, all).await.unwrap().alerts;
    let mut told: Vec<_> = found
        .into_iter()
        .map(|alert| {
            (
                alert.title,
                alert.opened_at.format("%d %b %H:%M").to_string(),
                alert.state.as_str(),
            )
        })
        .collect();
    told.reverse();
    told
}

fn line(title: &str, at: &str, state: AlertState) -> (String, String, &'static str) {
    (title.to_owned(), at.to_owned(), state.as_str())
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_is_told_seven_three_and_one_day_before_its_end(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    assert_eq!(play.billing.tell_ends().await.unwrap(), 0);
    let session_ref = play.checkout("starter", Interval::Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.live_until("2026-03-10T00:00:00Z").await;
    let first = line("The trial ends in 7 days", "08 Mar 12:00", AlertState::Open);
    assert_eq!(told(&play).await, [first]);
    play.live_until("2026-04-01T00:00:00Z").await;
    // Over, it is nothing to be told of any more.
    let all = [
        line("The trial ends in 7 days", "08 Mar 12:00", AlertState::Resolved),
        line("The trial ends in 3 days", "12 Mar 12:00", AlertState::Resolved),
        line("The trial ends in 1 day", "14 Mar 12:00", AlertState::Resolved),
    ];
    assert_eq!(told(&play).await, all);
    let mails: Vec<_> = play
        .mails()
        .await
        .into_iter()
        .map(|(_, subject)| subject)
        .collect();
    let of_trial = mails
        .iter()
        .filter(|subject| subject.starts_with("The trial ends in"));
    assert_eq!(of_trial.count(), 3);
    let message: String =
        sqlx::query_scalar("SELECT message FROM alert WHERE title = 'The trial ends in 1 day'")
            .fetch_one(&play.pool)
            .await
            .unwrap();
    assert_eq!(message, "It ends on Mar 15, 2026, 12:00 UTC.");
    play.billing.tell_ends().await.unwrap();
    assert_eq!(told(&play).await.len(), 3);
}

/// A server that was off over several of the days tells of the last.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_missed_is_told_once(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.billing.tell_ends().await.unwrap();
    let session_ref = play.checkout("starter", Interval::Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.clock.advance_to(utc("2026-03-13T00:00:00Z"));
    assert_eq!(play.billing.tell_ends().await.unwrap(), 2);
    let mails: Vec<_> = play
        .mails()
        .await
        .into_iter()
        .map(|(_, subject)| subject)
        .collect();
    let of_trial: Vec<_> = mails
        .iter()
        .filter(|subject| subject.starts_with("The trial ends in"))
        .collect();
    assert_eq!(of_trial, ["The trial ends in 3 days"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_card_that_expires_is_told_until_another_pays(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.buy("starter", Interval::Month, VISA).await;
    sqlx::query("UPDATE payment_method SET exp_month = 4, exp_year = 2026")
        .execute(&play.pool)
        .await
        .unwrap();
    play.billing.tell_ends().await.unwrap();
    play.live_until("2026-04-20T00:00:00Z").await;
    let first = line(
        "The card that pays expires in 30 days",
        "01 Apr 00:00",
        AlertState::Open,
    );
    assert_eq!(told(&play).await, [first]);
    let letter: String = sqlx::query_scalar("SELECT body FROM mail WHERE subject LIKE 'The card that pays%'")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    assert_eq!(
        letter,
        "The card that pays expires in 30 days. Visa •••• 4242 pays until Apr 30, 2026. Save another one before then.\n\
         See it at http://localhost:3000/overview."
    );
    play.live_until("2026-04-25T00:00:00Z").await;
    assert_eq!(told(&play).await.len(), 2);
    play.add_card(VISA).await;
    play.live_until("2026-04-26T00:00:00Z").await;
    let all = [
        line(
            "The card that pays expires in 30 days",
            "01 Apr 00:00",
            AlertState::Resolved,
        ),
        line(
            "The card that pays expires in 7 days",
            "24 Apr 00:00",
            AlertState::Resolved,
        ),
    ];
    assert_eq!(told(&play).await, all);
}

/// Demo data are lived, and tests live, without being told of what is history then.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nothing_is_told_before_anybody_began_to(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    let session_ref = play.checkout("starter", Interval::Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.live_until("2026-03-10T00:00:00Z").await;
    assert!(told(&play).await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_that_is_extended_is_told_anew(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    play.billing.tell_ends().await.unwrap();
    let session_ref = play.checkout("starter", Interval::Month, true).await;
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    play.live_until("2026-03-09T12:00:00Z").await;
    play.billing
        .extend_trial(&Actor::System, play.customer(), utc("2026-03-29T12:00:00Z"))
        .await
        .unwrap();
    play.live_until("2026-03-09T13:00:00Z").await;
    play.billing.tell_ends().await.unwrap();
    let first = line("The trial ends in 7 days", "08 Mar 12:00", AlertState::Resolved);
    assert_eq!(told(&play).await, std::slice::from_ref(&first));
    play.live_until("2026-03-23T12:00:00Z").await;
    let again = line("The trial ends in 7 days", "22 Mar 12:00", AlertState::Open);
    assert_eq!(told(&play).await, [first, again]);
}
