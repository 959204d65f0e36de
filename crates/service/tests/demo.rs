//! The demo data: lived through the real use cases, the same every time, with books that tie, and coming through
//! everything that can happen.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the story")]
#![expect(clippy::print_stdout, reason = "says how long it took and what came of it")]

#[expect(dead_code, reason = "shared with other tests")]
mod support;

use std::collections::BTreeSet;
use std::time::Instant;

use service::billing::credit::CreditReason;
use service::billing::invoice::{InvoiceStatus, LineKind};
use service::billing::payment::dunning::Action;
use service::billing::revenue::MovementKind;
use service::billing::subscription::{CancelReason, StatusName};
use service::billing::tax::TaxTreatment;
use service::{DemoWorld, VerifyReport};
use sqlx::PgPool;
use support::{World, world, world_in};

const TODAY: &str = "2026-06-30";

async fn seed(world: &World, size: DemoWorld) {
    let begun = Instant::now();
    let today = TODAY.parse().unwrap();
    world.billing.begin_demo_data(size, today).await.unwrap();
    assert!(world.billing.seed_progress().await.unwrap().is_some());
    world.billing.seed_demo_data(size, today).await.unwrap();
    assert!(world.billing.seed_progress().await.unwrap().is_none());
    println!("{size:?}: {:.1} s", begun.elapsed().as_secs_f64());
}

