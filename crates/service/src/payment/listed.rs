//! The cards a customer keeps with the provider.

use crate::{Actor, Billing, PaymentMethod, Result};

impl Billing {
    /// The one that is charged first.
    pub async fn payment_methods(&self, actor: &Actor) -> Result<Vec<PaymentMethod>> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::payment::methods(&mut conn, scope).await?)
    }
}
