//! Demo data: in an empty database on request, or by themselves where the program has everything to itself.

use anyhow::{Context, Result, bail};
use chrono::NaiveDate;
use service::{Billing, DEMO_PASSWORD, SignIn, demo_accounts};

use crate::preparing::Preparing;

/// Makes them now and returns when they are there.
pub async fn fill(billing: &Billing, today: Option<NaiveDate>) -> Result<()> {
    if !billing
        .wants_demo_data()
        .await
        .context("the database could not be looked at")?
    {
        bail!("the database has data already: demo data go into an empty one only");
    }
    let today = today.unwrap_or_else(|| billing.now().date_naive());
    billing
        .begin_demo_data(today)
        .await
        .context("the demo data could not be begun")?;
    billing
        .seed_demo_data(today)
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
    let today = billing.now().date_naive();
    billing
        .begin_demo_data(today)
        .await
        .context("the demo data could not be begun")?;
    preparing.set(true);
    let (billing, preparing) = (billing.clone(), preparing.clone());
    tokio::spawn(async move {
        // A task of its own, so that even a panic is told.
        let made = tokio::spawn(async move { billing.seed_demo_data(today).await }).await;
        match made {
            Ok(Ok(())) => {
                tracing::info!("The demo data are there");
                preparing.set(false);
            }
            // Half a history is none: nothing may be built on it. The next start begins anew.
            Ok(Err(error)) => tracing::error!(error = ?error, "The demo data could not be made: {error}"),
            Err(error) => tracing::error!("The making of the demo data broke off: {error}"),
        }
    });
    Ok(true)
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
