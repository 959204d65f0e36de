//! Every charge scheme bills a month of usage by its rule, and the invoice explains itself.

use service::Actor;
use service::billing::invoice::InvoiceStatus::Paid;
use service::billing::period::Interval::Month;
use sqlx::PgPool;

use crate::play::{Play, VISA, bill, play, utc};

/// A plan of $10 a month with one meter, charged as given.
pub fn catalog(charge: &str) -> String {
    format!(
        r#"
        [meter.calls]
        name = "Calls"
        unit = "call"
        aggregation = "sum"

        [plan.team]
        name = "Team"
        prices = [{{ interval = "month", amount = 10 }}]

        [plan.team.charge.calls]
        {charge}
        "#
    )
}

/// Description, quantity, net and tax.
type Line = (&'static str, &'static str, i64, i64);

const BASE: Line = ("Team, one month", "1", 1000, 80);

/// Buys the plan on 1 April, uses `calls` on the 10th, and compares the invoice of 1 May.
async fn month(pool: PgPool, charge: &str, calls: i64, expected: &[Line]) -> Play {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let file = catalog(charge);
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    play.buy("team", Month, VISA).await;
    if calls > 0 {
        play.live_until("2026-04-10T00:00:00Z").await;
        play.use_meter("a", "calls", calls, utc("2026-04-10T00:00:00Z"))
            .await;
    }
    play.live_until("2026-05-01T00:00:00Z").await;
    let invoice = play.invoices().await.pop().unwrap();
    let lines: Vec<_> = invoice
        .lines
        .iter()
        .map(|line| {
            let draft = &line.draft;
            assert_eq!(draft.explain.amount(), Ok(draft.amount), "{}", draft.description);
            (
                draft.description.as_str(),
                draft.quantity.normalize().to_string(),
                draft.amount.minor(),
                line.tax.minor(),
            )
        })
        .collect();
    let wanted: Vec<_> = expected
        .iter()
        .map(|(words, quantity, net, tax)| (*words, (*quantity).to_owned(), *net, *tax))
        .collect();
    assert_eq!(lines, wanted);
    let total = expected.iter().map(|(_, _, net, tax)| net + tax).sum();
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000002", "renewal", Paid, total))
    );
    play.ties().await;
    play
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn flat(pool: PgPool) {
    let charge = "scheme = \"flat\"\namount = 5";
    month(pool, charge, 0, &[("Calls", "0", 500, 40), BASE]).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn per_unit_beyond_the_included(pool: PgPool) {
    let charge = "included = 100\nscheme = \"per_unit\"\namount = \"0.005\"";
    let calls = ("Calls beyond the included 100", "123", 62, 5);
    month(pool, charge, 223, &[calls, BASE]).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn graduated(pool: PgPool) {
    // 10 at 1.00, 10 at 0.50 and 5 to start with, 2 at 0.10: 10 + 5 + 5 + 0.20.
    let charge = r#"
        scheme = "graduated"
        tiers = [{ up_to = 10, amount = 1 }, { up_to = 20, amount = "0.50", flat = 5 }, { amount = "0.10" }]"#;
    month(pool, charge, 22, &[("Calls", "22", 2020, 162), BASE]).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn volume(pool: PgPool) {
    let charge = r#"
        scheme = "volume"
        tiers = [{ up_to = 10, amount = 1 }, { up_to = 20, amount = "0.50", flat = 5 }, { amount = "0.10" }]"#;
    month(pool, charge, 20, &[("Calls", "20", 1500, 120), BASE]).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn package(pool: PgPool) {
    // 251 beyond 100 are three started hundreds.
    let charge = "included = 100\nscheme = \"package\"\nsize = 100\nprice = \"4.99\"";
    let calls = ("Calls beyond the included 100", "251", 1497, 120);
    month(pool, charge, 351, &[calls, BASE]).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn percentage(pool: PgPool) {
    let charge = "scheme = \"percentage\"\npercent = \"1.5\"\nfree_units = 1000";
    // 1.5 % of 1,111 is 16.665, rounded away from zero.
    month(pool, charge, 2111, &[("Calls", "2111", 1667, 133), BASE]).await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_maximum_caps_the_line(pool: PgPool) {
    let charge = "scheme = \"per_unit\"\namount = 1\nmaximum = \"30.50\"";
    let play = month(pool, charge, 31, &[("Calls", "31", 3050, 244), BASE]).await;
    // Each month anew.
    play.use_meter("b", "calls", 7, utc("2026-05-01T00:00:00Z")).await;
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Paid, 1836))
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_minimum_is_a_line_of_its_own(pool: PgPool) {
    let charge = "scheme = \"per_unit\"\namount = 1\nminimum = 50";
    let lines = [
        ("Calls", "12", 1200, 96),
        ("Calls, up to the agreed minimum", "1", 3800, 304),
        BASE,
    ];
    let play = month(pool, charge, 12, &lines).await;
    play.use_meter("b", "calls", 60, utc("2026-05-01T00:00:00Z"))
        .await;
    play.live_until("2026-06-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000003", "renewal", Paid, 7560))
    );
    // Nothing was used: all of it.
    play.live_until("2026-07-01T00:00:00Z").await;
    assert_eq!(
        play.bills().await.pop(),
        Some(bill("INV-000004", "renewal", Paid, 6480))
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_minimum_of_a_part_of_a_month_is_that_part_of_it(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let file = catalog("scheme = \"per_unit\"\namount = 1\nminimum = 50").replace(
        "amount = 10 }]",
        r#"amount = 10 }, { interval = "year", amount = 100 }]"#,
    );
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    play.buy("team", Month, VISA).await;
    play.live_until("2026-04-16T00:00:00Z").await;
    play.use_meter("a", "calls", 5, utc("2026-04-10T00:00:00Z")).await;
    play.change("team", service::billing::period::Interval::Year)
        .await;
    let invoice = play.invoices().await.pop().unwrap();
    let lines: Vec<_> = invoice
        .lines
        .iter()
        .map(|line| (line.draft.description.as_str(), line.draft.amount.minor()))
        .collect();
    let expected = [
        ("Unused time on Team", -500),
        ("Calls", 500),
        // Half of 50.00, less 5.00.
        ("Calls, up to the agreed minimum", 2000),
        ("Team, one year", 10_000),
    ];
    assert_eq!(lines, expected);
    play.live_until("2026-04-17T00:00:00Z").await;
    play.ties().await;
}
