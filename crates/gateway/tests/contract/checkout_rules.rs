//! What holds for hosted pages with every provider.

use anyhow::{Result, bail};
use chrono::TimeDelta;
use gateway::{ChargeOutcome, CheckoutMode, CheckoutRequest, CheckoutState, GatewayError};

use crate::support::{
    Entered, World, new_attempt, new_checkout_key, new_customer, payment_request, setup_request, usd,
};

pub async fn a_payment_page_charges_and_saves_the_card(world: &World) -> Result<()> {
    let attempt = new_attempt();
    let page = world.gateway.create_checkout(&payment_request(attempt)).await?;
    assert!(world.is_open(&page).await?);
    assert_eq!(world.gateway.find_charge(attempt).await?, None);

    assert_eq!(
        world.holder.enter_card(&page, world.cards.pays).await?,
        Entered::SentOn
    );

    let state = world.gateway.find_checkout(&page.session_ref).await?;
    let Some(CheckoutState::Completed {
        payment_method: method,
        charge: Some(charge),
        ..
    }) = state
    else {
        bail!("{state:?}");
    };
    assert!(matches!(charge, ChargeOutcome::Succeeded { .. }));
    assert_eq!(world.gateway.find_charge(attempt).await?, Some(charge));
    assert_eq!((method.brand.as_str(), method.last4.as_str()), ("visa", "4242"));
    assert_eq!((method.exp_month, method.exp_year), (12, 2034));
    Ok(())
}

pub async fn a_setup_page_saves_the_card_without_charging(world: &World) -> Result<()> {
    let page = world.gateway.create_checkout(&setup_request()).await?;
    assert_eq!(
        world.holder.enter_card(&page, world.cards.pays).await?,
        Entered::SentOn
    );
    let state = world.gateway.find_checkout(&page.session_ref).await?;
    assert!(
        matches!(state, Some(CheckoutState::Completed { charge: None, .. })),
        "{state:?}"
    );
    Ok(())
}

pub async fn a_refused_card_leaves_the_page_open_for_another(world: &World) -> Result<()> {
    let attempt = new_attempt();
    let page = world.gateway.create_checkout(&payment_request(attempt)).await?;
    for _ in 0..2 {
        assert_eq!(
            world.holder.enter_card(&page, world.cards.declines).await?,
            Entered::Refused
        );
        assert!(world.is_open(&page).await?);
        assert_eq!(world.gateway.find_charge(attempt).await?, None);
    }
    assert_eq!(
        world.holder.enter_card(&page, world.cards.pays).await?,
        Entered::SentOn
    );
    let charge = world.gateway.find_charge(attempt).await?;
    assert!(
        matches!(charge, Some(ChargeOutcome::Succeeded { .. })),
        "{charge:?}"
    );
    Ok(())
}

pub async fn an_approved_card_completes_the_page(world: &World) -> Result<()> {
    for (request, attempt) in payment_and_setup() {
        let page = world.gateway.create_checkout(&request).await?;
        let url = world
            .holder
            .enter_card(&page, world.cards.asks_for_approval)
            .await?
            .asked()?;
        assert!(world.is_open(&page).await?);
        let pending = world.gateway.find_charge(attempt).await?;
        assert_eq!(
            matches!(pending, Some(ChargeOutcome::RequiresAction { .. })),
            request.mode != CheckoutMode::Setup
        );

        world.holder.approve(&url).await?;
        let state = world.gateway.find_checkout(&page.session_ref).await?;
        let Some(CheckoutState::Completed { charge, .. }) = state else {
            bail!("{state:?}")
        };
        assert_eq!(charge, world.gateway.find_charge(attempt).await?);
        assert_eq!(charge.is_some(), request.mode != CheckoutMode::Setup);
    }
    Ok(())
}

pub async fn a_card_refused_by_its_holder_leaves_the_page_open(world: &World) -> Result<()> {
    for (request, attempt) in payment_and_setup() {
        let page = world.gateway.create_checkout(&request).await?;
        let url = world
            .holder
            .enter_card(&page, world.cards.asks_for_approval)
            .await?
            .asked()?;
        world.holder.refuse(&url).await?;
        assert!(world.is_open(&page).await?);
        assert_eq!(world.gateway.find_charge(attempt).await?, None);

        world.holder.approve(&url).await?;
        assert!(world.is_open(&page).await?, "only the first answer counts");
        assert_eq!(
            world.holder.enter_card(&page, world.cards.pays).await?,
            Entered::SentOn
        );
    }
    Ok(())
}

pub async fn a_completed_page_takes_no_second_payment(world: &World) -> Result<()> {
    let attempt = new_attempt();
    let page = world.gateway.create_checkout(&payment_request(attempt)).await?;
    world.holder.enter_card(&page, world.cards.pays).await?;
    let before = world.gateway.find_checkout(&page.session_ref).await?;
    for number in [
        world.cards.pays,
        world.cards.declines,
        world.cards.asks_for_approval,
    ] {
        assert_eq!(world.holder.enter_card(&page, number).await?, Entered::SentOn);
    }
    assert_eq!(world.gateway.find_checkout(&page.session_ref).await?, before);
    Ok(())
}

pub async fn the_same_request_gives_the_same_page(world: &World) -> Result<()> {
    let request = payment_request(new_attempt());
    let first = world.gateway.create_checkout(&request).await?;
    let again = futures::future::try_join_all((0..8).map(|_| world.gateway.create_checkout(&request)));
    assert!(again.await?.iter().all(|page| *page == first));
    world.holder.enter_card(&first, world.cards.pays).await?;
    assert_eq!(world.gateway.create_checkout(&request).await?, first);
    Ok(())
}

