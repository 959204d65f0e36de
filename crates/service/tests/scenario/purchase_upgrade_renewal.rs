//! 1 April: buys Starter. 11 April: upgrades to Professional. 1 May: renews on Professional.

use service::billing::invoice::{InvoiceStatus::Paid, LineKind};
use service::billing::period::Interval::Month;
use service::billing::subscription::StatusName;
use service::{ChangeKind, ChangeOutcome, Error};
use sqlx::PgPool;

use crate::play::{VISA, bill, movement, play};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_preview_is_the_charge(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    assert_eq!(
        play.status().await,
        (Some("starter".into()), Some(StatusName::Active))
    );

    play.live_until("2026-04-11T00:00:00Z").await;
    let price = play.price("professional", Month).await;
    let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
    assert_eq!(preview.kind, ChangeKind::Upgrade);
    // 20 of 30 days: 199.00 gives back 132.67, 999.00 costs 666.00; 8 % tax on each line.
    let shown: Vec<_> = preview
        .draft
        .lines()
        .iter()
        .map(|l| (l.draft.kind, l.draft.amount.minor(), l.tax.minor()))
        .collect();
    let expected = [
        (LineKind::ProrationCredit, -13_267, -1_061),
        (LineKind::ProrationCharge, 66_600, 5_328),
    ];
    assert_eq!(shown, expected);
    assert_eq!(preview.draft.total().minor(), 57_600);
    assert_eq!(preview.next_bill.as_ref().unwrap().1.total().minor(), 107_892);

    play.live_until("2026-04-11T00:14:59Z").await;
    let outcome = play
        .billing
        .confirm_change(&play.actor, &preview.token)
        .await
        .unwrap();
    let ChangeOutcome::Applied {
        invoice: Some(invoice),
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    let charged = play.billing.invoice(&play.actor, invoice).await.unwrap();
    assert_eq!(charged.lines, preview.draft.lines());
    assert_eq!(charged.summary.total, preview.draft.total());
    assert_eq!(
        play.status().await,
        (Some("professional".into()), Some(StatusName::Active))
    );
    let again = play.billing.confirm_change(&play.actor, &preview.token).await;
    assert!(
        matches!(again, Err(Error::Change(_) | Error::QuoteStale)),
        "{again:?}"
    );

    play.live_until("2026-05-01T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "upgrade", Paid, 57_600),
        bill("INV-000003", "renewal", Paid, 107_892),
    ];
    assert_eq!(play.bills().await, bills);
    assert_eq!(
        play.movements().await,
        [movement("new", 19_900), movement("expansion", 80_000)]
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn three_upgrades_credit_only_what_was_billed(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    play.change("professional", Month).await;
    play.live_until("2026-04-21T00:00:00Z").await;
    play.change("enterprise", Month).await;
    play.change("sovereign", Month).await;
    let nets: Vec<Vec<i64>> = play
        .invoices()
        .await
        .iter()
        .map(|invoice| {
            invoice
                .lines
                .iter()
                .map(|line| line.draft.amount.minor())
                .collect()
        })
        .collect();
    // What is left of Professional is half of the 666.00 billed on the 11th; Enterprise is given back whole.
    let expected = [
        vec![19_900],
        vec![-13_267, 66_600],
        vec![-33_300, 166_633],
        vec![-166_633, 666_633],
    ];
    assert_eq!(nets, expected);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
