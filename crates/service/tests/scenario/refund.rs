//! Money that goes back: in parts, to several cards, late, lost on the way, or not at all.

use service::billing::coupon::{CodeLimits, Discount, Duration, Percent};
use service::billing::credit::{PaidTo, Wanted, WantedLine};
use service::billing::money::{Currency, Money};
use service::billing::payment::RefundStatus::{Pending, Succeeded};
use service::billing::period::Interval::Month;
use service::billing::tax::{Region, Tax, TaxBehavior, TaxDefaults, TaxRate, TaxRegion, TaxRounding};
use service::clock::ManualClock;
use service::{
    Actor, Billing, CreditNoteDetail, MakeCodes, NewCoupon, NewPromotionCodes, ServiceConfig, StartCheckout,
    TaxAddress,
};
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::credit_by_hand::{sums, usd};
use crate::play::{Play, TIMES_OUT, VISA, config, play, utc};
use crate::support::sign_up;

const REFUNDS_WAIT: &str = "4000000000007726";
const REFUNDS_FAIL: &str = "4000000000005126";

/// Amount and state of each refund of a note as it is by now.
pub async fn refunds(play: &Play, note: &CreditNoteDetail) -> Vec<(i64, &'static str)> {
    let note = play
        .billing
        .credit_note(&play.actor, note.summary.id)
        .await
        .unwrap();
    note.refunds
        .iter()
        .map(|refund| (refund.amount.minor(), refund.status.as_str()))
        .collect()
}

/// What the provider sent back.
pub async fn sent_back(play: &Play) -> i64 {
    let query =
        "SELECT coalesce(sum(amount_minor), 0)::bigint FROM sandbox.refund WHERE status = 'succeeded'";
    sqlx::query_scalar(query).fetch_one(&play.pool).await.unwrap()
}

