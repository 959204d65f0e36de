//! From a catalog file to the catalog: what would change, and the change itself in one transaction.

use std::mem::discriminant;

use billing::catalog::{
    Audience, CatalogSpec, CatalogState, Change, Listing, MeterConflict, PlanKind, PlanSpec, Release,
    VersionTerms, diff,
};
use billing::id::{AuditEntryId, MeterId, PlanId, PlanVersionId, PriceId};
use serde_json::json;
use store::{CustomerScope, PgConnection, Tx};

use super::section::Problem;
use super::{file, lines, words};
use crate::id::mint;
use crate::{Actor, Billing, Error, Result};

impl Billing {
    /// What applying the file would change, in plain lines; none where nothing would. Nothing is written.
    pub async fn diff_catalog(&self, actor: &Actor, text: &str) -> Result<Vec<String>> {
        let (mut tx, changes) = self.catalog_changes(actor, text).await?;
        self.told(&mut tx, &changes).await
    }

    /// Makes the catalog what the file says, all of it or nothing, and tells what changed.
    pub async fn apply_catalog(&self, actor: &Actor, text: &str) -> Result<Vec<String>> {
        let (mut tx, changes) = self.catalog_changes(actor, text).await?;
        // Without a change there is nothing to commit, not even versions that came into effect.
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let told = self.told(&mut tx, &changes).await?;
        self.publish_changes(tx, actor, &changes).await?;
        Ok(told)
    }

    /// The changes in plain lines.
    pub(super) async fn told(&self, conn: &mut PgConnection, changes: &[Change]) -> Result<Vec<String>> {
        let mut currencies = vec![self.parts.config.currency];
        for currency in store::customer::currencies(conn).await? {
            if !currencies.contains(&currency) {
                currencies.push(currency);
            }
        }
        Ok(words::told(changes, &currencies))
    }

    /// In the transaction that they were found in, which holds the catalog.
    pub(super) async fn publish_changes(&self, mut tx: Tx, actor: &Actor, changes: &[Change]) -> Result<()> {
        for change in changes {
            write(&mut tx, change).await?;
        }
        self.audit(&mut tx, actor, changes).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// What the file would change, under a lock on the catalog. Problems say on which line they are.
    pub(super) async fn catalog_changes(&self, actor: &Actor, text: &str) -> Result<(Tx, Vec<Change>)> {
        actor.edits_catalog()?;
        let located = |problems| Error::Catalog(lines::locate(problems, text));
        let wanted = file::parse(text, self.parts.config.currency).map_err(located)?;
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        store::catalog::lock(&mut tx).await?;
        store::catalog::settle(&mut tx, now).await?;
        let state = store::catalog::state(&mut tx).await?;
        let mut problems = unknown_customers(&mut tx, &wanted).await?;
        problems.extend(taken_keys(&state, &wanted));
        match diff(&state, &wanted, now) {
            Ok(changes) if problems.is_empty() => return Ok((tx, changes)),
            Ok(_) => {}
            Err(conflicts) => problems.extend(conflicts.iter().flat_map(conflict)),
        }
        Err(located(problems))
    }

    async fn audit(&self, conn: &mut PgConnection, actor: &Actor, changes: &[Change]) -> Result<()> {
        let (at, actor) = (self.now(), actor.audit_name());
        let details: Vec<_> = changes.iter().map(|change| json!(words::lines(change))).collect();
        let entries = changes.iter().zip(&details).map(|(change, detail)| {
            let (action, subject) = words::audited(change);
            store::audit::NewEntry {
                id: mint(AuditEntryId::from_uuid),
                at,
                actor: &actor,
                action,
                customer: None,
                subject,
                detail,
            }
        });
        let entries: Vec<_> = entries.collect();
        Ok(store::audit::insert(conn, &entries).await?)
    }
}

async fn unknown_customers(conn: &mut PgConnection, wanted: &CatalogSpec) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for plan in &wanted.plans {
        let Audience::Customer(customer) = plan.listing.audience else {
            continue;
        };
        let found = store::customer::find(conn, CustomerScope::of(customer)).await?;
        if found.is_none() {
            problems.push(Problem {
                field: field(plan, "customer"),
                rule: "must be a customer: there is none of this id".to_owned(),
                line: None,
            });
        }
    }
    Ok(problems)
}

