//! `preview_cpu_ms`: what one preview of an upgrade takes of this program's CPU, over a database that
//! `DATABASE_URL` names and that is empty.
#![expect(clippy::print_stdout, reason = "prints its answer")]

use std::sync::Arc;

use billing::id::PriceId;
use billing::invoice::PaymentTerms;
use billing::money::Currency;
use billing::period::Interval;
use billing::tax::TaxRate;
use service::clock::ManualClock;
use service::{Actor, Billing, ServiceConfig, SetUp, SignUp};
use sqlx::postgres::PgPool;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const PREVIEWS: u32 = 3_000;
/// What /proc counts in.
const TICK_MS: f64 = 10.0;

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::var("DATABASE_URL")?;
    let clock = ManualClock::at("2026-04-01T00:00:00Z".parse()?);
    let config = ServiceConfig {
        tax: TaxRate::new("0.08".parse()?)?.into(),
        ..ServiceConfig::usual(url.as_str(), "http://localhost", [7; 32])
    };
    let billing = Billing::over(PgPool::connect(&url).await?, Arc::clone(&clock), config);
    billing.migrate().await?;
    billing.ensure_catalog().await?;
    let principal = billing
        .sign_up(SignUp {
            company: "Lumen Labs".to_owned(),
            name: "Ada".to_owned(),
            email: "ada@lumen.example".to_owned(),
            password: "correct horse battery".into(),
            time_zone: "UTC".to_owned(),
            address: None,
        })
        .await?;
    let actor = billing.actor(principal).await?;
    let Actor::Member { customer, .. } = actor else {
        return Err("a member was expected".into());
    };
    let plans = billing.public_plans().await?;
    let price = |key: &str| {
        let plan = plans.iter().find(|plan| plan.key == key)?;
        Some(plan.price_for(Interval::Month, Currency::USD)?.id)
    };
    let set_up = SetUp {
        customer,
        price: price("starter").ok_or("no starter plan")?,
        billing_time: None,
        term: billing::subscription::Term {
            starts_at: billing.now(),
            ends_at: None,
        },
    };
    // Nobody pays here: on net terms the subscription is active all the same.
    let terms = PaymentTerms::net(30)?;
    billing.set_payment_terms(&Actor::System, customer, terms).await?;
    billing.set_up_subscription(&Actor::System, set_up).await?;
    let upgrade = price("professional").ok_or("no professional plan")?;
    // On a worker, as a server's requests run: the main thread would have to be woken for each answer.
    let spent = tokio::spawn(measure(billing, actor, upgrade)).await??;
    let value = spent / f64::from(PREVIEWS);
    println!(r#"{{"value": {value:.3}, "unit": "ms", "yardstick": null}}"#);
    Ok(())
}

async fn measure(billing: Billing, actor: Actor, upgrade: PriceId) -> Result<f64> {
    for _ in 0..PREVIEWS / 10 {
        billing.preview_change(&actor, upgrade).await?;
    }
    let before = cpu_ticks()?;
    for _ in 0..PREVIEWS {
        billing.preview_change(&actor, upgrade).await?;
    }
    Ok(f64::from(cpu_ticks()? - before) * TICK_MS)
}

/// User and system time of this process.
fn cpu_ticks() -> Result<u32> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(") ").next().ok_or("stat")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let field = |at: usize| -> Result<u32> { Ok(fields.get(at).ok_or("stat")?.parse()?) };
    Ok(field(11)? + field(12)?)
}
