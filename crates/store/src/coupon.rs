//! Coupons, promotion codes and what was redeemed.

pub mod report;

use billing::coupon::{Code, CodeLimits, Coupon, Discount, Duration, Percent, PromotionCode, Redemption};
use billing::id::{CampaignId, CouponId, PlanId, PromotionCodeId, SubscriptionId};
use billing::money::Money;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "promotion_code";

pub async fn insert(
    conn: &mut PgConnection,
    coupon: &Coupon,
    (created_at, created_by): (DateTime<Utc>, &str),
) -> Result<()> {
    let (percent, amount) = match coupon.discount {
        Discount::Percent(percent) => (Some(percent.value()), None),
        Discount::Amount(amount) => (None, Some(amount)),
    };
    let plans: Option<Vec<Uuid>> = coupon
        .plans
        .as_ref()
        .map(|plans| column(plans, |plan| plan.uuid()));
    sqlx::query!(
        "INSERT INTO coupon (id, name, percent, amount_minor, currency, duration, plan_ids, created_at, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        coupon.id.uuid(),
        coupon.name,
        percent,
        amount.map(Money::minor),
        amount.map(|amount| amount.currency().to_string()),
        Json(coupon.duration) as Json<Duration>,
        plans.as_deref(),
        created_at,
        created_by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The campaign of this name; a new one where there is none.
pub async fn campaign(
    conn: &mut PgConnection,
    new: CampaignId,
    (name, now): (&str, DateTime<Utc>),
) -> Result<CampaignId> {
    let id = sqlx::query_scalar!(
        "INSERT INTO campaign (id, name, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
        new.uuid(),
        name,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(CampaignId::from_uuid(id))
}

/// Codes of a coupon that share their terms.
#[derive(Debug, Clone, Copy)]
pub struct NewCodes<'a> {
    pub coupon: CouponId,
    pub campaign: Option<CampaignId>,
    pub codes: &'a [(PromotionCodeId, Code)],
    pub limits: &'a CodeLimits,
    pub created_at: DateTime<Utc>,
}

/// All of them or none; false where there is no such coupon. A code that is taken is a conflict on
/// `promotion_code_code_key`.
pub async fn insert_codes(conn: &mut PgConnection, new: NewCodes<'_>) -> Result<bool> {
    let limits = new.limits;
    let most = limits.max_redemptions.map(i32::try_from).transpose();
    let done = sqlx::query!(
        "INSERT INTO promotion_code (id, coupon_id, campaign_id, code, max_redemptions, first_time, minimum_minor,
            minimum_currency, expires_at, created_at)
         SELECT n.id, c.id, $4, n.code, $5, $6, $7, $8, $9, $10
         FROM coupon c, unnest($1::uuid[], $2::text[]) AS n (id, code) WHERE c.id = $3",
        &column(new.codes, |(id, _)| id.uuid()),
        &column(new.codes, |(_, code)| code.as_str()) as &[&str],
        new.coupon.uuid(),
        new.campaign.map(CampaignId::uuid),
        most.map_err(|_| Error::corrupt(TABLE, new.coupon))?,
        limits.first_time,
        limits.minimum.map(Money::minor),
        limits.minimum.map(|minimum| minimum.currency().to_string()),
        limits.expires_at,
        new.created_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == new.codes.len() as u64)
}

/// A code that is known, active or not.
pub async fn find_code(conn: &mut PgConnection, code: &Code) -> Result<Option<PromotionCode>> {
    let row = sqlx::query!(
        r#"SELECT p.id, p.code, p.campaign_id, p.max_redemptions, p.redeemed, p.first_time, p.minimum_minor,
               p.minimum_currency, p.expires_at, p.is_active, c.id AS coupon_id, c.name, c.percent, c.amount_minor,
               c.currency, c.duration AS "duration: Json<Duration>", c.plan_ids
           FROM promotion_code p JOIN coupon c ON c.id = p.coupon_id WHERE p.code = $1"#,
        code.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(r) = row else {
        return Ok(None);
    };
    let discount = discount(r.coupon_id, r.percent, r.amount_minor.zip(r.currency))?;
    let minimum = minimum(r.minimum_minor, r.minimum_currency)?;
    let plans = r
        .plan_ids
        .map(|plans| plans.into_iter().map(PlanId::from_uuid).collect());
    Ok(Some(PromotionCode {
        id: PromotionCodeId::from_uuid(r.id),
        code: r.code.parse().map_err(|_| Error::corrupt(TABLE, r.id))?,
        coupon: Coupon {
            id: CouponId::from_uuid(r.coupon_id),
            name: r.name,
            discount,
            duration: r.duration.0,
            plans,
        },
        campaign: r.campaign_id.map(CampaignId::from_uuid),
        limits: CodeLimits {
            max_redemptions: r
                .max_redemptions
                .map(|most| row::count(TABLE, most))
                .transpose()?,
            first_time: r.first_time,
            minimum,
            expires_at: r.expires_at,
        },
        is_active: r.is_active,
        redeemed: row::count(TABLE, r.redeemed)?,
    }))
}

/// A percentage or an amount, never both.
fn discount(coupon: Uuid, percent: Option<Decimal>, amount: Option<(i64, String)>) -> Result<Discount> {
    let corrupt = || Error::corrupt("coupon", coupon);
    match (percent, amount) {
        (Some(percent), None) => Ok(Discount::Percent(Percent::new(percent).map_err(|_| corrupt())?)),
        (None, Some((minor, code))) => Ok(Discount::Amount(row::money("coupon", minor, &code)?)),
        _ => Err(corrupt()),
    }
}

fn minimum(minor: Option<i64>, currency: Option<String>) -> Result<Option<Money>> {
    let minimum = minor.zip(currency);
    minimum
        .map(|(minor, code)| row::money(TABLE, minor, &code))
        .transpose()
}

/// From now on the code is unknown. Whether there was one.
pub async fn retire_code(conn: &mut PgConnection, code: &Code) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE promotion_code SET is_active = false WHERE code = $1 AND is_active",
        code.as_str()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What stands in a customer's way of redeeming a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redeemed {
    /// How often the customer redeemed the coupon.
    pub by_customer: u32,
    /// How many uses of the code come free with a subscription that makes way.
    pub freed: u32,
}

/// `makes_way`: what was redeemed for that subscription is given back before anything else is redeemed.
pub async fn redeemed(
    conn: &mut PgConnection,
    scope: CustomerScope,
    (coupon, code): (CouponId, PromotionCodeId),
    makes_way: Option<SubscriptionId>,
) -> Result<Redeemed> {
    let counted = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE coupon_id = $2 AND subscription_id IS DISTINCT FROM $4) AS "by_customer!",
               count(*) FILTER (WHERE promotion_code_id = $3 AND subscription_id = $4) AS "freed!"
           FROM redemption WHERE customer_id = $1 AND given_back_at IS NULL"#,
        scope.uuid(),
        coupon.uuid(),
        code.uuid(),
        makes_way.map(SubscriptionId::uuid),
    )
    .fetch_one(conn)
    .await?;
    let count = |count: i64| u32::try_from(count).map_err(|_| Error::corrupt("redemption", count));
    Ok(Redeemed {
        by_customer: count(counted.by_customer)?,
        freed: count(counted.freed)?,
    })
}

