//! Plans and add-ons at their versions, prices, meters and features.

mod draft;
mod feature;
mod sold;
mod state;
mod write;

pub use draft::{draft, remove_draft, save_draft};
pub use feature::{add_feature, edit_feature, features, remove_feature};
pub use sold::{SoldVersion, sold};
pub use state::{settle, state, subscribers_of_other_versions, version_on_sale};
pub use write::{NewVersion, add_meter, add_plan, archive, edit_meter, edit_plan, publish};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use billing::catalog::{
    Aggregation, Audience, Bounds, Feature, Meter, MeterCharge, MeterPrice, Plan, PlanKind, Price, PriceKind,
    Reset, Selection,
};
use billing::entitlement::{Allowance, Enforcement};
use billing::id::{CustomerId, MeterId, PlanId, PlanVersionId, PriceId, SubscriptionId};
use billing::money::Money;
use billing::period::{BillingTime, Interval};
use billing::proration::ProrationMode;
use billing::rating::Scheme;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Error, Result, row};

/// The plans on sale to everyone, and to the customer if one is named, lowest rank first.
pub async fn plans_on_sale(
    conn: &mut PgConnection,
    customer: Option<CustomerId>,
    now: DateTime<Utc>,
) -> Result<Vec<Plan>> {
    let versions = versions_on_sale(conn, "plan", customer, now).await?;
    plans(conn, &versions, &[]).await
}

/// The same of add-ons, whatever plan they go with.
pub async fn add_ons_on_sale(
    conn: &mut PgConnection,
    customer: CustomerId,
    now: DateTime<Utc>,
) -> Result<Vec<Plan>> {
    let versions = versions_on_sale(conn, "add_on", Some(customer), now).await?;
    plans(conn, &versions, &[]).await
}

/// The same of standalone plans. Staff sells these, so that private ones are among them.
pub async fn standalone_on_sale(
    conn: &mut PgConnection,
    customer: CustomerId,
    now: DateTime<Utc>,
) -> Result<Vec<Plan>> {
    let versions = versions_on_sale(conn, "standalone", Some(customer), now).await?;
    plans(conn, &versions, &[]).await
}

async fn versions_on_sale(
    conn: &mut PgConnection,
    kind: &str,
    customer: Option<CustomerId>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let versions = sqlx::query_scalar!(
        r#"SELECT DISTINCT ON (v.plan_id) v.id FROM plan_version v JOIN plan p ON p.id = v.plan_id
           WHERE p.kind = $3 AND (p.public OR p.customer_id = $1 OR (p.kind = 'standalone' AND p.customer_id IS NULL))
             AND (v.status = 'active' OR (v.status = 'scheduled' AND v.effective_at <= $2))
           ORDER BY v.plan_id, v.status DESC"#,
        customer.map(CustomerId::uuid),
        now,
        kind,
    )
    .fetch_all(conn)
    .await?;
    Ok(versions)
}

/// The plan versions that the given prices belong to, with those of the prices that were agreed.
pub async fn plans_of_prices(conn: &mut PgConnection, prices: &[PriceId]) -> Result<Vec<Plan>> {
    let prices: Vec<Uuid> = prices.iter().map(|price| price.uuid()).collect();
    let versions = sqlx::query_scalar!(
        "SELECT DISTINCT plan_version_id FROM price WHERE id = ANY($1)",
        &prices
    )
    .fetch_all(&mut *conn)
    .await?;
    plans(conn, &versions, &prices).await
}

/// The plan version a price belongs to.
pub async fn plan_of_price(conn: &mut PgConnection, price: PriceId) -> Result<Option<Plan>> {
    Ok(plans_of_prices(conn, &[price]).await?.into_iter().next())
}

/// Whether the customer may buy the plan at this version.
pub async fn is_on_sale(
    conn: &mut PgConnection,
    plan: &Plan,
    customer: CustomerId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let versions = versions_on_sale(conn, "plan", Some(customer), now).await?;
    Ok(versions.contains(&plan.version.uuid()))
}

/// Versions with their list prices, and with these prices where they were agreed.
async fn plans(conn: &mut PgConnection, versions: &[Uuid], agreed: &[Uuid]) -> Result<Vec<Plan>> {
    let mut prices = prices_by_version(conn, versions, agreed).await?;
    let mut charges = charges_by_version(conn, versions).await?;
    let mut features = features_by_version(conn, versions).await?;
    let rows = sqlx::query!(
        "SELECT p.id, p.key, p.name, p.summary, p.rank, p.kind, p.goes_with, p.public, p.customer_id, v.id AS version_id,
                v.number, v.trial_days, v.billing_time, v.proration
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
                kind: kind(&r.kind, r.goes_with)?,
                audience: audience(r.public, r.customer_id),
                trial_days: row::count("plan_version", r.trial_days)?,
                billing_time: row::known("plan_version", &r.billing_time, BillingTime::parse)?,
                proration: row::known("plan_version", &r.proration, ProrationMode::parse)?,
                prices: prices.remove(&r.version_id).unwrap_or_default(),
                charges: charges.remove(&r.version_id).unwrap_or_default(),
                features: features.remove(&r.version_id).unwrap_or_default(),
            })
        })
        .collect()
}

