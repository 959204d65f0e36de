//! Keys for machines.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::{CustomerId, StaffId};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use service::billing;
use service::{
    Actor, Billing, CreatedApiKey, Error, Intent, MemberRole, NewApiKey, Scope, ServiceConfig, StaffRole,
};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use crate::support::world;

fn key(customer: Option<CustomerId>) -> NewApiKey {
    NewApiKey {
        name: "ingest".into(),
        customer,
        scopes: vec![Scope::Read],
        expires_at: None,
    }
}

fn staff(role: StaffRole) -> Actor {
    Actor::Staff {
        id: StaffId::from_uuid(Uuid::nil()),
        role,
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_key_is_shown_once_and_stands_for_its_customer(pool: PgPool) {
    let world = world(pool).await;
    let (customer, owner) = world.owner("ada@lumen.example").await;
    let created = world.billing.create_api_key(&owner, key(None)).await.unwrap();
    let text = created.key.expose_secret();
    let random = URL_SAFE_NO_PAD
        .decode(text.strip_prefix("cbk_").unwrap())
        .unwrap();
    assert_eq!((text.len(), random.len()), (47, 32));

    let actor = world.billing.api_key_actor(text).await.unwrap();
    let scopes = vec![Scope::Read];
    assert_eq!(
        actor,
        Actor::ApiKey {
            id: created.id,
            customer: Some(customer),
            scopes
        }
    );
    let listed = world.billing.api_keys(&owner).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].prefix, text[4..12]);
    assert!(listed[0].last_used_at.is_some());
    let stored: String = sqlx::query_scalar("SELECT api_key::text FROM api_key")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(!stored.contains(&text[12..]));
}

