//! What holds for charges of saved cards with every provider.

use anyhow::{Result, bail};
use billing::money::Money;
use futures::future::{join_all, try_join_all};
use gateway::{ChargeOutcome, ChargeRequest, DeclineCode, GatewayError};

use crate::support::{World, new_attempt, usd};

pub async fn a_saved_card_is_charged_while_its_holder_is_away(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.pays).await?;
    let outcome = world.gateway.charge(&request).await?;
    assert!(matches!(outcome, ChargeOutcome::Succeeded { .. }), "{outcome:?}");
    assert_eq!(world.gateway.find_charge(request.attempt).await?, Some(outcome));
    Ok(())
}

pub async fn the_same_charge_again_moves_no_money(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.pays).await?;
    let first = world.gateway.charge(&request).await?;
    for _ in 0..3 {
        assert_eq!(world.gateway.charge(&request).await?, first);
    }
    let next = ChargeRequest {
        attempt: new_attempt(),
        ..request
    };
    let second = world.gateway.charge(&next).await?;
    assert_ne!(
        second.charge_ref(),
        first.charge_ref(),
        "another attempt is another charge"
    );
    Ok(())
}

pub async fn a_key_has_one_meaning(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.pays).await?;
    let first = world.gateway.charge(&request).await?;
    let stranger = world.charge_of(world.cards.pays).await?;
    let euro = Money::new(request.amount.minor(), "EUR".parse()?);
    for other in [
        ChargeRequest {
            amount: usd(1),
            ..request.clone()
        },
        ChargeRequest {
            amount: euro,
            ..request.clone()
        },
        ChargeRequest {
            description: String::new(),
            ..request.clone()
        },
        ChargeRequest {
            return_url: "https://elsewhere.test".to_owned(),
            ..request.clone()
        },
        ChargeRequest {
            attempt: request.attempt,
            ..stranger
        },
    ] {
        let answer = world.gateway.charge(&other).await;
        assert!(
            matches!(answer, Err(GatewayError::KeyReused)),
            "{other:?}: {answer:?}"
        );
    }
    assert_eq!(world.gateway.find_charge(request.attempt).await?, Some(first));
    Ok(())
}

pub async fn sixteen_at_once_charge_once(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.pays).await?;
    let outcomes = try_join_all((0..16).map(|_| world.gateway.charge(&request))).await?;
    assert!(matches!(outcomes[0], ChargeOutcome::Succeeded { .. }));
    assert!(
        outcomes.iter().all(|outcome| *outcome == outcomes[0]),
        "{outcomes:?}"
    );

    let other = ChargeRequest {
        amount: usd(1),
        attempt: new_attempt(),
        ..request.clone()
    };
    let contested = ChargeRequest {
        amount: request.amount,
        ..other.clone()
    };
    let answers =
        join_all((0..16).map(|i| world.gateway.charge(if i % 2 == 0 { &other } else { &contested })));
    let (won, lost): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
    assert_eq!(
        (won.len(), lost.len()),
        (8, 8),
        "one amount wins, the other is refused"
    );
    assert!(
        lost.iter()
            .all(|answer| matches!(answer, Err(GatewayError::KeyReused)))
    );
    Ok(())
}

pub async fn a_decline_is_an_answer_and_final(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.declines_later).await?;
    let outcome = world.gateway.charge(&request).await?;
    assert!(
        matches!(&outcome, ChargeOutcome::Declined { code, .. } if *code == DeclineCode::CARD_DECLINED),
        "{outcome:?}"
    );
    assert_eq!(world.gateway.charge(&request).await?, outcome);
    assert_eq!(
        world.gateway.find_charge(request.attempt).await?,
        Some(outcome.clone())
    );
    let next = world
        .gateway
        .charge(&ChargeRequest {
            attempt: new_attempt(),
            ..request
        })
        .await?;
    assert_ne!(next.charge_ref(), outcome.charge_ref());
    Ok(())
}

