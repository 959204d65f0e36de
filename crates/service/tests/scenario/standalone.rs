//! What is sold beside the plan: its own life, and who may do what to it.

use service::billing::id::SubscriptionId;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::{self, Month, Year};
use service::billing::subscription::StatusName::{Active, Canceled};
use service::billing::subscription::{MAX_STANDALONE, Term, UnusedTime};
use service::{Actor, AddOneOff, BillOneOff, CancelWhen, Error, SetUp, StopKind};
use sqlx::PgPool;

use crate::consolidated::{SUPPORT, line, lines, stands};
use crate::play::{CATALOG, DECLINES_LATER, Play, VISA, bill, movement, play, utc};
use crate::revenue::revenue;
use crate::support::sign_up;
use crate::wallet::{grant, promotion, usd};

/// Starter at nine in the morning of 1 April, and Priority support at noon.
async fn both(pool: PgPool, interval: Interval) -> (Play, SubscriptionId) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-01T12:00:00Z").await;
    let support = play.beside(SUPPORT, interval).await;
    (play, support)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn canceled_it_leaves_the_plan_alone(pool: PgPool) {
    let (play, support) = both(pool, Month).await;
    play.billing
        .cancel_standalone(&play.actor, support)
        .await
        .unwrap();
    play.billing
        .undo_cancel_standalone(&play.actor, support)
        .await
        .unwrap();
    play.live_until("2026-05-20T00:00:00Z").await;
    play.billing
        .cancel_standalone(&play.actor, support)
        .await
        .unwrap();
    // The end is on the plan's day, at its own instant, and bills nothing.
    play.live_until("2026-06-01T11:59:59Z").await;
    assert_eq!(
        play.live_plans().await,
        [stands("starter", Active), stands(SUPPORT, Active)]
    );
    play.live_until("2026-06-01T12:00:00Z").await;
    assert_eq!(play.live_plans().await, [stands("starter", Active)]);
    play.live_until("2026-07-02T00:00:00Z").await;
    let bills = [
        bill("INV-000001", "purchase", Paid, 21_492),
        bill("INV-000002", "purchase", Paid, 10_692),
        bill("INV-000003", "renewal", Paid, 32_184),
        bill("INV-000004", "renewal", Paid, 21_492),
        bill("INV-000005", "renewal", Paid, 21_492),
    ];
    assert_eq!(play.bills().await, bills);
    let moved = [
        movement("new", 19_900),
        movement("expansion", 9_900),
        movement("contraction", -9_900),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_outlives_the_plan(pool: PgPool) {
    let (play, _) = both(pool, Month).await;
    let unused = UnusedTime::Forfeit;
    play.stop(StopKind::Cancel { unused }).await;
    play.live_until("2026-05-02T00:00:00Z").await;
    assert_eq!(play.live_plans().await, [stands(SUPPORT, Active)]);
    assert_eq!(play.status().await, (Some("starter".to_owned()), Some(Canceled)));
    let next = play
        .billing
        .overview(&play.actor)
        .await
        .unwrap()
        .upcoming
        .unwrap();
    assert_eq!((next.at, next.bills_plan), (utc("2026-06-01T12:00:00Z"), false));
    // Another plan is bought beside it.
    play.buy("professional", Month, VISA).await;
    assert_eq!(
        play.live_plans().await,
        [stands("professional", Active), stands(SUPPORT, Active)]
    );
    let moved = [
        movement("new", 19_900),
        movement("expansion", 9_900),
        movement("contraction", -19_900),
        movement("expansion", 99_900),
    ];
    assert_eq!(play.movements().await, moved);
    play.ties().await;
}

/// A whole year is paid; staff ends it after a month and gives the rest back.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn staff_ends_it_at_once(pool: PgPool) {
    let (play, support) = both(pool, Year).await;
    play.live_until("2026-05-01T12:00:00Z").await;
    let own = (play.customer(), support);
    let when = CancelWhen::Now {
        unused: UnusedTime::Credit,
    };
    play.billing
        .cancel_standalone_for(&Actor::System, own, when)
        .await
        .unwrap();
    assert_eq!(play.live_plans().await, [stands("starter", Active)]);
    // 335 of 365 days.
    assert_eq!(
        play.credit_notes().await,
        [("CN-000001".to_owned(), 90_863, 7_269)]
    );
    let gone = play.billing.cancel_standalone(&play.actor, support).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

/// What is sold beside the plan from an hour before the plan's on is renewed with it; whoever ends it in between has it
/// billed before.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_waits_is_billed_before_it_is_ended(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let starts_at = utc("2026-05-01T08:00:00Z");
    let support = play.try_beside_from(SUPPORT, Month, starts_at).await.unwrap();
    let totals = async || -> Vec<i64> { play.bills().await.into_iter().map(|(.., total)| total).collect() };
    // It begins at its hour.
    play.live_until("2026-06-01T08:59:59Z").await;
    assert_eq!(totals().await, [21_492, 10_692, 21_492]);
    play.live_until("2026-07-01T08:30:00Z").await;
    assert_eq!(totals().await, [21_492, 10_692, 21_492, 32_184]);
    play.billing
        .cancel_standalone(&play.actor, support)
        .await
        .unwrap();
    play.live_until("2026-08-02T00:00:00Z").await;
    assert_eq!(
        totals().await,
        [21_492, 10_692, 21_492, 32_184, 10_692, 21_492, 21_492]
    );
    assert_eq!(play.live_plans().await, [stands("starter", Active)]);
    play.ties().await;
}

/// What was served since is billed for then; MRR moves when it is sold, and what was shown of past months stays.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn sold_for_a_time_that_is_past_it_moves_mrr_now(pool: PgPool) {
    let play = play(pool, "2026-01-10T09:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-03-20T09:00:00Z").await;
    play.change("professional", Month).await;
    play.live_until("2026-04-05T09:00:00Z").await;
    let (january, march) = (revenue(&play, "2026-01").await, revenue(&play, "2026-03").await);
    let starts_at = utc("2026-01-20T09:00:00Z");
    play.try_beside_from(SUPPORT, Month, starts_at).await.unwrap();
    play.billing.drain_queue().await.unwrap();
    assert_eq!(revenue(&play, "2026-01").await, january);
    assert_eq!(revenue(&play, "2026-03").await, march);
    assert_eq!(
        revenue(&play, "2026-04").await.totals.bridge.expansion,
        usd(9_900)
    );
    let of_support: Vec<_> = play.bills().await.split_off(4);
    let bills = [
        bill("INV-000005", "purchase", Paid, 10_692),
        bill("INV-000006", "renewal", Paid, 10_692),
        bill("INV-000007", "renewal", Paid, 10_692),
    ];
    assert_eq!(of_support, bills);
    play.ties().await;
}

