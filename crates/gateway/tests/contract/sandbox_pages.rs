//! What only the sandbox promises: its hosted pages, on which the tests can act.

use anyhow::{Context, Result, bail};
use chrono::TimeDelta;
use futures::future::try_join_all;
use gateway::sandbox::{Authentication, PageState, SubmitOutcome};
use gateway::{CheckoutMode, CheckoutState, DeclineCode, GatewayError, PaymentGateway};

use crate::sandbox::{ASKS, PAYS, charges};
use crate::support::{
    last_segment, new_attempt, now, payment_request, sandbox_world, setup_request, typed, usd, with_sandbox,
};

#[tokio::test]
async fn a_page_shows_what_is_bought_and_where_it_leads() -> Result<()> {
    with_sandbox(async |sandbox, _| {
        let attempt = new_attempt();
        let request = payment_request(attempt);
        let page = sandbox.create_checkout(&request).await?;
        assert_eq!(
            page.url,
            format!("https://billing.test/sandbox/checkout/{}", page.session_ref)
        );
        assert!(page.session_ref.starts_with("cs_sandbox_") && page.session_ref.len() == 43);

        let show = async || {
            sandbox
                .checkout_page(&page.session_ref, now())
                .await?
                .context("no such page")
        };
        let view = show().await?;
        let success = format!(
            "https://billing.test/checkout/success?session_id={}",
            page.session_ref
        );
        assert_eq!(
            view.mode,
            CheckoutMode::Payment {
                attempt,
                amount: usd(21_492)
            }
        );
        assert_eq!((&view.lines, &view.email), (&request.lines, &request.email));
        assert_eq!(
            (&view.success_url, &view.cancel_url),
            (&success, &request.cancel_url)
        );
        assert_eq!((view.state, view.last_decline), (PageState::Open, None));

        sandbox
            .submit_card(&page.session_ref, typed("4000000000009995"), now())
            .await?;
        assert_eq!(show().await?.last_decline, Some(DeclineCode::INSUFFICIENT_FUNDS));
        let paid = sandbox.submit_card(&page.session_ref, typed(PAYS), now()).await?;
        assert_eq!(paid, SubmitOutcome::Redirect { url: success });
        let view = show().await?;
        assert_eq!((view.state, view.last_decline), (PageState::Completed, None));

        assert_eq!(sandbox.checkout_page("cs_sandbox_0", now()).await?, None);
        let answer = sandbox.submit_card("cs_sandbox_0", typed(PAYS), now()).await;
        assert!(
            matches!(answer, Err(GatewayError::UnknownReference)),
            "{answer:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_bank_shows_what_it_asks_for_and_leads_back() -> Result<()> {
    with_sandbox(async |sandbox, _| {
        let request = sandbox_world(sandbox.clone()).charge_of(ASKS).await?;
        let charge = sandbox.charge(&request).await?;
        let charge_ref = charge.charge_ref();
        assert!(charge_ref.starts_with("ch_sandbox_") && charge_ref.len() == 43);
        let show = async || {
            sandbox
                .authentication_page(charge_ref)
                .await?
                .context("no such charge")
        };
        let view = show().await?;
        assert_eq!(
            (view.amount, view.description),
            (Some(request.amount), Some(request.description))
        );
        assert_eq!((view.method.last4.as_str(), view.pending), ("3155", true));
        for _ in 0..2 {
            let url = sandbox
                .authenticate(charge_ref, Authentication::Approve, now())
                .await?;
            assert_eq!(url, request.return_url);
            assert!(!show().await?.pending);
        }

        let page = sandbox.create_checkout(&setup_request()).await?;
        for (answer, back) in [
            (Authentication::Decline, page.url.as_str()),
            (Authentication::Approve, "/checkout/success"),
        ] {
            let asked = sandbox.submit_card(&page.session_ref, typed(ASKS), now()).await?;
            let SubmitOutcome::Authenticate { url } = asked else {
                bail!("{asked:?}")
            };
            let charge_ref = last_segment(&url)?;
            let view = sandbox
                .authentication_page(charge_ref)
                .await?
                .context("no such charge")?;
            assert_eq!(view.amount, None);
            let url = sandbox.authenticate(charge_ref, answer, now()).await?;
            assert!(url.contains(back), "{url}");
        }

        assert_eq!(sandbox.authentication_page("ch_sandbox_0").await?, None);
        let answer = sandbox
            .authenticate("ch_sandbox_0", Authentication::Approve, now())
            .await;
        assert!(
            matches!(answer, Err(GatewayError::UnknownReference)),
            "{answer:?}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_page_whose_time_is_over_takes_neither_card_nor_approval() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        let late = now() + TimeDelta::hours(1);
        let page = sandbox.create_checkout(&payment_request(new_attempt())).await?;
        let view = sandbox
            .checkout_page(&page.session_ref, late)
            .await?
            .context("no such page")?;
        assert_eq!(view.state, PageState::Expired);
        let answer = sandbox.submit_card(&page.session_ref, typed(PAYS), late).await?;
        assert_eq!(answer, SubmitOutcome::Expired);
        assert_eq!(
            sandbox.find_checkout(&page.session_ref).await?,
            Some(CheckoutState::Expired)
        );

        let page = sandbox.create_checkout(&payment_request(new_attempt())).await?;
        let asked = sandbox
            .submit_card(&page.session_ref, typed(ASKS), late - TimeDelta::seconds(1))
            .await?;
        let SubmitOutcome::Authenticate { url } = asked else {
            bail!("{asked:?}")
        };
        let back = sandbox
            .authenticate(last_segment(&url)?, Authentication::Approve, late)
            .await?;
        assert_eq!(back, page.url);
        assert_eq!(
            sandbox.find_checkout(&page.session_ref).await?,
            Some(CheckoutState::Expired)
        );
        assert_eq!(charges(&pool).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn sixteen_cards_at_once_pay_one_page_once() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        let page = sandbox.create_checkout(&payment_request(new_attempt())).await?;
        let submit = |_| sandbox.submit_card(&page.session_ref, typed(PAYS), now());
        let answers = try_join_all((0..16).map(submit)).await?;
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer, SubmitOutcome::Redirect { .. })),
            "{answers:?}"
        );
        assert_eq!(charges(&pool).await?, 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn another_card_replaces_one_that_awaits_approval() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        let page = sandbox.create_checkout(&payment_request(new_attempt())).await?;
        let asked = sandbox.submit_card(&page.session_ref, typed(ASKS), now()).await?;
        let SubmitOutcome::Authenticate { url } = asked else {
            bail!("{asked:?}")
        };
        sandbox.submit_card(&page.session_ref, typed(PAYS), now()).await?;
        let paid = sandbox.find_checkout(&page.session_ref).await?;
        let back = sandbox
            .authenticate(last_segment(&url)?, Authentication::Approve, now())
            .await?;
        assert!(back.contains("/checkout/success"), "{back}");
        assert_eq!(sandbox.find_checkout(&page.session_ref).await?, paid);
        assert_eq!(charges(&pool).await?, 1);
        Ok(())
    })
    .await
}
