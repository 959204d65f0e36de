//! What is for sale, and the catalog a fresh deployment starts with.

mod default;

use billing::catalog::Plan;

use crate::{Billing, Result};

impl Billing {
    /// The public plans, lowest first. Anyone may ask.
    pub async fn public_plans(&self) -> Result<Vec<Plan>> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::catalog::public_plans(&mut conn).await?)
    }

    /// Publishes the default catalog where there is none yet.
    pub async fn ensure_catalog(&self) -> Result<()> {
        let mut tx = store::begin(self.pool()).await?;
        store::catalog::lock(&mut tx).await?;
        if store::catalog::is_empty(&mut tx).await? {
            let (meters, plans) = default::catalog(self.parts.config.currency);
            for (position, meter) in (0..).zip(&meters) {
                store::catalog::insert_meter(&mut tx, meter, position).await?;
            }
            for plan in &plans {
                store::catalog::insert_plan(&mut tx, plan).await?;
            }
        }
        store::commit(tx).await?;
        Ok(())
    }
}
