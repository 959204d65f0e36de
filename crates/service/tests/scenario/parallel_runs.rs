//! Several billing runs at once bill each boundary once; several buyers of one customer buy once.

use std::time::Duration;

use service::billing::period::Interval::Month;
use service::{Error, StartCheckout};
use sqlx::PgPool;

use crate::play::{VISA, play, utc};
use crate::support::sign_up;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_boundary_is_billed_once(pool: PgPool) {
    let play = play(pool, "2026-01-31T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    // Four boundaries are due at once.
    play.clock.advance_to(utc("2026-05-31T00:00:00Z"));
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let billing = play.billing.clone();
            tokio::spawn(async move { billing.run_due().await })
        })
        .collect();
    let mut processed = 0;
    for run in runs {
        processed += run.await.unwrap().unwrap().processed;
    }
    assert_eq!(processed, 4);
    play.billing.drain_queue().await.unwrap();
    let starts: Vec<_> = play
        .invoices()
        .await
        .iter()
        .map(|i| i.lines[0].draft.period.start().date_naive().to_string())
        .collect();
    assert_eq!(
        starts,
        [
            "2026-01-31",
            "2026-02-28",
            "2026-03-31",
            "2026-04-30",
            "2026-05-31"
        ]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_customer_has_one_live_subscription(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let price = play.price("starter", Month).await;
    let tries: Vec<_> = (0..8)
        .map(|_| {
            let (billing, actor) = (play.billing.clone(), play.actor.clone());
            tokio::spawn(async move {
                billing
                    .start_checkout(
                        &actor,
                        StartCheckout {
                            price,
                            trial: true,
                            code: None,
                        },
                    )
                    .await
            })
        })
        .collect();
    let mut started = 0;
    for one in tries {
        match one.await.unwrap() {
            Ok(_) => started += 1,
            Err(Error::AlreadySubscribed | Error::TrialUsed) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(started, 1);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn impatient_clicks_never_take_money_for_nothing(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let price = play.price("starter", Month).await;
    for customer in 0..8 {
        let sign_up = sign_up(&format!("impatient{customer}@lumen.example"));
        let principal = play.billing.sign_up(sign_up).await.unwrap();
        let actor = play.billing.actor(principal).await.unwrap();
        let clicks: Vec<_> = (0..12)
            .map(|click| {
                let (billing, actor) = (play.billing.clone(), actor.clone());
                tokio::spawn(async move {
                    // Apart, so that one finds the other between writing its page down and opening it.
                    tokio::time::sleep(Duration::from_millis(2 * click)).await;
                    billing
                        .start_checkout(
                            &actor,
                            StartCheckout {
                                price,
                                trial: false,
                                code: None,
                            },
                        )
                        .await
                })
            })
            .collect();
        for click in clicks {
            // Whoever is shown a page may pay on it.
            let Ok(url) = click.await.unwrap() else { continue };
            let page = url.rsplit('/').next().unwrap();
            play.submit(page, VISA).await;
            play.billing.checkout_result(&actor, page).await.unwrap();
        }
    }
    let (taken, booked): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM sandbox.charge WHERE status = 'succeeded'),
                (SELECT count(*) FROM payment_attempt WHERE status = 'succeeded')",
    )
    .fetch_one(&play.pool)
    .await
    .unwrap();
    assert_eq!((taken, booked), (8, 8));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_attempt_collected_by_several_is_settled_once(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.clock.advance_to(utc("2026-05-01T00:00:00Z"));
    play.billing.run_due().await.unwrap();
    let attempt = play.invoices().await.pop().unwrap().attempts.pop().unwrap().id;
    let collectors: Vec<_> = (0..8)
        .map(|_| {
            let billing = play.billing.clone();
            tokio::spawn(async move { billing.collect(attempt).await })
        })
        .collect();
    for collector in collectors {
        collector.await.unwrap().unwrap();
    }
    play.billing.drain_queue().await.unwrap();
    let payments: Vec<String> = sqlx::query_scalar(
        "SELECT action FROM audit_entry WHERE action LIKE '%paid' OR action LIKE 'payment.%' ORDER BY id",
    )
    .fetch_all(&play.pool)
    .await
    .unwrap();
    // The purchase and the renewal.
    assert_eq!(payments, ["invoice.paid", "invoice.paid"]);
    play.ties().await;
}