/// What is billed beside the plan before its next bill takes the credit first, and what waits to be billed once.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_change_shows_what_is_left_by_then(pool: PgPool) {
    let play = play(pool, "2026-04-15T09:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-20T09:00:00Z").await;
    play.beside(SUPPORT, Month).await;
    play.live_until("2026-05-16T09:00:00Z").await;
    play.change("professional", Month).await;
    grant(&play, promotion(5_000, 50, None)).await.unwrap();
    let once = AddOneOff {
        customer: play.customer(),
        description: "Migration".to_owned(),
        quantity: 1,
        price: usd(45_000),
        bill: BillOneOff::WithNextInvoice,
    };
    play.billing.add_one_off(&Actor::System, once).await.unwrap();
    let dearer = play.price("enterprise", Month).await;
    let preview = play.billing.preview_change(&play.actor, dearer).await.unwrap();
    let (at, draft) = preview.next_bill.unwrap();
    // Support and the migration come on the 20th, and take the credit that the upgrade leaves.
    assert_eq!(
        (at, draft.total().minor()),
        (utc("2026-06-15T09:00:00Z"), 539_892)
    );
    assert_eq!(draft.credit_applied().minor(), 0);
    play.change("enterprise", Month).await;
    play.live_until("2026-06-15T09:00:00Z").await;
    let last = play.invoices().await.pop().unwrap();
    assert_eq!(last.lines, draft.lines());
    assert_eq!(last.summary.total, draft.total());
    play.ties().await;
}

