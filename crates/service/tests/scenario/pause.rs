//! 1 April: buys. 11 April: pauses, and what is not served comes back as credit. 1 June: goes on.

use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::{ChangeError, StatusName, UnusedTime};
use service::{Error, StartCheckout, StopKind};
use sqlx::PgPool;

use crate::play::{DECLINES_LATER, Play, VISA, bill, movement, play, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn unused_time_comes_back_as_credit_and_pays_what_comes(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play.use_meter("a", "deployments", 510, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-11T00:00:00Z").await;
    // 20 of 30 days: 666.00 and 8 % tax. Ten days include 167 of 500 deployments: what lies beyond is due now.
    let preview = play.pause().await;
    assert_eq!(preview.credit_left.minor(), 34_884);
    assert_eq!(play.status().await.1, Some(StatusName::Paused));
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 66_600, 5_328)]
    );
    assert_eq!(play.credit().await, 34_884);

    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.resume().await, 73_008);
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    assert_eq!(play.credit().await, 0);
    play.live_until("2026-07-01T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 107_892),
        bill("INV-000002", "pause", Paid, 37_044),
        bill("INV-000003", "resume", Paid, 107_892),
        bill("INV-000004", "renewal", Paid, 107_892),
    ];
    assert_eq!(play.bills().await, bills);
    let moves = [
        movement("new", 99_900),
        movement("churn", -99_900),
        movement("reactivation", 99_900),
    ];
    assert_eq!(play.movements().await, moves);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_year_is_paused_again_and_again(pool: PgPool) {
    let play = play(pool, "2026-01-01T00:00:00Z").await;
    play.buy("starter", Year, VISA).await;
    for (pause, resume) in [("02-01", "02-11"), ("05-01", "08-01"), ("08-02", "12-24")] {
        play.live_until(&format!("2026-{pause}T00:00:00Z")).await;
        play.pause().await;
        play.live_until(&format!("2026-{resume}T00:00:00Z")).await;
        play.resume().await;
    }
    // 31 + 79 + 1 days were served of years of 365: each pause gives back the rest of the year last billed.
    let served = |days: i64| (199_000 * (365 - days) * 2 + 365) / 730;
    let nets: Vec<i64> = play
        .credit_notes()
        .await
        .into_iter()
        .map(|(_, net, _)| net)
        .collect();
    assert_eq!(nets, [served(31), served(79), served(1)]);
    play.live_until("2027-12-24T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000005", "renewal", Paid, 214_920))
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_goes_on_by_itself_when_told_so(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let resume_at = Some(utc("2026-05-10T12:00:00Z"));
    play.stop(StopKind::Pause { resume_at }).await;
    let upcoming = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    assert_eq!(Some(upcoming.at), resume_at);
    assert_eq!(upcoming.draft.amount_due().unwrap().minor(), 10_746);
    play.live_until("2026-05-10T11:59:59Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Paused));
    play.live_until("2026-05-10T12:00:00Z").await;
    // Half of it is paid from credit; the card declines the other half, as at a renewal.
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    let last = play.invoices().await.pop().unwrap().summary;
    assert_eq!(
        (
            last.reason.as_str(),
            last.credit_applied.minor(),
            last.amount_due().minor()
        ),
        ("resume", 10_746, 10_746)
    );
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_refused_while_something_is_open_or_scheduled(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    let refused = |why: ChangeError| {
        let play = &play;
        async move {
            let kind = StopKind::Pause { resume_at: None };
            let preview = play.billing.preview_stop(&play.actor, kind).await;
            assert!(
                matches!(preview, Err(Error::Change(error)) if error == why),
                "{preview:?}"
            );
        }
    };
    play.change("starter", Month).await;
    refused(ChangeError::Scheduled).await;
    play.billing.undo_change(&play.actor).await.unwrap();
    play.billing.cancel(&play.actor, None).await.unwrap();
    refused(ChangeError::Scheduled).await;
    play.billing.undo_cancel(&play.actor).await.unwrap();

    // Shown at one instant, asked for twice: the second time there is nothing to pause.
    let kind = StopKind::Pause { resume_at: None };
    let preview = play.billing.preview_stop(&play.actor, kind).await.unwrap();
    play.billing
        .confirm_stop(&play.actor, &preview.token, None)
        .await
        .unwrap();
    let again = play.billing.confirm_stop(&play.actor, &preview.token, None).await;
    assert!(
        matches!(again, Err(Error::Change(_) | Error::QuoteStale)),
        "{again:?}"
    );
    refused(ChangeError::NotChangeable(StatusName::Paused)).await;
    assert_eq!(play.credit_notes().await.len(), 1);
    // Paused, nothing happens by itself, however long.
    play.live_until("2027-04-11T00:00:00Z").await;
    assert_eq!(play.bills().await.len(), 1);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_that_ended_without_a_card_goes_on_with_one(pool: PgPool) {
    let play = play(pool, "2026-06-01T08:00:00Z").await;
    play.checkout("starter", Month, true).await;
    play.live_until("2026-06-20T08:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Paused));
    let preview = play.billing.preview_resume(&play.actor).await.unwrap();
    let refused = play.billing.confirm_resume(&play.actor, &preview.token).await;
    assert!(matches!(refused, Err(Error::NoPaymentMethod)), "{refused:?}");
    let url = play.billing.start_add_card(&play.actor).await.unwrap();
    let session_ref = url.rsplit('/').next().unwrap();
    play.submit(session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, session_ref)
        .await
        .unwrap();
    assert_eq!(play.resume().await, 21_492);
    assert_eq!(play.movements().await, [movement("new", 19_900)]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn credit_that_covers_a_purchase_buys_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("enterprise", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    play.pause().await;
    // The pause stands until the customer ends it: looking at another plan loses nothing.
    let price = play.price("starter", Month).await;
    let start = StartCheckout {
        price,
        trial: false,
        code: None,
    };
    let refused = play.billing.start_checkout(&play.actor, start.clone()).await;
    assert!(matches!(refused, Err(Error::Paused)), "{refused:?}");
    assert_eq!(play.status().await.1, Some(StatusName::Paused));
    let unused = UnusedTime::Forfeit;
    play.stop(StopKind::Cancel { unused }).await;
    // Credit pays all of it: there is no page to go to, only the invoice to look at.
    let url = play.billing.start_checkout(&play.actor, start).await.unwrap();
    let invoice = play.invoices().await.pop().unwrap().summary;
    assert_eq!(url, format!("http://localhost:3000/invoices/{}", invoice.id));
    let pages: i64 = sqlx::query_scalar("SELECT count(*) FROM checkout_session WHERE status = 'open'")
        .fetch_one(&play.pool)
        .await
        .unwrap();
    assert_eq!(pages, 0);
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "purchase", Paid, 21_492))
    );
    // An upgrade is covered too, without asking the card; a part of it is collected once the credit is used up.
    let before = play.credit().await;
    assert_eq!(before, 359_928 - 21_492);
    play.change("professional", Month).await;
    let upgrade = play.invoices().await.pop().unwrap().summary;
    assert_eq!((upgrade.status, upgrade.paid.minor()), (Paid, 0));
    assert_eq!(play.credit().await, before - upgrade.credit_applied.minor());
    play.live_until("2026-08-11T00:00:00Z").await;
    assert_eq!(play.credit().await, 0);
    play.ties().await;
}

/// Usage up to the pause is due, and the card declines it.
async fn paused_with_debt(pool: PgPool, resume_at: Option<&str>) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.use_meter("a", "deployments", 600, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let resume_at = resume_at.map(utc);
    play.stop(StopKind::Pause { resume_at }).await;
    play.billing.drain_queue().await.unwrap();
    let owed = play.invoices().await.pop().unwrap().summary;
    assert_eq!((owed.reason.as_str(), owed.status), ("pause", Open));
    assert_eq!(owed.credit_applied.minor(), 10_746);
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_goes_on_while_something_is_owed(pool: PgPool) {
    let play = paused_with_debt(pool, None).await;
    let refused = play.billing.preview_resume(&play.actor).await;
    assert!(
        matches!(refused, Err(Error::Change(ChangeError::InvoiceOpen))),
        "{refused:?}"
    );
    let debt = play.invoices().await.pop().unwrap().summary.id;
    let url = play.billing.start_payment(&play.actor, debt).await.unwrap();
    let page = url.rsplit('/').next().unwrap();
    play.submit(page, VISA).await;
    play.billing.checkout_result(&play.actor, page).await.unwrap();
    assert_eq!(play.status().await.1, Some(StatusName::Paused));
    assert_eq!(play.resume().await, 21_492);
    assert_eq!(play.status().await.1, Some(StatusName::Active));
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_pause_that_ends_by_itself_with_something_owed_is_past_due(pool: PgPool) {
    let play = paused_with_debt(pool, Some("2026-05-10T12:00:00Z")).await;
    play.clock.advance_to(utc("2026-05-10T12:00:00Z"));
    play.billing.run_due().await.unwrap();
    // Before anybody tried the card again.
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    play.billing.drain_queue().await.unwrap();
    let open: Vec<_> = play
        .bills()
        .await
        .into_iter()
        .map(|(_, why, how, _)| (why, how))
        .collect();
    let bill = |why: &str, how| (why.to_owned(), how);
    assert_eq!(
        open,
        [bill("purchase", Paid), bill("pause", Open), bill("resume", Open)]
    );
    play.ties().await;
}