/// Counts one use of a code; false where it is used up by now.
pub async fn take(conn: &mut PgConnection, code: PromotionCodeId) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE promotion_code SET redeemed = redeemed + 1
         WHERE id = $1 AND is_active AND (max_redemptions IS NULL OR redeemed < max_redemptions)",
        code.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A conflict on `redemption_once` where the customer redeemed the coupon before.
pub async fn insert_redemption(
    conn: &mut PgConnection,
    scope: CustomerScope,
    (redemption, code): (&Redemption, Option<PromotionCodeId>),
    subscription: SubscriptionId,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO redemption (id, coupon_id, promotion_code_id, customer_id, subscription_id, redeemed_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        redemption.id.uuid(),
        redemption.coupon.uuid(),
        code.map(PromotionCodeId::uuid),
        scope.uuid(),
        subscription.uuid(),
        redemption.redeemed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The subscription came to nothing: what was redeemed for it may be redeemed again. Several codes are locked in the
/// order of their ids.
pub async fn give_back(
    conn: &mut PgConnection,
    scope: CustomerScope,
    subscription: SubscriptionId,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "WITH gone AS (
             UPDATE redemption SET given_back_at = $3
             WHERE subscription_id = $1 AND customer_id = $2 AND given_back_at IS NULL RETURNING promotion_code_id
         ), locked AS (
             SELECT p.id, n.count FROM promotion_code p
             JOIN (SELECT promotion_code_id, count(*) FROM gone GROUP BY 1) n ON n.promotion_code_id = p.id
             ORDER BY p.id FOR NO KEY UPDATE OF p
         )
         UPDATE promotion_code p SET redeemed = p.redeemed - l.count FROM locked l WHERE p.id = l.id",
        subscription.uuid(),
        scope.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
