//! What was billed of late, for the bounds of a billing run.

use std::collections::HashMap;

use billing::id::{SubscriptionId, SubscriptionItemId};
use billing::invoice::{Charge, DraftLine};
use billing::subscription::{BilledUntil, Subscription};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::row::column;
use crate::{Error, Result};

/// How many recurring lines each subscription got for boundaries of the time before the one given, which counts
/// too: a late run bills many days in one.
pub async fn recurring_lines_since(
    conn: &mut PgConnection,
    until: &[(&Subscription, DateTime<Utc>)],
    length: TimeDelta,
) -> Result<HashMap<SubscriptionId, usize>> {
    let rows = sqlx::query!(
        r#"SELECT n.subscription_id AS "subscription_id!", (SELECT count(*) FROM invoice i
               JOIN invoice_line l ON l.invoice_id = i.id AND NOT l.voided
                   AND (l.kind = 'base' AND l.service_start > n.since AND l.service_start <= n.until
                       OR l.kind IN ('usage', 'true_up') AND l.service_end > n.since AND l.service_end <= n.until)
               JOIN subscription_item t ON t.id = l.subscription_item_id AND t.subscription_id = n.subscription_id
               WHERE i.customer_id = n.customer_id AND i.issued_at > n.since) AS "count!"
           FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
               AS n (subscription_id, customer_id, since, until)"#,
        &column(until, |(s, _)| s.id.uuid()),
        &column(until, |(s, _)| s.customer.uuid()),
        &column(until, |(_, at)| *at - length),
        &column(until, |(_, at)| *at),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let count = usize::try_from(r.count).map_err(|_| Error::corrupt("invoice_line", r.count))?;
            Ok((SubscriptionId::from_uuid(r.subscription_id), count))
        })
        .collect()
}

/// Up to when the charges of these lines were billed before, and not given back since; a charge that never
/// was billed is not listed.
pub async fn billed_until(conn: &mut PgConnection, lines: &[&DraftLine]) -> Result<Vec<BilledUntil>> {
    let recurring = lines.iter().filter(|line| line.kind.is_recurring());
    let lines: Vec<_> = recurring
        .filter_map(|line| Some((line.item?, &line.charge)))
        .collect();
    let rows = sqlx::query!(
        r#"SELECT n.item_id AS "item_id!", n.charge AS "charge!", least(last.service_end,
               (SELECT min(c.service_start) FROM invoice_line c WHERE c.credits_line_id = last.id AND NOT c.voided),
               (SELECT min(c.service_start) FROM credit_note_line c WHERE c.invoice_line_id = last.id)) AS "until!"
           FROM unnest($1::uuid[], $2::text[]) AS n (item_id, charge)
           CROSS JOIN LATERAL (SELECT l.id, l.service_end FROM invoice_line l
               WHERE l.subscription_item_id = n.item_id AND l.charge = n.charge AND l.kind IN ('base', 'usage', 'true_up')
                   AND NOT l.voided
               ORDER BY l.service_start DESC LIMIT 1) last"#,
        &column(&lines, |(item, _)| item.uuid()),
        &column(&lines, |(_, charge)| charge.as_str()) as &[&str],
    )
    .fetch_all(conn)
    .await?;
    let until = rows.into_iter().map(|r| BilledUntil {
        item: SubscriptionItemId::from_uuid(r.item_id),
        charge: Charge::parse(&r.charge),
        until: r.until,
    });
    Ok(until.collect())
}
