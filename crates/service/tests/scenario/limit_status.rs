//! Who may use anything at all, by the state of the subscription; and how soon it is so.

use service::billing::entitlement::{Allowance, Answer, Override, Reason};
use service::billing::id::{ApiKeyId, StaffId};
use service::billing::payment::dunning::DunningEnd;
use service::billing::period::Interval::Month;
use service::billing::subscription::{StatusName, UnusedTime};
use service::{
    Actor, Billing, CheckUsage, CommitUsage, Entitlement, Error, MeterStanding, OverrideKey, ReserveOutcome,
    ReserveUsage, Scope, SetOverride, StaffRole, StopKind,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::limited::{Rest, counts, host};
use crate::play::{DECLINES_LATER, Play, VISA, play, play_to, utc};
use crate::support::sign_up;

const CHAINS: &str = "chain_deployments";

fn finance() -> Actor {
    Actor::Staff {
        id: StaffId::from_uuid(Uuid::from_u128(9)),
        role: StaffRole::Finance,
    }
}

fn chains(play: &Play, included: i64) -> SetOverride {
    SetOverride {
        customer: play.customer(),
        agreed: Override::Meter {
            key: CHAINS.to_owned(),
            included: Allowance::Units(included.into()),
        },
        reason: "A launch".to_owned(),
    }
}

/// Nothing is granted, or nothing at all may be used.
fn none(reason: Reason) -> Answer {
    counts(0, 0, 0).because(reason)
}

impl Play {
    /// What checks and reservations say of one chain, which must be the same.
    async fn one_chain(&self) -> Option<Reason> {
        let checked = self.check(CHAINS, 1).await;
        let id = Uuid::from_u128(rand::random()).to_string();
        let reserved = match self.try_reserve(&id, CHAINS, 1).await.unwrap() {
            ReserveOutcome::Held { .. } => {
                self.release(&id).await.unwrap();
                None
            }
            ReserveOutcome::Refused(answer) => answer.reason,
        };
        assert_eq!(checked.reason, reserved);
        reserved
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn before_and_after_a_subscription_there_is_nothing(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    assert_eq!(play.check(CHAINS, 1).await, none(Reason::NoSubscription));
    assert_eq!(play.refused("a", CHAINS, 1).await, none(Reason::NoSubscription));
    // Waiting for its first payment.
    let session_ref = play.checkout("starter", Month, false).await;
    assert_eq!(play.status().await.1, Some(StatusName::Incomplete));
    assert_eq!(play.one_chain().await, Some(Reason::NoSubscription));
    play.submit(&session_ref, VISA).await;
    play.billing
        .checkout_result(&play.actor, &session_ref)
        .await
        .unwrap();
    assert_eq!(play.one_chain().await, None);
    play.reserve("a", CHAINS, 1).await;
    play.stop(StopKind::Cancel {
        unused: UnusedTime::Credit,
    })
    .await;
    assert_eq!(play.one_chain().await, Some(Reason::NoSubscription));
    // A call that was under way is counted.
    play.commit("a", None).await;
    assert_eq!(play.counted(CHAINS).await, [("a".to_owned(), 1.into())]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn paused_is_suspended(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    play.use_meter("e", CHAINS, 1, utc("2026-04-01T12:00:00Z")).await;
    play.live_until("2026-04-11T12:00:00Z").await;
    play.pause().await;
    // How things stand is told all the same.
    let full = counts(1, 0, 1).near(service::billing::entitlement::Severity::Critical);
    assert_eq!(play.check(CHAINS, 1).await, full.because(Reason::Suspended));
    assert_eq!(
        play.refused("a", CHAINS, 1).await,
        full.because(Reason::Suspended)
    );
    play.resume().await;
    assert_eq!(play.one_chain().await, Some(Reason::LimitReached));
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn who_does_not_pay_is_suspended_after_two_weeks(pool: PgPool) {
    let play = play_to(pool, "2026-04-01T12:00:00Z", DunningEnd::Unpaid).await;
    play.buy("starter", Month, DECLINES_LATER).await;
    play.live_until("2026-05-02T12:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::PastDue));
    assert_eq!(play.one_chain().await, None);
    play.live_until("2026-05-15T13:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Suspended));
    assert_eq!(play.one_chain().await, Some(Reason::Suspended));
    play.live_until("2026-05-31T13:00:00Z").await;
    assert_eq!(play.status().await.1, Some(StatusName::Unpaid));
    assert_eq!(play.one_chain().await, Some(Reason::Suspended));
    play.add_card(VISA).await;
    assert_eq!(play.one_chain().await, None);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_changes_here_holds_there_at_the_next_decision(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    let there = Billing::over(
        play.pool.clone(),
        play.clock.clone(),
        play.billing.config().clone(),
    );
    let reserve = async |id: &str| match play.reserve_at(&there, id, CHAINS, 3).await.unwrap() {
        ReserveOutcome::Held { answer, .. } | ReserveOutcome::Refused(answer) => {
            (answer.reason, answer.limit.units())
        }
    };
    assert_eq!(reserve("a").await, (None, Some(5.into())));
    play.billing
        .set_override(&finance(), chains(&play, 8))
        .await
        .unwrap();
    assert_eq!(reserve("b").await, (None, Some(8.into())));
    play.billing
        .set_override(&finance(), chains(&play, 7))
        .await
        .unwrap();
    assert_eq!(reserve("c").await, (Some(Reason::LimitReached), Some(7.into())));
    let key = OverrideKey::Meter(CHAINS.to_owned());
    play.billing
        .remove_override(&finance(), play.customer(), key)
        .await
        .unwrap();
    assert_eq!(reserve("d").await, (Some(Reason::LimitReached), Some(5.into())));
    play.change("enterprise", Month).await;
    assert_eq!(reserve("e").await, (None, None));
    play.pause().await;
    assert_eq!(reserve("f").await, (Some(Reason::Suspended), None));
    for id in ["a", "b", "e"] {
        play.release(id).await.unwrap();
    }
    play.billing.drain_queue().await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_check_hears_of_what_changed_elsewhere(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("professional", Month, VISA).await;
    let there = Billing::over(
        play.pool.clone(),
        play.clock.clone(),
        play.billing.config().clone(),
    );
    let listening = {
        let there = there.clone();
        tokio::spawn(async move { there.follow_entitlements().await })
    };
    let command = CheckUsage {
        customer: play.customer(),
        meter: CHAINS.to_owned(),
        quantity: 6.into(),
    };
    let check = async || there.check_usage(&host(), &command).await.unwrap().reason;
    // Until it listens.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(check().await, Some(Reason::LimitReached));
    play.billing
        .set_override(&finance(), chains(&play, 8))
        .await
        .unwrap();
    let heard = async {
        while check().await.is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let in_time = std::time::Duration::from_secs(2);
    tokio::time::timeout(in_time, heard).await.unwrap();
    listening.abort();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_granted_is_listed(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    let list = async || {
        play.billing.forget_checked();
        play.billing.entitlements(&host(), play.customer()).await.unwrap()
    };
    assert_eq!(list().await, []);
    let one = async |key: &str| {
        play.billing.forget_checked();
        play.billing.entitlement(&host(), play.customer(), key).await
    };
    let feature = |key: &str, granted: Result<&str, Reason>| Entitlement::Feature {
        feature: key.to_owned(),
        granted: granted.map(str::to_owned),
    };
    let meter = |key: &str, answer: Answer| {
        let meter = key.to_owned();
        Entitlement::Meter(MeterStanding { meter, answer })
    };
    assert_eq!(
        one("support").await.unwrap(),
        feature("support", Err(Reason::NoSubscription))
    );
    assert_eq!(
        one(CHAINS).await.unwrap(),
        meter(CHAINS, none(Reason::NoSubscription))
    );

    play.buy("starter", Month, VISA).await;
    let now = play.billing.now();
    play.use_meter("a", "api_requests", 85_000, now).await;
    play.reserve("b", CHAINS, 1).await;
    let end = utc("2026-05-01T12:00:00Z");
    let warned = counts(85_000, 0, 100_000).near(service::billing::entitlement::Severity::Warning);
    let meters = [
        (CHAINS, counts(0, 1, 1).because(Reason::LimitReached)),
        ("deployments", counts(0, 0, 100).until(end)),
        ("storage_gb", counts(0, 0, 10)),
        ("api_requests", warned.until(end)),
    ];
    let meters: Vec<_> = meters.map(|(key, answer)| meter(key, answer)).into();
    let features = [
        feature("support", Ok("Community")),
        feature("compliance", Ok("Standard")),
    ];
    let expected: Vec<_> = meters.iter().cloned().chain(features.clone()).collect();
    assert_eq!(list().await, expected);
    for (key, found) in [(CHAINS, &meters[0]), ("support", &features[0])] {
        assert_eq!(one(key).await.unwrap(), *found);
    }
    let unknown = one("teleports").await;
    assert!(
        matches!(unknown, Err(Error::NotFound("meter or feature"))),
        "{unknown:?}"
    );
    let standings = play
        .billing
        .usage_standings(&host(), play.customer())
        .await
        .unwrap();
    let standings: Vec<_> = standings.into_iter().map(Entitlement::Meter).collect();
    assert_eq!(standings, meters);
    play.release("b").await.unwrap();
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_meter_that_the_plan_does_not_have_is_not_in_plan(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let file = format!(
        "{}\n[meter.oracles]\nname = \"Oracles\"\nunit = \"call\"\naggregation = \"sum\"\n\
         [meter.peak]\nname = \"Peak\"\nunit = \"call\"\naggregation = \"max\"\n",
        crate::play::CATALOG
    );
    play.billing.apply_catalog(&Actor::System, &file).await.unwrap();
    assert_eq!(play.check("oracles", 1).await, none(Reason::NotInPlan));
    assert_eq!(play.refused("a", "oracles", 1).await, none(Reason::NotInPlan));
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_key_does_what_its_scopes_say_and_for_its_own_customer(pool: PgPool) {
    let play = play(pool, "2026-04-01T12:00:00Z").await;
    play.buy("starter", Month, VISA).await;
    let principal = play.billing.sign_up(sign_up("ben@orbit.example")).await.unwrap();
    let Actor::Member { customer: ben, .. } = play.billing.actor(principal).await.unwrap() else {
        panic!("no member")
    };
    let key = |customer, scope| Actor::ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(8)),
        customer,
        scopes: vec![scope],
    };
    let check = CheckUsage {
        customer: play.customer(),
        meter: CHAINS.to_owned(),
        quantity: 1.into(),
    };
    let reserve = |id: &str| ReserveUsage {
        customer: play.customer(),
        id: id.to_owned(),
        meter: CHAINS.to_owned(),
        quantity: 1.into(),
    };
    let (reads, writes) = (key(None, Scope::Read), key(None, Scope::EventsWrite));
    play.billing.check_usage(&reads, &check).await.unwrap();
    play.billing.reserve_usage(&writes, reserve("a")).await.unwrap();
    for (actor, error) in [(&writes, "forbidden"), (&Actor::Anonymous, "unauthenticated")] {
        assert_eq!(
            play.billing.check_usage(actor, &check).await.unwrap_err().code(),
            error
        );
    }
    for (actor, error) in [(&reads, "forbidden"), (&Actor::Anonymous, "unauthenticated")] {
        let refused = play.billing.reserve_usage(actor, reserve("b")).await;
        assert_eq!(refused.unwrap_err().code(), error);
    }
    let (reads, writes) = (key(Some(ben), Scope::Read), key(Some(ben), Scope::EventsWrite));
    let own = play.customer();
    assert_eq!(
        play.billing.check_usage(&reads, &check).await.unwrap_err().code(),
        "not_found"
    );
    let foreign = play.billing.entitlements(&reads, own).await;
    assert_eq!(foreign.unwrap_err().code(), "not_found");
    let foreign = play.billing.usage_standings(&reads, own).await;
    assert_eq!(foreign.unwrap_err().code(), "not_found");
    // What is held and counted is the host's: who pays for it neither takes nor gives back any.
    for key in [writes, key(Some(own), Scope::EventsWrite)] {
        let commit = CommitUsage {
            customer: own,
            id: "a".to_owned(),
            quantity: None,
            data: serde_json::json!({}),
        };
        let refused = [
            play.billing.reserve_usage(&key, reserve("c")).await.unwrap_err(),
            play.billing.commit_usage(&key, commit).await.unwrap_err(),
            play.billing
                .release_usage(&key, own, "a".to_owned())
                .await
                .unwrap_err(),
        ];
        assert_eq!(refused.map(|error| error.code()), ["forbidden"; 3]);
    }
    play.ties().await;
}
