//! Customers, and the lock that orders everything done to one.

pub mod hosted;

use std::collections::HashMap;

use billing::id::CustomerId;
use billing::invoice::PaymentTerms;
use billing::money::Currency;
use billing::payment::dunning::DunningEnd;
use billing::period::Zone;
use billing::tax::{Region, TaxDefaults, TaxId, TaxProfile, TaxRegion, Taxation, taxation};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::row::column;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "customer";

#[derive(Debug, Clone)]
pub struct NewCustomer<'a> {
    pub id: CustomerId,
    pub name: &'a str,
    pub email: &'a str,
    pub currency: Currency,
    pub zone: Zone,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRecord {
    pub id: CustomerId,
    pub name: String,
    pub email: String,
    pub currency: Currency,
    pub zone: Zone,
    pub gateway_ref: Option<String>,
    pub created_at: DateTime<Utc>,
    pub ever_paid: bool,
    pub terms: PaymentTerms,
    pub tax: TaxProfile,
    /// What is charged where it is.
    pub charged: Option<TaxRegion>,
    /// When the billing run looks at its unpaid invoices next.
    pub dunning_at: Option<DateTime<Utc>>,
    /// What dunning ends with, where that is agreed.
    pub dunning_end: Option<DunningEnd>,
}

impl CustomerRecord {
    /// How what it is billed now is taxed.
    pub fn taxation(&self, defaults: TaxDefaults) -> Taxation {
        taxation(&self.tax, self.charged.as_ref(), defaults)
    }
}

struct CustomerRow {
    id: uuid::Uuid,
    name: String,
    email: String,
    currency: String,
    time_zone: String,
    gateway_ref: Option<String>,
    created_at: DateTime<Utc>,
    ever_paid: bool,
    net_days: Option<i32>,
    dunning_at: Option<DateTime<Utc>>,
    dunning_end: Option<String>,
    tax_region: Option<String>,
    tax_id: Option<String>,
    tax_exempt: bool,
    charged: Option<serde_json::Value>,
}

impl TryFrom<CustomerRow> for CustomerRecord {
    type Error = Error;

    fn try_from(row: CustomerRow) -> Result<Self> {
        Ok(Self {
            id: CustomerId::from_uuid(row.id),
            name: row.name,
            email: row.email,
            currency: row::currency(TABLE, &row.currency)?,
            zone: row
                .time_zone
                .parse()
                .map_err(|_| Error::corrupt(TABLE, &row.time_zone))?,
            gateway_ref: row.gateway_ref,
            created_at: row.created_at,
            ever_paid: row.ever_paid,
            terms: terms(row.net_days)?,
            dunning_at: row.dunning_at,
            dunning_end: row
                .dunning_end
                .map(|end| row::known(TABLE, &end, DunningEnd::parse))
                .transpose()?,
            tax: TaxProfile {
                region: row.tax_region.as_deref().map(region).transpose()?,
                id: row.tax_id.map(TaxId::stored),
                is_exempt: row.tax_exempt,
            },
            charged: row.charged.map(charged).transpose()?,
        })
    }
}

fn region(region: &str) -> Result<Region> {
    Region::parse(region).map_err(|error| Error::corrupt(TABLE, error))
}

fn charged(charged: serde_json::Value) -> Result<TaxRegion> {
    serde_json::from_value(charged).map_err(|error| Error::corrupt("tax_region", error))
}

fn terms(net_days: Option<i32>) -> Result<PaymentTerms> {
    net_days.map_or(Ok(PaymentTerms::Immediate), |days| {
        PaymentTerms::net(days.into()).map_err(|error| Error::corrupt(TABLE, error))
    })
}

