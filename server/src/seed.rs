//! Demo data: in an empty database on request, or by themselves where the program has everything to itself.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::NaiveDate;
use service::{Billing, DEMO_PASSWORD, DemoWorld, SignIn, demo_accounts};

use crate::preparing::Preparing;

/// A database that does not answer is asked again after this.
const WIPE_AGAIN: Duration = Duration::from_secs(5);

/// Makes them now and returns when they are there.
pub async fn fill(billing: &Billing, world: DemoWorld, today: Option<NaiveDate>) -> Result<()> {
    if !billing
        .wants_demo_data()
        .await
        .context("the database could not be looked at")?
    {
        bail!("the database has data already: demo data go into an empty one only");
    }
    let today = today.unwrap_or_else(|| billing.now().date_naive());
    billing
        .begin_demo_data(world, today)
        .await
        .context("the demo data could not be begun")?;
    billing
        .seed_demo_data(world, today)
        .await
        .context("the demo data could not be made")
}

/// Makes them behind the running server if they are wanted and not there. Returns whether there are demo
/// accounts, now or soon.
pub async fn in_background(billing: &Billing, wanted: bool, preparing: &Preparing) -> Result<bool> {
    if !wanted
        || !billing
            .wants_demo_data()
            .await
            .context("the database could not be looked at")?
    {
        return Ok(has_demo_accounts(billing).await);
    }
    let (world, today) = (DemoWorld::Full, billing.now().date_naive());
    billing
        .begin_demo_data(world, today)
        .await
        .context("the demo data could not be begun")?;
    preparing.set(true);
    let (billing, preparing) = (billing.clone(), preparing.clone());
    tokio::spawn(async move {
        let seed = billing.clone();
        // A task of its own, so that even a panic is told.
        match tokio::spawn(async move { seed.seed_demo_data(world, today).await }).await {
            Ok(Ok(())) => {
                tracing::info!("The demo data are there");
                return preparing.set(false);
            }
            Ok(Err(error)) => tracing::error!(error = ?error, "The demo data could not be made: {error}"),
            Err(error) => tracing::error!("The making of the demo data broke off: {error}"),
        }
        wipe(&billing).await;
        tracing::error!(
            "The site is open without demo data; the next start on an empty database tries again"
        );
        preparing.fail();
    });
    Ok(true)
}

/// Half a history is none: nothing may be built on it, so the site stays closed until it is gone.
async fn wipe(billing: &Billing) {
    while let Err(error) = billing.give_up_demo_data().await {
        tracing::error!(error = ?error, "What was made of the demo data cannot be removed yet: {error}");
        tokio::time::sleep(WIPE_AGAIN).await;
    }
}

/// Whether one can sign in with what we would print: asked in the one way that cannot be wrong.
async fn has_demo_accounts(billing: &Billing) -> bool {
    let Some(account) = demo_accounts().first() else {
        return false;
    };
    let sign_in = SignIn {
        email: account.email.to_owned(),
        password: DEMO_PASSWORD.into(),
        address: None,
    };
    billing.sign_in(sign_in).await.is_ok()
}
