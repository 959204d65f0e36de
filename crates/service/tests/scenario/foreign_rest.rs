//! What REST reads and writes by a customer's scope, asked for a customer whose rows these are not.

use std::collections::BTreeMap;

use service::billing::id::CustomerId;
use service::billing::period::Interval::Month;
use sqlx::PgPool;
use store::CustomerScope;
use store::customer::hosted::Kept;
use store::owner::Owned;
use store::page::PageOf;

use crate::play::{VISA, play};
use crate::support::sign_up;

const ALL: PageOf = PageOf {
    after: None,
    limit: 100,
};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_foreign_scope_reads_and_keeps_nothing(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.live_until("2026-04-02T00:00:00Z").await;
    play.pause().await;
    let note = play.last_credit_note().await.unwrap().summary.id;
    let principal = play.billing.sign_up(sign_up("eve@evil.example")).await.unwrap();
    let service::Actor::Member { customer: eve, .. } = play.billing.actor(principal).await.unwrap() else {
        panic!("no member")
    };
    let own = CustomerScope::of(play.customer());
    let nobody = CustomerScope::of(CustomerId::from_uuid(uuid::Uuid::from_u128(9)));
    let invoice = play.invoices().await[0].summary.id;
    let mut conn = play.pool.acquire().await.unwrap();
    let subscription = store::subscription::live(&mut conn, own)
        .await
        .unwrap()
        .unwrap()
        .id;
    for (scope, finds) in [(own, true), (CustomerScope::of(eve), false), (nobody, false)] {
        let found = store::subscription::page::find(&mut conn, scope, subscription).await;
        assert_eq!(found.unwrap().is_some(), finds);
        let of = (Some(scope), None);
        let listed = store::subscription::page::page(&mut conn, of, ALL).await.unwrap();
        assert_eq!(listed.iter().any(|row| row.id == subscription), finds);
        let of = (Some(scope), None);
        let listed = store::invoice::page::page(&mut conn, of, ALL).await.unwrap();
        assert_eq!(listed.iter().any(|row| row.summary.id == invoice), finds);
        let lines = store::invoice::page::line_ids(&mut conn, scope, invoice).await;
        assert_eq!(!lines.unwrap().is_empty(), finds);
        for reduced in [None, Some(invoice)] {
            let of = (Some(scope), reduced);
            let listed = store::credit::page::page(&mut conn, of, ALL).await.unwrap();
            assert_eq!(listed.iter().any(|row| row.summary.id == note), finds);
        }
        let of = (Some(scope), None);
        let listed = store::customer::hosted::page(&mut conn, of, ALL).await.unwrap();
        assert_eq!(listed.iter().any(|row| row.record.id == play.customer()), finds);
        let found = store::customer::hosted::find(&mut conn, scope).await.unwrap();
        assert_eq!(
            found.is_some_and(|found| found.record.id == play.customer()),
            finds
        );
    }
    let before = store::customer::hosted::find(&mut conn, own).await.unwrap();
    let metadata = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let kept = Kept {
        name: "Eve",
        email: "eve@evil.example",
        external_id: Some("u-1"),
        metadata: &metadata,
    };
    for scope in [CustomerScope::of(eve), nobody] {
        store::customer::hosted::keep(&mut conn, scope, kept)
            .await
            .unwrap();
    }
    assert_eq!(
        store::customer::hosted::find(&mut conn, own).await.unwrap(),
        before
    );
    for owned in [
        Owned::Subscription(subscription),
        Owned::Invoice(invoice),
        Owned::CreditNote(note),
    ] {
        let owner = store::owner::of(&mut conn, owned).await.unwrap();
        assert_eq!(owner, Some(play.customer()));
    }
}