pub async fn insert(conn: &mut PgConnection, customer: &NewCustomer<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO customer (id, name, email, currency, time_zone, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        customer.id.uuid(),
        customer.name,
        customer.email,
        customer.currency.as_str(),
        customer.zone.name(),
        customer.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find(conn: &mut PgConnection, scope: CustomerScope) -> Result<Option<CustomerRecord>> {
    sqlx::query_as!(
        CustomerRow,
        "SELECT id, name, email, currency, time_zone, gateway_ref, created_at, ever_paid, net_days, tax_region, tax_id,
                tax_exempt, to_jsonb(tax_region_of(tax_region)) AS charged,
                dunning_at, dunning_end
         FROM customer WHERE id = $1",
        scope.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(CustomerRecord::try_from)
    .transpose()
}

/// Locks the customer for the rest of the transaction; the first lock of every use case.
/// `FOR UPDATE` would stall inserts that refer to the customer, usage among them.
pub async fn lock(conn: &mut PgConnection, scope: CustomerScope) -> Result<Option<CustomerRecord>> {
    sqlx::query_as!(
        CustomerRow,
        "SELECT id, name, email, currency, time_zone, gateway_ref, created_at, ever_paid, net_days, tax_region, tax_id,
                tax_exempt, to_jsonb(tax_region_of(tax_region)) AS charged,
                dunning_at, dunning_end
         FROM customer WHERE id = $1 FOR NO KEY UPDATE",
        scope.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(CustomerRecord::try_from)
    .transpose()
}

/// The names of those that are known.
pub async fn names(conn: &mut PgConnection, ids: &[CustomerId]) -> Result<HashMap<CustomerId, String>> {
    let rows = sqlx::query!(
        "SELECT id, name FROM customer WHERE id = ANY($1)",
        &column(ids, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let name = rows
        .into_iter()
        .map(|row| (CustomerId::from_uuid(row.id), row.name));
    Ok(name.collect())
}

pub async fn set_gateway_ref(conn: &mut PgConnection, scope: CustomerScope, gateway_ref: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET gateway_ref = $2 WHERE id = $1",
        scope.uuid(),
        gateway_ref
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How later invoices are paid; those that are issued stay due when they are.
pub async fn set_terms(conn: &mut PgConnection, scope: CustomerScope, terms: PaymentTerms) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET net_days = $2 WHERE id = $1",
        scope.uuid(),
        terms.net_days().map(i32::from)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What dunning of the customer ends with; none: as for everybody.
pub async fn set_dunning_end(
    conn: &mut PgConnection,
    scope: CustomerScope,
    end: Option<DunningEnd>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET dunning_end = $2 WHERE id = $1",
        scope.uuid(),
        end.map(DunningEnd::as_str)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What later invoices are taxed by; those that are issued stay as they are.
pub async fn set_tax(conn: &mut PgConnection, scope: CustomerScope, tax: &TaxProfile) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET tax_region = $2, tax_id = $3, tax_exempt = $4 WHERE id = $1",
        scope.uuid(),
        tax.region.as_ref().map(Region::as_str),
        tax.id.as_ref().map(TaxId::as_str),
        tax.is_exempt,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// From the first payment on, a return from zero MRR is a reactivation.
pub async fn set_ever_paid(conn: &mut PgConnection, scope: CustomerScope) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET ever_paid = true WHERE id = $1 AND NOT ever_paid",
        scope.uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The next instant at which something happens by itself to the subscription of each customer: then the billing run
/// looks at it, or before, when the next step of dunning is due or credit expires.
pub async fn set_due_at(conn: &mut PgConnection, due: &[(CustomerId, Option<DateTime<Utc>>)]) -> Result<()> {
    sqlx::query!(
        "UPDATE customer c SET due_at = least(n.due_at, c.dunning_at,
            (SELECT min(g.expires_at) FROM credit_grant g WHERE g.customer_id = c.id AND g.left_minor > 0))
         FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, due_at) WHERE c.id = n.id",
        &column(due, |(customer, _)| customer.uuid()),
        &column(due, |(_, due_at)| *due_at) as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Something else is due then, if nothing is before it.
pub async fn bring_forward(conn: &mut PgConnection, scope: CustomerScope, to: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE customer SET due_at = least(due_at, $2) WHERE id = $1",
        scope.uuid(),
        to
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A customer whose time has come; a row that makes no sense is that customer's own trouble.
#[derive(Debug)]
pub struct DueCustomer {
    pub id: CustomerId,
    pub record: Result<CustomerRecord>,
}

/// Takes up to `limit` customers whose time has come, oldest first, skipping those another worker has.
pub async fn lock_due(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<Vec<DueCustomer>> {
    let rows = sqlx::query_as!(
        CustomerRow,
        "SELECT id, name, email, currency, time_zone, gateway_ref, created_at, ever_paid, net_days, tax_region, tax_id,
                tax_exempt, to_jsonb(tax_region_of(tax_region)) AS charged,
                dunning_at, dunning_end
         FROM customer WHERE due_at <= $1 AND parked_reason IS NULL
         ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let due = rows.into_iter().map(|row| DueCustomer {
        id: CustomerId::from_uuid(row.id),
        record: row.try_into(),
    });
    Ok(due.collect())
}

/// The earliest instant at which anything happens by itself to anyone.
pub async fn next_due(conn: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    let due = sqlx::query_scalar!("SELECT min(due_at) FROM customer WHERE parked_reason IS NULL")
        .fetch_one(conn)
        .await?;
    Ok(due)
}

/// False if the customer was not set aside.
pub async fn unpark(conn: &mut PgConnection, scope: CustomerScope) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE customer SET parked_reason = NULL WHERE id = $1 AND parked_reason IS NOT NULL",
        scope.uuid()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A customer the billing run set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedCustomer {
    pub id: CustomerId,
    pub name: String,
    pub reason: String,
    /// What the run could not do was due then.
    pub due_at: Option<DateTime<Utc>>,
}

/// Those set aside, the longest overdue first.
pub async fn parked(conn: &mut PgConnection, limit: i64) -> Result<Vec<ParkedCustomer>> {
    let rows = sqlx::query!(
        r#"SELECT id, name, parked_reason AS "reason!", due_at FROM customer
           WHERE parked_reason IS NOT NULL ORDER BY due_at, id LIMIT $1"#,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let parked = rows.into_iter().map(|row| ParkedCustomer {
        id: CustomerId::from_uuid(row.id),
        name: row.name,
        reason: row.reason,
        due_at: row.due_at,
    });
    Ok(parked.collect())
}

/// Sets customers aside, each with the reason why the run cannot bill it; the others go on.
pub async fn park(conn: &mut PgConnection, customers: &[(CustomerId, String)]) -> Result<()> {
    sqlx::query!(
        "UPDATE customer c SET parked_reason = n.reason
         FROM unnest($1::uuid[], $2::text[]) AS n (id, reason) WHERE c.id = n.id",
        &column(customers, |(customer, _)| customer.uuid()),
        &column(customers, |(_, reason)| reason.as_str()) as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What customers pay in.
pub async fn currencies(conn: &mut PgConnection) -> Result<Vec<Currency>> {
    let rows = sqlx::query_scalar!("SELECT DISTINCT currency FROM customer ORDER BY currency")
        .fetch_all(conn)
        .await?;
    rows.iter().map(|code| row::currency(TABLE, code)).collect()
}