async fn ties(world: &World) {
    let VerifyReport { checked, findings } = world.billing.verify().await.unwrap();
    assert_eq!(findings, []);
    for (check, rows) in checked {
        println!("{rows:>6} {check}");
    }
    let parked: i64 = sqlx::query_scalar("SELECT count(*) FROM customer WHERE parked_reason IS NOT NULL")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(parked, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_small_world_ties_and_is_the_same_when_made_anew(pool: PgPool) {
    let world = world(pool).await;
    assert!(world.billing.wants_demo_data().await.unwrap());
    seed(&world, DemoWorld::Small).await;
    assert!(!world.billing.wants_demo_data().await.unwrap());
    ties(&world).await;
    let statuses: Vec<(String, i64)> =
        sqlx::query_as("SELECT status, count(*) FROM subscription GROUP BY 1 ORDER BY 1")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let expected = [
        ("active", 10),
        ("canceled", 1),
        ("past_due", 1),
        ("paused", 1),
        ("suspended", 1),
        ("trialing", 1),
    ];
    assert_eq!(
        statuses,
        expected.map(|(status, count)| (status.to_owned(), count))
    );

    let first = history(&world).await;
    assert!(first.len() > 100, "{}", first.len());
    // As one that was cut off at its end.
    sqlx::query("UPDATE demo_seed SET state = 'running'")
        .execute(&world.pool)
        .await
        .unwrap();
    seed(&world, DemoWorld::Small).await;
    assert_eq!(history(&world).await, first);
}

/// Everything that was billed and moved, without what is random: ids.
async fn history(world: &World) -> Vec<String> {
    let query = "
        SELECT concat_ws(' ', series, number, c.email, reason, i.status, total_minor, i.paid_minor, issued_at)
        FROM invoice i JOIN customer c ON c.id = i.customer_id
        UNION ALL
        SELECT concat_ws(' ', c.email, kind, amount_minor, occurred_at)
        FROM revenue_movement m JOIN customer c ON c.id = m.customer_id
        UNION ALL
        SELECT concat_ws(' ', c.email, meter_id IS NOT NULL, hour, event_count, sum)
        FROM usage_bucket b JOIN customer c ON c.id = b.customer_id
        ORDER BY 1";
    sqlx::query_scalar(query).fetch_all(&world.pool).await.unwrap()
}

/// Whatever can happen to a subscription, an invoice or revenue happens to somebody. A capability that adds to it
/// adds a story, in `src/demo`.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_full_world_ties_and_comes_through_everything(pool: PgPool) {
    let world = world(pool).await;
    seed(&world, DemoWorld::Full).await;
    ties(&world).await;

    let lived = moves(&world).await;
    let missing: Vec<_> = reachable().difference(&lived).copied().collect();
    assert_eq!(missing, [], "moves that no story makes");

    let words = |query: &'static str| words(&world, query);
    assert_eq!(
        left_out(
            &InvoiceStatus::ALL.map(InvoiceStatus::as_str),
            &words("SELECT DISTINCT status FROM invoice").await
        ),
        // Invoices are finalized as they are written.
        ["draft"]
    );
    let cases = [
        (
            "reasons to end",
            CancelReason::ALL.map(CancelReason::as_str).to_vec(),
            "SELECT DISTINCT cancel_reason FROM subscription WHERE cancel_reason IS NOT NULL",
        ),
        (
            "reasons to give credit",
            CreditReason::all().map(CreditReason::as_str).collect(),
            "SELECT DISTINCT reason FROM credit_note",
        ),
        (
            "what notes by hand do, and what becomes of refunds",
            vec![
                "offset",
                "refund",
                "credit",
                "several parts",
                "succeeded",
                "failed",
            ],
            "SELECT 'offset' FROM credit_note WHERE offset_minor > 0
             UNION SELECT 'refund' FROM credit_note WHERE refund_minor > 0
             UNION SELECT 'credit' FROM credit_note WHERE invoice_id IS NOT NULL AND credit_minor > 0
             UNION SELECT 'several parts' FROM credit_note
                 WHERE (offset_minor > 0)::int + (refund_minor > 0)::int + (credit_minor > 0)::int > 1
             UNION SELECT status FROM refund",
        ),
        (
            "kinds of subscription items",
            vec!["plan", "add_on"],
            "SELECT DISTINCT kind FROM subscription_item",
        ),
        (
            "what periods are counted from",
            vec!["anniversary", "calendar"],
            "SELECT DISTINCT billing_time FROM subscription",
        ),
        (
            "what becomes of invoices of several subscriptions",
            vec!["paid", "void"],
            "SELECT DISTINCT status FROM invoice
             WHERE cardinality(subscriptions_of_invoice(id, subscription_id)) > 1",
        ),
        (
            "movements",
            MovementKind::ALL.map(MovementKind::as_str).to_vec(),
            "SELECT DISTINCT kind FROM revenue_movement",
        ),
        (
            "what is done about a customer's own price",
            vec!["price.agreed", "price.dropped"],
            "SELECT DISTINCT action FROM audit_entry WHERE action LIKE 'price.%'",
        ),
        (
            "prices and plans that are one customer's",
            vec!["agreed price", "own plan", "list price"],
            "SELECT DISTINCT CASE WHEN p.subscription_id IS NOT NULL THEN 'agreed price'
                    WHEN plan.customer_id IS NOT NULL THEN 'own plan' ELSE 'list price' END
             FROM subscription_item i JOIN price p ON p.id = i.price_id JOIN plan ON plan.id = i.plan_id",
        ),
        (
            "tax treatments",
            TaxTreatment::ALL.map(TaxTreatment::as_str).to_vec(),
            "SELECT DISTINCT tax_treatment FROM invoice",
        ),
        (
            "prices with their tax and without",
            vec!["exclusive", "inclusive"],
            "SELECT DISTINCT tax_behavior FROM invoice",
        ),
        (
            "taxes on a line, and taxes on taxes",
            vec!["1", "2", "compound"],
            "SELECT jsonb_array_length(taxes)::text FROM invoice_line
             UNION SELECT 'compound' FROM invoice_line WHERE taxes @> '[{\"compound\": true}]'",
        ),
        (
            "kinds of lines",
            LineKind::ALL.map(LineKind::as_str).to_vec(),
            "SELECT DISTINCT kind FROM invoice_line",
        ),
    ];
    for (what, all, query) in cases {
        assert_eq!(
            left_out(&all, &words(query).await),
            [""; 0],
            "{what} that no story has"
        );
    }
    let redeemed =
        "SELECT DISTINCT code FROM redemption r JOIN promotion_code p ON p.id = r.promotion_code_id";
    assert_eq!(
        left_out(
            &["LAUNCH20", "WELCOME50", "PARTNER", "SIXMONTHS"],
            &words(redeemed).await
        ),
        [""; 0],
        "coupons that no story redeems"
    );
    let sent = words("SELECT DISTINCT status FROM invoice WHERE due_at > issued_at").await;
    assert_eq!(
        left_out(&["open", "paid"], &sent),
        [""; 0],
        "what becomes of invoices that are sent"
    );
    let standing = words("SELECT DISTINCT status FROM subscription").await;
    assert_eq!(
        left_out(&["past_due", "suspended"], &standing),
        [""; 0],
        "who is dunned on the last day"
    );
    let steps = "SELECT DISTINCT action FROM dunning_step";
    assert_eq!(
        left_out(&Action::ALL.map(Action::as_str), &words(steps).await),
        [""; 0],
        "steps of dunning"
    );
    let retries = "SELECT DISTINCT status FROM payment_attempt WHERE retry";
    assert_eq!(
        left_out(&["declined", "succeeded"], &words(retries).await),
        [""; 0],
        "what retries come to"
    );
    // A word or two of each letter to those who owe.
    for subject in [
        "Payment of invoice % was declined",
        "Invoice % is overdue",
        "Invoice % is still not paid",
        "Access stops on %",
        "Final notice: access is read-only, %",
        "Your % subscription has ended, because it was not paid",
        "Your plan is stopped: %",
        "Everything is paid: % goes on",
        "Everything is paid: % can go on",
    ] {
        let written: i64 = sqlx::query_scalar("SELECT count(*) FROM mail WHERE subject LIKE $1")
            .bind(subject)
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert!(written > 0, "nobody is written {subject}");
    }
    let credit = words(
        "SELECT CASE WHEN u.grant_id IS NOT NULL THEN 'expired' WHEN g.left_minor = 0 THEN 'used up'
             WHEN g.expires_at IS NOT NULL THEN 'expires' WHEN g.left_minor < g.amount_minor THEN 'used in part'
             ELSE 'untouched' END
         FROM credit_grant g LEFT JOIN credit_use u ON u.grant_id = g.id AND u.invoice_id IS NULL
         UNION SELECT kind FROM credit_grant
         UNION SELECT 'bought' FROM credit_grant WHERE invoice_id IS NOT NULL
         UNION SELECT 'not paid' FROM invoice WHERE reason = 'top_up' AND status = 'void'",
    )
    .await;
    let states = [
        "promotional",
        "paid",
        "bought",
        "not paid",
        "expires",
        "expired",
        "used in part",
        "used up",
    ];
    assert_eq!(left_out(&states, &credit), [""; 0], "credit that no story has");
    grows(&world).await;
}

/// A unit of the one is worth little and has no parts, of the other it has a thousand.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_full_world_is_lived_in_yen(pool: PgPool) {
    let world = world_in(pool, "JPY".parse().unwrap()).await;
    seed(&world, DemoWorld::Full).await;
    ties(&world).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_full_world_is_lived_in_dinars(pool: PgPool) {
    let world = world_in(pool, "KWD".parse().unwrap()).await;
    seed(&world, DemoWorld::Full).await;
    ties(&world).await;
}

fn left_out(all: &[&'static str], lived: &BTreeSet<String>) -> Vec<&'static str> {
    all.iter()
        .copied()
        .filter(|word| !lived.contains(*word))
        .collect()
}

async fn words(world: &World, query: &'static str) -> BTreeSet<String> {
    let words: Vec<String> = sqlx::query_scalar(query).fetch_all(&world.pool).await.unwrap();
    words.into_iter().collect()
}

type Move = (&'static str, &'static str);

/// The moves of the table from states that a subscription can begin in or be moved to.
fn reachable() -> BTreeSet<Move> {
    let mut states = BTreeSet::from(["pending", "incomplete", "trialing", "active"]);
    loop {
        let before = states.len();
        for (from, to) in StatusName::EDGES {
            if states.contains(from.as_str()) {
                states.insert(to.as_str());
            }
        }
        if states.len() == before {
            break;
        }
    }
    let moves = StatusName::EDGES.map(|(from, to)| (from.as_str(), to.as_str()));
    moves
        .into_iter()
        .filter(|(from, _)| states.contains(from))
        .collect()
}

/// The moves that the audit log tells of: each entry about a subscription names its status.
async fn moves(world: &World) -> BTreeSet<Move> {
    let entries: Vec<(String, String)> = sqlx::query_as(
        "SELECT subject, detail->>'status' FROM audit_entry
         WHERE subject LIKE 'sub\\_%' AND detail ? 'status' ORDER BY subject, id",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let name = |text: &str| StatusName::parse(text).unwrap();
    let mut moves = BTreeSet::new();
    for pair in entries.windows(2) {
        let [(of, from), (subject, to)] = pair else {
            continue;
        };
        let (from, to) = (name(from), name(to));
        if of == subject && from != to {
            moves.insert((from.as_str(), to.as_str()));
        }
    }
    // What starts without a card falls behind at the same boundary: two moves that are saved as one.
    let at_once: Vec<_> = moves
        .iter()
        .copied()
        .filter(|(from, to)| {
            !StatusName::EDGES
                .iter()
                .any(|(a, b)| (a.as_str(), b.as_str()) == (*from, *to))
        })
        .collect();
    for (from, to) in at_once {
        assert_eq!(
            (to, reachable().contains(&(from, "active"))),
            ("past_due", true),
            "{from}"
        );
    }
    moves
}

/// Each quarter of the history ends with more MRR than the one before, and in each somebody leaves.
async fn grows(world: &World) {
    let quarters: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT (sum(sum(amount_minor)) OVER (ORDER BY quarter))::bigint, min(lost)::bigint
         FROM (SELECT width_bucket(extract(epoch FROM occurred_at),
                    extract(epoch FROM timestamptz '2024-12-30'), extract(epoch FROM timestamptz '2026-06-30'), 6)
                    AS quarter, amount_minor,
                 least(0, amount_minor) * (kind = 'churn')::int AS lost FROM revenue_movement) m
         GROUP BY quarter ORDER BY quarter",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    println!("MRR at the ends of quarters: {quarters:?}");
    assert_eq!(quarters.len(), 6);
    assert!(
        quarters.is_sorted_by(|(before, _), (after, _)| before < after),
        "{quarters:?}"
    );
    assert!(quarters.iter().skip(1).all(|(_, lost)| *lost < 0), "{quarters:?}");
}
