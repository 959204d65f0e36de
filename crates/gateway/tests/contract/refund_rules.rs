//! What holds for refunds with every provider.

use anyhow::{Context, Result, bail};
use billing::money::Money;
use futures::future::{join_all, try_join_all};
use gateway::{GatewayError, RefundOutcome, RefundRequest};

use crate::support::{World, new_refund, usd};

impl World {
    /// A refund of so much of a charge of 214.92.
    async fn refund_of(&self, number: &str, minor: i64) -> Result<RefundRequest> {
        let charge = self.charge_of(number).await?;
        let charged = self.gateway.charge(&charge).await?;
        Ok(RefundRequest {
            refund: new_refund(),
            charge_ref: charged.charge_ref().to_owned(),
            amount: usd(minor),
        })
    }
}

fn another(request: &RefundRequest, minor: i64) -> RefundRequest {
    RefundRequest {
        refund: new_refund(),
        amount: usd(minor),
        ..request.clone()
    }
}

pub async fn a_part_goes_back_and_then_the_rest(world: &World) -> Result<()> {
    let first = world.refund_of(world.cards.pays, 10_000).await?;
    let rest = another(&first, 11_492);
    for request in [&first, &rest] {
        let outcome = world.gateway.refund(request).await?;
        assert!(matches!(outcome, RefundOutcome::Succeeded { .. }), "{outcome:?}");
        assert_eq!(world.gateway.find_refund(request.refund).await?, Some(outcome));
    }
    let beyond = world.gateway.refund(&another(&first, 1)).await;
    assert!(matches!(beyond, Err(GatewayError::InvalidAmount)), "{beyond:?}");
    Ok(())
}

pub async fn the_same_refund_again_moves_no_money(world: &World) -> Result<()> {
    let request = world.refund_of(world.cards.pays, 20_000).await?;
    let first = world.gateway.refund(&request).await?;
    let again = try_join_all((0..16).map(|_| world.gateway.refund(&request))).await?;
    assert!(again.iter().all(|answer| *answer == first), "{again:?}");
    world.gateway.refund(&another(&request, 1_492)).await?;
    assert_eq!(world.gateway.refund(&request).await?, first);
    Ok(())
}

pub async fn a_refund_key_has_one_meaning(world: &World) -> Result<()> {
    let request = world.refund_of(world.cards.pays, 100).await?;
    world.gateway.refund(&request).await?;
    let stranger = world.refund_of(world.cards.pays, 100).await?;
    let euro = Money::new(100, "EUR".parse()?);
    for other in [
        RefundRequest {
            amount: usd(101),
            ..request.clone()
        },
        RefundRequest {
            amount: euro,
            ..request.clone()
        },
        RefundRequest {
            refund: request.refund,
            ..stranger
        },
    ] {
        let answer = world.gateway.refund(&other).await;
        assert!(
            matches!(answer, Err(GatewayError::KeyReused)),
            "{other:?}: {answer:?}"
        );
    }
    Ok(())
}

pub async fn sixteen_at_once_never_pass_the_charge(world: &World) -> Result<()> {
    let request = world.refund_of(world.cards.pays, 5_000).await?;
    let requests: Vec<_> = (0..16).map(|_| another(&request, 5_000)).collect();
    let answers = join_all(requests.iter().map(|request| world.gateway.refund(request))).await;
    let refused = |answer: &&std::result::Result<RefundOutcome, GatewayError>| {
        matches!(answer, Err(GatewayError::InvalidAmount))
    };
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 4);
    assert_eq!(answers.iter().filter(refused).count(), 12, "{answers:?}");
    Ok(())
}

pub async fn a_refund_may_wait_for_the_bank(world: &World) -> Result<()> {
    let request = world.refund_of(world.cards.refunds_wait, 10_000).await?;
    let first = world.gateway.refund(&request).await?;
    assert!(matches!(first, RefundOutcome::Pending { .. }), "{first:?}");
    let found = world.gateway.find_refund(request.refund).await?;
    let found = found.context("the provider knows it")?;
    assert!(matches!(found, RefundOutcome::Succeeded { .. }), "{found:?}");
    assert_eq!(found.refund_ref(), first.refund_ref());
    assert_eq!(
        world.gateway.refund(&request).await?,
        first,
        "a key repeats its first answer"
    );
    Ok(())
}

pub async fn a_refund_may_fail_and_then_none_went_back(world: &World) -> Result<()> {
    let request = world.refund_of(world.cards.refunds_fail, 21_492).await?;
    for request in [request.clone(), another(&request, 21_492)] {
        let outcome = world.gateway.refund(&request).await?;
        assert!(matches!(outcome, RefundOutcome::Failed { .. }), "{outcome:?}");
        assert_eq!(world.gateway.find_refund(request.refund).await?, Some(outcome));
    }
    Ok(())
}

pub async fn only_what_was_charged_goes_back(world: &World) -> Result<()> {
    let charge = world.charge_of(world.cards.declines_later).await?;
    let declined = world.gateway.charge(&charge).await?;
    let request = world.refund_of(world.cards.pays, 100).await?;
    for charge_ref in ["ch_unheard_of", declined.charge_ref()] {
        let other = RefundRequest {
            charge_ref: charge_ref.to_owned(),
            ..request.clone()
        };
        let answer = world.gateway.refund(&other).await;
        let Err(error) = answer else { bail!("{answer:?}") };
        assert!(matches!(error, GatewayError::UnknownReference), "{error:?}");
        assert!(!error.outcome_unknown());
    }
    let euro = RefundRequest {
        amount: Money::new(100, "EUR".parse()?),
        ..request.clone()
    };
    for other in [
        euro,
        another(&request, 0),
        another(&request, -1),
        another(&request, 21_493),
    ] {
        let answer = world.gateway.refund(&other).await;
        assert!(matches!(answer, Err(GatewayError::InvalidAmount)), "{answer:?}");
        assert_eq!(world.gateway.find_refund(other.refund).await?, None);
    }
    Ok(())
}

pub async fn nothing_is_known_of_a_refund_never_made(world: &World) -> Result<()> {
    assert_eq!(world.gateway.find_refund(new_refund()).await?, None);
    Ok(())
}
