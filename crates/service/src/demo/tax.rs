//! What is charged where demo customers are: a tax of each kind there is.

use billing::tax::{Region, Tax, TaxBehavior, TaxRate, TaxRegion};
use rust_decimal::Decimal;

use super::stage::{Member, Stage};
use crate::{Actor, Billing, Error, Result, TaxAddress, TaxExemption};

/// A name, and a rate in thousandths of a percent.
type Named = (&'static str, i64);

struct Charged {
    region: &'static str,
    taxes: &'static [Named],
    compound: bool,
    behavior: TaxBehavior,
    reverse_charge: bool,
}

const ADDED: Charged = Charged {
    region: "",
    taxes: &[],
    compound: false,
    behavior: TaxBehavior::Exclusive,
    reverse_charge: false,
};

const REGIONS: [Charged; 5] = [
    Charged {
        region: "CH",
        taxes: &[("MWST", 8_100)],
        ..ADDED
    },
    Charged {
        region: "CA-QC",
        taxes: &[("GST", 5_000), ("QST", 9_975)],
        ..ADDED
    },
    Charged {
        region: "BR",
        taxes: &[("ISS", 5_000), ("PIS/COFINS", 3_650)],
        compound: true,
        ..ADDED
    },
    Charged {
        region: "PT",
        taxes: &[("IVA", 23_000)],
        reverse_charge: true,
        ..ADDED
    },
    Charged {
        region: "AU",
        taxes: &[("GST", 10_000)],
        behavior: TaxBehavior::Inclusive,
        ..ADDED
    },
];

impl Billing {
    pub(super) async fn create_demo_taxes(&self, operator: &Actor) -> Result<()> {
        let wrong = || Error::Internal("a demo tax");
        for charged in REGIONS {
            let region = Region::parse(charged.region).map_err(|_| wrong())?;
            let taxes = charged.taxes.iter().map(|(name, thousandths)| {
                Ok(Tax {
                    name: (*name).to_owned(),
                    rate: TaxRate::new(Decimal::new(*thousandths, 5)).map_err(|_| wrong())?,
                    compound: charged.compound,
                })
            });
            let charged = TaxRegion {
                taxes: taxes.collect::<Result<_>>()?,
                behavior: charged.behavior,
                reverse_charge: charged.reverse_charge,
            };
            self.set_tax_region(operator, &region, &charged).await?;
        }
        Ok(())
    }
}

impl Stage {
    pub(super) async fn locate(&self, member: &Member, region: &str, tax_id: Option<&str>) -> Result<()> {
        let region = Some(region);
        self.billing
            .set_tax_address(&member.actor, TaxAddress { region, tax_id })
            .await
    }

    pub(super) async fn exempt(&self, member: &Member) -> Result<()> {
        let unknown = TaxAddress {
            region: None,
            tax_id: None,
        };
        self.billing
            .set_customer_tax(&self.operator, member.customer, unknown, TaxExemption::Exempt)
            .await
            .map(drop)
    }
}