/// Starter with a fifth off for good: 159.20, and 12.74 of tax.
async fn with_coupon(pool: PgPool, card: &str) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let coupon = NewCoupon {
        name: "Launch".to_owned(),
        discount: Discount::Percent(Percent::new(20.into()).unwrap()),
        duration: Duration::Forever,
        plans: None,
    };
    let coupon = play.billing.create_coupon(&Actor::System, coupon).await.unwrap();
    let codes = NewPromotionCodes {
        coupon,
        campaign: None,
        make: MakeCodes::One("LAUNCH".to_owned()),
        limits: CodeLimits::default(),
    };
    play.billing.create_codes(&Actor::System, codes).await.unwrap();
    let start = StartCheckout {
        price: play.price("starter", Month).await,
        trial: false,
        code: Some("LAUNCH".to_owned()),
    };
    let url = play.billing.start_checkout(&play.actor, start).await.unwrap();
    let page = url.rsplit('/').next().unwrap();
    play.submit(page, card).await;
    play.billing.checkout_result(&play.actor, page).await.unwrap();
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_part_of_a_discounted_line_goes_back_and_then_the_rest(pool: PgPool) {
    let play = with_coupon(pool, VISA).await;
    let purchase = play.last_invoice().await.summary;
    assert_eq!(purchase.paid, usd(17_194));
    let part = play.give_part(purchase.id, 5_000, PaidTo::Card).await.unwrap();
    assert_eq!(sums(&part), [4_000, 320, 0, 4_320, 0]);
    assert_eq!(refunds(&play, &part).await, [(4_320, "succeeded")]);
    let second = play.give_part(purchase.id, 3_333, PaidTo::Credit).await.unwrap();
    // 26.66 after a fifth is 26.664: 2.13 of tax.
    assert_eq!(sums(&second), [2_666, 213, 0, 0, 2_879]);
    let rest = play
        .give_back(purchase.id, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(sums(&rest), [9_254, 741, 0, 9_995, 0]);
    assert_eq!((sent_back(&play).await, play.credit().await), (14_315, 2_879));
    let told: Vec<_> = play
        .mails()
        .await
        .into_iter()
        .map(|(_, subject)| subject)
        .collect();
    let expected = [
        "Credit note CN-000001",
        "Your refund",
        "Credit note CN-000002",
        "Credit note CN-000003",
        "Your refund",
    ];
    assert_eq!(told[told.len() - 5..], expected);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_refund_that_fails_is_credit(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, REFUNDS_FAIL).await;
    let purchase = play.last_invoice().await.summary.id;
    let note = play.give_part(purchase, 10_000, PaidTo::Card).await.unwrap();
    assert_eq!(sums(&note), [10_000, 800, 0, 10_800, 0]);
    assert_eq!(refunds(&play, &note).await, [(10_800, "failed")]);
    assert_eq!((play.credit().await, sent_back(&play).await), (10_800, 0));
    assert_eq!(
        play.mails().await.pop().unwrap().1,
        "Your refund could not be made"
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
    // It pays the next invoice.
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(play.last_invoice().await.summary.credit_applied, usd(10_800));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_refund_that_waits_for_the_bank_is_asked_about(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, REFUNDS_WAIT).await;
    let purchase = play.last_invoice().await.summary.id;
    let note = play.give_part(purchase, 10_000, PaidTo::Card).await.unwrap();
    assert_eq!(refunds(&play, &note).await, [(10_800, Pending.as_str())]);
    assert_eq!(play.billing.verify().await.unwrap().findings, []);
    play.live_until("2026-04-01T00:10:00Z").await;
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(refunds(&play, &note).await, [(10_800, Succeeded.as_str())]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_lost_answer_is_looked_up(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, TIMES_OUT).await;
    let purchase = play.last_invoice().await.summary.id;
    let note = play
        .give_back(purchase, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(refunds(&play, &note).await, [(21_492, Succeeded.as_str())]);
    assert_eq!(sent_back(&play).await, 21_492);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_sent_and_never_written_down_goes_back_once(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary.id;
    // Right after the provider's answer.
    play.crash_at("refund", "NEW.status <> 'pending'").await;
    let note = play
        .give_back(purchase, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(refunds(&play, &note).await, [(21_492, Pending.as_str())]);
    assert_eq!(sent_back(&play).await, 21_492);
    play.start_again().await;
    play.clock.advance_to(utc("2026-04-01T00:11:00Z"));
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let billing = play.billing.clone();
        tasks.spawn(async move { billing.sweep_attempts().await });
    }
    let again = tasks.join_all().await;
    assert!(again.iter().all(Result::is_ok), "{again:?}");
    play.billing.drain_queue().await.unwrap();
    assert_eq!(refunds(&play, &note).await, [(21_492, Succeeded.as_str())]);
    assert_eq!(sent_back(&play).await, 21_492);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_refund_that_nobody_sent_is_sent_by_the_sweep(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary.id;
    // Between the commit and the first request, its job gone with its worker.
    play.crash_at("refund", "true").await;
    let note = play
        .give_back(purchase, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(
        (refunds(&play, &note).await, sent_back(&play).await),
        (vec![(21_492, "pending")], 0)
    );
    play.start_again().await;
    sqlx::query("DELETE FROM graphile_worker._private_jobs")
        .execute(&play.pool)
        .await
        .unwrap();
    play.clock.advance_to(utc("2026-04-01T00:11:00Z"));
    play.billing.sweep_attempts().await.unwrap();
    assert_eq!(
        (refunds(&play, &note).await, sent_back(&play).await),
        (vec![(21_492, "succeeded")], 21_492)
    );
    play.ties().await;
}

fn tax(name: &str, rate: &str, compound: bool) -> Tax {
    Tax {
        name: name.to_owned(),
        rate: TaxRate::new(rate.parse().unwrap()).unwrap(),
        compound,
    }
}

async fn live_in(play: &Play, region: &str, taxes: Vec<Tax>, behavior: TaxBehavior) {
    let charged = TaxRegion {
        taxes,
        behavior,
        reverse_charge: false,
    };
    let of = Region::parse(region).unwrap();
    play.billing
        .set_tax_region(&Actor::System, &of, &charged)
        .await
        .unwrap();
    let there = TaxAddress {
        region: Some(region),
        tax_id: None,
    };
    play.billing.set_tax_address(&play.actor, there).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn compound_taxes_go_back_as_they_were_billed(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let taxes = vec![tax("GST", "0.05", false), tax("QST", "0.09975", true)];
    live_in(&play, "CA-QC", taxes, TaxBehavior::Exclusive).await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary;
    let mut notes = Vec::new();
    for minor in [3_333, 3_333, 6_666] {
        notes.push(play.give_part(purchase.id, minor, PaidTo::Card).await.unwrap());
    }
    // 33.33: 1.6665 and 3.4908...
    assert_eq!(sums(&notes[0]), [3_333, 516, 0, 3_849, 0]);
    // What is charged today is another matter.
    live_in(
        &play,
        "CA-QC",
        vec![tax("GST", "0.5", false)],
        TaxBehavior::Inclusive,
    )
    .await;
    notes.push(
        play.give_back(purchase.id, Wanted::Rest, PaidTo::Card)
            .await
            .unwrap(),
    );
    let total: i64 = notes.iter().map(|note| note.summary.total.minor()).sum();
    assert_eq!(
        (total, sent_back(&play).await),
        (purchase.total.minor(), purchase.paid.minor())
    );
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_part_of_a_price_with_its_tax_holds_its_own(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    live_in(
        &play,
        "AU",
        vec![tax("GST", "0.1", false)],
        TaxBehavior::Inclusive,
    )
    .await;
    play.buy("starter", Month, VISA).await;
    let purchase = play.last_invoice().await.summary;
    assert_eq!(purchase.total, usd(19_900));
    let part = play.give_part(purchase.id, 10_000, PaidTo::Card).await.unwrap();
    assert_eq!(sums(&part), [9_091, 909, 0, 10_000, 0]);
    let beyond = play
        .give_part(purchase.id, 9_901, PaidTo::Card)
        .await
        .unwrap_err();
    assert_eq!(beyond.code(), "beyond_line");
    let rest = play.give_part(purchase.id, 9_900, PaidTo::Credit).await.unwrap();
    assert_eq!(sums(&rest), [9_000, 900, 0, 0, 9_900]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// Somebody who is billed in another currency, with a card, by invoices that round their taxes together.
async fn abroad(pool: PgPool, currency: &str) -> Play {
    let clock = ManualClock::at(utc("2026-04-01T00:00:00Z"));
    let tax = TaxDefaults {
        rate: TaxRate::new("0.1".parse().unwrap()).unwrap(),
        rounding: TaxRounding::PerInvoice,
    };
    let config = ServiceConfig {
        currency: currency.parse().unwrap(),
        tax,
        ..config()
    };
    let billing = Billing::over(pool.clone(), clock.clone(), config);
    billing.migrate().await.unwrap();
    let principal = billing.sign_up(sign_up("ada@lumen.example")).await.unwrap();
    let actor = billing.actor(principal).await.unwrap();
    let play = Play {
        billing,
        clock,
        actor,
        pool,
    };
    play.add_card(VISA).await;
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn yen_have_no_parts(pool: PgPool) {
    let play = abroad(pool, "JPY").await;
    let invoice = play.bill_once("Migration of a chain", 12_345).await.summary;
    assert_eq!((invoice.total.minor(), invoice.paid.minor()), (13_580, 13_580));
    let part = play.give_part(invoice.id, 115, PaidTo::Card).await.unwrap();
    // 11.5 of tax, away from zero.
    assert_eq!(sums(&part), [115, 12, 0, 127, 0]);
    let rest = play
        .give_back(invoice.id, Wanted::Rest, PaidTo::Card)
        .await
        .unwrap();
    assert_eq!(sums(&rest), [12_230, 1_223, 0, 13_453, 0]);
    let line = play.lines_of(invoice.id).await[0];
    let dollars = WantedLine {
        line,
        amount: Some(Money::new(1, Currency::USD)),
    };
    let refused = play
        .give_back(invoice.id, Wanted::Lines(vec![dollars]), PaidTo::Card)
        .await;
    assert_eq!(refused.unwrap_err().code(), "currency_mismatch");
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn dinars_have_a_thousand(pool: PgPool) {
    let play = abroad(pool, "KWD").await;
    let invoice = play.bill_once("Migration of a chain", 12_345).await.summary;
    assert_eq!(invoice.total.minor(), 13_580);
    let part = play.give_part(invoice.id, 1_005, PaidTo::Card).await.unwrap();
    assert_eq!(sums(&part), [1_005, 101, 0, 1_106, 0]);
    let rest = play
        .give_back(invoice.id, Wanted::Rest, PaidTo::Credit)
        .await
        .unwrap();
    assert_eq!(sums(&rest), [11_340, 1_134, 0, 0, 12_474]);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