pub async fn a_page_key_has_one_meaning(world: &World) -> Result<()> {
    let request = payment_request(new_attempt());
    world.gateway.create_checkout(&request).await?;
    let changed = |change: fn(&mut CheckoutRequest)| {
        let mut other = request.clone();
        change(&mut other);
        other
    };
    for other in [
        changed(|r| r.mode = CheckoutMode::Setup),
        changed(|r| {
            r.mode = CheckoutMode::Payment {
                attempt: new_attempt(),
                amount: usd(21_492),
            }
        }),
        changed(|r| r.customer = new_customer()),
        changed(|r| r.email = "eve@example.test".to_owned()),
        changed(|r| r.lines.clear()),
        changed(|r| r.success_url.push('2')),
        changed(|r| r.cancel_url.push('2')),
        changed(|r| r.expires_at += TimeDelta::seconds(1)),
    ] {
        let answer = world.gateway.create_checkout(&other).await;
        assert!(
            matches!(answer, Err(GatewayError::KeyReused)),
            "{other:?}: {answer:?}"
        );
    }
    Ok(())
}

pub async fn an_expired_page_takes_no_card(world: &World) -> Result<()> {
    let attempt = new_attempt();
    let page = world.gateway.create_checkout(&payment_request(attempt)).await?;
    for _ in 0..2 {
        assert_eq!(
            world.gateway.expire_checkout(&page.session_ref).await?,
            CheckoutState::Expired
        );
    }
    assert_eq!(
        world.holder.enter_card(&page, world.cards.pays).await?,
        Entered::Expired
    );
    assert_eq!(
        world.gateway.find_checkout(&page.session_ref).await?,
        Some(CheckoutState::Expired)
    );
    assert_eq!(world.gateway.find_charge(attempt).await?, None);
    Ok(())
}

pub async fn expiring_withdraws_a_pending_approval(world: &World) -> Result<()> {
    for (request, attempt) in payment_and_setup() {
        let page = world.gateway.create_checkout(&request).await?;
        let url = world
            .holder
            .enter_card(&page, world.cards.asks_for_approval)
            .await?
            .asked()?;
        world.gateway.expire_checkout(&page.session_ref).await?;
        world.holder.approve(&url).await?;
        assert_eq!(
            world.gateway.find_checkout(&page.session_ref).await?,
            Some(CheckoutState::Expired)
        );
        assert_eq!(world.gateway.find_charge(attempt).await?, None);
    }
    Ok(())
}

pub async fn expiring_comes_too_late_for_a_completed_page(world: &World) -> Result<()> {
    let page = world
        .gateway
        .create_checkout(&payment_request(new_attempt()))
        .await?;
    world.holder.enter_card(&page, world.cards.pays).await?;
    let answer = world.gateway.expire_checkout(&page.session_ref).await?;
    assert!(
        matches!(answer, CheckoutState::Completed { charge: Some(_), .. }),
        "{answer:?}"
    );
    assert_eq!(
        world.gateway.find_checkout(&page.session_ref).await?,
        Some(answer)
    );
    Ok(())
}

pub async fn a_customer_keeps_one_reference(world: &World) -> Result<()> {
    let first = setup_request();
    let known = completed_customer(world, &first).await?;
    let second = CheckoutRequest {
        checkout: new_checkout_key(),
        customer_ref: Some(known.clone()),
        ..payment_request(new_attempt())
    };
    assert!(
        matches!(
            world.gateway.create_checkout(&second).await,
            Err(GatewayError::UnknownReference)
        ),
        "the reference belongs to another customer"
    );
    let second = CheckoutRequest {
        customer: first.customer,
        ..second
    };
    assert_eq!(completed_customer(world, &second).await?, known);
    Ok(())
}

pub async fn unknown_pages_and_foreign_customers_are_refused(world: &World) -> Result<()> {
    assert_eq!(world.gateway.find_checkout("cs_unheard_of").await?, None);
    let answer = world.gateway.expire_checkout("cs_unheard_of").await;
    assert!(
        matches!(answer, Err(GatewayError::UnknownReference)),
        "{answer:?}"
    );
    let request = CheckoutRequest {
        customer_ref: Some("cus_unheard_of".to_owned()),
        ..setup_request()
    };
    let answer = world.gateway.create_checkout(&request).await;
    assert!(
        matches!(answer, Err(GatewayError::UnknownReference)),
        "{answer:?}"
    );
    Ok(())
}

pub async fn a_page_for_nothing_is_refused(world: &World) -> Result<()> {
    for minor in [0, -1] {
        let mode = CheckoutMode::Payment {
            attempt: new_attempt(),
            amount: usd(minor),
        };
        let answer = world
            .gateway
            .create_checkout(&CheckoutRequest {
                mode,
                ..setup_request()
            })
            .await;
        assert!(matches!(answer, Err(GatewayError::InvalidAmount)), "{answer:?}");
    }
    Ok(())
}

/// One page of each mode; the attempt is used by the first only.
fn payment_and_setup() -> [(CheckoutRequest, billing::id::PaymentAttemptId); 2] {
    let attempt = new_attempt();
    [
        (payment_request(attempt), attempt),
        (setup_request(), new_attempt()),
    ]
}

async fn completed_customer(world: &World, request: &CheckoutRequest) -> Result<String> {
    let page = world.gateway.create_checkout(request).await?;
    world.holder.enter_card(&page, world.cards.pays).await?;
    match world.gateway.find_checkout(&page.session_ref).await? {
        Some(CheckoutState::Completed { customer_ref, .. }) => Ok(customer_ref),
        other => bail!("{other:?}"),
    }
}
