//! Plans at their versions, prices and meters.

use std::collections::HashMap;

use billing::catalog::{Aggregation, Feature, Meter, MeterCharge, Plan, Price, Reset, UnitPrice};
use billing::entitlement::{Allowance, Enforcement};
use billing::id::{MeterId, PlanId, PlanVersionId, PriceId};
use billing::period::Interval;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Error, Result, row};

/// All active versions of public plans, lowest rank first.
pub async fn public_plans(conn: &mut PgConnection) -> Result<Vec<Plan>> {
    let versions = sqlx::query_scalar!(
        "SELECT v.id FROM plan_version v JOIN plan p ON p.id = v.plan_id
         WHERE p.public AND v.status = 'active'"
    )
    .fetch_all(&mut *conn)
    .await?;
    plans(conn, &versions).await
}

/// The plan versions that the given prices belong to.
pub async fn plans_of_prices(conn: &mut PgConnection, prices: &[PriceId]) -> Result<Vec<Plan>> {
    let prices: Vec<Uuid> = prices.iter().map(|price| price.uuid()).collect();
    let versions = sqlx::query_scalar!(
        "SELECT DISTINCT plan_version_id FROM price WHERE id = ANY($1)",
        &prices
    )
    .fetch_all(&mut *conn)
    .await?;
    plans(conn, &versions).await
}

/// The plan version a price belongs to.
pub async fn plan_of_price(conn: &mut PgConnection, price: PriceId) -> Result<Option<Plan>> {
    Ok(plans_of_prices(conn, &[price]).await?.into_iter().next())
}

/// Whether the price may be bought by anyone: of a public plan's active version.
pub async fn is_on_sale(conn: &mut PgConnection, price: PriceId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM price JOIN plan_version v ON v.id = price.plan_version_id
               JOIN plan p ON p.id = v.plan_id
               WHERE price.id = $1 AND p.public AND v.status = 'active') AS "exists!""#,
        price.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

async fn plans(conn: &mut PgConnection, versions: &[Uuid]) -> Result<Vec<Plan>> {
    let mut prices = prices_by_version(conn, versions).await?;
    let mut charges = charges_by_version(conn, versions).await?;
    let mut features = features_by_version(conn, versions).await?;
    let rows = sqlx::query!(
        "SELECT p.id, p.key, p.name, p.summary, p.rank, v.id AS version_id, v.number, v.trial_days
         FROM plan_version v JOIN plan p ON p.id = v.plan_id
         WHERE v.id = ANY($1) ORDER BY p.rank, p.key, v.number",
        versions,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Plan {
                id: PlanId::from_uuid(r.id),
                version: PlanVersionId::from_uuid(r.version_id),
                version_number: row::count("plan_version", r.number)?,
                key: r.key,
                name: r.name,
                summary: r.summary,
                rank: r.rank,
                trial_days: row::count("plan_version", r.trial_days)?,
                prices: prices.remove(&r.version_id).unwrap_or_default(),
                charges: charges.remove(&r.version_id).unwrap_or_default(),
                features: features.remove(&r.version_id).unwrap_or_default(),
            })
        })
        .collect()
}

async fn prices_by_version(conn: &mut PgConnection, versions: &[Uuid]) -> Result<HashMap<Uuid, Vec<Price>>> {
    let rows = sqlx::query!(
        "SELECT id, plan_version_id, interval, amount_minor, currency FROM price
         WHERE plan_version_id = ANY($1) ORDER BY amount_minor, id",
        versions,
    )
    .fetch_all(conn)
    .await?;
    let mut prices: HashMap<Uuid, Vec<Price>> = HashMap::new();
    for r in rows {
        let price = Price {
            id: PriceId::from_uuid(r.id),
            plan_version: PlanVersionId::from_uuid(r.plan_version_id),
            interval: row::known("price", &r.interval, Interval::parse)?,
            amount: row::money("price", r.amount_minor, &r.currency)?,
        };
        prices.entry(r.plan_version_id).or_default().push(price);
    }
    Ok(prices)
}

async fn charges_by_version(
    conn: &mut PgConnection,
    versions: &[Uuid],
) -> Result<HashMap<Uuid, Vec<MeterCharge>>> {
    let rows = sqlx::query!(
        "SELECT c.plan_version_id, c.included, c.enforcement, c.overage_amount, c.overage_per,
                m.id, m.key, m.name, m.unit, m.aggregation, m.reset
         FROM meter_charge c JOIN meter m ON m.id = c.meter_id
         WHERE c.plan_version_id = ANY($1) ORDER BY m.position, m.key",
        versions,
    )
    .fetch_all(conn)
    .await?;
    let mut charges: HashMap<Uuid, Vec<MeterCharge>> = HashMap::new();
    for r in rows {
        let charge = MeterCharge {
            meter: Meter {
                id: MeterId::from_uuid(r.id),
                key: r.key,
                name: r.name,
                unit: r.unit,
                aggregation: row::known("meter", &r.aggregation, Aggregation::parse)?,
                reset: row::known("meter", &r.reset, Reset::parse)?,
            },
            included: r.included.map_or(Allowance::Unlimited, Allowance::Units),
            enforcement: row::known("meter_charge", &r.enforcement, Enforcement::parse)?,
            overage: match (r.overage_amount, r.overage_per) {
                (Some(amount), Some(per)) => Some(UnitPrice { amount, per }),
                (None, None) => None,
                _ => return Err(Error::corrupt("meter_charge", r.plan_version_id)),
            },
        };
        charges.entry(r.plan_version_id).or_default().push(charge);
    }
    Ok(charges)
}

