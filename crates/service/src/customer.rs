//! Who pays.

use billing::id::CustomerId;
use billing::money::Currency;
use billing::period::Zone;
use store::customer::CustomerRecord;

use crate::{Actor, Billing, Error, Result};

#[derive(Debug, Clone)]
pub struct CustomerProfile {
    pub id: CustomerId,
    pub name: String,
    pub email: String,
    pub currency: Currency,
    pub zone: Zone,
}

impl From<CustomerRecord> for CustomerProfile {
    fn from(customer: CustomerRecord) -> Self {
        let CustomerRecord {
            id,
            name,
            email,
            currency,
            zone,
            ..
        } = customer;
        Self {
            id,
            name,
            email,
            currency,
            zone,
        }
    }
}

impl Billing {
    /// The customer the member acts for.
    pub async fn customer(&self, actor: &Actor) -> Result<CustomerProfile> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope).await?;
        Ok(customer.ok_or(Error::NotFound("customer"))?.into())
    }
}
