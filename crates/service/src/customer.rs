//! Who pays.

mod hosted;

pub use hosted::{ChangeHosted, NewHosted, PutIf, revision};

use billing::id::CustomerId;
use billing::invoice::PaymentTerms;
use billing::money::Currency;
use billing::payment::dunning::DunningEnd;
use billing::period::Zone;
use billing::tax::{TaxDefaults, TaxProfile, Taxation};
use serde_json::json;
use store::CustomerScope;
use store::customer::CustomerRecord;

use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Result};

#[derive(Debug, Clone)]
pub struct CustomerProfile {
    pub id: CustomerId,
    pub name: String,
    pub email: String,
    pub currency: Currency,
    pub zone: Zone,
    pub terms: PaymentTerms,
    pub tax: TaxProfile,
    /// How what it is billed now is taxed.
    pub taxation: Taxation,
}

impl CustomerProfile {
    pub(crate) fn of(customer: CustomerRecord, defaults: TaxDefaults) -> Self {
        Self {
            taxation: customer.taxation(defaults),
            id: customer.id,
            name: customer.name,
            email: customer.email,
            currency: customer.currency,
            zone: customer.zone,
            terms: customer.terms,
            tax: customer.tax,
        }
    }
}

impl Billing {
    /// The customer the member acts for.
    pub async fn customer(&self, actor: &Actor) -> Result<CustomerProfile> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope).await?;
        let customer = customer.ok_or(Error::NotFound("customer"))?;
        Ok(CustomerProfile::of(customer, self.parts.config.tax))
    }

    /// Decides how the customer pays from now on: what is issued stays due when it is.
    pub async fn set_payment_terms(
        &self,
        actor: &Actor,
        customer: CustomerId,
        terms: PaymentTerms,
    ) -> Result<()> {
        actor.decides_about_money()?;
        let scope = CustomerScope::of(customer);
        // What was due before is billed as it was agreed then.
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let before = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?
            .terms;
        if before == terms {
            return Ok(());
        }
        store::customer::set_terms(&mut tx, scope, terms).await?;
        let entry = Note {
            actor,
            at: self.now(),
            what: "customer.terms_changed",
            customer,
            subject: customer.to_string(),
            detail: json!({ "net_days": terms.net_days(), "before": before.net_days() }),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// Agrees on what dunning of the customer ends with; none: as for everybody.
    pub async fn set_dunning_end(
        &self,
        actor: &Actor,
        customer: CustomerId,
        end: Option<DunningEnd>,
    ) -> Result<()> {
        actor.decides_about_money()?;
        let scope = CustomerScope::of(customer);
        let mut tx = store::begin(self.pool()).await?;
        let before = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?
            .dunning_end;
        if before == end {
            return Ok(());
        }
        store::customer::set_dunning_end(&mut tx, scope, end).await?;
        let entry = Note {
            actor,
            at: self.now(),
            what: "customer.dunning_end_changed",
            customer,
            subject: customer.to_string(),
            detail: json!({ "dunning_end": end, "before": before }),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(())
    }
}
