//! On net terms what is bought, changed, resumed or tried works at once, and its invoice is paid later.

use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::period::Interval::Month;
use service::billing::subscription::{Status, StatusName, Term, UnusedTime};
use service::{Actor, ChangeOutcome, Error, SetUp, StartCheckout, StopKind};
use sqlx::PgPool;

use crate::net_terms::{net, past_due};
use crate::play::{VISA, bill, movement, play, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_upgrade_works_at_once_and_stays_when_it_is_overdue(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 14).await;
    let first = play.order("starter").await;
    play.pay(first.id).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let price = play.price("professional", Month).await;
    let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
    let done = play
        .billing
        .confirm_change(&play.actor, &preview.token)
        .await
        .unwrap();
    let upgrade = play.invoices().await.pop().unwrap();
    assert_eq!(
        done,
        ChangeOutcome::Applied {
            invoice: Some(upgrade.summary.id)
        }
    );
    assert_eq!(upgrade.lines, preview.draft.lines());
    assert_eq!((upgrade.summary.status, upgrade.attempts.len()), (Open, 0));
    assert_eq!(upgrade.summary.due_at, utc("2026-04-30T00:00:00Z"));
    let subscription = play.subscription().await;
    assert_eq!(subscription.pending_change, None);
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );

    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.status().await.0, Some("professional".into()));
    assert_eq!(play.standing().await.0, past_due("2026-05-01T00:00:00Z"));
    let renewal = play.invoices().await.pop().unwrap().summary;
    let (at, next) = preview.next_bill.unwrap();
    assert_eq!((renewal.issued_at, renewal.total), (at, next.total()));
    play.pay(upgrade.summary.id).await;
    assert_eq!(play.standing().await, (Status::Active, Some(renewal.overdue_at)));
    assert_eq!(
        play.movements().await,
        [movement("new", 19_900), movement("expansion", 80_000)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn seats_and_add_ons_are_there_at_once(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 30).await;
    play.order("starter").await;
    play.live_until("2026-04-11T00:00:00Z").await;
    let seats = play.billing.preview_quantity(&play.actor, 3).await.unwrap();
    let done = play
        .billing
        .confirm_change(&play.actor, &seats.token)
        .await
        .unwrap();
    assert!(matches!(done, ChangeOutcome::Applied { .. }), "{done:?}");
    assert_eq!(play.subscription().await.quantity(), 3);
    let add_on = play.billing.add_ons(&play.actor).await.unwrap()[0].add_on.id;
    let more = play.billing.preview_add_on(&play.actor, add_on, 2).await.unwrap();
    let done = play
        .billing
        .confirm_add_on(&play.actor, &more.token)
        .await
        .unwrap();
    assert!(matches!(done, ChangeOutcome::Applied { .. }), "{done:?}");
    let subscription = play.subscription().await;
    assert_eq!(
        subscription
            .add_ons()
            .map(|item| item.quantity)
            .collect::<Vec<_>>(),
        [2]
    );
    assert_eq!(subscription.pending_change, None);
    let invoices = play.invoices().await;
    assert_eq!(invoices[1].lines, seats.draft.lines());
    assert_eq!(invoices[2].lines, more.draft.lines());
    let due = invoices.iter().map(|i| (i.summary.status, i.summary.due_at));
    assert_eq!(
        due.collect::<Vec<_>>(),
        [
            (Open, utc("2026-05-01T00:00:00Z")),
            (Open, utc("2026-05-11T00:00:00Z")),
            (Open, utc("2026-05-11T00:00:00Z")),
        ]
    );
    // Both of the same instant are overdue together.
    play.pay(invoices[0].summary.id).await;
    play.live_until("2026-05-12T00:00:00Z").await;
    play.pay(invoices[1].summary.id).await;
    assert_eq!(play.standing().await.0, past_due("2026-05-12T00:00:00Z"));
    play.pay(invoices[2].summary.id).await;
    assert_eq!(
        play.standing().await,
        (Status::Active, Some(utc("2026-06-01T00:00:00Z")))
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_trial_without_a_card_goes_on_as_a_plan(pool: PgPool) {
    let play = net(pool, "2026-06-01T08:00:00Z", 30).await;
    let price = play.price("professional", Month).await;
    let start = StartCheckout {
        price,
        trial: true,
        code: None,
    };
    let url = play.billing.start_checkout(&play.actor, start).await.unwrap();
    assert!(url.ends_with("/overview"), "{url}");
    assert_eq!(play.status().await.1, Some(StatusName::Trialing));
    let shown = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    play.live_until("2026-06-15T08:00:00Z").await;
    let first = play.invoices().await.pop().unwrap();
    assert_eq!(
        (shown.at, shown.draft.lines()),
        (first.summary.issued_at, first.lines.as_slice())
    );
    assert_eq!(first.summary.due_at, utc("2026-07-15T08:00:00Z"));
    assert_eq!(
        play.standing().await,
        (Status::Active, Some(first.summary.overdue_at))
    );
    assert_eq!(play.bills().await, [bill("INV-000001", "renewal", Open, 107_892)]);
    assert_eq!(play.movements().await, [movement("new", 99_900)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_staff_sets_up_is_sent(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 20).await;
    let set_up = SetUp {
        customer: play.customer(),
        price: play.price("starter", Month).await,
        billing_time: None,
        term: Term {
            starts_at: utc("2026-04-10T00:00:00Z"),
            ends_at: Some(utc("2026-05-10T00:00:00Z")),
        },
    };
    play.billing
        .set_up_subscription(&Actor::System, set_up)
        .await
        .unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.standing().await.0, past_due("2026-05-01T00:00:00Z"));
    // The term ends with the invoice unpaid; it stays to be paid.
    play.live_until("2026-05-10T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    let owed = play.billing.overview(&play.actor).await.unwrap().owed.unwrap();
    play.pay(owed.oldest.id).await;
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Paid, 21_492)]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn other_terms_are_for_later_invoices(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-10T00:00:00Z").await;
    // What was shown is charged to the card; by now it would be sent.
    let price = play.price("professional", Month).await;
    let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
    play.agree(30).await;
    let stale = play.billing.confirm_change(&play.actor, &preview.token).await;
    assert!(matches!(stale, Err(Error::QuoteStale)), "{stale:?}");

    play.live_until("2026-05-10T00:00:00Z").await;
    play.agree(0).await;
    let sent = play.invoices().await.pop().unwrap().summary;
    assert_eq!((sent.status, sent.due_at), (Open, utc("2026-05-31T00:00:00Z")));
    // Another card is not tried on what was sent.
    let url = play.billing.start_add_card(&play.actor).await.unwrap();
    let page = url.rsplit('/').next().unwrap();
    play.submit(page, VISA).await;
    play.billing.checkout_result(&play.actor, page).await.unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(play.standing().await, (Status::Active, Some(sent.overdue_at)));

    play.live_until("2026-06-01T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Open, 21_492),
        bill("INV-000003", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(play.standing().await.0, past_due("2026-06-01T00:00:00Z"));
    play.pay(sent.id).await;
    assert_eq!(play.standing().await, (Status::Active, None));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn credit_pays_a_part_and_the_rest_is_sent(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 30).await;
    let first = play.order("professional").await;
    let open = play
        .billing
        .preview_stop(&play.actor, StopKind::Pause { resume_at: None })
        .await;
    assert_eq!(open.map(drop).map_err(|error| error.code()), Err("invoice_open"));
    play.pay(first.id).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.pause().await;
    assert_eq!(play.credit().await, 53_946);
    play.live_until("2026-04-20T00:00:00Z").await;
    let preview = play.billing.preview_resume(&play.actor).await.unwrap();
    let resumed = play
        .billing
        .confirm_resume(&play.actor, &preview.token)
        .await
        .unwrap();
    let again = play.invoices().await.pop().unwrap();
    assert_eq!(
        resumed,
        ChangeOutcome::Applied {
            invoice: Some(again.summary.id)
        }
    );
    assert_eq!(again.attempts.len(), 0);
    assert_eq!(again.summary.amount_due(), preview.draft.amount_due().unwrap());
    assert_eq!(again.summary.amount_due().minor(), 53_946);
    let overdue_at = utc("2026-05-21T00:00:00Z");
    assert_eq!(play.standing().await, (Status::Active, Some(overdue_at)));
    play.live_until("2026-05-21T00:00:00Z").await;
    assert_eq!(play.standing().await.0, past_due("2026-05-21T00:00:00Z"));
    play.pay(again.summary.id).await;
    assert_eq!(play.standing().await.0, Status::Active);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn usage_before_a_pause_is_sent_and_keeps_it_from_going_on_once_overdue(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 10).await;
    let first = play.order("starter").await;
    play.pay(first.id).await;
    play.use_meter("much", "deployments", 500, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    // More than what is given back.
    play.pause().await;
    let usage = play.invoices().await.pop().unwrap();
    assert_eq!((usage.summary.status, usage.attempts.len()), (Open, 0));
    assert!(
        play.billing.preview_resume(&play.actor).await.is_ok(),
        "it is not due yet"
    );
    play.live_until("2026-04-27T00:00:00Z").await;
    let overdue = play.billing.preview_resume(&play.actor).await;
    assert_eq!(
        overdue.map(drop).map_err(|error| error.code()),
        Err("invoice_open")
    );
    play.pay(usage.summary.id).await;
    let preview = play.billing.preview_resume(&play.actor).await.unwrap();
    play.billing
        .confirm_resume(&play.actor, &preview.token)
        .await
        .unwrap();
    let overdue_at = utc("2026-05-08T00:00:00Z");
    assert_eq!(play.standing().await, (Status::Active, Some(overdue_at)));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_pause_that_ends_by_itself_goes_by_what_is_due_then(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 10).await;
    let first = play.order("starter").await;
    play.pay(first.id).await;
    play.use_meter("much", "deployments", 500, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let resume_at = Some(utc("2026-04-20T00:00:00Z"));
    play.stop(StopKind::Pause { resume_at }).await;
    play.live_until("2026-04-20T00:00:00Z").await;
    // The usage is due before the new period is.
    assert_eq!(
        play.standing().await,
        (Status::Active, Some(utc("2026-04-27T00:00:00Z")))
    );
    play.live_until("2026-04-27T00:00:00Z").await;
    assert_eq!(play.standing().await.0, past_due("2026-04-27T00:00:00Z"));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn leaving_with_credit_pays_what_is_open_first(pool: PgPool) {
    let play = net(pool, "2026-04-01T00:00:00Z", 30).await;
    let first = play.order("starter").await;
    play.live_until("2026-04-16T00:00:00Z").await;
    let unused = UnusedTime::Credit;
    play.stop(StopKind::Cancel { unused }).await;
    let left = play.invoices().await.swap_remove(0).summary;
    assert_eq!((left.status, left.amount_due().minor()), (Open, 10_746));
    assert_eq!(play.credit().await, 0);
    // What is left is asked for, and nothing else happens by itself to what has ended.
    play.live_until("2026-06-10T00:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Canceled));
    assert_eq!(
        play.reminders().await,
        [
            "Invoice INV-000001 is overdue",
            "Invoice INV-000001 is still not paid",
            "Last reminder: invoice INV-000001 is not paid",
            "Final notice: invoice INV-000001 is not paid"
        ]
    );
    play.pay(first.id).await;
    assert_eq!(play.bills().await, [bill("INV-000001", "purchase", Paid, 21_492)]);
    play.ties().await;
}
