//! What is for sale, and the file that says what is to be.

mod add_on;
mod apply;
mod base;
mod draft;
mod export;
mod file;
mod lines;
mod meter;
mod migrate;
mod price;
mod section;
mod words;

pub use draft::CatalogReview;
pub use migrate::{MigrationReport, Move};
pub use section::Problem;

use billing::catalog::Plan;
use billing::entitlement::Terms;
use billing::id::CustomerId;

use crate::{Actor, Billing, Result};

/// The catalog a fresh deployment starts with.
pub const DEFAULT: &str = include_str!("catalog/plans.toml");

impl Billing {
    /// The public plans, lowest first. Anyone may ask.
    pub async fn public_plans(&self) -> Result<Vec<Plan>> {
        self.plans_on_sale(None).await
    }

    /// The public plans and those made for the customer, lowest first.
    pub async fn plans_for(&self, actor: &Actor) -> Result<Vec<Plan>> {
        let scope = actor.reads_customer()?;
        self.plans_on_sale(Some(scope.customer())).await
    }

    /// Each with all features it grants, those by default too.
    async fn plans_on_sale(&self, customer: Option<CustomerId>) -> Result<Vec<Plan>> {
        let mut conn = store::acquire(self.pool()).await?;
        let defaults = store::catalog::features(&mut conn).await?;
        let plans = store::catalog::plans_on_sale(&mut conn, customer, self.now()).await?;
        let with_defaults = |plan: Plan| {
            let granted = Terms::of_plan(&plan).features(&defaults);
            let features = granted.into_iter().map(|granted| granted.feature).collect();
            Plan { features, ..plan }
        };
        Ok(plans.into_iter().map(with_defaults).collect())
    }

    /// Publishes the default catalog where there is none yet.
    pub async fn ensure_catalog(&self) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        if store::catalog::is_empty(&mut conn).await? {
            drop(conn);
            self.apply_catalog(&Actor::System, DEFAULT).await?;
        }
        Ok(())
    }
}
