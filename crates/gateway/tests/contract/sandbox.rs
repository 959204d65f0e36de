//! What only the sandbox promises of its test cards and of what it keeps.

use anyhow::{Context, Result, bail};
use futures::future::{join_all, try_join_all};
use gateway::sandbox::{CardInput, Refusal, Sandbox, SubmitOutcome, test_cards};
use gateway::{
    ChargeOutcome, ChargeRequest, DeclineCode, DeclineKind, GatewayError, PaymentGateway, RefundOutcome,
    RefundRequest,
};
use sqlx::PgPool;

use crate::support::{
    new_attempt, new_refund, now, payment_request, sandbox_world, setup_request, typed, with_sandbox,
};

pub const PAYS: &str = "4242424242424242";
pub const ASKS: &str = "4000002500003155";
const LOSES_ANSWER: &str = "4000000000000119";

pub async fn charges(pool: &PgPool) -> Result<i64> {
    let made = sqlx::query_scalar("select count(*) from sandbox.charge where status = 'succeeded'");
    Ok(made.fetch_one(pool).await?)
}

/// What a card was seen to do.
#[derive(Debug, PartialEq)]
enum Seen {
    Pays,
    Asks,
    Refuses(DeclineCode),
}

#[tokio::test]
async fn every_test_card_does_what_it_says() -> Result<()> {
    let generic = || Seen::Refuses(DeclineCode::CARD_DECLINED);
    let expired = || Seen::Refuses(DeclineCode::EXPIRED_CARD);
    let expected = [
        (PAYS, Seen::Pays, Some(Seen::Pays)),
        ("5555555555554444", Seen::Pays, Some(Seen::Pays)),
        (ASKS, Seen::Asks, Some(Seen::Asks)),
        ("4000000000000002", generic(), None),
        (
            "4000000000009995",
            Seen::Refuses(DeclineCode::INSUFFICIENT_FUNDS),
            None,
        ),
        ("4000000000000069", expired(), None),
        ("4000000000000341", Seen::Pays, Some(generic())),
        (
            "4000000000000325",
            Seen::Pays,
            Some(Seen::Refuses(DeclineCode::INSUFFICIENT_FUNDS)),
        ),
        ("4000000000000366", Seen::Pays, Some(expired())),
        (LOSES_ANSWER, Seen::Pays, Some(Seen::Pays)),
        ("4000000000007726", Seen::Pays, Some(Seen::Pays)),
        ("4000000000005126", Seen::Pays, Some(Seen::Pays)),
    ];
    with_sandbox(async move |sandbox, _| {
        let listed: Vec<_> = test_cards().iter().map(|card| card.number).collect();
        assert_eq!(listed, expected.each_ref().map(|(number, ..)| *number));
        for (number, on_page, later) in expected {
            let request = payment_request(new_attempt());
            let page = sandbox.create_checkout(&request).await?;
            let seen = match sandbox
                .submit_card(&page.session_ref, typed(number), now())
                .await?
            {
                SubmitOutcome::Redirect { .. } => Seen::Pays,
                SubmitOutcome::Authenticate { .. } => Seen::Asks,
                SubmitOutcome::Refused(Refusal::Declined(code)) => Seen::Refuses(code),
                other => bail!("{number}: {other:?}"),
            };
            assert_eq!(seen, on_page, "{number}");
            let Some(later) = later else { continue };
            let charge = sandbox_world(sandbox.clone()).charge_of(number).await?;
            // The answer may be lost, so it is looked up.
            let _ = sandbox.charge(&charge).await;
            let seen = match sandbox.find_charge(charge.attempt).await?.context("no charge")? {
                ChargeOutcome::Succeeded { .. } => Seen::Pays,
                ChargeOutcome::RequiresAction { .. } => Seen::Asks,
                ChargeOutcome::Declined { code, .. } => Seen::Refuses(code),
                other => bail!("{number}: {other:?}"),
            };
            assert_eq!(seen, later, "{number}");
        }
        assert_eq!(DeclineCode::EXPIRED_CARD.kind(), DeclineKind::Hard);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_lost_answer_is_found_by_looking_up() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        let request = sandbox_world(sandbox.clone()).charge_of(LOSES_ANSWER).await?;
        let before = charges(&pool).await?;
        let lost = sandbox.charge(&request).await;
        assert!(
            matches!(&lost, Err(error @ GatewayError::Timeout) if error.outcome_unknown()),
            "{lost:?}"
        );
        let found = sandbox
            .find_charge(request.attempt)
            .await?
            .context("the charge was made")?;
        assert!(matches!(found, ChargeOutcome::Succeeded { .. }), "{found:?}");
        assert_eq!(sandbox.charge(&request).await?, found);
        assert_eq!(charges(&pool).await?, before + 1);

        let request = ChargeRequest {
            attempt: new_attempt(),
            ..request
        };
        let answers = join_all((0..16).map(|_| sandbox.charge(&request))).await;
        let lost = answers
            .iter()
            .filter(|answer| matches!(answer, Err(GatewayError::Timeout)))
            .count();
        assert_eq!(lost, 1, "{answers:?}");
        assert_eq!(charges(&pool).await?, before + 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_no_test_card_is_refused_with_a_reason() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        let page = sandbox.create_checkout(&payment_request(new_attempt())).await?;
        let refusal = async |card| sandbox.submit_card(&page.session_ref, card, now()).await;
        for (card, reason) in [
            (typed("4111111111111111"), Refusal::UnknownNumber),
            (
                CardInput {
                    exp_year: 2019,
                    ..typed(PAYS)
                },
                Refusal::InvalidExpiry,
            ),
            (
                CardInput {
                    cvc: "12".to_owned(),
                    ..typed(PAYS)
                },
                Refusal::InvalidCvc,
            ),
        ] {
            assert!(!reason.code().is_empty() && !reason.to_string().is_empty());
            assert_eq!(refusal(card).await?, SubmitOutcome::Refused(reason));
        }
        let tries: i64 = sqlx::query_scalar("select count(*) from sandbox.charge")
            .fetch_one(&pool)
            .await?;
        assert_eq!(tries, 0, "the bank was not asked");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_attempt_is_paid_on_a_page_or_charged_never_both() -> Result<()> {
    with_sandbox(async |sandbox, _| {
        let charge = sandbox_world(sandbox.clone()).charge_of(PAYS).await?;
        sandbox.create_checkout(&payment_request(charge.attempt)).await?;
        let answer = sandbox.charge(&charge).await;
        assert!(matches!(answer, Err(GatewayError::KeyReused)), "{answer:?}");
        let answer = sandbox.create_checkout(&payment_request(charge.attempt)).await;
        assert!(matches!(answer, Err(GatewayError::KeyReused)), "{answer:?}");

        let charge = ChargeRequest {
            attempt: new_attempt(),
            ..charge
        };
        sandbox.charge(&charge).await?;
        let answer = sandbox.create_checkout(&payment_request(charge.attempt)).await;
        assert!(matches!(answer, Err(GatewayError::KeyReused)), "{answer:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_refused_card_is_not_saved() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        let page = sandbox.create_checkout(&setup_request()).await?;
        sandbox
            .submit_card(&page.session_ref, typed("4000000000000002"), now())
            .await?;
        let (method_ref, customer_ref) =
            sqlx::query_as("select method_ref, customer_ref from sandbox.method")
                .fetch_one(&pool)
                .await?;
        let charge = sandbox_world(sandbox.clone()).charge_of(PAYS).await?;
        let answer = sandbox
            .charge(&ChargeRequest {
                method_ref,
                customer_ref,
                ..charge
            })
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
async fn no_card_number_is_kept() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        for card in test_cards() {
            let page = sandbox.create_checkout(&payment_request(new_attempt())).await?;
            sandbox
                .submit_card(&page.session_ref, typed(card.number), now())
                .await?;
        }
        let everything: String = sqlx::query_scalar(
            "select concat((select string_agg(m::text, ' ') from sandbox.method m),
                           (select string_agg(c::text, ' ') from sandbox.charge c),
                           (select string_agg(c::text, ' ') from sandbox.checkout c))",
        )
        .fetch_one(&pool)
        .await?;
        assert!(everything.contains("4242"), "the last four digits are kept");
        assert!(
            test_cards().iter().all(|card| !everything.contains(card.number)),
            "{everything}"
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn migrating_again_and_at_once_touches_only_the_schema() -> Result<()> {
    with_sandbox(async |_, pool| {
        try_join_all((0..4).map(|_| Sandbox::migrate(&pool))).await?;
        let outside: i64 = sqlx::query_scalar(
            "select count(*) from pg_tables
             where schemaname not in ('sandbox', 'pg_catalog', 'information_schema')",
        )
        .fetch_one(&pool)
        .await?;
        assert_eq!(outside, 0);
        sqlx::query("drop schema sandbox cascade").execute(&pool).await?;
        try_join_all((0..4).map(|_| Sandbox::migrate(&pool))).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_lost_answer_to_a_refund_is_found_by_looking_up() -> Result<()> {
    with_sandbox(async |sandbox, pool| {
        let charge = sandbox_world(sandbox.clone()).charge_of(LOSES_ANSWER).await?;
        let _ = sandbox.charge(&charge).await;
        let charged = sandbox.find_charge(charge.attempt).await?.context("no charge")?;
        let request = RefundRequest {
            refund: new_refund(),
            charge_ref: charged.charge_ref().to_owned(),
            amount: charge.amount,
        };
        let lost = sandbox.refund(&request).await;
        assert!(
            matches!(&lost, Err(error @ GatewayError::Timeout) if error.outcome_unknown()),
            "{lost:?}"
        );
        let found = sandbox
            .find_refund(request.refund)
            .await?
            .context("the refund was made")?;
        assert!(matches!(found, RefundOutcome::Succeeded { .. }), "{found:?}");
        assert_eq!(sandbox.refund(&request).await?, found);
        let made: i64 = sqlx::query_scalar("select count(*) from sandbox.refund")
            .fetch_one(&pool)
            .await?;
        assert_eq!(made, 1);
        Ok(())
    })
    .await
}
