//! An operator edits the catalog: a draft of the file, what it would change, and publishing what was shown.

use service::billing::catalog::VersionStatus;
use service::billing::id::StaffId;
use service::billing::period::Interval::Month;
use service::{Actor, AgreePrice, CatalogReview, Error, NewPrice, NewStaff, StaffRole};
use sqlx::PgPool;

use crate::catalog::{TEAM, apply, refused};
use crate::play::{CATALOG, Play, VISA, play};

async fn operator(play: &Play, email: &str, role: StaffRole) -> Actor {
    let new = NewStaff {
        email: email.to_owned(),
        name: "Opal".to_owned(),
        password: "correct horse battery".to_owned().into(),
        role,
    };
    let id = play.billing.create_staff(&Actor::System, new).await.unwrap();
    Actor::Staff { id, role }
}

async fn review(play: &Play, who: &Actor) -> (Vec<String>, String) {
    match play.billing.review_catalog(who).await.unwrap() {
        CatalogReview::Changes { lines, token } => (lines, token),
        other => panic!("{other:?}"),
    }
}

/// What a catalog is written out as says the same again, down to dates, drafts and tiers.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_written_out_changes_nothing(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let same = async || {
        let file = play.billing.export_catalog(&Actor::System).await.unwrap();
        let changes = play.billing.diff_catalog(&Actor::System, &file).await;
        assert_eq!(changes.unwrap(), [""; 0], "{file}");
        file
    };
    let file = same().await;
    assert!(
        file.contains("[plan.starter.charge]\nchain_deployments = { included = 1, enforcement = \"hard\" }")
    );
    assert!(file.contains("storage_gb = { included = 10, scheme = \"per_unit\", amount = \"0.25\" }"));
    for charge in [
        "scheme = \"flat\"\namount = 5",
        "included = \"unlimited\"",
        "included = 5\nenforcement = \"hard\"",
        "included = \"0.5\"\nscheme = \"per_unit\"\namount = \"0.0000000001\"\nper = 1000\nminimum = \"20.50\"\nmaximum = 500",
        "scheme = \"package\"\nsize = 100\nprice = 5\nfree_units = 10",
        "scheme = \"package\"\nsize = 100\nprice = 5",
        "scheme = \"percentage\"\npercent = \"2.9\"\nfree_units = 10",
        "scheme = \"percentage\"\npercent = 100",
        "scheme = \"graduated\"\ntiers = [{ up_to = 10, amount = 1, flat = 3 }, { amount = \"0.5\", per = 10 }]",
        "scheme = \"volume\"\nflat_at_zero = \"waived\"\ntiers = [{ up_to = \"10.5\", amount = 1, flat = 3 }, { amount = 0 }]",
    ] {
        apply(&play, &crate::schemes::catalog(charge)).await;
        same().await;
    }
    let customer = play.customer();
    let odd = TEAM.replace("For a few", "A \\\"few\\\" \\\\ more").replace(
        "summary",
        &format!("customer = \"{customer}\"\nbilling_time = \"calendar\"\nproration = \"day\"\nsummary"),
    );
    apply(&play, &odd).await;
    same().await;
    let later = odd
        .replace("amount = 10 }", "amount = \"12.50\" }")
        .replace("customer =", "effective_at = 2026-05-01T00:00:00Z\ncustomer =");
    apply(&play, &later).await;
    assert!(same().await.contains("effective_at = 2026-05-01T00:00:00Z"));
    let draft = later
        .replace("effective_at = 2026-05-01T00:00:00Z", "draft = true")
        .replace("12.50", "13.50");
    apply(&play, &draft).await;
    assert!(same().await.contains("draft = true"));
    let euro = "[plan.euro]\nname = \"Euro\"\npublic = false\ncurrency = \"EUR\"\n\
                prices = [{ interval = \"month\", amount = \"9.99\" }, \
                { interval = \"month\", amount = 999, currency = \"JPY\" }]";
    apply(&play, euro).await;
    assert!(same().await.contains("currency = \"EUR\""));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_shown_is_published_and_nothing_else(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let b = &play.billing;
    play.buy("starter", Month, VISA).await;
    let opal = operator(&play, "opal@cosmosbuilder.example", StaffRole::Admin).await;
    let omar = operator(&play, "omar@cosmosbuilder.example", StaffRole::Admin).await;
    assert!(matches!(
        b.review_catalog(&opal).await.unwrap(),
        CatalogReview::NoDraft
    ));
    let file = b.catalog_draft(&opal).await.unwrap();
    b.save_catalog_draft(&opal, &file.replace('\n', "\r\n"))
        .await
        .unwrap();
    assert!(matches!(
        b.review_catalog(&opal).await.unwrap(),
        CatalogReview::Unchanged
    ));
    assert_eq!(b.catalog_draft(&opal).await.unwrap(), file);

    let dearer = file.replace("amount = 199 }", "amount = 219 }");
    b.save_catalog_draft(&opal, &dearer).await.unwrap();
    let (lines, token) = review(&play, &opal).await;
    assert_eq!(
        lines,
        [
            "~ plan starter: version 2; version 1 archived",
            "    price a month: 199.00 USD -> 219.00 USD"
        ]
    );
    // Neither another draft nor another's, nor the same over a catalog that has moved on.
    let moved = async |token: &str| {
        let published = b.publish_catalog(&opal, token).await;
        assert!(matches!(published, Err(Error::CatalogChanged)), "{published:?}");
    };
    let published = b.publish_catalog(&omar, &token).await;
    assert!(matches!(published, Err(Error::CatalogChanged)), "{published:?}");
    let cheap = file.replace("amount = 199 }", "amount = 2 }");
    b.save_catalog_draft(&opal, &cheap).await.unwrap();
    moved(&token).await;
    b.save_catalog_draft(&opal, &dearer).await.unwrap();
    b.save_catalog_draft(&omar, &file.replace("amount = 199 }", "amount = 209 }"))
        .await
        .unwrap();
    let (_, of_omar) = review(&play, &omar).await;
    b.publish_catalog(&omar, &of_omar).await.unwrap();
    moved(&token).await;
    let (lines, token) = review(&play, &opal).await;
    assert_eq!(lines[1], "    price a month: 209.00 USD -> 219.00 USD");
    b.publish_catalog(&opal, &token).await.unwrap();
    moved(&token).await;

    assert!(matches!(
        b.review_catalog(&opal).await.unwrap(),
        CatalogReview::NoDraft
    ));
    let starter = b.public_plans().await.unwrap().swap_remove(0);
    let currency = b.config().currency;
    assert_eq!(starter.price_for(Month, currency).unwrap().amount.minor(), 21_900);
    let versions = b.sold_versions(&opal).await.unwrap();
    let of_starter: Vec<_> = versions
        .iter()
        .filter(|sold| sold.plan.key == "starter")
        .map(|sold| (sold.plan.version_number, sold.status, sold.subscriptions))
        .collect();
    assert_eq!(
        of_starter,
        [(3, VersionStatus::Active, 0), (1, VersionStatus::Archived, 1)]
    );
    let actors: Vec<String> = sqlx::query_scalar(
        "SELECT actor FROM audit_entry WHERE action = 'plan.version_published' ORDER BY id",
    )
    .fetch_all(&play.pool)
    .await
    .unwrap();
    assert_eq!(actors, [omar.audit_name(), opal.audit_name()]);
    play.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_wrong_is_told_with_its_line_and_published_never(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let opal = operator(&play, "opal@cosmosbuilder.example", StaffRole::Admin).await;
    let b = &play.billing;
    let told = async |text: &str| {
        b.save_catalog_draft(&opal, text).await.unwrap();
        let CatalogReview::Problems(problems) = b.review_catalog(&opal).await.unwrap() else {
            panic!("{text}")
        };
        let published = b.publish_catalog(&opal, "").await;
        assert!(matches!(published, Err(Error::Catalog(_))), "{published:?}");
        let problems = problems.into_iter();
        problems
            .map(|problem| (problem.line, problem.to_string()))
            .collect::<Vec<_>>()
    };
    let said = |line, words: &str| (Some(line), words.to_owned());
    assert_eq!(
        told("currency = \"USD\"\n[plan.team\n").await[..1],
        [said(2, "line 2: unclosed table, expected `]`")]
    );
    let yen = "currency = \"JPY\"\n\n[meter.value]\nname = \"Value\"\nunit = \"coin\"\naggregation = \"sum\"\n\n\
               [plan.team]\nname = \"Team\"\nprices = [\n  { interval = \"month\", amount = \"9.5\" },\n  \
               { interval = \"year\", amount = -1 },\n]\n\n[plan.team.charge.value]\nscheme = \"percentage\"\n\
               percent = 108\n";
    assert_eq!(
        told(yen).await,
        [
            said(
                11,
                "plan.team.prices[0].amount: must be an amount of at most 0 decimals"
            ),
            said(12, "plan.team.prices[1].amount: must not be negative"),
            said(17, "plan.team.charge.value.percent: must not be more than 100"),
        ]
    );
    let nobody = format!(
        "{CATALOG}\n[plan.lumen]\nname = \"Lumen\"\nbase = \"starter\"\ncustomer = \"cus_{}\"\n",
        "0".repeat(32)
    );
    let line = nobody.lines().count();
    assert_eq!(
        told(&nobody).await,
        [said(
            line,
            "plan.lumen.customer: must be a customer: there is none of this id"
        )]
    );
    // Far too much is not even kept; from the command line it is refused too.
    let much = format!("# {}\n{CATALOG}", "x".repeat(256 * 1024));
    let kept = b.save_catalog_draft(&opal, &much).await;
    assert!(matches!(kept, Err(Error::Invalid { field: "text" })), "{kept:?}");
    assert_eq!(
        refused(&play, &much).await,
        ["file: must be at most 262144 bytes"]
    );
    b.discard_catalog_draft(&opal).await.unwrap();
    assert!(matches!(
        b.review_catalog(&opal).await.unwrap(),
        CatalogReview::NoDraft
    ));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_admins_edit_and_every_operator_looks(pool: PgPool) {
    let play = play(pool, "2026-04-01T00:00:00Z").await;
    let b = &play.billing;
    play.buy("starter", Month, VISA).await;
    let agreed = AgreePrice {
        customer: play.customer(),
        add_on: None,
        price: NewPrice::Amount(150.into()),
        reason: "A promise".to_owned(),
    };
    b.agree_price(&Actor::System, agreed).await.unwrap();
    play.live_until("2026-05-01T00:00:00Z").await;
    let answers = async |who: &Actor| {
        [
            b.sold_versions(who).await.map(drop),
            b.export_catalog(who).await.map(drop),
            b.catalog_draft(who).await.map(drop),
            b.save_catalog_draft(who, CATALOG).await,
            b.review_catalog(who).await.map(drop),
            b.publish_catalog(who, "").await,
            b.discard_catalog_draft(who).await,
        ]
        .map(|answer| answer.map_or_else(|error| error.code(), |()| "ok"))
    };
    for role in [
        StaffRole::Finance,
        StaffRole::Support,
        StaffRole::Developer,
        StaffRole::ReadOnly,
    ] {
        let id = StaffId::from_uuid(uuid::Uuid::from_u128(9));
        let said = answers(&Actor::Staff { id, role }).await;
        assert_eq!((said[0], &said[1..]), ("ok", &["forbidden"; 6][..]), "{role:?}");
    }
    assert_eq!(answers(&play.actor).await, ["forbidden"; 7]);
    assert_eq!(answers(&Actor::Anonymous).await, ["unauthenticated"; 7]);
    let opal = operator(&play, "opal@cosmosbuilder.example", StaffRole::Admin).await;
    assert_eq!(
        answers(&opal).await,
        ["ok", "ok", "ok", "ok", "ok", "catalog_changed", "ok"]
    );
    let sold = b.sold_versions(&opal).await.unwrap();
    assert_eq!((sold[0].subscriptions, sold[0].agreed), (1, 1));
    play.billing.drain_queue().await.unwrap();
}
