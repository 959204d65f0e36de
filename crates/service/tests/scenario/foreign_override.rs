//! What is agreed about entitlements is written for one's own subscription alone.

use service::billing::entitlement::{Allowance, Override};
use service::billing::id::CustomerId;
use service::billing::period::Interval::Month;
use sqlx::PgPool;
use store::CustomerScope;
use store::entitlement::{NewOverride, overrides, remove, set};

use crate::play::{VISA, play, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn nobody_agrees_on_what_is_not_theirs(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let mut conn = play.pool.acquire().await.unwrap();
    let own = CustomerScope::of(play.customer());
    let eve = CustomerScope::of(CustomerId::from_uuid(uuid::Uuid::from_u128(9)));
    let hers = store::subscription::live(&mut conn, own).await.unwrap().unwrap();
    let agreed = Override::Meter {
        key: "api_requests".into(),
        included: Allowance::Unlimited,
    };
    let new = || NewOverride {
        subscription: hers.id,
        agreed: &agreed,
        reason: "Why not",
        set_by: "eve",
        set_at: utc("2026-04-02T00:00:00Z"),
    };
    assert!(!set(&mut conn, eve, new()).await.unwrap());
    assert!(overrides(&mut conn, &[hers.id]).await.unwrap().is_empty());
    assert!(set(&mut conn, own, new()).await.unwrap());
    for (scope, removed) in [(eve, false), (own, true), (own, false)] {
        let done = remove(&mut conn, scope, hers.id, "meter", "api_requests").await;
        assert_eq!(done.unwrap(), removed);
    }
    assert!(overrides(&mut conn, &[hers.id]).await.unwrap().is_empty());
}
