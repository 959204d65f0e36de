//! Writing the catalog: meters, plans and new versions. What is published is never written again.

use billing::catalog::{
    Audience, ChargeSpec, Listing, MeterPrice, MeterSpec, PlanKind, PriceSpec, Release, VersionTerms,
};
use billing::id::{MeterId, PlanId, PlanVersionId, PriceId};
use billing::money::Money;
use billing::rating::Scheme;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Error, Result};

/// Shown after the meters that are there.
pub async fn add_meter(conn: &mut PgConnection, id: MeterId, meter: &MeterSpec) -> Result<()> {
    sqlx::query!(
        "INSERT INTO meter (id, key, name, unit, aggregation, reset, event_type, filter, property, dimensions, position)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce(max(position) + 1, 0) FROM meter",
        id.uuid(),
        meter.key,
        meter.name,
        meter.unit,
        meter.aggregation.as_str(),
        meter.reset.as_str(),
        meter.selection.event_type,
        Json(&meter.selection.filter) as _,
        meter.selection.property,
        &meter.selection.dimensions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is counted, and how, stays.
pub async fn edit_meter(conn: &mut PgConnection, id: MeterId, meter: &MeterSpec) -> Result<()> {
    sqlx::query!(
        "UPDATE meter SET name = $2, unit = $3, dimensions = $4, property = $5 WHERE id = $1",
        id.uuid(),
        meter.name,
        meter.unit,
        &meter.selection.dimensions,
        meter.selection.property,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn add_plan(conn: &mut PgConnection, id: PlanId, key: &str, listing: &Listing) -> Result<()> {
    let (public, customer) = audience(listing.audience);
    let (kind, goes_with) = kind(&listing.kind);
    sqlx::query!(
        "INSERT INTO plan (id, key, name, summary, rank, public, customer_id, kind, goes_with)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id.uuid(),
        key,
        listing.name,
        listing.summary,
        listing.rank,
        public,
        customer,
        kind,
        goes_with,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What it is, plan or add-on, stays.
pub async fn edit_plan(conn: &mut PgConnection, id: PlanId, listing: &Listing) -> Result<()> {
    let (public, customer) = audience(listing.audience);
    sqlx::query!(
        "UPDATE plan SET name = $2, summary = $3, rank = $4, public = $5, customer_id = $6, goes_with = $7
         WHERE id = $1",
        id.uuid(),
        listing.name,
        listing.summary,
        listing.rank,
        public,
        customer,
        kind(&listing.kind).1,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn kind(kind: &PlanKind) -> (&'static str, Option<&[String]>) {
    match kind {
        PlanKind::Plan => ("plan", None),
        PlanKind::AddOn { plans } => ("add_on", plans.as_deref()),
        PlanKind::Standalone => ("standalone", None),
    }
}

fn audience(audience: Audience) -> (bool, Option<Uuid>) {
    match audience {
        Audience::Everyone => (true, None),
        Audience::Nobody => (false, None),
        Audience::Customer(customer) => (false, Some(customer.uuid())),
    }
}

pub async fn archive(conn: &mut PgConnection, versions: &[PlanVersionId]) -> Result<()> {
    let versions: Vec<Uuid> = versions.iter().map(|version| version.uuid()).collect();
    sqlx::query!(
        "UPDATE plan_version SET status = 'archived' WHERE id = ANY($1)",
        &versions
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A version to publish, with an id for each of its prices.
#[derive(Debug, Clone, Copy)]
pub struct NewVersion<'a> {
    pub id: PlanVersionId,
    pub plan: PlanId,
    pub number: u32,
    pub release: Release,
    pub terms: &'a VersionTerms,
    pub price_ids: &'a [PriceId],
}

/// Puts the version together as a draft and then releases it.
pub async fn publish(conn: &mut PgConnection, new: NewVersion<'_>) -> Result<()> {
    let NewVersion { id, terms, .. } = new;
    let (status, effective_at) = match new.release {
        Release::Draft => ("draft", None),
        Release::At(at) => ("scheduled", Some(at)),
        Release::Now => ("active", None),
    };
    sqlx::query!(
        "INSERT INTO plan_version (id, plan_id, number, status, trial_days, effective_at, billing_time,
            proration)
         VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7)",
        id.uuid(),
        new.plan.uuid(),
        i32::try_from(new.number).unwrap_or(i32::MAX),
        i32::try_from(terms.trial_days).unwrap_or(i32::MAX),
        effective_at,
        terms.billing_time.as_str(),
        terms.proration.as_str(),
    )
    .execute(&mut *conn)
    .await?;
    for (price_id, price) in new.price_ids.iter().zip(&terms.prices) {
        insert_price(conn, id, *price_id, price).await?;
    }
    for charge in &terms.charges {
        insert_charge(conn, id, charge).await?;
    }
    for (position, feature) in (0..).zip(&terms.features) {
        sqlx::query!(
            "INSERT INTO plan_feature (plan_version_id, key, name, value, position) VALUES ($1, $2, $3, $4, $5)",
            id.uuid(),
            feature.key,
            feature.name,
            feature.value,
            position,
        )
        .execute(&mut *conn)
        .await?;
    }
    sqlx::query!(
        "UPDATE plan_version SET status = $2 WHERE id = $1",
        id.uuid(),
        status
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_price(
    conn: &mut PgConnection,
    version: PlanVersionId,
    id: PriceId,
    price: &PriceSpec,
) -> Result<()> {
    let currency = price.amount.currency();
    sqlx::query!(
        "INSERT INTO price (id, plan_version_id, interval, amount_minor, currency) VALUES ($1, $2, $3, $4, $5)",
        id.uuid(),
        version.uuid(),
        price.interval.as_str(),
        price.amount.minor(),
        currency.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_charge(conn: &mut PgConnection, version: PlanVersionId, charge: &ChargeSpec) -> Result<()> {
    let price = charge.price.as_ref();
    let inserted = sqlx::query!(
        "INSERT INTO meter_charge (plan_version_id, meter_id, included, enforcement, scheme, currency,
             minimum_minor, maximum_minor)
         SELECT $1, id, $3, $4, $5, $6, $7, $8 FROM meter WHERE key = $2",
        version.uuid(),
        charge.meter,
        charge.included.units(),
        charge.enforcement.as_str(),
        price.map(|price| Json(price.scheme())) as Option<Json<&Scheme>>,
        price.map(|price| price.currency().as_str().to_owned()),
        price.and_then(MeterPrice::minimum).map(Money::minor),
        price.and_then(MeterPrice::maximum).map(Money::minor),
    )
    .execute(conn)
    .await?;
    if inserted.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Error::corrupt("meter", &charge.meter))
    }
}