/// A browser shows the second answer alone: what was made first must be what it shows.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn clicked_twice_one_key_is_made_and_shown(pool: PgPool) {
    let world = world(pool).await;
    let (_, owner) = world.owner("ada@lumen.example").await;
    let (_, other) = world.owner("bob@other.example").await;
    let (billing, mark) = (&world.billing, Intent::mark());
    let intent = |form: &str| Intent::of_form(&owner, &mark, &form).unwrap();
    let make = |actor, intent| billing.create_api_key_once(actor, key(None), intent);
    let (first, second) = tokio::join!(make(&owner, intent("new")), make(&owner, intent("new")));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.id, second.id);
    assert_ne!(first.key.expose_secret(), second.key.expose_secret());
    let good = async |made: &CreatedApiKey| billing.api_key_actor(made.key.expose_secret()).await.is_ok();
    let works = [good(&first).await, good(&second).await];
    assert_eq!(works.iter().filter(|works| **works).count(), 1, "{works:?}");

    // It is used by now, and nobody else has anything to do with it.
    for (actor, intent) in [(&owner, intent("new")), (&other, intent("new"))] {
        let again = make(actor, intent).await;
        assert!(matches!(again, Err(Error::ChangedMeanwhile)), "{again:?}");
    }
    let rotate = |form| billing.rotate_api_key_once(&owner, first.id, intent(form));
    let (once, twice) = (rotate("rotate").await.unwrap(), rotate("rotate").await.unwrap());
    assert_eq!(once.id, twice.id);
    assert!(good(&twice).await && !good(&once).await);
    let later = rotate("once more").await;
    assert!(matches!(later, Err(Error::KeyReplaced)), "{later:?}");
    assert_eq!(billing.api_keys(&owner).await.unwrap().len(), 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn revoked_expired_and_unknown_keys_open_nothing(pool: PgPool) {
    let world = world(pool).await;
    let (_, owner) = world.owner("ada@lumen.example").await;
    let created = world.billing.create_api_key(&owner, key(None)).await.unwrap();
    let text = created.key.expose_secret().to_owned();
    let other = format!("cbk_{}", URL_SAFE_NO_PAD.encode([7; 32]));
    let refused = async |text: &str| {
        assert!(
            matches!(
                world.billing.api_key_actor(text).await,
                Err(Error::Unauthenticated)
            ),
            "{text}"
        );
    };
    for stranger in ["", "cbk_", &other, &text[..46], &format!("{text}=")] {
        refused(stranger).await;
    }
    sqlx::query("UPDATE api_key SET expires_at = now()")
        .execute(&world.pool)
        .await
        .unwrap();
    refused(&text).await;
    sqlx::query("UPDATE api_key SET expires_at = NULL")
        .execute(&world.pool)
        .await
        .unwrap();
    world.billing.api_key_actor(&text).await.unwrap();
    world.billing.revoke_api_key(&owner, created.id).await.unwrap();
    refused(&text).await;
    let twice = world.billing.revoke_api_key(&owner, created.id).await;
    assert!(matches!(twice, Err(Error::NotFound(_))));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn use_is_recorded_once_a_minute(pool: PgPool) {
    let world = world(pool).await;
    let (_, owner) = world.owner("ada@lumen.example").await;
    let created = world.billing.create_api_key(&owner, key(None)).await.unwrap();
    let set = async |sql: &'static str| sqlx::query(sql).execute(&world.pool).await.unwrap();
    let recent = async || -> bool {
        // A process that has not seen the key yet.
        Billing::over(
            world.pool.clone(),
            world.clock.clone(),
            world.billing.config().clone(),
        )
        .api_key_actor(created.key.expose_secret())
        .await
        .unwrap();
        let sql = "SELECT last_used_at > now() - interval '10 seconds' FROM api_key";
        sqlx::query_scalar(sql).fetch_one(&world.pool).await.unwrap()
    };
    set("UPDATE api_key SET last_used_at = now() - interval '30 seconds'").await;
    assert!(!recent().await);
    set("UPDATE api_key SET last_used_at = now() - interval '2 minutes'").await;
    assert!(recent().await);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn owners_and_admins_manage_keys_and_nobody_else(pool: PgPool) {
    let world = world(pool).await;
    let (lumen, ada) = world.owner("ada@lumen.example").await;
    let (orbit, bob) = world.owner("bob@orbit.example").await;
    let Actor::Member { id, customer, .. } = ada else {
        panic!("{ada:?}")
    };
    let member = |role| Actor::Member { id, customer, role };
    for actor in [
        member(MemberRole::Billing),
        member(MemberRole::Viewer),
        staff(StaffRole::Finance),
    ] {
        assert!(matches!(
            world.billing.create_api_key(&actor, key(None)).await,
            Err(Error::Forbidden)
        ));
        assert!(matches!(
            world.billing.api_keys(&actor).await,
            Err(Error::Forbidden)
        ));
    }
    let anonymous = world.billing.api_keys(&Actor::Anonymous).await;
    assert!(matches!(anonymous, Err(Error::Unauthenticated)));
    let foreign = world.billing.create_api_key(&ada, key(Some(orbit))).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))));

    let admin = staff(StaffRole::Admin);
    let host = world.billing.create_api_key(&admin, key(None)).await.unwrap();
    let host = world
        .billing
        .api_key_actor(host.key.expose_secret())
        .await
        .unwrap();
    assert!(matches!(host, Actor::ApiKey { customer: None, .. }));
    let of_lumen = world
        .billing
        .create_api_key(&admin, key(Some(lumen)))
        .await
        .unwrap();
    assert_eq!(world.billing.api_keys(&ada).await.unwrap().len(), 1);
    assert!(world.billing.api_keys(&bob).await.unwrap().is_empty());
    assert_eq!(world.billing.api_keys(&admin).await.unwrap().len(), 2);
    let not_his = world.billing.revoke_api_key(&bob, of_lumen.id).await;
    assert!(matches!(not_his, Err(Error::NotFound(_))));
    world
        .billing
        .api_key_actor(of_lumen.key.expose_secret())
        .await
        .unwrap();
    let nobody = world
        .billing
        .create_api_key(&admin, key(Some(CustomerId::from_uuid(Uuid::nil()))))
        .await;
    assert!(matches!(nobody, Err(Error::NotFound(_))));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_key_that_is_over_before_it_begins_is_not_made(pool: PgPool) {
    let world = world(pool).await;
    let now = service::clock::real_now();
    for (wait, code) in [
        (TimeDelta::seconds(-1), Some("invalid")),
        (TimeDelta::zero(), Some("invalid")),
        (TimeDelta::days(20 * 365), Some("invalid")),
        (TimeDelta::hours(1), None),
    ] {
        let new = NewApiKey {
            name: "host".into(),
            customer: None,
            scopes: vec![Scope::Read],
            expires_at: Some(now + wait),
        };
        let made = world.billing.create_api_key(&Actor::System, new).await;
        assert_eq!(made.err().map(|error| error.code()), code, "{wait}");
    }
}

/// Else each would wait for the database as long as the first one did, one after the other.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_shows_a_key_while_the_database_is_away_waits_once(pool: PgPool) {
    const CALLERS: usize = 10;
    let world = world(pool).await;
    let created = world
        .billing
        .create_api_key(&Actor::System, key(None))
        .await
        .unwrap();
    let text = created.key.expose_secret();
    let narrow = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_millis(500))
        .connect_with((*world.pool.connect_options()).clone())
        .await
        .unwrap();
    let config = ServiceConfig::usual("", "http://localhost:3000", [7; 32]);
    let billing = Billing::over(narrow.clone(), world.clock.clone(), config);
    let held = narrow.acquire().await.unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (billing, text) = (billing.clone(), text.to_owned());
        callers.spawn(async move { billing.api_key_actor(&text).await });
    }
    let refused = callers.join_all().await;
    let waited = |answer: &&Result<Actor, Error>| {
        matches!(
            answer,
            Err(Error::Store(store::Error::Db(sqlx::Error::PoolTimedOut)))
        )
    };
    let told = |answer: &&Result<Actor, Error>| {
        matches!(
            answer,
            Err(Error::Store(store::Error::Shared { transient: true }))
        )
    };
    let counted = (
        refused.iter().filter(waited).count(),
        refused.iter().filter(told).count(),
    );
    assert_eq!(counted, (1, CALLERS - 1), "{refused:?}");
    drop(held);
    assert!(billing.api_key_actor(text).await.is_ok());
}
