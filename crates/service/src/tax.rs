//! What is charged in each region, and what tells how a customer is taxed.

use billing::id::CustomerId;
use billing::tax::{Region, TaxId, TaxProfile, TaxRegion};
use serde_json::json;
use store::CustomerScope;

use crate::record::{Note, audit, note};
use crate::{Actor, Billing, Error, Result};

/// More taxes than any region has.
const MAX_TAXES: usize = 5;
const MAX_NAME: usize = 40;

/// Where a customer is for tax, as typed.
#[derive(Debug, Clone, Copy)]
pub struct TaxAddress<'a> {
    /// None where it is not known.
    pub region: Option<&'a str>,
    pub tax_id: Option<&'a str>,
}

impl TaxAddress<'_> {
    fn parse(self) -> Result<(Option<Region>, Option<TaxId>)> {
        let typed = |text: Option<&'_ str>| {
            text.map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let region = typed(self.region)
            .map(|region| region.parse::<Region>())
            .transpose();
        let region = region.map_err(|_| Error::Invalid { field: "region" })?;
        let id = match (&region, typed(self.tax_id)) {
            (_, None) => None,
            (Some(region), Some(id)) => Some(TaxId::parse(region, &id)?),
            // Which form it has depends on the country.
            (None, Some(_)) => return Err(Error::Invalid { field: "region" }),
        };
        Ok((region, id))
    }
}

/// Where the customer is for tax, and where it could be.
#[derive(Debug, Clone)]
pub struct TaxSettings {
    pub address: TaxProfile,
    /// Parts of countries that have taxes of their own.
    pub parts: Vec<Region>,
}

impl Billing {
    pub async fn tax_settings(&self, actor: &Actor) -> Result<TaxSettings> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let regions = store::tax::regions(&mut conn).await?;
        let parts = regions.into_iter().map(|(region, _)| region);
        Ok(TaxSettings {
            address: customer.tax,
            parts: parts
                .filter(|region| region.as_str() != region.country())
                .collect(),
        })
    }

    /// A member tells where the company is: later invoices are taxed by it.
    pub async fn set_tax_address(&self, actor: &Actor, address: TaxAddress<'_>) -> Result<()> {
        let scope = actor.manages_billing()?;
        self.change_tax(actor, scope, |before| {
            let (region, id) = address.parse()?;
            Ok(TaxProfile { region, id, ..before })
        })
        .await
        .map(drop)
    }

    /// Staff corrects it, or has seen a certificate of exemption. Says what holds then.
    pub async fn set_customer_tax(
        &self,
        actor: &Actor,
        customer: CustomerId,
        address: TaxAddress<'_>,
        exemption: TaxExemption,
    ) -> Result<TaxProfile> {
        actor.decides_about_money()?;
        self.change_tax(actor, CustomerScope::of(customer), |_| {
            let (region, id) = address.parse()?;
            Ok(TaxProfile {
                region,
                id,
                is_exempt: exemption == TaxExemption::Exempt,
            })
        })
        .await
    }

    async fn change_tax(
        &self,
        actor: &Actor,
        scope: CustomerScope,
        change: impl FnOnce(TaxProfile) -> Result<TaxProfile>,
    ) -> Result<TaxProfile> {
        // What was due before is taxed as it was then.
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let after = change(customer.tax.clone())?;
        if after == customer.tax {
            return Ok(after);
        }
        store::customer::set_tax(&mut tx, scope, &after).await?;
        let entry = Note {
            actor,
            at: self.now(),
            what: "customer.tax_changed",
            customer: customer.id,
            subject: customer.id.to_string(),
            detail: json!({ "before": words(&customer.tax), "after": words(&after) }),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(after)
    }

    /// All regions with what is charged there; elsewhere it is the default rate.
    pub async fn tax_regions(&self, actor: &Actor) -> Result<Vec<(Region, TaxRegion)>> {
        actor.reads_admin()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::tax::regions(&mut conn).await?)
    }

    /// From the next invoice of each customer there on.
    pub async fn set_tax_region(&self, actor: &Actor, region: &Region, charged: &TaxRegion) -> Result<()> {
        actor.decides_about_money()?;
        check(charged)?;
        let mut tx = store::begin(self.pool()).await?;
        store::tax::set_region(&mut tx, region, charged).await?;
        let what = ("tax_region.set", region.as_str());
        audit(&mut tx, (actor, self.now()), what, &json!(charged)).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// The default rate is charged there again, or what its country charges.
    pub async fn forget_tax_region(&self, actor: &Actor, region: &Region) -> Result<()> {
        actor.decides_about_money()?;
        let mut tx = store::begin(self.pool()).await?;
        if !store::tax::forget_region(&mut tx, region).await? {
            return Err(Error::NotFound("tax region"));
        }
        let what = ("tax_region.forgotten", region.as_str());
        audit(&mut tx, (actor, self.now()), what, &json!({})).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

/// Whether a customer pays tax at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxExemption {
    Exempt,
    Taxable,
}

/// Invoices tell taxes apart by their names.
fn check(charged: &TaxRegion) -> Result<()> {
    let names: Vec<_> = charged.taxes.iter().map(|tax| tax.name.trim()).collect();
    let fits = |name: &&str| (1..=MAX_NAME).contains(&name.chars().count());
    let twice = (1..names.len()).any(|nth| names[..nth].contains(&names[nth]));
    if names.len() > MAX_TAXES || twice || !names.iter().all(fits) {
        return Err(Error::Invalid { field: "taxes" });
    }
    Ok(())
}

fn words(tax: &TaxProfile) -> serde_json::Value {
    json!({ "region": tax.region, "tax_id": tax.id, "exempt": tax.is_exempt })
}