/// Of a month, and of a year: what comes on the day is on the bill that is shown, and on the one that comes.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_change_shows_what_comes_with_its_next_bill(pool: PgPool) {
    let (play, _) = both(pool, Month).await;
    play.live_until("2026-04-10T00:00:00Z").await;
    let shown = async |interval| {
        let price = play.price("professional", interval).await;
        let preview = play.billing.preview_change(&play.actor, price).await.unwrap();
        let (at, draft) = preview.next_bill.unwrap();
        (at, draft.total().minor())
    };
    assert_eq!(shown(Month).await, (utc("2026-05-01T09:00:00Z"), 118_584));
    // Paid by the year from now on, on another day than what is beside it.
    assert_eq!(shown(Year).await, (utc("2027-04-10T00:00:00Z"), 1_078_920));
    play.change("professional", Month).await;
    play.live_until("2026-05-01T12:00:00Z").await;
    let may = play.bills().await.pop();
    assert_eq!(may, Some(bill("INV-000004", "renewal", Paid, 118_584)));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_boundary_of_both_is_billed_once(pool: PgPool) {
    let (play, _) = both(pool, Month).await;
    // Three days are due at once, two boundaries each.
    play.clock.advance_to(utc("2026-07-01T12:00:00Z"));
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
    assert_eq!(processed, 6);
    play.billing.drain_queue().await.unwrap();
    let totals: Vec<_> = play.bills().await.into_iter().map(|(.., total)| total).collect();
    assert_eq!(totals, [21_492, 10_692, 32_184, 32_184, 32_184]);
    play.ties().await;
}

/// What waits for an invoice is on the first one that comes.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn once_is_billed_with_both(pool: PgPool) {
    let (play, _) = both(pool, Month).await;
    let once = AddOneOff {
        customer: play.customer(),
        description: "Migration".to_owned(),
        quantity: 1,
        price: usd(45_000),
        bill: BillOneOff::WithNextInvoice,
    };
    play.billing.add_one_off(&Actor::System, once).await.unwrap();
    play.live_until("2026-05-01T12:00:00Z").await;
    let may = play.invoices().await.pop().unwrap();
    let expected = [
        line(
            "Starter, one month",
            "2026-05-01T09:00",
            "2026-06-01T09:00",
            [19_900, 0, 1_592],
        ),
        line(
            "Priority support, one month",
            "2026-05-01T12:00",
            "2026-06-01T12:00",
            [9_900, 0, 792],
        ),
        line(
            "Migration",
            "2026-05-01T12:00",
            "2026-05-01T12:00",
            [45_000, 0, 3_600],
        ),
    ];
    assert_eq!(lines(&may)[..2], expected[..2]);
    assert_eq!(
        (&lines(&may)[2].0, lines(&may)[2].3),
        (&expected[2].0, expected[2].3)
    );
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_is_refused_where_it_makes_no_sense(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    let refused = play.try_beside(SUPPORT, Month).await;
    assert!(matches!(refused, Err(Error::NoPaymentMethod)), "{refused:?}");
    play.buy("starter", Month, VISA).await;
    let support = play.beside(SUPPORT, Month).await;
    for interval in [Month, Year] {
        let refused = play.try_beside(SUPPORT, interval).await;
        assert!(matches!(refused, Err(Error::AlreadySubscribed)), "{refused:?}");
    }
    // It is no plan to be on: not for sale, not by staff, and no plan is sold beside another.
    let public = play.billing.public_plans().await.unwrap();
    assert!(public.iter().all(|plan| plan.key != SUPPORT));
    let plans = play
        .billing
        .standalone_plans(&Actor::System, play.customer())
        .await
        .unwrap();
    let price = plans[0].prices[0].id;
    let refused = play.billing.preview_change(&play.actor, price).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    let other = play
        .billing
        .sign_up(sign_up("other@lumen.example"))
        .await
        .unwrap();
    let other = play.billing.actor(other).await.unwrap();
    let Actor::Member { customer, .. } = other else {
        panic!("the customer is a member")
    };
    let term = Term {
        starts_at: play.billing.now(),
        ends_at: None,
    };
    let set_up = SetUp {
        customer,
        price,
        billing_time: None,
        term,
    };
    let refused = play.billing.set_up_subscription(&Actor::System, set_up).await;
    assert!(matches!(refused, Err(Error::NotFound("price"))), "{refused:?}");
    // Nobody ends another's.
    let refused = play.billing.cancel_standalone(&other, support).await;
    assert!(matches!(refused, Err(Error::NotFound(_))), "{refused:?}");
    let refused = play.billing.standalone_plans(&play.actor, play.customer()).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");
    play.ties().await;
}

/// A standalone plan is sold for its prices alone.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_catalog_says_what_it_may_be(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    let more = r#"
[plan.node]
name = "Dedicated node"
standalone = true
trial_days = 14
prices = [{ interval = "month", amount = 400 }]
feature = { support = "Priority" }
[plan.node.charge]
deployments = { included = 5 }

