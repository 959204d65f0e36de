//! An outage in which dunning and a period come to their ends: what was due first happens first.

use service::billing::invoice::InvoiceStatus::{Open, Paid};
use service::billing::period::Interval::Month;
use service::billing::subscription::{CancelReason, Status};
use service::{AddOneOff, BillOneOff};
use sqlx::PgPool;

use crate::net_terms::{past_due, suspended};
use crate::play::{DECLINES_LATER, VISA, bill, play, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_period_that_ended_first_is_renewed_before_the_end(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-05-04T12:00:00Z").await;
    play.add_card(DECLINES_LATER).await;
    let one_off = AddOneOff {
        customer: play.customer(),
        description: "Training".to_owned(),
        quantity: 1,
        price: service::billing::money::Money::new(5_000, service::billing::money::Currency::USD),
        bill: BillOneOff::AtOnce,
    };
    play.billing
        .add_one_off(&service::Actor::System, one_off)
        .await
        .unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(play.standing().await.0, past_due("2026-05-04T12:00:00Z"));
    play.live_until("2026-05-20T12:00:00Z").await;
    assert_eq!(play.standing().await.0, suspended("2026-05-18T13:00:00Z"));
    // As another invoice leaves it that was dunned too and is paid meanwhile.
    let left = "UPDATE customer SET dunning_at = '2026-05-25T12:00:00Z', due_at = '2026-05-25T12:00:00Z'";
    sqlx::query(left).execute(&play.pool).await.unwrap();
    // The end waits an hour for what June was charged for.
    for at in ["2026-06-05T12:00:00Z", "2026-06-05T13:00:00Z"] {
        play.clock.advance_to(utc(at));
        play.billing.run_due().await.unwrap();
        play.billing.drain_queue().await.unwrap();
    }
    // It ends on 3 June, in a month that was billed on the 1st.
    let status = Status::Canceled {
        reason: CancelReason::Unpaid,
        at: utc("2026-06-03T13:00:00Z"),
    };
    assert_eq!(play.subscription().await.status, status);
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "renewal", Paid, 21_492),
        bill("INV-000003", "one_off", Open, 5_400),
        // What comes back of June lowers its own invoice.
        bill("INV-000004", "renewal", Open, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    play.ties().await;
}
