//! Keys and tokens that speak for a customer: whose the record is that a call is about.

use billing::id::CustomerId;
use store::owner::Owned;
use store::{CustomerScope, PgConnection};

use crate::{Actor, Billing, Error, Result, Scope};

impl Billing {
    /// The key or token, speaking for the customer whose record it is. One that may not do such things at all is
    /// told that, and not whether there is such a record; a record of somebody else's is not there.
    pub async fn on_behalf_of_owner(&self, actor: &Actor, scope: Scope, owned: Owned) -> Result<Actor> {
        actor.holds(scope)?;
        let mut conn = store::acquire(self.pool()).await?;
        let owner = store::owner::of(&mut conn, owned).await?;
        let speaking = owner.and_then(|customer| actor.on_behalf_of(customer));
        speaking.ok_or(Error::NotFound(owned.noun()))
    }

    /// The same where the call names the customer.
    pub fn on_behalf_of(&self, actor: &Actor, scope: Scope, customer: CustomerId) -> Result<Actor> {
        actor.holds(scope)?;
        actor.on_behalf_of(customer).ok_or(Error::NotFound("customer"))
    }
}

/// Whose records a list is of: those of the customer that is asked for, if there is such a one and the key speaks for
/// it; or all it speaks for.
pub(crate) async fn asked_of(
    conn: &mut PgConnection,
    actor: &Actor,
    customer: Option<CustomerId>,
) -> Result<Option<CustomerScope>> {
    let own = actor.reads_by_key()?;
    let Some(asked) = customer else {
        return Ok(own.map(CustomerScope::of));
    };
    let scope = CustomerScope::of(asked);
    let speaks = own.is_none_or(|own| own == asked);
    if speaks && store::customer::find(conn, scope).await?.is_some() {
        Ok(Some(scope))
    } else {
        Err(Error::NotFound("customer"))
    }
}