[add_on.more_node]
name = "More"
plans = ["node"]
prices = [{ interval = "month", amount = 4 }]
"#;
    let file = format!("{CATALOG}{more}");
    let refused = play.billing.diff_catalog(&Actor::System, &file).await;
    let Err(Error::Catalog(problems)) = refused else {
        panic!("{refused:?}")
    };
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let expected = [
        "plan.node.trial_days: must not be given for a standalone plan",
        "plan.node.charge: must not be given for a standalone plan",
        "plan.node.feature: must not be given for a standalone plan",
        "add_on.more_node.plans[0]: must not be a standalone plan: nothing is added to it",
    ];
    assert_eq!(problems, expected);
    let node = r#"
[plan.node]
name = "Dedicated node"
standalone = true
prices = [{ interval = "month", amount = 400 }]
"#;
    let file = format!("{CATALOG}{node}");
    let changes = play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    let expected = [
        "+ plan node: version 1",
        "    standalone: sold beside the customer's plan",
        "    price a month: 400.00 USD",
    ];
    assert_eq!(changes, expected);
    let exported = play.billing.export_catalog(&Actor::System).await.unwrap();
    let unchanged = play
        .billing
        .diff_catalog(&Actor::System, &exported)
        .await
        .unwrap();
    assert_eq!(unchanged, [""; 0]);
    // What a key stands for is so for ever.
    let file = file.replace(
        "[plan.node]\nname = \"Dedicated node\"\nstandalone = true",
        "[plan.node]\nname = \"Dedicated node\"",
    );
    let refused = play.billing.diff_catalog(&Actor::System, &file).await;
    let Err(Error::Catalog(problems)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        problems[0].to_string(),
        "plan.node.key: must not be that of a standalone plan, past ones included"
    );
    play.ties().await;
}

/// One of each, twenty in all, and all of them on one invoice with the plan.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn there_are_twenty_and_no_more(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    let node = |n: usize| {
        format!(
            "[plan.node_{n}]\nname = \"Node {n}\"\nstandalone = true\n\
             prices = [{{ interval = \"month\", amount = 10 }}]\n"
        )
    };
    let nodes: String = (0..=MAX_STANDALONE).map(node).collect();
    play.billing
        .apply_catalog(&Actor::System, &format!("{CATALOG}\n{nodes}"))
        .await
        .unwrap();
    play.buy("starter", Month, VISA).await;
    for n in 0..MAX_STANDALONE {
        play.beside(&format!("node_{n}"), Month).await;
    }
    let refused = play.try_beside(&format!("node_{MAX_STANDALONE}"), Month).await;
    assert!(matches!(refused, Err(Error::TooManyStandalone)), "{refused:?}");
    play.live_until("2026-05-01T09:00:00Z").await;
    let may = play.invoices().await.pop().unwrap();
    let names: Vec<_> = may
        .lines
        .iter()
        .map(|line| line.draft.description.as_str())
        .collect();
    let mut expected = vec!["Starter, one month".to_owned()];
    expected.extend((0..MAX_STANDALONE).map(|n| format!("Node {n}, one month")));
    assert_eq!(names, expected);
    assert_eq!(may.summary.paid.minor(), 43_092);
    play.ties().await;
}

/// Its debt is the customer's, and costs the plan nothing.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_it_owes_is_no_debt_of_the_plan(pool: PgPool) {
    let play = play(pool, "2026-04-01T09:00:00Z").await;
    play.buy("starter", Year, VISA).await;
    play.beside(SUPPORT, Month).await;
    play.add_card(DECLINES_LATER).await;
    play.live_until("2026-05-20T00:00:00Z").await;
    let overview = play.billing.overview(&play.actor).await.unwrap();
    assert_eq!(overview.owed.map(|owed| owed.total.minor()), Some(10_692));
    assert!(overview.dunning.is_some());
    let standing = play.live_plans().await;
    assert_eq!(standing[0], stands("starter", Active));
    play.live_until("2026-06-05T00:00:00Z").await;
    assert_eq!(play.live_plans().await, [stands("starter", Active)]);
    let subjects: Vec<_> = play
        .mails()
        .await
        .into_iter()
        .map(|(_, subject)| subject)
        .collect();
    assert!(
        subjects.iter().all(|subject| !subject.contains("ccess")),
        "{subjects:?}"
    );
    play.ties().await;
}