pub async fn a_charge_awaits_approval_and_then_succeeds(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.asks_for_approval).await?;
    let first = world.gateway.charge(&request).await?;
    let url = approval_url(&first)?;
    assert_eq!(
        world.gateway.find_charge(request.attempt).await?,
        Some(first.clone())
    );

    world.holder.approve(&url).await?;
    let succeeded = ChargeOutcome::Succeeded {
        charge_ref: first.charge_ref().to_owned(),
    };
    assert_eq!(
        world.gateway.find_charge(request.attempt).await?,
        Some(succeeded.clone())
    );
    world.holder.refuse(&url).await?;
    assert_eq!(world.gateway.find_charge(request.attempt).await?, Some(succeeded));
    assert_eq!(
        world.gateway.charge(&request).await?,
        first,
        "a key repeats its first answer"
    );
    Ok(())
}

pub async fn a_charge_its_holder_refuses_is_declined(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.asks_for_approval).await?;
    let url = approval_url(&world.gateway.charge(&request).await?)?;
    world.holder.refuse(&url).await?;
    world.holder.approve(&url).await?;
    let outcome = world.gateway.find_charge(request.attempt).await?;
    assert!(
        matches!(outcome, Some(ChargeOutcome::Declined { .. })),
        "{outcome:?}"
    );
    Ok(())
}

pub async fn a_pending_charge_can_be_withdrawn(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.asks_for_approval).await?;
    let url = approval_url(&world.gateway.charge(&request).await?)?;
    let outcome = world.gateway.cancel_charge(request.attempt).await?;
    assert!(
        matches!(outcome, Some(ChargeOutcome::Canceled { .. })),
        "{outcome:?}"
    );
    world.holder.approve(&url).await?;
    assert_eq!(world.gateway.find_charge(request.attempt).await?, outcome);
    Ok(())
}

pub async fn a_decided_charge_cannot_be_withdrawn(world: &World) -> Result<()> {
    for number in [world.cards.pays, world.cards.declines_later] {
        let request = world.charge_of(number).await?;
        let outcome = world.gateway.charge(&request).await?;
        assert_eq!(world.gateway.cancel_charge(request.attempt).await?, Some(outcome));
    }
    Ok(())
}

pub async fn unknown_and_foreign_methods_are_refused(world: &World) -> Result<()> {
    let mine = world.charge_of(world.cards.pays).await?;
    let theirs = world.charge_of(world.cards.pays).await?;
    for request in [
        ChargeRequest {
            method_ref: "pm_unheard_of".to_owned(),
            ..mine.clone()
        },
        ChargeRequest {
            customer_ref: "cus_unheard_of".to_owned(),
            ..mine.clone()
        },
        ChargeRequest {
            method_ref: theirs.method_ref,
            ..mine.clone()
        },
    ] {
        let answer = world.gateway.charge(&request).await;
        let Err(error) = answer else { bail!("{answer:?}") };
        assert!(matches!(error, GatewayError::UnknownReference), "{error:?}");
        assert!(!error.outcome_unknown());
    }
    assert_eq!(world.gateway.find_charge(mine.attempt).await?, None);
    Ok(())
}

pub async fn nothing_is_known_of_an_attempt_never_made(world: &World) -> Result<()> {
    assert_eq!(world.gateway.find_charge(new_attempt()).await?, None);
    assert_eq!(world.gateway.cancel_charge(new_attempt()).await?, None);
    Ok(())
}

pub async fn an_amount_must_be_positive(world: &World) -> Result<()> {
    let request = world.charge_of(world.cards.pays).await?;
    for minor in [0, -1] {
        let answer = world
            .gateway
            .charge(&ChargeRequest {
                amount: usd(minor),
                ..request.clone()
            })
            .await;
        assert!(matches!(answer, Err(GatewayError::InvalidAmount)), "{answer:?}");
    }
    Ok(())
}

fn approval_url(outcome: &ChargeOutcome) -> Result<String> {
    match outcome {
        ChargeOutcome::RequiresAction { url, .. } => Ok(url.clone()),
        other => bail!("expected to await approval, got {other:?}"),
    }
}
