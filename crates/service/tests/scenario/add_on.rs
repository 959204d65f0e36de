//! Add-ons beside a plan: more of one is charged for the rest of the period at once, fewer wait for its end, and
//! each renewal bills plan and add-ons.

use service::billing::entitlement::{Allowance, Source};
use service::billing::id::PlanId;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{Month, Year};
use service::billing::subscription::ChangeError;
use service::{ChangeKind, ChangeOutcome, Error};
use sqlx::PgPool;

use crate::play::{CATALOG, Play, VISA, bill, movement, play, utc};

impl Play {
    pub async fn add_on(&self, key: &str) -> PlanId {
        let query = "SELECT id FROM plan WHERE key = $1 AND kind = 'add_on'";
        let id = sqlx::query_scalar(query).bind(key).fetch_one(&self.pool).await;
        PlanId::from_uuid(id.unwrap())
    }

    /// As a customer does: what was shown is what is charged.
    pub async fn set_add_on(&self, key: &str, quantity: u32) -> ChangeOutcome {
        let id = self.add_on(key).await;
        let preview = self
            .billing
            .preview_add_on(&self.actor, id, quantity)
            .await
            .unwrap();
        let outcome = self
            .billing
            .confirm_add_on(&self.actor, &preview.token)
            .await
            .unwrap();
        if let ChangeOutcome::Applied { invoice: Some(id) } = outcome {
            let charged = self.billing.invoice(&self.actor, id).await.unwrap();
            assert_eq!(charged.lines, preview.draft.lines());
        }
        outcome
    }

    pub async fn refused_add_on(&self, key: &str, quantity: u32) -> Error {
        let id = self.add_on(key).await;
        let preview = self.billing.preview_add_on(&self.actor, id, quantity).await;
        preview.unwrap_err()
    }

    /// Key, quantity and what it is to be of each add-on that is offered or carried.
    pub async fn offered(&self) -> Vec<(String, u32, Option<u32>)> {
        let offers = self.billing.add_ons(&self.actor).await.unwrap();
        let offers = offers.into_iter();
        offers
            .map(|offer| (offer.add_on.key, offer.quantity, offer.next_quantity))
            .collect()
    }

    /// Description and net of each line of the last invoice.
    pub async fn last_words(&self) -> Vec<(String, i64)> {
        let last = self.invoices().await.pop().unwrap();
        let lines = last.lines.into_iter();
        lines
            .map(|line| (line.draft.description, line.draft.amount.minor()))
            .collect()
    }
}

pub fn line(description: &str, net: i64) -> (String, i64) {
    (description.to_owned(), net)
}