fn kind(kind: &str, goes_with: Option<Vec<String>>) -> Result<PlanKind> {
    match kind {
        "plan" => Ok(PlanKind::Plan),
        "add_on" => Ok(PlanKind::AddOn { plans: goes_with }),
        "standalone" => Ok(PlanKind::Standalone),
        other => Err(Error::corrupt("plan", other)),
    }
}

fn audience(public: bool, customer: Option<Uuid>) -> Audience {
    match (public, customer) {
        (true, _) => Audience::Everyone,
        (false, Some(customer)) => Audience::Customer(CustomerId::from_uuid(customer)),
        (false, None) => Audience::Nobody,
    }
}

async fn prices_by_version(
    conn: &mut PgConnection,
    versions: &[Uuid],
    agreed: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Price>>> {
    // Two arms, each with an index: a version may have many agreed prices that nobody asks for.
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", plan_version_id AS "plan_version_id!", interval AS "interval!",
                  amount_minor AS "amount_minor!", currency AS "currency!", agreed AS "agreed!" FROM (
             SELECT id, plan_version_id, interval, amount_minor, currency, false AS agreed FROM price
             WHERE plan_version_id = ANY($1) AND subscription_id IS NULL
             UNION ALL
             SELECT id, plan_version_id, interval, amount_minor, currency, true FROM price
             WHERE id = ANY($2) AND subscription_id IS NOT NULL
           ) p ORDER BY amount_minor, id"#,
        versions,
        agreed,
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
            kind: price_kind(r.agreed),
        };
        prices.entry(r.plan_version_id).or_default().push(price);
    }
    Ok(prices)
}

pub(crate) const fn price_kind(agreed: bool) -> PriceKind {
    if agreed {
        PriceKind::Agreed
    } else {
        PriceKind::List
    }
}

/// Stores what was agreed with the subscription's customer. It never changes and is nobody else's.
pub async fn insert_agreed_price(
    conn: &mut PgConnection,
    subscription: SubscriptionId,
    price: &Price,
) -> Result<()> {
    let currency = price.amount.currency();
    sqlx::query!(
        "INSERT INTO price (id, plan_version_id, interval, amount_minor, currency, subscription_id)
         VALUES ($1, $2, $3, $4, $5, $6)",
        price.id.uuid(),
        price.plan_version.uuid(),
        price.interval.as_str(),
        price.amount.minor(),
        currency.as_str(),
        subscription.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn charges_by_version(
    conn: &mut PgConnection,
    versions: &[Uuid],
) -> Result<HashMap<Uuid, Vec<MeterCharge>>> {
    let rows = sqlx::query!(
        r#"SELECT c.plan_version_id, c.included, c.enforcement, c.scheme AS "scheme: Json<Scheme>", c.currency,
                  c.minimum_minor, c.maximum_minor, m.id, m.key, m.name, m.unit, m.aggregation, m.reset,
                  m.event_type, m.filter AS "filter: Json<BTreeMap<String, BTreeSet<String>>>", m.property, m.dimensions
           FROM meter_charge c JOIN meter m ON m.id = c.meter_id
           WHERE c.plan_version_id = ANY($1) ORDER BY m.position, m.key"#,
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
                selection: Selection {
                    event_type: r.event_type,
                    filter: r.filter.0,
                    property: r.property,
                    dimensions: r.dimensions,
                },
            },
            included: r.included.map_or(Allowance::Unlimited, Allowance::Units),
            enforcement: row::known("meter_charge", &r.enforcement, Enforcement::parse)?,
            price: match (r.scheme, r.currency) {
                (Some(Json(scheme)), Some(code)) => {
                    let currency = row::currency("meter_charge", &code)?;
                    let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, currency));
                    let bounds = Bounds {
                        minimum: money(r.minimum_minor),
                        maximum: money(r.maximum_minor),
                    };
                    let price = MeterPrice::new(scheme, currency, bounds);
                    Some(price.map_err(|_| Error::corrupt("meter_charge", r.plan_version_id))?)
                }
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
    let rows = sqlx::query!(
        r#"SELECT id, key, name, unit, aggregation, reset, event_type, filter AS "filter: Json<BTreeMap<String, BTreeSet<String>>>", property,
               dimensions
           FROM meter ORDER BY position, key"#
    )
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
                selection: Selection {
                    event_type: r.event_type,
                    filter: r.filter.0,
                    property: r.property,
                    dimensions: r.dimensions,
                },
            })
        })
        .collect()
}

/// Keeps two processes from changing the catalog at once.
pub async fn lock(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('catalog')) AS locked")
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn is_empty(conn: &mut PgConnection) -> Result<bool> {
    let empty = sqlx::query_scalar!(r#"SELECT NOT EXISTS (SELECT FROM plan) AS "empty!""#)
        .fetch_one(conn)
        .await?;
    Ok(empty)
}
