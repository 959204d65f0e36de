//! Cards held by the gateway; we keep what a person recognises them by.

use std::collections::HashMap;

use billing::id::{CustomerId, PaymentMethodId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    pub id: PaymentMethodId,
    pub gateway_ref: String,
    pub brand: String,
    pub last4: String,
    pub exp_month: u32,
    pub exp_year: i32,
    pub is_default: bool,
}

#[derive(Debug, Clone)]
pub struct NewMethod<'a> {
    pub id: PaymentMethodId,
    pub gateway_ref: &'a str,
    pub brand: &'a str,
    pub last4: &'a str,
    pub exp_month: u32,
    pub exp_year: i32,
    pub created_at: DateTime<Utc>,
}

struct MethodRow {
    id: Uuid,
    gateway_ref: String,
    brand: String,
    last4: String,
    exp_month: i32,
    exp_year: i32,
    is_default: bool,
}

impl TryFrom<MethodRow> for PaymentMethod {
    type Error = Error;

    fn try_from(r: MethodRow) -> Result<Self> {
        Ok(Self {
            id: PaymentMethodId::from_uuid(r.id),
            gateway_ref: r.gateway_ref,
            brand: r.brand,
            last4: r.last4,
            exp_month: u32::try_from(r.exp_month).map_err(|_| Error::corrupt("payment_method", r.id))?,
            exp_year: r.exp_year,
            is_default: r.is_default,
        })
    }
}

/// All methods that are not removed, the default first.
pub async fn list(conn: &mut PgConnection, scope: CustomerScope) -> Result<Vec<PaymentMethod>> {
    sqlx::query_as!(
        MethodRow,
        "SELECT id, gateway_ref, brand, last4, exp_month, exp_year, is_default FROM payment_method
         WHERE customer_id = $1 AND removed_at IS NULL ORDER BY is_default DESC, created_at DESC",
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(PaymentMethod::try_from)
    .collect()
}

pub async fn default(conn: &mut PgConnection, scope: CustomerScope) -> Result<Option<PaymentMethod>> {
    let mut methods = default_methods(conn, &[scope.customer()]).await?;
    Ok(methods.remove(&scope.customer()))
}

/// The default of each customer that has one.
pub async fn default_methods(
    conn: &mut PgConnection,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, PaymentMethod>> {
    let rows = sqlx::query!(
        "SELECT customer_id, id, gateway_ref, brand, last4, exp_month, exp_year FROM payment_method
         WHERE customer_id = ANY($1) AND is_default AND removed_at IS NULL",
        &column(customers, |c| c.uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let method = MethodRow {
                id: r.id,
                gateway_ref: r.gateway_ref,
                brand: r.brand,
                last4: r.last4,
                exp_month: r.exp_month,
                exp_year: r.exp_year,
                is_default: true,
            };
            Ok((CustomerId::from_uuid(r.customer_id), method.try_into()?))
        })
        .collect()
}

/// Adds a method and makes it the default; one that is known already is left as it is.
pub async fn add(conn: &mut PgConnection, scope: CustomerScope, method: &NewMethod<'_>) -> Result<()> {
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM payment_method WHERE gateway_ref = $1) AS "known!""#,
        method.gateway_ref,
    )
    .fetch_one(&mut *conn)
    .await?;
    if known {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE payment_method SET is_default = false WHERE customer_id = $1 AND is_default",
        scope.uuid()
    )
    .execute(&mut *conn)
    .await?;
    let month = i32::try_from(method.exp_month).map_err(|_| Error::corrupt("payment_method", method.id))?;
    sqlx::query!(
        "INSERT INTO payment_method (id, customer_id, gateway_ref, brand, last4, exp_month, exp_year, is_default,
            created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, true, $8)",
        method.id.uuid(),
        scope.uuid(),
        method.gateway_ref,
        method.brand,
        method.last4,
        month,
        method.exp_year,
        method.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
