//! Customers as the host platform keeps them: under an id of its own, with whatever else it wants to keep there.

use std::collections::BTreeMap;

use billing::id::CustomerId;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{CustomerRecord, CustomerRow, NewCustomer, TABLE};
use crate::page::PageOf;
use crate::{CustomerScope, Error, Result};

/// No two customers have the same id of the host's.
pub const EXTERNAL_ID: &str = "customer_external_id";

pub type Metadata = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedCustomer {
    pub record: CustomerRecord,
    pub external_id: Option<String>,
    pub metadata: Metadata,
}

/// What the host keeps of a customer.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub external_id: Option<&'a str>,
    pub metadata: &'a Metadata,
}

/// One row of a query that has all its columns.
macro_rules! hosted {
    ($row:expr) => {{
        let row = $row;
        let metadata = serde_json::from_value(row.metadata).map_err(|error| Error::corrupt(TABLE, error))?;
        let external_id = row.external_id;
        let record = CustomerRow {
            id: row.id,
            name: row.name,
            email: row.email,
            currency: row.currency,
            time_zone: row.time_zone,
            gateway_ref: row.gateway_ref,
            created_at: row.created_at,
            ever_paid: row.ever_paid,
            net_days: row.net_days,
            dunning_at: row.dunning_at,
            dunning_end: row.dunning_end,
            tax_region: row.tax_region,
            tax_id: row.tax_id,
            tax_exempt: row.tax_exempt,
            charged: row.charged,
        };
        Ok::<_, Error>(HostedCustomer {
            record: record.try_into()?,
            external_id,
            metadata,
        })
    }};
}

pub async fn find(conn: &mut PgConnection, scope: CustomerScope) -> Result<Option<HostedCustomer>> {
    let row = sqlx::query!(
        "SELECT id, name, email, currency, time_zone, gateway_ref, created_at, ever_paid, net_days, tax_region, tax_id,
                tax_exempt, to_jsonb(tax_region_of(tax_region)) AS charged, dunning_at, dunning_end,
                external_id, metadata
         FROM customer WHERE id = $1",
        scope.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| hosted!(row)).transpose()
}

/// Of one customer or all, with this id of the host's or any; newest first.
pub async fn page(
    conn: &mut PgConnection,
    (scope, external_id): (Option<CustomerScope>, Option<&str>),
    page: PageOf,
) -> Result<Vec<HostedCustomer>> {
    let (at, id) = page.bounds();
    let rows = sqlx::query!(
        "SELECT id, name, email, currency, time_zone, gateway_ref, created_at, ever_paid, net_days, tax_region, tax_id,
                tax_exempt, to_jsonb(tax_region_of(tax_region)) AS charged, dunning_at, dunning_end,
                external_id, metadata
         FROM customer
         WHERE ($1::uuid IS NULL OR id = $1) AND ($2::text IS NULL OR external_id = $2)
             AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5",
        scope.map(CustomerScope::uuid),
        external_id,
        at,
        id,
        page.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| hosted!(row)).collect()
}

pub async fn by_external_id(conn: &mut PgConnection, external_id: &str) -> Result<Option<CustomerId>> {
    let id = sqlx::query_scalar!("SELECT id FROM customer WHERE external_id = $1", external_id)
        .fetch_optional(conn)
        .await?;
    Ok(id.map(CustomerId::from_uuid))
}

/// A conflict on `EXTERNAL_ID` where another customer has it.
pub async fn insert(conn: &mut PgConnection, customer: &NewCustomer<'_>, kept: Kept<'_>) -> Result<()> {
    super::insert(conn, customer).await?;
    keep(conn, CustomerScope::of(customer.id), kept).await
}

/// The same conflict.
pub async fn keep(conn: &mut PgConnection, scope: CustomerScope, kept: Kept<'_>) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET name = $2, email = $3, external_id = $4, metadata = $5 WHERE id = $1",
        scope.uuid(),
        kept.name,
        kept.email,
        kept.external_id,
        Json(kept.metadata) as Json<&Metadata>,
    )
    .execute(conn)
    .await?;
    Ok(())
}
