//! How long the demo data take, how evenly they come, and whether their books tie: a world (`full` or `small`) and a
//! day. `DATABASE_URL` names an empty database.
#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::time::{Duration, Instant};

use billing::tax::TaxRate;
use chrono::NaiveDate;
use service::{Billing, DemoWorld, ServiceConfig};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let world = words
        .next()
        .and_then(|word| DemoWorld::parse(&word))
        .ok_or("name a world")?;
    let today: NaiveDate = words.next().ok_or("name a day")?.parse()?;
    let config = ServiceConfig {
        tax: TaxRate::new("0.08".parse()?)?.into(),
        ..ServiceConfig::usual(std::env::var("DATABASE_URL")?, "http://127.0.0.1:3000", [7; 32])
    };
    let billing = Billing::connect(config).await?;
    billing.migrate().await?;
    billing.begin_demo_data(world, today).await?;
    let begun = Instant::now();
    let seeding = billing.clone();
    let seed = tokio::spawn(async move { seeding.seed_demo_data(world, today).await });
    let mut tenths = 1;
    while !seed.is_finished() {
        if let Some(progress) = billing.seed_progress().await?
            && progress.steps_done * 10 >= progress.steps_total * tenths
        {
            println!("{tenths}0 % after {:.1} s", begun.elapsed().as_secs_f64());
            tenths += 1;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    seed.await??;
    println!("{world:?} up to {today}: {:.1} s", begun.elapsed().as_secs_f64());
    let report = billing.verify().await?;
    for (check, rows) in report.checked {
        println!("{rows:>8} {check}");
    }
    for finding in &report.findings {
        println!("WRONG {}: {}", finding.check, finding.detail);
    }
    if report.findings.is_empty() {
        Ok(())
    } else {
        Err("the books do not tie".into())
    }
}