pub fn offer(key: &str, quantity: u32, next: Option<u32>) -> (String, u32, Option<u32>) {
    (key.to_owned(), quantity, next)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_comes_grows_and_goes(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let none = [offer("extra_chain", 0, None), offer("extra_storage", 0, None)];
    assert_eq!(play.offered().await, none);

    play.live_until("2026-04-11T00:00:00Z").await;
    let chain = play.add_on("extra_chain").await;
    let preview = play.billing.preview_add_on(&play.actor, chain, 1).await.unwrap();
    assert_eq!(preview.kind, ChangeKind::Upgrade);
    // 20 of 30 days of 99.00 are 66.00, with 8 % tax 71.28; then 199.00 and 99.00 with 15.92 and 7.92.
    assert_eq!(preview.draft.total().minor(), 7_128);
    let (at, next) = preview.next_bill.unwrap();
    assert_eq!((at, next.total().minor()), (utc("2026-05-01T00:00:00Z"), 32_184));
    let outcome = play.set_add_on("extra_chain", 1).await;
    assert!(matches!(outcome, ChangeOutcome::Applied { .. }), "{outcome:?}");
    assert_eq!(
        play.last_words().await,
        [line("Remaining time on Extra chain", 6_600)]
    );
    let usage = play.billing.overview(&play.actor).await.unwrap().usage;
    let chains = usage
        .iter()
        .find(|usage| usage.charge.meter.key == "chain_deployments")
        .unwrap();
    assert_eq!(
        (chains.charge.included, chains.source),
        (Allowance::Units(2.into()), Source::AddOn)
    );

    // Two more for 10 of 30 days: a third of 198.00.
    play.live_until("2026-04-21T00:00:00Z").await;
    play.set_add_on("extra_chain", 3).await;
    assert_eq!(
        play.last_words().await,
        [line("Remaining time on Extra chain", 6_600)]
    );
    let end = ChangeOutcome::Scheduled {
        at: utc("2026-05-01T00:00:00Z"),
    };
    assert_eq!(play.set_add_on("extra_chain", 1).await, end);
    assert_eq!(play.offered().await[0], offer("extra_chain", 3, Some(1)));
    play.billing.undo_add_on(&play.actor, chain).await.unwrap();
    assert_eq!(play.offered().await[0], offer("extra_chain", 3, None));
    let again = play.billing.undo_add_on(&play.actor, chain).await.unwrap_err();
    assert!(
        matches!(again, Error::Change(ChangeError::NothingPending)),
        "{again:?}"
    );
    assert_eq!(play.set_add_on("extra_chain", 2).await, end);

    play.live_until("2026-05-01T00:00:00Z").await;
    let both = [
        line("Starter, one month", 19_900),
        line("Extra chain, one month", 19_800),
    ];
    assert_eq!(play.last_words().await, both);
    assert_eq!(play.offered().await[0], offer("extra_chain", 2, None));
    play.set_add_on("extra_chain", 0).await;
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(play.last_words().await, [line("Starter, one month", 19_900)]);
    assert_eq!(play.offered().await, none);

    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "upgrade", Paid, 7_128),
        bill("INV-000003", "upgrade", Paid, 7_128),
        bill("INV-000004", "renewal", Paid, 42_876),
        bill("INV-000005", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    let moves = [
        movement("new", 19_900),
        movement("expansion", 9_900),
        movement("expansion", 19_800),
        movement("contraction", -9_900),
        movement("contraction", -19_800),
    ];
    assert_eq!(play.movements().await, moves);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// The level is 60 GB from the first: Starter includes 10, the rest costs 0.25 each, 12.50 in all.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_it_includes_is_not_billed(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("s1", "storage_gb", 60, utc("2026-04-01T00:00:00Z"))
        .await;
    play.live_until("2026-04-11T00:00:00Z").await;
    // 20 of 30 days of 15.00.
    play.set_add_on("extra_storage", 1).await;
    assert_eq!(
        play.last_words().await,
        [line("Remaining time on Extra storage", 1_000)]
    );
    let upcoming = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    let both = [
        line("Starter, one month", 19_900),
        line("Extra storage, one month", 1_500),
    ];
    assert_eq!(play.last_words().await, both);
    let last = play.invoices().await.pop().unwrap();
    assert_eq!(
        last.lines,
        upcoming.draft.lines(),
        "what was shown is what is billed"
    );
    // Gone again, May is the last month that it counts in.
    play.set_add_on("extra_storage", 0).await;
    play.live_until("2026-07-01T00:00:00Z").await;
    let alone = [
        line("Storage beyond the included 10", 1_250),
        line("Starter, one month", 19_900),
    ];
    assert_eq!(play.last_words().await, alone);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn to_a_year_all_of_it_is_given_back_and_charged(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.set_add_on("extra_chain", 1).await;
    play.set_add_on("extra_storage", 2).await;
    play.set_add_on("extra_storage", 0).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.change("starter", Year).await;
    // Half of April's 199.00, 99.00 and 30.00 comes back; what was to go with April goes now.
    let lines = [
        line("Unused time on Starter", -9_950),
        line("Unused time on Extra chain", -4_950),
        line("Unused time on Extra storage", -1_500),
        line("Starter, one year", 199_000),
        line("Extra chain, one year", 99_000),
    ];
    assert_eq!(play.last_words().await, lines);
    assert_eq!(
        play.offered().await,
        [offer("extra_chain", 1, None), offer("extra_storage", 0, None)]
    );
    // A year's 2,980.00 are 248.33 a month.
    let moves = [
        movement("new", 19_900),
        movement("expansion", 9_900),
        movement("expansion", 3_000),
        movement("contraction", -7_967),
    ];
    assert_eq!(play.movements().await, moves);

    // Back to months at the year's end, the add-on with it.
    play.change("starter", Month).await;
    play.live_until("2027-04-16T00:00:00Z").await;
    let both = [
        line("Starter, one month", 19_900),
        line("Extra chain, one month", 9_900),
    ];
    assert_eq!(play.last_words().await, both);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_plan_that_it_is_not_sold_with_is_refused(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.set_add_on("extra_chain", 1).await;
    let chain = play.add_on("extra_chain").await;
    let enterprise = play.price("enterprise", Month).await;
    let refused = async || {
        play.billing
            .preview_change(&play.actor, enterprise)
            .await
            .unwrap_err()
    };
    let error = refused().await;
    assert!(
        matches!(error, Error::Change(ChangeError::AddOnUnavailable { add_on }) if add_on == chain),
        "{error:?}"
    );
    assert_eq!(error.code(), "add_on_unavailable");
    // What was paid for stays to the period's end, and so it stands in the way until then.
    play.set_add_on("extra_chain", 0).await;
    let error = refused().await;
    assert!(
        matches!(error, Error::Change(ChangeError::AddOnUnavailable { .. })),
        "{error:?}"
    );
    play.live_until("2026-05-01T00:00:00Z").await;
    play.change("enterprise", Month).await;
    assert_eq!(play.status().await.0, Some("enterprise".into()));
    assert_eq!(play.offered().await, [offer("extra_storage", 0, None)]);
    let error = play.refused_add_on("extra_chain", 1).await;
    assert!(matches!(error, Error::NotFound("add-on")), "{error:?}");

    // Going down to a plan that it is sold with, and taken back where that is scheduled no more.
    play.set_add_on("extra_storage", 1).await;
    play.change("starter", Month).await;
    play.set_add_on("extra_storage", 2).await;
    play.live_until("2026-06-01T00:00:00Z").await;
    let both = [
        line("Starter, one month", 19_900),
        line("Extra storage, one month", 3_000),
    ];
    assert_eq!(play.last_words().await, both);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_removal_cannot_be_undone_once_its_plan_is_to_go(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let less = CATALOG.replace(
        r#"plans = ["starter", "professional", "enterprise"]"#,
        r#"plans = ["enterprise"]"#,
    );
    play.billing
        .apply_catalog(&service::Actor::System, &less)
        .await
        .unwrap();
    play.buy("enterprise", Month, VISA).await;
    play.set_add_on("extra_storage", 1).await;
    let starter = play.price("starter", Month).await;
    let refused = play
        .billing
        .preview_change(&play.actor, starter)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "add_on_unavailable");
    play.set_add_on("extra_storage", 0).await;
    play.change("starter", Month).await;
    let storage = play.add_on("extra_storage").await;
    let refused = play.billing.undo_add_on(&play.actor, storage).await.unwrap_err();
    assert_eq!(refused.code(), "add_on_unavailable");
    let refused = play.refused_add_on("extra_storage", 2).await;
    assert_eq!(refused.code(), "add_on_unavailable");
    play.billing.undo_change(&play.actor).await.unwrap();
    play.billing.undo_add_on(&play.actor, storage).await.unwrap();
    // No longer sold with any plan that is carried, it goes on where it is, and may grow.
    play.billing
        .apply_catalog(
            &service::Actor::System,
            &less.replace(r#"["enterprise"]"#, r#"["starter"]"#),
        )
        .await
        .unwrap();
    play.set_add_on("extra_storage", 2).await;
    play.live_until("2026-05-01T00:00:00Z").await;
    let both = [
        line("Enterprise, one month", 499_900),
        line("Extra storage, one month", 3_000),
    ];
    assert_eq!(play.last_words().await, both);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_pause_gives_back_all_and_going_on_charges_all(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.set_add_on("extra_chain", 1).await;
    play.live_until("2026-04-11T00:00:00Z").await;
    let preview = play.pause().await;
    let note = preview.credit_note.unwrap();
    let back: Vec<_> = note
        .lines()
        .iter()
        .map(|line| (line.description.clone(), line.net.minor()))
        .collect();
    // 20 of 30 days of 199.00 and of 99.00.
    let expected = [
        line("Unused time on Starter", 13_267),
        line("Unused time on Extra chain", 6_600),
    ];
    assert_eq!(back, expected);
    play.live_until("2026-05-11T00:00:00Z").await;
    play.resume().await;
    let both = [
        line("Starter, one month", 19_900),
        line("Extra chain, one month", 9_900),
    ];
    assert_eq!(play.last_words().await, both);
    let moves = [
        movement("new", 19_900),
        movement("expansion", 9_900),
        movement("churn", -29_800),
        movement("reactivation", 29_800),
    ];
    assert_eq!(play.movements().await, moves);
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn there_are_at_most_ten_of_at_most_a_thousand(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let more: String = (0..10)
        .map(|n| {
            format!(
                "[add_on.more_{n}]\nname = \"More {n}\"\nprices = [{{ interval = \"month\", amount = 1 }}]\n"
            )
        })
        .collect();
    play.billing
        .apply_catalog(&service::Actor::System, &format!("{CATALOG}{more}"))
        .await
        .unwrap();
    play.buy("starter", Month, VISA).await;
    let refused = play.refused_add_on("more_0", 1_001).await;
    assert!(
        matches!(refused, Error::Invalid { field: "quantity" }),
        "{refused:?}"
    );
    assert_eq!(play.refused_add_on("more_0", 0).await.code(), "same_quantity");
    for n in 0..10 {
        play.set_add_on(&format!("more_{n}"), 1_000).await;
    }
    assert_eq!(
        play.refused_add_on("extra_chain", 1).await.code(),
        "too_many_add_ons"
    );
    // A month costs 1.00 each: the renewal bills eleven lines and is within its bounds.
    play.live_until("2026-05-01T00:00:00Z").await;
    assert_eq!(play.last_words().await.len(), 11);
    // Not sold by the year: the way there is barred.
    let year = play.price("starter", Year).await;
    let refused = play.billing.preview_change(&play.actor, year).await.unwrap_err();
    assert_eq!(refused.code(), "add_on_not_priced");
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}
