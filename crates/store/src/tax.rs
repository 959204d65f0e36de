//! What is charged in each region.

use billing::tax::{Region, TaxBehavior, TaxRegion};
use sqlx::PgConnection;

use crate::{Error, Result, row};

const TABLE: &str = "tax_region";

/// All regions, by name.
pub async fn regions(conn: &mut PgConnection) -> Result<Vec<(Region, TaxRegion)>> {
    let rows = sqlx::query!("SELECT region, taxes, behavior, reverse_charge FROM tax_region ORDER BY region")
        .fetch_all(conn)
        .await?;
    rows.into_iter()
        .map(|r| {
            let charged = TaxRegion {
                taxes: serde_json::from_value(r.taxes).map_err(|error| Error::corrupt(TABLE, error))?,
                behavior: row::known(TABLE, &r.behavior, TaxBehavior::parse)?,
                reverse_charge: r.reverse_charge,
            };
            let region = Region::parse(&r.region).map_err(|error| Error::corrupt(TABLE, error))?;
            Ok((region, charged))
        })
        .collect()
}

/// Replaces what is charged in a region.
pub async fn set_region(conn: &mut PgConnection, region: &Region, charged: &TaxRegion) -> Result<()> {
    sqlx::query!(
        "INSERT INTO tax_region (region, taxes, behavior, reverse_charge) VALUES ($1, $2, $3, $4)
         ON CONFLICT (region) DO UPDATE
         SET taxes = excluded.taxes, behavior = excluded.behavior, reverse_charge = excluded.reverse_charge",
        region.as_str(),
        serde_json::to_value(&charged.taxes).map_err(|error| Error::corrupt(TABLE, error))?,
        charged.behavior.as_str(),
        charged.reverse_charge,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// False if nothing was known of it.
pub async fn forget_region(conn: &mut PgConnection, region: &Region) -> Result<bool> {
    let done = sqlx::query!("DELETE FROM tax_region WHERE region = $1", region.as_str())
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