/// What a key stands for, plan or add-on, is so for ever: subscriptions refer to it.
fn taken_keys(state: &CatalogState, wanted: &CatalogSpec) -> Vec<Problem> {
    let problem = |spec: &PlanSpec| {
        let standing = state.plans.iter().find(|plan| plan.key == spec.key)?;
        let (before, after) = (&standing.listing.kind, &spec.listing.kind);
        let what = match before {
            PlanKind::Plan => "a plan",
            PlanKind::AddOn { .. } => "an add-on",
            PlanKind::Standalone => "a standalone plan",
        };
        (discriminant(before) != discriminant(after)).then(|| Problem {
            field: field(spec, "key"),
            line: None,
            rule: format!("must not be that of {what}, past ones included"),
        })
    };
    wanted.plans.iter().filter_map(problem).collect()
}

fn field(spec: &PlanSpec, name: &str) -> String {
    let table = match spec.listing.kind {
        PlanKind::Plan | PlanKind::Standalone => "plan",
        PlanKind::AddOn { .. } => "add_on",
    };
    format!("{table}.{}.{name}", spec.key)
}

fn conflict(conflict: &MeterConflict) -> Vec<Problem> {
    let stays = |field: &str, before: &'static str| Problem {
        field: format!("meter.{}.{field}", conflict.meter),
        rule: format!("must stay {before}: usage is counted by it; define another meter"),
        line: None,
    };
    let aggregation = conflict
        .aggregation
        .map(|(before, _)| stays("aggregation", before.as_str()));
    let reset = conflict.reset.map(|(before, _)| stays("reset", before.as_str()));
    let selection = conflict.selection.iter().map(|field| stays(field, "as it is"));
    aggregation.into_iter().chain(reset).chain(selection).collect()
}

async fn write(conn: &mut PgConnection, change: &Change) -> Result<()> {
    match change {
        Change::AddMeter(meter) => {
            store::catalog::add_meter(conn, mint(MeterId::from_uuid), meter).await?;
        }
        Change::EditMeter { id, meter } => store::catalog::edit_meter(conn, *id, meter).await?,
        Change::AddFeature(feature) => store::catalog::add_feature(conn, feature).await?,
        Change::EditFeature { feature, .. } => store::catalog::edit_feature(conn, feature).await?,
        Change::RemoveFeature(feature) => store::catalog::remove_feature(conn, &feature.key).await?,
        Change::AddPlan(spec) => add_plan(conn, spec).await?,
        Change::EditPlan { id, listing, .. } => store::catalog::edit_plan(conn, *id, listing).await?,
        Change::Archive { versions, .. } => {
            let versions: Vec<_> = versions.iter().map(|version| version.id).collect();
            store::catalog::archive(conn, &versions).await?;
        }
        Change::Publish {
            plan,
            number,
            release,
            terms,
            archives,
            ..
        } => {
            let archives: Vec<_> = archives.iter().map(|version| version.id).collect();
            store::catalog::archive(conn, &archives).await?;
            publish(conn, *plan, *number, *release, terms).await?;
        }
    }
    Ok(())
}

async fn add_plan(conn: &mut PgConnection, spec: &PlanSpec) -> Result<()> {
    let PlanSpec {
        key,
        listing,
        release,
        terms,
    } = spec;
    let listing: &Listing = listing;
    let id = mint(PlanId::from_uuid);
    store::catalog::add_plan(conn, id, key, listing).await?;
    publish(conn, id, 1, *release, terms).await
}

async fn publish(
    conn: &mut PgConnection,
    plan: PlanId,
    number: u32,
    release: Release,
    terms: &VersionTerms,
) -> Result<()> {
    let price_ids: Vec<PriceId> = terms.prices.iter().map(|_| mint(PriceId::from_uuid)).collect();
    let new = store::catalog::NewVersion {
        id: mint(PlanVersionId::from_uuid),
        plan,
        number,
        release,
        terms,
        price_ids: &price_ids,
    };
    Ok(store::catalog::publish(conn, new).await?)
}
