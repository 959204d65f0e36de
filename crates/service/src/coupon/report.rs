//! What coupons and campaigns came to, for operators.

use billing::id::CouponId;
use billing::money::Currency;
use store::coupon::report;
use store::coupon::report::{CampaignRow, CodeRow, CouponRow};

use crate::{Actor, Billing, Error, Result};

const COUPONS_SHOWN: i64 = 200;
const CAMPAIGNS_SHOWN: i64 = 200;
const CODES_SHOWN: i64 = 100;
/// In one file; more codes of one coupon are more than anybody gives away.
const CODES_WRITTEN: i64 = 1_000_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponReport {
    /// Of every amount in it.
    pub currency: Currency,
    /// The newest first.
    pub coupons: Vec<CouponRow>,
    pub campaigns: Vec<CampaignRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponDetail {
    pub coupon: CouponRow,
    /// The newest first, not all where there are many.
    pub codes: Vec<CodeRow>,
}

impl Billing {
    pub async fn coupon_report(&self, actor: &Actor) -> Result<CouponReport> {
        actor.reads_admin()?;
        let currency = self.parts.config.currency;
        let mut tx = store::begin_snapshot(self.pool()).await?;
        Ok(CouponReport {
            currency,
            coupons: report::coupons(&mut tx, currency, (None, COUPONS_SHOWN)).await?,
            campaigns: report::campaigns(&mut tx, currency, CAMPAIGNS_SHOWN).await?,
        })
    }

    pub async fn coupon_detail(&self, actor: &Actor, coupon: CouponId) -> Result<CouponDetail> {
        actor.reads_admin()?;
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let found = report::coupons(&mut tx, self.parts.config.currency, (Some(coupon), 1)).await?;
        // A code is worth money to whoever has it.
        let codes = match actor.decides_about_money() {
            Ok(()) => report::codes(&mut tx, coupon, CODES_SHOWN).await?,
            Err(_) => Vec::new(),
        };
        Ok(CouponDetail {
            coupon: found.into_iter().next().ok_or(Error::NotFound("coupon"))?,
            codes,
        })
    }

    /// All codes of a coupon, for a file. A code is worth money to whoever has it: who may make them may take them
    /// along, and nobody else.
    pub async fn codes_of(&self, actor: &Actor, coupon: CouponId) -> Result<Vec<CodeRow>> {
        actor.decides_about_money()?;
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let found = report::coupons(&mut tx, self.parts.config.currency, (Some(coupon), 1)).await?;
        if found.is_empty() {
            return Err(Error::NotFound("coupon"));
        }
        Ok(report::codes(&mut tx, coupon, CODES_WRITTEN).await?)
    }
}
