//! Every store function that takes a customer's scope, called for a customer whose rows these are not.

use billing::id::{ApiKeyId, MemberId};
use service::{Actor, NewApiKey, Scope, billing};
use sqlx::PgPool;
use store::CustomerScope;

use crate::support::world;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_foreign_scope_finds_and_changes_nothing(pool: PgPool) {
    let world = world(pool).await;
    let (lumen, ada) = world.owner("ada@lumen.example").await;
    let (orbit, _) = world.owner("bob@orbit.example").await;
    let Actor::Member { id: member, .. } = ada else {
        panic!("{ada:?}")
    };
    let new = NewApiKey {
        name: "ingest".into(),
        customer: None,
        scopes: vec![Scope::Read],
        expires_at: None,
    };
    let key: ApiKeyId = world.billing.create_api_key(&ada, new).await.unwrap().id;
    sqlx::query("INSERT INTO web_session (id_hash, member_id, data, expires_at) VALUES ('x', $1, '{}', now() + interval '1 hour')")
        .bind(MemberId::uuid(member))
        .execute(&world.pool)
        .await
        .unwrap();

    let mut conn = world.pool.acquire().await.unwrap();
    let (own, foreign) = (CustomerScope::of(lumen), CustomerScope::of(orbit));
    let ids = |rows: Vec<store::member::MemberRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert!(!ids(store::member::list(&mut conn, foreign).await.unwrap()).contains(&member));
    assert!(ids(store::member::list(&mut conn, own).await.unwrap()).contains(&member));
    let now = world.billing.now();
    assert!(
        !store::member::set_disabled(&mut conn, foreign, member, Some(now))
            .await
            .unwrap()
    );
    assert!(store::member::role(&mut conn, member).await.unwrap().is_some());
    let enters =
        async |conn: &mut _, scope, member| store::portal_link::member(conn, scope, member).await.unwrap();
    assert_eq!(enters(&mut conn, foreign, Some(member)).await, None);
    assert_eq!(enters(&mut conn, own, Some(member)).await, Some(member));
    assert!(
        store::api_key::list(&mut conn, Some(foreign))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store::api_key::lock(&mut conn, Some(foreign), key)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store::api_key::revoke(&mut conn, Some(foreign), key)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store::api_key::list(&mut conn, Some(own)).await.unwrap()[0]
            .revoked_at
            .is_none()
    );
    assert_eq!(
        store::session::delete_of_member(&mut conn, foreign, member)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        store::session::delete_of_member(&mut conn, own, member)
            .await
            .unwrap(),
        1
    );
    assert!(
        store::member::set_disabled(&mut conn, own, member, Some(now))
            .await
            .unwrap()
    );
    assert!(store::member::role(&mut conn, member).await.unwrap().is_none());
}