async fn features_by_version(
    conn: &mut PgConnection,
    versions: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Feature>>> {
    let rows = sqlx::query!(
        "SELECT plan_version_id, key, name, value FROM plan_feature
         WHERE plan_version_id = ANY($1) ORDER BY position, key",
        versions,
    )
    .fetch_all(conn)
    .await?;
    let mut features: HashMap<Uuid, Vec<Feature>> = HashMap::new();
    for r in rows {
        let feature = Feature {
            key: r.key,
            name: r.name,
            value: r.value,
        };
        features.entry(r.plan_version_id).or_default().push(feature);
    }
    Ok(features)
}

/// All meters, in the order they are shown.
pub async fn meters(conn: &mut PgConnection) -> Result<Vec<Meter>> {
    let rows =
        sqlx::query!("SELECT id, key, name, unit, aggregation, reset FROM meter ORDER BY position, key")
            .fetch_all(conn)
            .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Meter {
                id: MeterId::from_uuid(r.id),
                key: r.key,
                name: r.name,
                unit: r.unit,
                aggregation: row::known("meter", &r.aggregation, Aggregation::parse)?,
                reset: row::known("meter", &r.reset, Reset::parse)?,
            })
        })
        .collect()
}

pub async fn is_empty(conn: &mut PgConnection) -> Result<bool> {
    let empty = sqlx::query_scalar!(r#"SELECT NOT EXISTS (SELECT FROM plan) AS "empty!""#)
        .fetch_one(conn)
        .await?;
    Ok(empty)
}

pub async fn insert_meter(conn: &mut PgConnection, meter: &Meter, position: i32) -> Result<()> {
    sqlx::query!(
        "INSERT INTO meter (id, key, name, unit, aggregation, reset, position) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        meter.id.uuid(),
        meter.key,
        meter.name,
        meter.unit,
        meter.aggregation.as_str(),
        meter.reset.as_str(),
        position,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Publishes a plan at its first version.
pub async fn insert_plan(conn: &mut PgConnection, plan: &Plan) -> Result<()> {
    sqlx::query!(
        "INSERT INTO plan (id, key, name, summary, rank) VALUES ($1, $2, $3, $4, $5)",
        plan.id.uuid(),
        plan.key,
        plan.name,
        plan.summary,
        plan.rank,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO plan_version (id, plan_id, number, status, trial_days) VALUES ($1, $2, 1, 'active', $3)",
        plan.version.uuid(),
        plan.id.uuid(),
        i32::try_from(plan.trial_days).unwrap_or(i32::MAX),
    )
    .execute(&mut *conn)
    .await?;
    for price in &plan.prices {
        insert_price(conn, price).await?;
    }
    for charge in &plan.charges {
        insert_charge(conn, plan.version, charge).await?;
    }
    for (position, feature) in (0..).zip(&plan.features) {
        sqlx::query!(
            "INSERT INTO plan_feature (plan_version_id, key, name, value, position) VALUES ($1, $2, $3, $4, $5)",
            plan.version.uuid(),
            feature.key,
            feature.name,
            feature.value,
            position,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn insert_price(conn: &mut PgConnection, price: &Price) -> Result<()> {
    let currency = price.amount.currency();
    sqlx::query!(
        "INSERT INTO price (id, plan_version_id, interval, amount_minor, currency) VALUES ($1, $2, $3, $4, $5)",
        price.id.uuid(),
        price.plan_version.uuid(),
        price.interval.as_str(),
        price.amount.minor(),
        currency.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_charge(conn: &mut PgConnection, version: PlanVersionId, charge: &MeterCharge) -> Result<()> {
    sqlx::query!(
        "INSERT INTO meter_charge (plan_version_id, meter_id, included, enforcement, overage_amount, overage_per)
         VALUES ($1, $2, $3, $4, $5, $6)",
        version.uuid(),
        charge.meter.id.uuid(),
        charge.included.units(),
        charge.enforcement.as_str(),
        charge.overage.map(|price| price.amount),
        charge.overage.map(|price| price.per),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps two processes from publishing the first catalog at once.
pub async fn lock(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('catalog')) AS locked")
        .execute(conn)
        .await?;
    Ok(())
}
