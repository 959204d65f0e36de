//! What coupons, campaigns and codes came to, for operators.

use billing::coupon::{Code, CodeLimits, Discount, Duration};
use billing::id::{CampaignId, CouponId};
use billing::money::{Currency, Money};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{TABLE, discount, minimum};
use crate::{Error, Result, row};

/// In one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// What was given back does not count.
    pub redemptions: u64,
    /// Taken off the lines of finalized invoices that are not void.
    pub given: Money,
    /// What the subscriptions that redeemed bring now: the sum of their movements.
    pub mrr: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponRow {
    pub id: CouponId,
    pub name: String,
    pub discount: Discount,
    pub duration: Duration,
    /// By name; of all where none is said.
    pub plans: Option<Vec<String>>,
    pub created_at: DateTime<Utc>,
    pub codes: u64,
    /// Codes that may be redeemed still, as far as they are not retired.
    pub active: u64,
    pub tally: Tally,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignRow {
    pub id: CampaignId,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub codes: u64,
    pub tally: Tally,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    pub code: Code,
    pub campaign: Option<String>,
    pub limits: CodeLimits,
    pub redeemed: u64,
    pub is_active: bool,
}

/// Newest first; all of them, or one.
pub async fn coupons(
    conn: &mut PgConnection,
    currency: Currency,
    (only, limit): (Option<CouponId>, i64),
) -> Result<Vec<CouponRow>> {
    let rows = sqlx::query!(
        r#"WITH given AS (
               SELECT substring(d ->> 'redemption' FROM 5)::uuid AS redemption_id,
                   sum((d -> 'amount' ->> 'amount')::bigint) AS minor
               FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
               CROSS JOIN LATERAL jsonb_array_elements(l.discounts) d
               WHERE l.discount_minor > 0 AND i.status <> 'void' AND i.currency = $1 GROUP BY 1
           ), tally AS (
               SELECT r.coupon_id, count(*) FILTER (WHERE r.given_back_at IS NULL) AS redemptions,
                   sum(g.minor) AS given, sum(m.minor) FILTER (WHERE r.given_back_at IS NULL) AS mrr
               FROM redemption r LEFT JOIN given g ON g.redemption_id = r.id
               CROSS JOIN LATERAL (SELECT sum(amount_minor) AS minor FROM revenue_movement m
                   WHERE m.customer_id = r.customer_id AND m.subscription_id = r.subscription_id
                     AND m.currency = $1) m
               WHERE $2::uuid IS NULL OR r.coupon_id = $2 GROUP BY r.coupon_id
           )
           SELECT c.id, c.name, c.percent, c.amount_minor, c.currency, c.duration AS "duration: Json<Duration>",
               c.created_at,
               (SELECT array_agg(p.name ORDER BY p.name) FROM plan p WHERE p.id = ANY(c.plan_ids)) AS plans,
               (SELECT count(*) FROM promotion_code k WHERE k.coupon_id = c.id) AS "codes!",
               (SELECT count(*) FROM promotion_code k WHERE k.coupon_id = c.id AND k.is_active) AS "active!",
               coalesce(t.redemptions, 0) AS "redemptions!", coalesce(t.given, 0)::bigint AS "given!",
               coalesce(t.mrr, 0)::bigint AS "mrr!"
           FROM coupon c LEFT JOIN tally t ON t.coupon_id = c.id
           WHERE $2::uuid IS NULL OR c.id = $2
           ORDER BY c.created_at DESC, c.id DESC LIMIT $3"#,
        currency.as_str(),
        only.map(CouponId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let of_row = rows.into_iter().map(|r| {
        Ok(CouponRow {
            id: CouponId::from_uuid(r.id),
            name: r.name,
            discount: discount(r.id, r.percent, r.amount_minor.zip(r.currency))?,
            duration: r.duration.0,
            plans: r.plans,
            created_at: r.created_at,
            codes: unsigned(r.codes)?,
            active: unsigned(r.active)?,
            tally: Tally {
                redemptions: unsigned(r.redemptions)?,
                given: Money::new(r.given, currency),
                mrr: Money::new(r.mrr, currency),
            },
        })
    });
    of_row.collect()
}

/// Newest first. A subscription that redeemed several codes of a campaign brings its MRR once.
pub async fn campaigns(conn: &mut PgConnection, currency: Currency, limit: i64) -> Result<Vec<CampaignRow>> {
    let rows = sqlx::query!(
        r#"WITH given AS (
               SELECT substring(d ->> 'redemption' FROM 5)::uuid AS redemption_id,
                   sum((d -> 'amount' ->> 'amount')::bigint) AS minor
               FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
               CROSS JOIN LATERAL jsonb_array_elements(l.discounts) d
               WHERE l.discount_minor > 0 AND i.status <> 'void' AND i.currency = $1 GROUP BY 1
           ), used AS (
               SELECT k.campaign_id, r.customer_id, r.subscription_id, r.given_back_at IS NULL AS counts, g.minor AS given
               FROM redemption r JOIN promotion_code k ON k.id = r.promotion_code_id
               LEFT JOIN given g ON g.redemption_id = r.id WHERE k.campaign_id IS NOT NULL
           ), won AS (
               SELECT u.campaign_id, sum(m.amount_minor) AS mrr
               FROM (SELECT DISTINCT campaign_id, customer_id, subscription_id FROM used WHERE counts) u
               JOIN revenue_movement m ON m.customer_id = u.customer_id AND m.subscription_id = u.subscription_id
                 AND m.currency = $1
               GROUP BY u.campaign_id
           ), tally AS (
               SELECT campaign_id, count(*) FILTER (WHERE counts) AS redemptions, sum(given) AS given
               FROM used GROUP BY campaign_id
           )
           SELECT c.id, c.name, c.created_at,
               (SELECT count(*) FROM promotion_code k WHERE k.campaign_id = c.id) AS "codes!",
               coalesce(t.redemptions, 0) AS "redemptions!", coalesce(t.given, 0)::bigint AS "given!",
               coalesce(w.mrr, 0)::bigint AS "mrr!"
           FROM campaign c LEFT JOIN tally t ON t.campaign_id = c.id LEFT JOIN won w ON w.campaign_id = c.id
           ORDER BY c.created_at DESC, c.id DESC LIMIT $2"#,
        currency.as_str(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let of_row = rows.into_iter().map(|r| {
        Ok(CampaignRow {
            id: CampaignId::from_uuid(r.id),
            name: r.name,
            created_at: r.created_at,
            codes: unsigned(r.codes)?,
            tally: Tally {
                redemptions: unsigned(r.redemptions)?,
                given: Money::new(r.given, currency),
                mrr: Money::new(r.mrr, currency),
            },
        })
    });
    of_row.collect()
}

/// The newest codes of a coupon first.
pub async fn codes(conn: &mut PgConnection, coupon: CouponId, limit: i64) -> Result<Vec<CodeRow>> {
    let rows = sqlx::query!(
        r#"SELECT k.id, k.code, n.name AS "campaign?", k.max_redemptions, k.redeemed, k.first_time, k.minimum_minor,
               k.minimum_currency, k.expires_at, k.is_active
           FROM promotion_code k LEFT JOIN campaign n ON n.id = k.campaign_id
           WHERE k.coupon_id = $1 ORDER BY k.created_at DESC, k.id DESC LIMIT $2"#,
        coupon.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let of_row = rows.into_iter().map(|r| {
        Ok(CodeRow {
            code: r.code.parse().map_err(|_| Error::corrupt(TABLE, r.id))?,
            campaign: r.campaign,
            limits: CodeLimits {
                max_redemptions: r
                    .max_redemptions
                    .map(|most| row::count(TABLE, most))
                    .transpose()?,
                first_time: r.first_time,
                minimum: minimum(r.minimum_minor, r.minimum_currency)?,
                expires_at: r.expires_at,
            },
            redeemed: row::count(TABLE, r.redeemed)?.into(),
            is_active: r.is_active,
        })
    });
    of_row.collect()
}

fn unsigned(count: i64) -> Result<u64> {
    u64::try_from(count).map_err(|_| Error::corrupt(TABLE, count))
}
